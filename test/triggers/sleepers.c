/* build: -static */
/*
 * sleepers --count N [--hold]: N children that live at the same time. Prints their pids when all have, and ended.
 * --hold: prints them when all live, and ends them when it is given a line.
 */
#include "trigger.h"

#include <sys/wait.h>

static void tell(const pid_t* pids, long count) {
  printf("{\"pid\":%d,\"children\":[", getpid());
  for (long i = 0; i < count; i++) printf("%s%d", i ? "," : "", pids[i]);
  printf("]}\n");
  fflush(stdout);
}

int main(int argc, char** argv) {
  long count = option(argc, argv, "--count", 100);
  int holds = flag(argc, argv, "--hold");
  pid_t* pids = calloc((size_t)count, sizeof *pids);
  int hold[2];
  if (pids == NULL || pipe(hold) != 0) die("pipe");
  for (long i = 0; i < count; i++) {
    pids[i] = fork();
    if (pids[i] < 0) die("fork");
    if (pids[i] == 0) {
      char end;
      close(hold[1]);
      _exit(read(hold[0], &end, 1) != 0);
    }
  }
  if (holds) {
    tell(pids, count);
    (void)getchar();
  }
  close(hold[1]);
  for (long i = 0; i < count; i++)
    if (waitpid(pids[i], NULL, 0) != pids[i]) die("waitpid");
  if (!holds) tell(pids, count);
  return 0;
}
