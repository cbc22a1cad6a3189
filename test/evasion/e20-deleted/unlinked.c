/* build: */
/* SPDX-License-Identifier: Apache-2.0 */
/* unlinked PROGRAM TOKEN: opens PROGRAM, removes its name and executes what is open. */
#include "../../triggers/trigger.h"

#include <fcntl.h>

extern char** environ;

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
  if (fd < 0 || unlink(argv[1]) != 0) die(argv[1]);
  fexecve(fd, (char*[]){argv[1], argv[2], NULL}, environ);
  die("fexecve");
}
