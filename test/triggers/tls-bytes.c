/* build: -lssl -lcrypto -pthread */
/*
 * tls-bytes [--threads N] [--seed S]: every thread opens a loopback TLS connection of its own (both ends in this
 * process) and sends every size of SIZES in both directions. Odd threads use the _ex functions.
 *
 * The stream of (thread, direction) is: 'W' 'F', thread, direction (0 to the server, 1 to the client), then
 * generator output whose first state is seed ^ (thread << 8) ^ direction. Prints the bytes of each stream.
 */
#include "tls.h"

#include <pthread.h>

static const size_t SIZES[] = {1,     2,     3,     15,     255,    1024,    4096,
                               16383, 16384, 16385, 100000, 262144, 1000000, 1048576};
enum { SIZE_COUNT = sizeof SIZES / sizeof *SIZES, MARK_BYTES = 4 };

struct line {
  SSL* ssl;
  uint32_t seed;
  int thread;
  int direction;
  int sends;
  int bad;
};

static SSL_CTX *client_ctx, *server_ctx;
static uint32_t seed;
static size_t stream_bytes;

static unsigned char* stream_of(int thread, int direction) {
  unsigned char* bytes = malloc(stream_bytes);
  if (bytes == NULL) die("malloc");
  const unsigned char mark[MARK_BYTES] = {'W', 'F', (unsigned char)thread,
                                          (unsigned char)direction};
  memcpy(bytes, mark, MARK_BYTES);
  fill(seed ^ (uint32_t)(thread << 8) ^ (uint32_t)direction, bytes + MARK_BYTES,
       stream_bytes - MARK_BYTES);
  return bytes;
}

static void send_all(struct line* line) {
  unsigned char* bytes = stream_of(line->thread, line->direction);
  size_t at = 0;
  for (int i = 0; i < SIZE_COUNT; i++) {
    if (!write_whole(line->ssl, bytes + at, SIZES[i], line->thread & 1)) line->bad++;
    at += SIZES[i];
  }
  free(bytes);
}

static void receive_all(struct line* line) {
  unsigned char* want = stream_of(line->thread, line->direction);
  unsigned char* got = malloc(stream_bytes);
  size_t at = 0, count;
  if (got == NULL) die("malloc");
  while (at < stream_bytes &&
         (count = read_some(line->ssl, got + at, stream_bytes - at, line->thread & 1)) > 0)
    at += count;
  if (at != stream_bytes || memcmp(want, got, stream_bytes) != 0) line->bad++;
  free(want);
  free(got);
}

/* One direction after the other: a connection is used by one thread at a time at each end. */
static void* run_end(void* argument) {
  struct line* line = argument;
  for (line->direction = 0; line->direction < 2; line->direction++) {
    if (line->sends == (line->direction == 0))
      send_all(line);
    else
      receive_all(line);
  }
  return NULL;
}

static void* run_thread(void* argument) {
  struct line* client = argument;
  struct line server = *client;
  uint16_t port;
  int listener = listen_loopback(&port);
  pthread_t other;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, (struct sockaddr*)&to, sizeof to) != 0) die("connect");
  client->ssl = on_socket(client_ctx, fd);
  server.ssl = on_socket(server_ctx, accept(listener, NULL, NULL));
  SSL_set_connect_state(client->ssl);
  SSL_set_accept_state(server.ssl);
  client->sends = 1;
  server.sends = 0;
  if (pthread_create(&other, NULL, run_end, &server) != 0) die("pthread_create");
  run_end(client);
  pthread_join(other, NULL);
  client->bad += server.bad;
  close_tls(client->ssl);
  close_tls(server.ssl);
  close(listener);
  return NULL;
}

int main(int argc, char** argv) {
  int threads = (int)option(argc, argv, "--threads", 8);
  seed = (uint32_t)option(argc, argv, "--seed", 305419896);
  if (threads < 1 || threads > 64) return 64;
  for (int i = 0; i < SIZE_COUNT; i++) stream_bytes += SIZES[i];
  client_ctx = client_context();
  server_ctx = server_context();
  pthread_t ids[64];
  struct line lines[64] = {0};
  int bad = 0;
  for (int i = 0; i < threads; i++) {
    lines[i].thread = i;
    if (pthread_create(&ids[i], NULL, run_thread, &lines[i]) != 0) die("pthread_create");
  }
  for (int i = 0; i < threads; i++) {
    pthread_join(ids[i], NULL);
    bad += lines[i].bad;
  }
  printf(
      "{\"pid\":%d,\"threads\":%d,\"seed\":%u,\"writes_per_stream\":%d,\"stream_bytes\":%zu,"
      "\"bad\":%d}\n",
      getpid(), threads, seed, SIZE_COUNT, stream_bytes, bad);
  return bad == 0 ? 0 : 1;
}
