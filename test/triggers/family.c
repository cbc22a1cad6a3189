/* build: -pthread */
/*
 * family PROGRAM WAY: gets a descendant that executes PROGRAM, in one of the ways there are to be born. Prints the pids
 * of those that did, in order, when all have ended.
 */
#define _GNU_SOURCE
#include "trigger.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char* program;
static int report[2]; /* pids of those that execute; whoever holds its end lives */

static void run(void) {
  pid_t self = getpid();
  char* args[] = {program, NULL};
  char* none[] = {NULL};
  if (write(report[1], &self, sizeof self) != sizeof self) _exit(112);
  execve(program, args, none);
  _exit(113);
}

static void* run_in_thread(void* unused) {
  (void)unused;
  run();
  return NULL;
}

static pid_t clone_raw(struct clone_args* args) {
  return (pid_t)syscall(SYS_clone3, args, sizeof *args);
}

static void wait_for(pid_t child) {
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) die("child");
}

static void by_fork(void) {
  pid_t child = fork();
  if (child == 0) run();
  wait_for(child);
}

static void by_vfork(void) {
  pid_t child = vfork();
  if (child == 0) run();
  wait_for(child);
}

/* The child is a sibling of the middle one, and a child of ours. */
static void by_clone_parent(void) {
  pid_t middle = fork();
  if (middle == 0) {
    struct clone_args args = {.flags = CLONE_PARENT};
    pid_t child = clone_raw(&args);
    if (child == 0) run();
    _exit(child < 0);
  }
  wait_for(middle);
  /* Its exit tells nobody, so it is waited for as a clone child. */
  if (waitpid(-1, NULL, __WALL) < 0) die("wait for the sibling");
}

static void* fork_in_thread(void* unused) {
  (void)unused;
  by_fork();
  return NULL;
}

static void by_thread(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, fork_in_thread, NULL) != 0) die("thread");
  pthread_join(thread, NULL);
}

/* A thread that is not the leader executes: it takes over the leader's pid. */
static void by_thread_exec(void) {
  pid_t child = fork();
  if (child == 0) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_in_thread, NULL) != 0) _exit(114);
    for (;;) pause();
  }
  wait_for(child);
}

static void by_double_fork(void) {
  pid_t middle = fork();
  if (middle == 0) {
    if (setsid() < 0) _exit(115);
    if (fork() == 0) run();
    _exit(0);
  }
  wait_for(middle);
}

static void by_subreaper(void) {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) die("subreaper");
  by_double_fork();
  if (wait(NULL) < 0) die("wait for the orphan");
}

/* Two processes one after the other with the same pid. */
static void by_same_pid(void) {
  pid_t wanted = fork();
  if (wanted == 0) _exit(0);
  wait_for(wanted);
  for (int i = 0; i < 2; i++) {
    struct clone_args args = {
        .exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&wanted, .set_tid_size = 1};
    pid_t child = clone_raw(&args);
    if (child == 0) run();
    if (child != wanted) die("set_tid");
    wait_for(child);
  }
}

static const struct {
  const char* name;
  void (*go)(void);
} ways[] = {
    {"fork", by_fork},
    {"vfork", by_vfork},
    {"clone_parent", by_clone_parent},
    {"thread", by_thread},
    {"thread_exec", by_thread_exec},
    {"double_fork", by_double_fork},
    {"subreaper", by_subreaper},
    {"same_pid", by_same_pid},
};

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  program = argv[1];
  if (pipe(report) != 0) die("pipe");
  size_t at = 0;
  while (at < sizeof ways / sizeof *ways && strcmp(ways[at].name, argv[2]) != 0) at++;
  if (at == sizeof ways / sizeof *ways) return 64;
  ways[at].go();
  close(report[1]);
  printf("{\"pid\":%d,\"way\":\"%s\",\"family\":[", getpid(), argv[2]);
  pid_t one = 0;
  /* Ends when the last of them has. */
  for (int i = 0; read(report[0], &one, sizeof one) == sizeof one; i++)
    printf("%s%d", i ? "," : "", one);
  printf("]}\n");
  return 0;
}
