/* build: */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reuse COUNT PROGRAM TOKEN [PID]: runs `PROGRAM TOKEN-i` COUNT times under one and the same pid: that of a child which has
 * ended, or PID, and then takes turns: each time it waits for a byte on its standard input, and says one on its standard
 * output afterwards. Where that cannot be done it says why and ends with 77.
 */
#include "../../triggers/trigger.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static pid_t fork_as(pid_t pid) {
  struct clone_args how = {.exit_signal = SIGCHLD};
  how.set_tid = (uint64_t)(uintptr_t)&pid;
  how.set_tid_size = 1;
  return (pid_t)syscall(SYS_clone3, &how, sizeof how);
}

static void wait_for(pid_t child) {
  int status;
  if (waitpid(child, &status, 0) != child || status != 0) die("a child");
}

static pid_t used_pid(void) {
  pid_t pid = fork();
  if (pid == 0) _exit(0);
  wait_for(pid);
  return pid;
}

static void run_as(pid_t pid, char* program, const char* token, long number) {
  char name[64];
  snprintf(name, sizeof name, "%s-%05ld", token, number);
  pid_t child = fork_as(pid);
  if (child < 0) {
    fprintf(stderr, "clone3 with set_tid: %s\n", strerror(errno));
    exit(77);
  }
  if (child == 0) {
    execl(program, program, name, (char*)NULL);
    _exit(111);
  }
  wait_for(child);
}

int main(int argc, char** argv) {
  if (argc < 4) return 64;
  int takes_turns = argc > 4;
  pid_t pid = takes_turns ? atoi(argv[4]) : used_pid();
  for (long i = 0, count = atol(argv[1]); i < count; i++) {
    char byte;
    if (takes_turns && read(STDIN_FILENO, &byte, 1) != 1) return 1;
    run_as(pid, argv[2], argv[3], i);
    if (takes_turns && write(STDOUT_FILENO, "", 1) != 1) return 1;
  }
  return 0;
}
