/* build: */
/*
 * send-pieces tcp|udp IP PORT FILE [--gso N]: every line of FILE, in hexadecimal, is one send: over one connection
 * without delay, or to one peer of an unconnected socket, as musl asks name servers. --gso: one send of all is cut into
 * datagrams of N bytes by the kernel.
 */
#include "address.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

enum { PIECE_MAX = 65536 };

static size_t read_piece(FILE* file, unsigned char* piece) {
  static char line[2 * PIECE_MAX + 2];
  size_t length = 0;
  unsigned byte;
  if (fgets(line, sizeof line, file) == NULL) return 0;
  while (sscanf(line + 2 * length, "%2x", &byte) == 1) piece[length++] = (unsigned char)byte;
  return length;
}

int main(int argc, char** argv) {
  if (argc < 5) return 64;
  int udp = strcmp(argv[1], "udp") == 0, one = 1;
  int gso = (int)option(argc, argv, "--gso", 0);
  struct address to = parse_address(argv[2], argv[3]);
  FILE* file = fopen(argv[4], "r");
  if (file == NULL) die(argv[4]);
  int fd = socket(to.any.sa_family, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
  if (fd < 0) die("socket");
  if (gso != 0 && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &gso, sizeof gso) != 0)
    die("UDP_SEGMENT");
  if (!udp) {
    if (connect(fd, &to.any, to.length) != 0) die("connect");
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0) die("TCP_NODELAY");
  }
  static unsigned char piece[PIECE_MAX];
  int sends = 0;
  for (size_t length; (length = read_piece(file, piece)) > 0; sends++) {
    const struct sockaddr* peer = udp ? &to.any : NULL;
    if (sendto(fd, piece, length, 0, peer, udp ? to.length : 0) != (ssize_t)length) die("sendto");
  }
  printf("{\"pid\":%d,\"sends\":%d}\n", getpid(), sends);
  return 0;
}
