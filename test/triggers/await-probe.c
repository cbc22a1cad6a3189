/* build: -static */
/* SPDX-License-Identifier: Apache-2.0 */
/* await-probe FILE [SECONDS]: maps FILE as code, and waits until somebody has put a probe into it, 8 s if not told. */
#include "own-text.h"

#include <sys/mman.h>
#include <sys/stat.h>

int main(int argc, char** argv) {
  struct stat file;
  if (argc < 2) return 64;
  int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &file) != 0) die(argv[1]);
  struct text text = {.bytes = (size_t)file.st_size, .clean = malloc((size_t)file.st_size)};
  text.at = mmap(NULL, text.bytes, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  if (text.at == MAP_FAILED || text.clean == NULL) die("mmap");
  read_whole(fd, text.clean, text.bytes, 0);
  await_probe(text, argc > 2 ? atol(argv[2]) : 8);
  return 0;
}
