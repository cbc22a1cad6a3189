/* build: */
/* A system call nobody watches. getppid --count N: nanoseconds a call. */
#include "trigger.h"

#include <sys/syscall.h>

int main(int argc, char** argv) {
  long count = option(argc, argv, "--count", 2000000);
  uint64_t start = now_ns();
  for (long i = 0; i < count; i++) syscall(SYS_getppid);
  uint64_t took = now_ns() - start;
  printf("{\"pid\":%d,\"count\":%ld,\"ns_per_call\":%.2f}\n", getpid(), count,
         (double)took / (double)count);
  return 0;
}
