/* build: */
/*
 * token-storm PROGRAM PREFIX --count N --rate R --datagrams K: actions that name themselves, for an oracle.
 *
 * Begins when it is given a line. Action i starts PROGRAM with the argument PREFIX-iiiiiiii and waits for it, then sends K
 * datagrams, each from a socket of its own, the j-th of all to the address 127.0.0.0 + 256 + j, port 9. --rate: actions a
 * second, 0: as fast as it goes. Prints how many it did, every hundred and at the end, which SIGTERM brings early.
 */
#include "trigger.h"

#include <arpa/inet.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { FIRST_ADDRESS = 0x7f000100, DISCARD_PORT = 9, TELL_EVERY = 100 };

extern char** environ;
static volatile sig_atomic_t ended;

static void end(int signal) {
  (void)signal;
  ended = 1;
}

static void start_program(char* program, const char* prefix, long number) {
  char token[128];
  snprintf(token, sizeof token, "%s-%08ld", prefix, number);
  char* args[] = {program, token, NULL};
  pid_t pid;
  int status;
  if (posix_spawn(&pid, program, NULL, NULL, args, environ) != 0) die("posix_spawn");
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) die("waitpid");
}

static void send_to(uint32_t number) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(DISCARD_PORT)};
  to.sin_addr.s_addr = htonl(FIRST_ADDRESS + number);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || sendto(fd, "", 1, 0, (struct sockaddr*)&to, sizeof to) != 1) die("sendto");
  close(fd);
}

static void wait_until(uint64_t due) {
  struct timespec until = {(time_t)(due / 1000000000ull), (long)(due % 1000000000ull)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void tell(long done, long datagrams, int last) {
  printf("{\"pid\":%d,\"done\":%ld,\"datagrams\":%ld,\"last\":%s}\n", getpid(), done, datagrams,
         last ? "true" : "false");
  fflush(stdout);
}

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  long count = option(argc, argv, "--count", 1000);
  long rate = option(argc, argv, "--rate", 0);
  long datagrams = option(argc, argv, "--datagrams", 0);
  struct sigaction action = {.sa_handler = end};
  sigaction(SIGTERM, &action, NULL);
  if (getchar() == EOF) return 64;
  uint64_t start = now_ns();
  long done = 0;
  for (; done < count && !ended; done++) {
    if (rate > 0) wait_until(start + (uint64_t)done * 1000000000ull / (uint64_t)rate);
    start_program(argv[1], argv[2], done);
    if (done > 0 && done % TELL_EVERY == 0) tell(done, done * datagrams, 0);
    for (long j = 0; j < datagrams; j++) send_to((uint32_t)(done * datagrams + j));
  }
  tell(done, done * datagrams, 1);
  return 0;
}
