/* build: -static */
/* SPDX-License-Identifier: Apache-2.0 */
/* connect PORT TOKEN: connects to 127.0.0.1:PORT and ends, with a reset so that no port stays in use. */
#include "../../triggers/trigger.h"

#include <arpa/inet.h>
#include <sys/socket.h>

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
  const struct linger reset = {.l_onoff = 1};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) != 0) return 1;
  return connect(fd, (struct sockaddr*)&to, sizeof to) != 0;
}
