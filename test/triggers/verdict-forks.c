/* build: -static */
/*
 * verdict-forks --ms N: forks from its first instruction on for N milliseconds, some five times a millisecond. Every fork is
 * a record that carries the verdict of its moment, so the first one decided tells how long the decision took. It is
 * slow on purpose: more forks would measure the queue they make.
 */
#include "trigger.h"

#include <sys/wait.h>

int main(int argc, char** argv) {
  uint64_t end = now_ns() + (uint64_t)option(argc, argv, "--ms", 30) * 1000000ull;
  const struct timespec pause = {.tv_nsec = 50000};
  long forks = 0;
  for (; now_ns() < end; forks++) {
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) _exit(0);
    if (waitpid(child, NULL, 0) != child) die("waitpid");
    nanosleep(&pause, NULL);
  }
  printf("{\"pid\":%d,\"forks\":%ld}\n", getpid(), forks);
  return 0;
}
