/* build: -lssl -lcrypto */
/*
 * tls-retry retry|partial [--bytes N]: a write into a memory BIO that is too small for it. `retry`: SSL_write fails with
 * WANT_WRITE and is called again with the same bytes until it takes them all at once. `partial`: with
 * SSL_MODE_ENABLE_PARTIAL_WRITE it takes a record at a time. The bytes are generator output of the given seed.
 */
#include "tls.h"

enum { ROOM = 20000, READ_ROOM = 8192 };

static size_t drain(SSL* ssl, int* reads) {
  unsigned char bytes[READ_ROOM];
  size_t total = 0, count;
  while ((count = read_some(ssl, bytes, sizeof bytes, 0)) > 0) {
    total += count;
    (*reads)++;
  }
  return total;
}

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  int partial = strcmp(argv[1], "partial") == 0;
  size_t size = (size_t)option(argc, argv, "--bytes", 100000);
  uint32_t seed = (uint32_t)option(argc, argv, "--seed", 305419896);
  unsigned char* bytes = malloc(size);
  struct tls_pair pair = memory_pair(client_context(), server_context(), ROOM);
  size_t taken = 0, received = 0;
  int attempts = 0, successes = 0, failures = 0, reads = 0;
  if (bytes == NULL) die("malloc");
  fill(seed, bytes, size);
  if (partial) SSL_set_mode(pair.client, SSL_MODE_ENABLE_PARTIAL_WRITE);
  while (taken < size) {
    int wrote = SSL_write(pair.client, bytes + taken, (int)(size - taken));
    attempts++;
    if (wrote > 0) {
      taken += (size_t)wrote;
      successes++;
    } else {
      if (SSL_get_error(pair.client, wrote) != SSL_ERROR_WANT_WRITE) die("SSL_write");
      failures++;
    }
    received += drain(pair.server, &reads);
  }
  SSL_free(pair.client);
  SSL_free(pair.server);
  printf(
      "{\"pid\":%d,\"seed\":%u,\"bytes\":%zu,\"attempts\":%d,\"successes\":%d,\"failures\":%d,"
      "\"received\":%zu,\"reads\":%d}\n",
      getpid(), seed, size, attempts, successes, failures, received, reads);
  return received == size ? 0 : 1;
}
