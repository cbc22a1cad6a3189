/* build: -D_GNU_SOURCE */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from-memory PROGRAM TOKEN [ITSELF]: copies PROGRAM to a memfd, seals it and executes it with TOKEN as its last argument.
 * With a third word PROGRAM is this program, which does nothing in its second life: runc protects itself in this way.
 */
#include "../../triggers/trigger.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

extern char** environ;

static int copy_to_memory(const char* program) {
  struct stat status;
  int from = open(program, O_RDONLY | O_CLOEXEC);
  int to = memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (from < 0 || to < 0 || fstat(from, &status) != 0) die(program);
  for (off_t left = status.st_size; left > 0;) {
    ssize_t moved = sendfile(to, from, NULL, (size_t)left);
    if (moved <= 0) die("sendfile");
    left -= moved;
  }
  const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (fcntl(to, F_ADD_SEALS, seals) != 0) die("seal");
  return to;
}

int main(int argc, char** argv) {
  if (argc == 2) {
    /* A container's first process lives that long at the least. */
    const struct timespec life = {.tv_nsec = 300000000};
    return nanosleep(&life, NULL);
  }
  if (argc < 3) return 64;
  char* token = argc > 3 ? argv[3] : argv[2];
  char* next[] = {argc > 3 ? argv[0] : "copy", token, NULL};
  fexecve(copy_to_memory(argv[1]), next, environ);
  die("fexecve");
}
