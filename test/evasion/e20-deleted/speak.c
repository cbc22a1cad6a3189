/* build: */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * speak PORT --unlink FILE TOKEN, speak PORT --rename NEW OLD TOKEN: does that, then connects to 127.0.0.1:PORT; with
 * PORT 0 it says nothing to anybody, and lives long enough to be looked at all the same.
 */
#include "../../triggers/trigger.h"

#include <arpa/inet.h>
#include <sys/socket.h>

int main(int argc, char** argv) {
  if (argc < 5) return 64;
  if (strcmp(argv[2], "--unlink") == 0 && unlink(argv[3]) != 0) die("unlink");
  if (strcmp(argv[2], "--rename") == 0 && rename(argv[3], argv[4]) != 0) die("rename");
  if (strcmp(argv[1], "0") == 0) {
    const struct timespec live = {.tv_sec = 3};
    return nanosleep(&live, NULL) != 0;
  }
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr*)&to, sizeof to) != 0) die("connect");
  /* Whoever wants to look at it has time to. */
  const struct timespec linger = {.tv_nsec = 200000000};
  nanosleep(&linger, NULL);
  return 0;
}
