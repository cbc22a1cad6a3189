/* What every trigger shares: clocks, a generator the tests compute too, and one way to fail. */
#ifndef TRIGGER_H
#define TRIGGER_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static inline void die(const char* what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(111);
}

/* A test that must settle something about this process first lets it go by a line. */
__attribute__((constructor)) static void wait_to_begin(void) {
  char byte = 0;
  if (getenv("WF_TRIGGER_WAIT") == NULL) return;
  while (byte != '\n' && read(STDIN_FILENO, &byte, 1) == 1) continue;
}

static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* User and system time of this process and its waited-for children, microseconds. */
static inline uint64_t cpu_us(void) {
  uint64_t total = 0;
  const int who[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
  for (int i = 0; i < 2; i++) {
    struct rusage u;
    getrusage(who[i], &u);
    total += (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000ull;
    total += (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
  }
  return total;
}

/* xorshift32: four bytes a step, little endian. test/helpers/generator.ts computes the same. */
static inline uint32_t step32(uint32_t x) {
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return x;
}

static inline uint32_t fill(uint32_t state, unsigned char* to, size_t bytes) {
  size_t at = 0;
  for (; at + 4 <= bytes; at += 4) {
    state = step32(state);
    memcpy(to + at, &state, 4);
  }
  if (at < bytes) {
    state = step32(state);
    memcpy(to + at, &state, bytes - at);
  }
  return state;
}

static inline int compare_u32(const void* a, const void* b) {
  uint32_t x = *(const uint32_t*)a, y = *(const uint32_t*)b;
  return x < y ? -1 : x > y;
}

/* Sorts in place; 0 when there is no sample. */
static inline uint32_t quantile(uint32_t* samples, size_t count, double q) {
  if (count == 0) return 0;
  qsort(samples, count, sizeof *samples, compare_u32);
  return samples[(size_t)(q * (double)(count - 1))];
}

/* The number behind `--name`, or what stands in its place. */
static inline long option(int argc, char** argv, const char* name, long otherwise) {
  for (int i = 1; i + 1 < argc; i++)
    if (strcmp(argv[i], name) == 0) return atol(argv[i + 1]);
  return otherwise;
}

static inline const char* option_text(int argc, char** argv, const char* name,
                                      const char* otherwise) {
  for (int i = 1; i + 1 < argc; i++)
    if (strcmp(argv[i], name) == 0) return argv[i + 1];
  return otherwise;
}

static inline int flag(int argc, char** argv, const char* name) {
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], name) == 0) return 1;
  return 0;
}

#endif
