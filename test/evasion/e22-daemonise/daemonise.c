/* build: */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemonise PROGRAM TOKEN: forks twice with a session of its own in between, and executes PROGRAM when whoever started this
 * has ended. Gives up after ten seconds.
 */
#include "../../triggers/trigger.h"

#include <signal.h>

enum { LOOKS = 1000, PAUSE_NS = 10000000 };

static void wait_for_end(pid_t starter) {
  const struct timespec pause = {.tv_nsec = PAUSE_NS};
  for (int i = 0; i < LOOKS && kill(starter, 0) == 0; i++) nanosleep(&pause, NULL);
}

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  pid_t starter = getppid(), first = fork();
  if (first < 0) die("fork");
  if (first > 0) return 0;
  if (setsid() < 0) die("setsid");
  pid_t second = fork();
  if (second < 0) die("fork");
  if (second > 0) return 0;
  wait_for_end(starter);
  execl(argv[1], argv[1], argv[2], (char*)NULL);
  die("execl");
}
