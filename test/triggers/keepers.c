/* build: -static */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keepers KEEPERS EACH PROGRAM TOKEN LAST: forks KEEPERS processes which fork EACH sleepers. When all of them live, one more
 * is forked, which executes PROGRAM with LAST; then all end, one after the other for each keeper. A keeper makes and ends at
 * most 500 a second: many at a time are wanted here, not many a second.
 */
#include "trigger.h"

#include <sys/wait.h>

static void pause_a_little(void) {
  const struct timespec pause = {.tv_nsec = 2000000};
  nanosleep(&pause, NULL);
}

static void wait_for(pid_t child) {
  int status;
  if (child < 0) die("fork");
  if (waitpid(child, &status, 0) != child || status != 0) die("a child");
}

/* Until somebody writes, or nobody is left who could. */
static void sleep_on(int fd) {
  char byte;
  if (read(fd, &byte, 1) < 0) die("read");
}

/* Says `made` when its sleepers live, and ends them one by one when `go` is closed. */
static void keep(long each, int made, int go) {
  int pillow[2];
  if (pipe(pillow) != 0) die("pipe");
  for (long i = 0; i < each; i++) {
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child > 0) {
      pause_a_little();
      continue;
    }
    close(pillow[1]);
    sleep_on(pillow[0]);
    _exit(0);
  }
  if (write(made, "", 1) != 1) die("write");
  sleep_on(go);
  for (long i = 0; i < each; i++) {
    if (write(pillow[1], "", 1) != 1 || wait(NULL) < 0) die("a sleeper");
    pause_a_little();
  }
  _exit(0);
}

int main(int argc, char** argv) {
  if (argc < 6) return 64;
  long keepers = atol(argv[1]), each = atol(argv[2]);
  int made[2], go[2];
  if (pipe(made) != 0 || pipe(go) != 0) die("pipe");
  for (long i = 0; i < keepers; i++) {
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child > 0) continue;
    close(go[1]);
    keep(each, made[1], go[0]);
  }
  for (long i = 0; i < keepers; i++) sleep_on(made[0]);
  pid_t last = fork();
  if (last == 0) {
    execl(argv[3], argv[3], argv[5], (char*)NULL);
    _exit(111);
  }
  wait_for(last);
  close(go[1]);
  for (long i = 0; i < keepers; i++)
    if (wait(NULL) < 0) die("wait");
  return 0;
}
