/*
 * tls-ask PORT TOKEN [--address IP] [--sni NAME] [--host NAME] [--path PATH] [--print] [--await FILE] [--within SECONDS]
 *         [--remove mprotect|mem] [--elsewhere] [--linger SECONDS]
 *         [--by write|write_ex|bio|mapped|split|large|threads]
 *
 * One HTTP request over TLS, to 127.0.0.1:PORT if no address is told; --print: shows the answer.
 * --await: only once a probe is in the mapping whose line in /proc/self/maps holds FILE, or after --within SECONDS.
 * --remove: then takes every probe out of it again. --elsewhere: calls a copy of the code, which has none. --sni -:
 * without a name.
 * Ends with 0 when the answer is a 200.
 */
#ifndef TRIGGER_TLS_ASK_H
#define TRIGGER_TLS_ASK_H

#include "own-text.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <link.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>

typedef int (*write_call)(SSL*, const void*, int);

enum { LARGE = 5 << 20, THREADS = 4, PARTS = 100 };

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t next = PTHREAD_COND_INITIALIZER;

struct asked {
  SSL* ssl;
  const char* request;
  size_t bytes;
  int at; /* which byte is next */
};

/* Takes the probes out: with the mapping made writable, or through /proc/self/mem, which needs nothing of that. */
static inline void remove_probes(struct text text, const char* way) {
  long page = sysconf(_SC_PAGESIZE);
  int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC), removed = 0;
  for (size_t i = 0; i < text.bytes; i++) {
    if (text.at[i] == text.clean[i]) continue;
    unsigned char* start = text.at + (i & ~(size_t)(page - 1));
    removed++;
    if (strcmp(way, "mem") == 0) {
      if (pwrite(mem, text.clean + i, 1, (off_t)(text.at + i)) != 1) die("/proc/self/mem");
      continue;
    }
    if (mprotect(start, (size_t)page, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) die("mprotect");
    text.at[i] = text.clean[i];
    if (mprotect(start, (size_t)page, PROT_READ | PROT_EXEC) != 0) die("mprotect");
  }
  if (mem >= 0) close(mem);
  printf("removed %d\n", removed);
}

static inline int part_of_image(struct dl_phdr_info* info, size_t size, void* data) {
  struct text* text = data;
  uintptr_t at = (uintptr_t)text->at, first = UINTPTR_MAX, last = 0;
  (void)size;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr)* part = &info->dlpi_phdr[i];
    if (part->p_type != PT_LOAD) continue;
    if (info->dlpi_addr + part->p_vaddr < first) first = info->dlpi_addr + part->p_vaddr;
    if (info->dlpi_addr + part->p_vaddr + part->p_memsz > last)
      last = info->dlpi_addr + part->p_vaddr + part->p_memsz;
  }
  if (at < first || at >= last) return 0;
  text->at = (unsigned char*)(first & ~(uintptr_t)4095);
  text->bytes = last - (uintptr_t)text->at;
  return 1;
}

/*
 * `call` in a copy of the whole loaded image, data and all, whose code is what the file holds: every jump within it stays
 * in the copy, and what goes out goes where it went before.
 */
static inline void* elsewhere(void* call, struct text text) {
  struct text image = text;
  if (dl_iterate_phdr(part_of_image, &image) == 0) die("no such image");
  unsigned char* copy = mmap(NULL, image.bytes, PROT_READ | PROT_WRITE | PROT_EXEC,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (copy == MAP_FAILED) die("mmap");
  memcpy(copy, image.at, image.bytes);
  memcpy(copy + (text.at - image.at), text.clean, text.bytes);
  return copy + ((unsigned char*)call - image.at);
}

static inline int whole(SSL* ssl, const char* bytes, size_t count, write_call write) {
  size_t done = 0;
  while (done < count) {
    size_t want = count - done < (1 << 30) ? count - done : 1 << 30;
    int got = write(ssl, bytes + done, (int)want);
    if (got <= 0) return 0;
    done += (size_t)got;
  }
  return 1;
}

/* A request whose bytes nobody touched yet: they are in a file that is mapped, and the kernel's pages of it are not. */
static inline const char* mapped(const char* request, size_t bytes) {
  char path[] = "request-XXXXXX";
  int fd = mkstemp(path);
  if (fd < 0 || write(fd, request, bytes) != (ssize_t)bytes || fsync(fd) != 0) die(path);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  void* at = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
  if (at == MAP_FAILED) die("mmap");
  close(fd);
  unlink(path);
  return at;
}

/* One byte each, in turns. */
static inline void* take_turns(void* of) {
  struct asked* asked = of;
  for (int mine = 1; mine;) {
    pthread_mutex_lock(&turn);
    mine = (size_t)asked->at < asked->bytes;
    if (mine && SSL_write(asked->ssl, asked->request + asked->at++, 1) != 1) die("SSL_write");
    pthread_cond_broadcast(&next);
    if (mine && (size_t)asked->at < asked->bytes) {
      const struct timespec soon = {.tv_sec = time(NULL) + 1};
      pthread_cond_timedwait(&next, &turn, &soon);
    }
    pthread_mutex_unlock(&turn);
  }
  return NULL;
}

static inline int by_threads(SSL* ssl, const char* request, size_t bytes) {
  struct asked asked = {ssl, request, bytes, 0};
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, take_turns, &asked) != 0) die("pthread_create");
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  return 1;
}

static inline int by_bio(SSL* ssl, const char* request, size_t bytes) {
  BIO* bio = BIO_new(BIO_f_ssl());
  size_t written = 0;
  if (bio == NULL) die("BIO_new");
  BIO_set_ssl(bio, ssl, BIO_NOCLOSE);
  int done = BIO_write_ex(bio, request, bytes, &written) == 1 && written == bytes;
  BIO_free(bio);
  return done;
}

static inline int by_parts(SSL* ssl, const char* request, size_t bytes) {
  for (size_t i = 0; i < PARTS; i++) {
    size_t from = bytes * i / PARTS, to = bytes * (i + 1) / PARTS;
    if (to > from && SSL_write(ssl, request + from, (int)(to - from)) != (int)(to - from)) return 0;
  }
  return 1;
}

static inline int send_by(const char* way, SSL* ssl, const char* request, size_t bytes,
                          write_call write) {
  size_t written = 0;
  if (strcmp(way, "write_ex") == 0)
    return SSL_write_ex(ssl, request, bytes, &written) == 1 && written == bytes;
  if (strcmp(way, "bio") == 0) return by_bio(ssl, request, bytes);
  if (strcmp(way, "split") == 0) return by_parts(ssl, request, bytes);
  if (strcmp(way, "threads") == 0) return by_threads(ssl, request, bytes);
  if (strcmp(way, "mapped") == 0) request = mapped(request, bytes);
  return whole(ssl, request, bytes, write);
}

static inline size_t make_request(char** to, const char* way, int argc, char** argv) {
  const char* path = option_text(argc, argv, "--path", "/");
  const char* host = option_text(argc, argv, "--host", "llm.test");
  size_t body = strcmp(way, "large") == 0 ? LARGE : 0;
  char head[4096];
  int bytes = snprintf(head, sizeof head,
                       "POST %s HTTP/1.1\r\nHost: %s\r\nX-Token: %s\r\nContent-Length: %zu\r\n"
                       "Connection: close\r\n\r\n",
                       path, host, argv[2], body);
  *to = malloc((size_t)bytes + body);
  if (*to == NULL) die("malloc");
  memcpy(*to, head, (size_t)bytes);
  fill(1, (unsigned char*)*to + bytes, body);
  return (size_t)bytes + body;
}

static inline SSL* connect_with(const char* address, const char* port, const char* sni) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  if (inet_pton(AF_INET, address, &to.sin_addr) != 1) die(address);
  if (fd < 0 || connect(fd, (struct sockaddr*)&to, sizeof to) != 0) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == NULL) die("SSL_CTX_new");
  SSL* ssl = SSL_new(context);
  if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) die("SSL_new");
  if (strcmp(sni, "-") != 0 && SSL_set_tlsext_host_name(ssl, sni) != 1) die("SNI");
  if (SSL_connect(ssl) != 1) die("SSL_connect");
  return ssl;
}

static inline int ask(int argc, char** argv) {
  char answer[1024] = {0}, *request = NULL;
  const char* await = option_text(argc, argv, "--await", NULL);
  const char* way = option_text(argc, argv, "--by", "write");
  write_call write = SSL_write;
  if (argc < 3) return 64;
  struct text text = {0};
  if (await != NULL) {
    text = text_of(await);
    await_probe(text, option(argc, argv, "--within", 8));
  }
  const char* remove = option_text(argc, argv, "--remove", NULL);
  if (remove != NULL) remove_probes(text, remove);
  if (flag(argc, argv, "--elsewhere")) write = (write_call)elsewhere((void*)SSL_write, text);
  size_t bytes = make_request(&request, way, argc, argv);
  SSL* ssl = connect_with(option_text(argc, argv, "--address", "127.0.0.1"), argv[1],
                          option_text(argc, argv, "--sni", "llm.test"));
  if (!send_by(way, ssl, request, bytes, write)) die("write");
  /* What reads is as far from the probes as what writes. */
  int (*read)(SSL*, void*, int) = SSL_read;
  if (flag(argc, argv, "--elsewhere"))
    read = (int (*)(SSL*, void*, int))elsewhere((void*)SSL_read, text);
  for (int at = 0, got = 1; got > 0 && at < (int)sizeof answer - 1; at += got)
    got = read(ssl, answer + at, (int)sizeof answer - 1 - at);
  if (flag(argc, argv, "--print")) puts(answer);
  const struct timespec linger = {.tv_sec = option(argc, argv, "--linger", 0)};
  nanosleep(&linger, NULL);
  SSL_shutdown(ssl);
  SSL_free(ssl);
  return strncmp(answer, "HTTP/1.1 200", 12) != 0;
}

#endif
