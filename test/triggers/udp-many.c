/* build: */
/* udp-many IP PORT --count N: N datagrams of 64 bytes from one unconnected socket to one peer. */
#include "address.h"

enum { DATAGRAM_BYTES = 64 };

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  long count = option(argc, argv, "--count", 10000);
  struct address to = parse_address(argv[1], argv[2]);
  int fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
  if (fd < 0) die("socket");
  unsigned char datagram[DATAGRAM_BYTES] = {0};
  for (long i = 0; i < count; i++) {
    memcpy(datagram, &i, sizeof i);
    ssize_t sent = sendto(fd, datagram, sizeof datagram, 0, (struct sockaddr*)&to, sizeof to);
    if (sent == sizeof datagram) continue;
    /* A queued ICMP error of an earlier datagram is told once; the datagram itself was not sent. */
    if (errno != ECONNREFUSED) die("sendto");
    i--;
  }
  struct address from = local_of(fd);
  printf(
      "{\"pid\":%d,\"local_port\":%u,\"remote_ip\":\"%s\",\"remote_port\":%s,\"datagrams\":%ld,"
      "\"bytes\":%ld}\n",
      getpid(), port_of(&from), argv[1], argv[2], count, count * DATAGRAM_BYTES);
  return 0;
}
