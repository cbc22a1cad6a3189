/* build: */
/*
 * connect-loop --count N: bare connect(2) of a datagram socket to 127.0.0.1, which sends nothing.
 * Prints nanoseconds a call.
 */
#include "trigger.h"

#include <arpa/inet.h>
#include <sys/socket.h>

int main(int argc, char** argv) {
  long count = option(argc, argv, "--count", 200000);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) die("socket");
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  uint32_t* samples = calloc((size_t)count, sizeof *samples);
  if (samples == NULL) die("calloc");
  uint64_t start = now_ns();
  for (long i = 0; i < count; i++) {
    uint64_t before = now_ns();
    if (connect(fd, (struct sockaddr*)&to, sizeof to) != 0) die("connect");
    samples[i] = (uint32_t)(now_ns() - before);
  }
  uint64_t took = now_ns() - start;
  printf("{\"pid\":%d,\"count\":%ld,\"ns_per_call\":%.1f,\"p50_ns\":%u}\n", getpid(), count,
         (double)took / (double)count, quantile(samples, (size_t)count, 0.5));
  return 0;
}
