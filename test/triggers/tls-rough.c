/* build: -lssl -lcrypto -pthread -D_GNU_SOURCE */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls-rough signals|longjmp|vfork|fork COUNT [--await]: writes over TLS in one thread, both ends in this process, and in the
 * midst of each SSL_write it is interrupted by a signal, leaves it for good, or forks. Prints what came of it, which is
 * the same every time. --await: only once the library is probed.
 */
#include "own-text.h"
#include "tls.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

enum { SIZE = 3000, ROOM = 65536 };

static const char* mode;
static jmp_buf back;
static volatile sig_atomic_t ticks;
static long number, forks, statuses;
static int is_child;

static void tick(int signal) {
  (void)signal;
  ticks++;
}

static void in_vfork(void) {
  int status;
  pid_t child = vfork();
  if (child < 0) die("vfork");
  if (child == 0) {
    execl("/bin/true", "true", (char*)NULL);
    _exit(111);
  }
  if (waitpid(child, &status, 0) != child) die("waitpid");
  forks++;
  statuses += status;
}

/* The child goes on where it was born, out of SSL_write, and says then whether that was right. */
static void in_fork(void) {
  int status;
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    is_child = 1;
    return;
  }
  if (waitpid(child, &status, 0) != child) die("waitpid");
  forks++;
  statuses += status;
}

/* Called within SSL_write. */
static long in_write(BIO* bio, int operation, const char* bytes, size_t count, int i, long l,
                     int result, size_t* processed) {
  (void)bio, (void)bytes, (void)count, (void)i, (void)l, (void)processed;
  if (operation != BIO_CB_WRITE) return result;
  if (strcmp(mode, "vfork") == 0) in_vfork();
  if (strcmp(mode, "fork") == 0) in_fork();
  if (strcmp(mode, "longjmp") == 0 && number % 2 == 1) longjmp(back, 1);
  return result;
}

static struct tls_pair new_pair(SSL_CTX* client, SSL_CTX* server) {
  struct tls_pair pair = memory_pair(client, server, ROOM);
  BIO_set_callback_ex(SSL_get_wbio(pair.client), in_write);
  return pair;
}

static void free_pair(struct tls_pair pair) {
  BIO_set_callback_ex(SSL_get_wbio(pair.client), NULL);
  SSL_free(pair.client);
  SSL_free(pair.server);
}

static uint32_t sum_of(uint32_t sum, const unsigned char* bytes, size_t count) {
  for (size_t i = 0; i < count; i++) sum = sum * 31 + bytes[i];
  return sum;
}

int main(int argc, char** argv) {
  unsigned char sent[SIZE], got[SIZE];
  volatile long done = 0, left = 0, bad = 0;
  volatile uint32_t sum = 0;
  if (argc < 3) return 64;
  mode = argv[1];
  if (flag(argc, argv, "--await")) await_probe(text_of("libssl"), 8);
  SSL_CTX *client = client_context(), *server = server_context();
  struct tls_pair pair = new_pair(client, server);
  if (strcmp(mode, "signals") == 0) {
    const struct sigaction action = {.sa_handler = tick};
    const struct itimerval often = {{0, 200}, {0, 200}};
    if (sigaction(SIGALRM, &action, NULL) != 0 || setitimer(ITIMER_REAL, &often, NULL) != 0)
      die("setitimer");
  }
  for (number = 0; number < atol(argv[2]); number++) {
    fill((uint32_t)number + 1, sent, SIZE);
    if (setjmp(back) != 0) {
      left++;
      free_pair(pair);
      pair = new_pair(client, server);
      continue;
    }
    int written = write_whole(pair.client, sent, SIZE, number & 2);
    if (is_child) _exit(written ? 0 : 1);
    size_t at = 0, count;
    while (at < SIZE && (count = read_some(pair.server, got + at, SIZE - at, number & 2)) > 0)
      at += count;
    if (!written || at != SIZE || memcmp(sent, got, SIZE) != 0) bad++;
    sum = sum_of(sum, got, at);
    done++;
  }
  if (strcmp(mode, "signals") == 0 && ticks == 0) bad++;
  printf("{\"mode\":\"%s\",\"done\":%ld,\"left\":%ld,\"forks\":%ld,\"statuses\":%ld,", mode, done,
         left, forks, statuses);
  printf("\"bad\":%ld,\"sum\":%u}\n", bad, sum);
  return bad == 0 ? 0 : 1;
}
