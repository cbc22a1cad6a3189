/* build: -pthread */
/*
 * exit-status code N | signal N | thread N: ends with exit code N, by signal N, or with code N from a second thread
 * that outlives the leader by far: the status comes once, when the last thread leaves.
 */
#include "trigger.h"

#include <pthread.h>
#include <signal.h>

static long status;

static void* outlive(void* leader) {
  pthread_join(*(pthread_t*)leader, NULL);
  exit((int)status);
}

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  status = atol(argv[2]);
  printf("{\"pid\":%d,\"way\":\"%s\",\"status\":%ld}\n", getpid(), argv[1], status);
  fflush(stdout);
  if (strcmp(argv[1], "code") == 0) return (int)status;
  if (strcmp(argv[1], "signal") == 0) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    raise((int)status);
    return 64;
  }
  static pthread_t leader;
  pthread_t other;
  leader = pthread_self();
  if (pthread_create(&other, NULL, outlive, &leader) != 0) die("pthread_create");
  pthread_exit(NULL);
}
