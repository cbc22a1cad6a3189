/* build: -pthread */
/* SPDX-License-Identifier: Apache-2.0 */
/* rename [--thread] NAME TOKEN: the process, or only a thread of it, calls itself NAME. */
#include "../../triggers/trigger.h"

#include <pthread.h>
#include <sys/prctl.h>

static void* call_itself(void* name) {
  if (prctl(PR_SET_NAME, name) != 0) die("prctl");
  return NULL;
}

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  if (!flag(argc, argv, "--thread")) {
    call_itself(argv[1]);
    return 0;
  }
  pthread_t thread;
  if (pthread_create(&thread, NULL, call_itself, argv[2]) != 0) die("pthread_create");
  return pthread_join(thread, NULL);
}
