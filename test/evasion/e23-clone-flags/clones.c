/* build: -D_GNU_SOURCE -pthread */
/* SPDX-License-Identifier: Apache-2.0 */
/* clones WAY PROGRAM TOKEN: comes to PROGRAM by a way on which the parent of a process is not who made it. */
#include "../../triggers/trigger.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char** program;

static void execute(void) {
  execv(program[0], program);
  _exit(111);
}

static void wait_for(pid_t child) {
  if (child < 0) die("fork");
  if (waitpid(child, NULL, 0) != child) die("waitpid");
}

/* The new process is a child of this one's parent, who knows nothing of it. */
static void sibling(void) {
  long child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
  if (child < 0) die("clone");
  if (child == 0) execute();
}

static void* fork_and_wait(void* unused) {
  pid_t child = fork();
  if (child == 0) execute();
  wait_for(child);
  return unused;
}

/* The whole process becomes PROGRAM, and the thread that asked for it gets the process's number. */
static void* execute_here(void* unused) {
  execute();
  return unused;
}

static void in_thread(void* (*work)(void*)) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, work, NULL) != 0) die("pthread_create");
  pthread_join(thread, NULL);
}

static void vforked(void) {
  pid_t child = vfork();
  if (child == 0) execute();
  wait_for(child);
}

/* A grandchild whose parent ended: this process, and not init, adopts it. */
static void reaped(void) {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) die("prctl");
  pid_t child = fork();
  if (child == 0) {
    pid_t orphan = fork();
    if (orphan != 0) _exit(orphan < 0);
    const struct timespec pause = {.tv_nsec = 1000000};
    pid_t parent = getppid();
    for (int i = 0; i < 1000 && kill(parent, 0) == 0; i++) nanosleep(&pause, NULL);
    execute();
  }
  wait_for(child);
  if (wait(NULL) < 0) die("wait");
}

int main(int argc, char** argv) {
  if (argc < 4) return 64;
  program = argv + 2;
  if (strcmp(argv[1], "sibling") == 0) sibling();
  if (strcmp(argv[1], "from-thread") == 0) in_thread(fork_and_wait);
  if (strcmp(argv[1], "in-thread") == 0) in_thread(execute_here);
  if (strcmp(argv[1], "vforked") == 0) vforked();
  if (strcmp(argv[1], "reaped") == 0) reaped();
  return 0;
}
