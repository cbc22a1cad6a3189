/* build: -lssl -lcrypto -pthread */
/*
 * A TLS load that checks its own bytes.
 *
 *   tls-load memory            client and server in one thread over a BIO pair; one operation is a write and a read
 *   tls-load serve             a server on loopback; prints {"port":N}, ends after --threads connections
 *   tls-load tcp --port N      a client of it
 *
 * --size B --count N (per thread) --threads N --rate OPS (all threads together, 0: as fast as it goes) --warm N
 * --marker TEXT (at the head of every message) --http
 *
 * Every message carries its thread, its number and a checksum; a receiver counts in `bad` what does not fit. With --http
 * a message is a whole HTTP/1.1 request or response of exactly --size bytes, its path names thread and number, and
 * every request is answered.
 */
#include "tls.h"

#include <pthread.h>

enum { MAX_THREADS = 64, MAX_SIZE = 1 << 20, MAGIC = 0x444c4657 };

struct frame {
  uint32_t magic, thread;
  uint64_t number;
  uint32_t size, sum;
};

struct worker {
  pthread_t id;
  struct tls_pair pair;
  uint32_t thread;
  uint64_t done, bad, sent_bytes, received_bytes;
  uint32_t *write_ns, *read_ns;
};

static size_t size;
static uint64_t count, warm;
static long rate, threads;
static int http;
static const char* marker;
static SSL_CTX *client_ctx, *server_ctx;
static struct worker workers[MAX_THREADS];

/* The frame stands at the end of the head, the pattern behind it; both ends compute the pattern. */
static uint32_t pattern(unsigned char* to, size_t bytes, uint64_t number) {
  uint64_t word = number * 0x9e3779b97f4a7c15ull + 1, sum = bytes;
  for (size_t at = 0; at + 8 <= bytes; at += 8) {
    memcpy(to + at, &word, 8);
    sum = (sum ^ word) * 0x100000001b3ull;
    word += 0x9e3779b97f4a7c15ull;
  }
  return (uint32_t)(sum ^ (sum >> 32));
}

static uint32_t sum_of(const unsigned char* from, size_t bytes) {
  uint64_t word, sum = bytes;
  for (size_t at = 0; at + 8 <= bytes; at += 8) {
    memcpy(&word, from + at, 8);
    sum = (sum ^ word) * 0x100000001b3ull;
  }
  return (uint32_t)(sum ^ (sum >> 32));
}

static size_t head(char* to, uint32_t thread, uint64_t number, int response) {
  if (!http) return (size_t)snprintf(to, 256, "%s", marker);
  const char* form =
      response ? "HTTP/1.1 200 OK\r\nX-Number: %06u/%08llu\r\nContent-Length: %08zu\r\n\r\n"
               : "POST /v1/load/%06u/%08llu HTTP/1.1\r\nHost: load.test\r\n"
                 "Content-Length: %08zu\r\n\r\n";
  size_t length = (size_t)snprintf(to, 256, form, thread, (unsigned long long)number, (size_t)0);
  snprintf(to, 256, form, thread, (unsigned long long)number, size - length);
  return length;
}

static void make(unsigned char* to, uint32_t thread, uint64_t number, int response) {
  char text[256];
  size_t at = head(text, thread, number, response);
  struct frame frame = {MAGIC, thread, number, (uint32_t)size, 0};
  memcpy(to, text, at);
  memset(to + at, 0, size - at);
  frame.sum = pattern(to + at + sizeof frame, size - at - sizeof frame, number);
  memcpy(to + at, &frame, sizeof frame);
}

/* 1 when the message is the expected one and its bytes are whole. */
static int check(const unsigned char* from, uint64_t number, int response) {
  struct frame frame;
  char text[256];
  size_t at = head(text, 0, 0, response);
  memcpy(&frame, from + at, sizeof frame);
  return frame.magic == MAGIC && frame.number == number && frame.size == size &&
         frame.sum == sum_of(from + at + sizeof frame, size - at - sizeof frame);
}

static int read_whole(SSL* ssl, unsigned char* to) {
  size_t at = 0, got;
  while (at < size && (got = read_some(ssl, to + at, size - at, 0)) > 0) at += got;
  return at == size;
}

static void pace(uint64_t start, uint64_t number) {
  if (rate == 0) return;
  uint64_t due = start + number * (uint64_t)threads * 1000000000ull / (uint64_t)rate;
  struct timespec until = {(time_t)(due / 1000000000ull), (long)(due % 1000000000ull)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void* run_memory(void* argument) {
  struct worker* w = argument;
  unsigned char *out = malloc(size), *in = malloc(size);
  if (out == NULL || in == NULL) die("malloc");
  uint64_t start = now_ns();
  for (uint64_t i = 0; i < count; i++) {
    make(out, w->thread, i, 0);
    pace(start, i);
    uint64_t t0 = now_ns();
    if (!write_whole(w->pair.client, out, size, 0)) die("SSL_write");
    uint64_t t1 = now_ns();
    int whole = read_whole(w->pair.server, in);
    uint64_t t2 = now_ns();
    if (!whole || !check(in, i, 0)) w->bad++;
    w->sent_bytes += size;
    w->received_bytes += size;
    w->write_ns[i] = (uint32_t)(t1 - t0);
    w->read_ns[i] = (uint32_t)(t2 - t1);
    w->done++;
  }
  free(out);
  free(in);
  return NULL;
}

static void* run_client(void* argument) {
  struct worker* w = argument;
  unsigned char *out = malloc(size), *in = malloc(size);
  if (out == NULL || in == NULL) die("malloc");
  uint64_t start = now_ns();
  for (uint64_t i = 0; i < count; i++) {
    make(out, w->thread, i, 0);
    pace(start, i);
    uint64_t t0 = now_ns();
    if (!write_whole(w->pair.client, out, size, 0)) die("SSL_write");
    w->write_ns[i] = (uint32_t)(now_ns() - t0);
    w->sent_bytes += size;
    w->done++;
    if (!http) continue;
    if (!read_whole(w->pair.client, in) || !check(in, i, 1)) w->bad++;
    w->received_bytes += size;
  }
  close_tls(w->pair.client);
  free(out);
  free(in);
  return NULL;
}

static void* run_server(void* argument) {
  struct worker* w = argument;
  unsigned char *out = malloc(size), *in = malloc(size);
  if (out == NULL || in == NULL) die("malloc");
  if (SSL_accept(w->pair.server) != 1) die("SSL_accept");
  for (; read_whole(w->pair.server, in); w->done++) {
    if (!check(in, w->done, 0)) w->bad++;
    w->received_bytes += size;
    if (!http) continue;
    make(out, w->thread, w->done, 1);
    if (!write_whole(w->pair.server, out, size, 0)) die("SSL_write");
    w->sent_bytes += size;
  }
  close_tls(w->pair.server);
  free(out);
  free(in);
  return NULL;
}

/* Samples of all threads without the first `warm` of each; the quantiles sort them. */
static void print_latency(const char* name, int reads) {
  size_t kept = 0;
  uint32_t* all = calloc((size_t)threads * count + 1, sizeof *all);
  if (all == NULL) die("calloc");
  for (long t = 0; t < threads; t++)
    for (uint64_t i = warm; i < workers[t].done && i < count; i++)
      all[kept++] = reads ? workers[t].read_ns[i] : workers[t].write_ns[i];
  uint32_t p50 = quantile(all, kept, 0.5), p99 = quantile(all, kept, 0.99);
  printf(",\"%s_p50_ns\":%u,\"%s_p99_ns\":%u", name, p50, name, p99);
  free(all);
}

static void print_result(const char* mode, uint64_t wall_ns) {
  uint64_t done = 0, bad = 0, sent = 0, received = 0;
  for (long t = 0; t < threads; t++) {
    done += workers[t].done;
    bad += workers[t].bad;
    sent += workers[t].sent_bytes;
    received += workers[t].received_bytes;
  }
  printf(
      "{\"pid\":%d,\"mode\":\"%s\",\"size\":%zu,\"threads\":%ld,\"done\":%llu,\"bad\":%llu,"
      "\"sent_bytes\":%llu,\"received_bytes\":%llu,\"wall_us\":%llu,\"cpu_us\":%llu,\"ops_per_s\":%"
      ".0f",
      getpid(), mode, size, threads, (unsigned long long)done, (unsigned long long)bad,
      (unsigned long long)sent, (unsigned long long)received, (unsigned long long)(wall_ns / 1000),
      (unsigned long long)cpu_us(), (double)done * 1e9 / (double)wall_ns);
  if (strcmp(mode, "serve") != 0) print_latency("write", 0);
  if (strcmp(mode, "memory") == 0) print_latency("read", 1);
  printf("}\n");
}

static void start(struct worker* w, void* (*run)(void*)) {
  if (pthread_create(&w->id, NULL, run, w) != 0) die("pthread_create");
}

static void prepare(struct worker* w, uint32_t thread) {
  w->thread = thread;
  w->write_ns = calloc(count + 1, sizeof *w->write_ns);
  w->read_ns = calloc(count + 1, sizeof *w->read_ns);
  if (w->write_ns == NULL || w->read_ns == NULL) die("calloc");
}

static void run_all(const char* mode, uint16_t port) {
  int listener = -1;
  if (strcmp(mode, "serve") == 0) {
    listener = listen_loopback(&port);
    printf("{\"port\":%u}\n", port);
    fflush(stdout);
  }
  for (long t = 0; t < threads; t++) {
    struct worker* w = &workers[t];
    prepare(w, (uint32_t)t);
    if (listener >= 0) {
      w->pair.server = on_socket(server_ctx, accept(listener, NULL, NULL));
      start(w, run_server);
    } else if (strcmp(mode, "tcp") == 0) {
      w->pair.client = connect_loopback(client_ctx, port);
    } else {
      w->pair = memory_pair(client_ctx, server_ctx, MAX_SIZE + MAX_SIZE / 8);
    }
  }
  for (long t = 0; listener < 0 && t < threads; t++)
    start(&workers[t], strcmp(mode, "tcp") == 0 ? run_client : run_memory);
  for (long t = 0; t < threads; t++) pthread_join(workers[t].id, NULL);
}

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  size = (size_t)option(argc, argv, "--size", 4096);
  count = (uint64_t)option(argc, argv, "--count", 1000);
  threads = option(argc, argv, "--threads", 1);
  rate = option(argc, argv, "--rate", 0);
  warm = (uint64_t)option(argc, argv, "--warm", 0);
  http = flag(argc, argv, "--http");
  marker = option_text(argc, argv, "--marker", "");
  if (strlen(marker) > 64 || size < 160 || size > MAX_SIZE || threads < 1 || threads > MAX_THREADS)
    return 64;
  client_ctx = client_context();
  server_ctx = server_context();
  uint64_t start_ns = now_ns();
  run_all(argv[1], (uint16_t)option(argc, argv, "--port", 0));
  print_result(argv[1], now_ns() - start_ns);
  uint64_t bad = 0;
  for (long t = 0; t < threads; t++) bad += workers[t].bad;
  return bad == 0 ? 0 : 1;
}
