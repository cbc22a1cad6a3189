/* build: -lssl -lcrypto */
/*
 * tls-cold FILE [--bytes N] [--seed S]: writes generator output to FILE, has the kernel forget it, maps it and gives the
 * mapping to SSL_write: none of the buffer is in memory when the call begins. Prints how many of its pages were.
 */
#include "tls.h"

#include <fcntl.h>
#include <sys/mman.h>

static size_t resident_pages(void* map, size_t size) {
  size_t pages = (size + 4095) / 4096, count = 0;
  unsigned char* in = malloc(pages);
  if (in == NULL || mincore(map, size, in) != 0) die("mincore");
  for (size_t i = 0; i < pages; i++) count += in[i] & 1;
  free(in);
  return count;
}

static unsigned char* cold_mapping(const char* path, size_t size, uint32_t seed) {
  unsigned char* bytes = malloc(size);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (bytes == NULL || fd < 0) die(path);
  fill(seed, bytes, size);
  if (write(fd, bytes, size) != (ssize_t)size || fsync(fd) != 0) die("write");
  if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0) die("posix_fadvise");
  unsigned char* map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (map == MAP_FAILED || madvise(map, size, MADV_RANDOM) != 0) die("mmap");
  close(fd);
  free(bytes);
  return map;
}

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  size_t size = (size_t)option(argc, argv, "--bytes", 200000);
  uint32_t seed = (uint32_t)option(argc, argv, "--seed", 305419896);
  struct tls_pair pair = memory_pair(client_context(), server_context(), 1 << 20);
  unsigned char* map = cold_mapping(argv[1], size, seed);
  size_t resident = resident_pages(map, size);
  int wrote = SSL_write(pair.client, map, (int)size);
  printf("{\"pid\":%d,\"seed\":%u,\"bytes\":%zu,\"resident\":%zu,\"wrote\":%d}\n", getpid(), seed,
         size, resident, wrote);
  return wrote == (int)size ? 0 : 1;
}
