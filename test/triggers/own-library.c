/* build: -ldl -D_GNU_SOURCE */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own-library PORT TOKEN --path PATH --library FILE [--memory] [--then FILE]: one HTTP request with a TLS library of its
 * own: FILE, in a namespace of its own and without a name by then, or a copy of it in a memfd. --then: another one, for
 * PATH-then, with a library that is opened a second later.
 */
#include "own-text.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

static void* library;

static void* symbol(const char* name) {
  void* found = dlsym(library, name);
  if (found == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  return found;
}

#define CALL(type, name) ((type)symbol(name))
typedef void* (*to_pointer)(void*);
typedef int (*to_int)(void*);
typedef int (*with_int)(void*, int);
typedef int (*moving)(void*, void*, int);
typedef long (*control)(void*, int, long, void*);

/* SSL_CTRL_SET_TLSEXT_HOSTNAME and TLSEXT_NAMETYPE_host_name of openssl/ssl.h. */
enum { SET_HOST_NAME = 55, HOST_NAME = 0 };

enum { AWAIT_SECONDS = 8 };

static void* loaded(void* handle) {
  if (handle != NULL) return handle;
  fprintf(stderr, "%s\n", dlerror());
  exit(1);
}

/* In a namespace of the linker that nobody else is in, and without a name from then on. */
static void load_apart(const char* file) {
  library = loaded(dlmopen(LM_ID_NEWLM, file, RTLD_NOW | RTLD_LOCAL));
  if (unlink(file) != 0) die(file);
}

static void load_from_memory(const char* file) {
  char path[64];
  struct stat from;
  int fd = open(file, O_RDONLY | O_CLOEXEC), copy = memfd_create("l", 0);
  if (fd < 0 || copy < 0 || fstat(fd, &from) != 0) die(file);
  if (sendfile(copy, fd, NULL, (size_t)from.st_size) != from.st_size) die("sendfile");
  snprintf(path, sizeof path, "/proc/self/fd/%d", copy);
  library = loaded(dlopen(path, RTLD_NOW | RTLD_LOCAL));
}

/* One request over a connection of its own, with the library loaded last. */
static int ask(int port, const char* path) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  char request[1024], answer[256] = {0};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr*)&to, sizeof to) != 0) die("connect");
  void* context = CALL(to_pointer, "SSL_CTX_new")(((void* (*)(void))symbol("TLS_client_method"))());
  void* ssl = CALL(to_pointer, "SSL_new")(context);
  CALL(control, "SSL_ctrl")(ssl, SET_HOST_NAME, HOST_NAME, "llm.test");
  if (CALL(with_int, "SSL_set_fd")(ssl, fd) != 1 || CALL(to_int, "SSL_connect")(ssl) != 1) return 1;
  int bytes = snprintf(request, sizeof request,
                       "GET %s HTTP/1.1\r\nHost: llm.test\r\nConnection: close\r\n\r\n", path);
  if (CALL(moving, "SSL_write")(ssl, request, bytes) != bytes) return 1;
  CALL(moving, "SSL_read")(ssl, answer, sizeof answer - 1);
  CALL(to_int, "SSL_shutdown")(ssl);
  close(fd);
  return strncmp(answer, "HTTP/1.1 200", 12) != 0;
}

int main(int argc, char** argv) {
  const char* file = option_text(argc, argv, "--library", NULL);
  const char* path = option_text(argc, argv, "--path", "/");
  const char* later = option_text(argc, argv, "--then", NULL);
  const struct timespec while_it_lives = {.tv_sec = 1};
  char second[512];
  if (argc < 3 || file == NULL) return 64;
  if (flag(argc, argv, "--memory")) {
    load_from_memory(file);
    file = "/memfd:l";
  } else
    load_apart(file);
  await_probe(text_of(file), AWAIT_SECONDS);
  if (ask(atoi(argv[1]), path) != 0) return 1;
  if (later == NULL) return 0;
  nanosleep(&while_it_lives, NULL);
  library = loaded(dlopen(later, RTLD_NOW | RTLD_LOCAL));
  await_probe(text_of(later), AWAIT_SECONDS);
  snprintf(second, sizeof second, "%s-then", path);
  return ask(atoi(argv[1]), second);
}
