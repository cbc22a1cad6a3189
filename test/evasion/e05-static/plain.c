/* build: -static -s */
/* SPDX-License-Identifier: Apache-2.0 */
/* plain PORT TOKEN: sends a request to 127.0.0.1:PORT, without TLS, and lingers a little. */
#include "../../triggers/trigger.h"

#include <arpa/inet.h>
#include <sys/socket.h>

int main(int argc, char** argv) {
  static const char request[] = "GET / HTTP/1.1\r\nHost: llm.test\r\n\r\n";
  if (argc < 3) return 64;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr*)&to, sizeof to) != 0) die("connect");
  if (write(fd, request, sizeof request - 1) != sizeof request - 1) die("write");
  const struct timespec linger = {.tv_nsec = 200000000};
  return nanosleep(&linger, NULL) != 0;
}
