/* What of this process's code differs from the file it was mapped from: breakpoints that somebody put there. */
#ifndef TRIGGER_OWN_TEXT_H
#define TRIGGER_OWN_TEXT_H

#include "trigger.h"

#include <fcntl.h>
#include <limits.h>

/* An executable mapping of a file, and what the file holds there. */
struct text {
  unsigned char* at;
  unsigned char* clean;
  size_t bytes;
};

enum { TEXT_READ = 1 << 20 };

static inline void read_whole(int fd, unsigned char* to, size_t bytes, off_t from) {
  size_t done = 0;
  while (done < bytes) {
    size_t want = bytes - done < TEXT_READ ? bytes - done : TEXT_READ;
    ssize_t got = pread(fd, to + done, want, from + (off_t)done);
    if (got < 0) die("pread");
    if (got == 0) break; /* the file ends within the last page */
    done += (size_t)got;
  }
  memset(to + done, 0, bytes - done);
}

/* The executable mapping whose line holds `name`, read through map_files: the file may have no name any more. */
static inline struct text text_of(const char* name) {
  char line[PATH_MAX + 128], path[64];
  struct text text = {0};
  FILE* maps = fopen("/proc/self/maps", "re");
  if (maps == NULL) die("/proc/self/maps");
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long from, to, offset;
    char mode[5];
    if (sscanf(line, "%lx-%lx %4s %lx", &from, &to, mode, &offset) != 4) continue;
    if (strcmp(mode, "r-xp") != 0 || strstr(line, name) == NULL) continue;
    snprintf(path, sizeof path, "/proc/self/map_files/%lx-%lx", from, to);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) die(path);
    text.at = (unsigned char*)from;
    text.bytes = to - from;
    text.clean = malloc(text.bytes);
    if (text.clean == NULL) die("malloc");
    read_whole(fd, text.clean, text.bytes, (off_t)offset);
    close(fd);
    break;
  }
  fclose(maps);
  if (text.at == NULL) {
    fprintf(stderr, "%s is not mapped\n", name);
    exit(1);
  }
  return text;
}

/* Waits until somebody has put a probe there, or as many seconds. Whether it is there is for the test to say. */
static inline int await_probe(struct text text, long seconds) {
  const struct timespec pause = {.tv_nsec = 10000000};
  for (uint64_t end = now_ns() + (uint64_t)seconds * 1000000000ull; now_ns() < end;) {
    if (memcmp(text.at, text.clean, text.bytes) != 0) return 1;
    nanosleep(&pause, NULL);
  }
  fprintf(stderr, "no probe after %ld s\n", seconds);
  return 0;
}

#endif
