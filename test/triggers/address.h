/* An IPv4 or IPv6 address from text, and back. */
#ifndef TRIGGER_ADDRESS_H
#define TRIGGER_ADDRESS_H

#include "trigger.h"

#include <arpa/inet.h>
#include <sys/socket.h>

struct address {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  };
  socklen_t length;
};

static inline struct address parse_address(const char* ip, const char* port) {
  struct address to = {.length = sizeof to.v4};
  uint16_t number = htons((uint16_t)atoi(port));
  if (inet_pton(AF_INET, ip, &to.v4.sin_addr) == 1) {
    to.v4.sin_family = AF_INET;
    to.v4.sin_port = number;
  } else if (inet_pton(AF_INET6, ip, &to.v6.sin6_addr) == 1) {
    to.v6.sin6_family = AF_INET6;
    to.v6.sin6_port = number;
    to.length = sizeof to.v6;
  } else {
    fprintf(stderr, "%s is no address\n", ip);
    exit(64);
  }
  return to;
}

static inline uint16_t port_of(const struct address* a) {
  return ntohs(a->any.sa_family == AF_INET ? a->v4.sin_port : a->v6.sin6_port);
}

static inline const char* text_of(const struct address* a, char text[INET6_ADDRSTRLEN]) {
  const void* bytes = a->any.sa_family == AF_INET ? (const void*)&a->v4.sin_addr : &a->v6.sin6_addr;
  return inet_ntop(a->any.sa_family, bytes, text, INET6_ADDRSTRLEN);
}

static inline struct address local_of(int fd) {
  struct address from = {.length = sizeof from.v6};
  if (getsockname(fd, &from.any, &from.length) != 0) die("getsockname");
  return from;
}

#endif
