/* build: -static */
/* SPDX-License-Identifier: Apache-2.0 */
/* many COUNT PROGRAM PORT TOKEN: runs `PROGRAM PORT TOKEN-i` COUNT times, one after the other. */
#include "../../triggers/trigger.h"

#include <spawn.h>
#include <sys/wait.h>

extern char** environ;

int main(int argc, char** argv) {
  if (argc < 5) return 64;
  for (long i = 0, count = atol(argv[1]); i < count; i++) {
    char token[64];
    pid_t child;
    int status;
    snprintf(token, sizeof token, "%s-%05ld", argv[4], i);
    char* arguments[] = {argv[2], argv[3], token, NULL};
    if (posix_spawn(&child, argv[2], NULL, NULL, arguments, environ) != 0) die("posix_spawn");
    if (waitpid(child, &status, 0) != child) die("waitpid");
    if (status != 0) return 1;
  }
  return 0;
}
