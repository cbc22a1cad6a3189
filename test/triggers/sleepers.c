/* build: -static */
/* sleepers --count N: N children that live at the same time. Prints their pids when all do, and ends them. */
#include "trigger.h"

#include <sys/wait.h>

int main(int argc, char** argv) {
  long count = option(argc, argv, "--count", 100);
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
  close(hold[1]);
  for (long i = 0; i < count; i++)
    if (waitpid(pids[i], NULL, 0) != pids[i]) die("waitpid");
  printf("{\"pid\":%d,\"children\":[", getpid());
  for (long i = 0; i < count; i++) printf("%s%d", i ? "," : "", pids[i]);
  printf("]}\n");
  return 0;
}
