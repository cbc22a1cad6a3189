/* build: */
/*
 * exec-storm PROGRAM --count N: starts it N times, one after another. Prints every child's pid, so that a
 * record can be asked for each.
 */
#include "trigger.h"

#include <spawn.h>
#include <sys/wait.h>

extern char** environ;

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  long count = option(argc, argv, "--count", 1000);
  int quiet = flag(argc, argv, "--quiet");
  pid_t* pids = calloc((size_t)count, sizeof *pids);
  if (pids == NULL) die("calloc");
  long failed = 0;
  uint64_t start = now_ns();
  for (long i = 0; i < count; i++) {
    char* args[] = {argv[1], NULL};
    int status = 0;
    if (posix_spawn(&pids[i], argv[1], NULL, NULL, args, environ) != 0) die("posix_spawn");
    if (waitpid(pids[i], &status, 0) < 0) die("waitpid");
    if (status != 0) failed++;
  }
  uint64_t took = now_ns() - start;
  printf("{\"pid\":%d,\"count\":%ld,\"failed\":%ld,\"wall_us\":%llu,\"cpu_us\":%llu,\"children\":[",
         getpid(), count, failed, (unsigned long long)(took / 1000), (unsigned long long)cpu_us());
  for (long i = 0; !quiet && i < count; i++) printf("%s%d", i ? "," : "", pids[i]);
  printf("]}\n");
  return failed == 0 ? 0 : 1;
}
