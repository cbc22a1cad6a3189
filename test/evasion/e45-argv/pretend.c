/* build: -D_GNU_SOURCE */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pretend PORT --exe|--title TOKEN: writes over its own arguments; with --exe it also moves arg_start elsewhere and makes
 * /proc/PID/exe another file (PR_SET_MM_MAP, which CAP_CHECKPOINT_RESTORE allows). Then it connects to 127.0.0.1:PORT.
 */
#include "../../triggers/trigger.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum { MAPPINGS = 32, LINE = 4352, STAT_FIELDS = 60 };

static const char INNOCENT[] = "innocent-e45";

struct mapping {
  char* from;
  size_t bytes;
  int protection;
};

/* The mappings of the executed file. */
static int own_mappings(struct mapping* found) {
  char exe[LINE], line[LINE], flags[5];
  ssize_t length = readlink("/proc/self/exe", exe, sizeof exe - 1);
  FILE* maps = fopen("/proc/self/maps", "re");
  int count = 0;
  if (length < 0 || maps == NULL) die("/proc/self");
  exe[length] = 0;
  while (count < MAPPINGS && fgets(line, sizeof line, maps) != NULL) {
    unsigned long from, until;
    int path = 0;
    if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %n", &from, &until, flags, &path) < 3) continue;
    line[strcspn(line, "\n")] = 0;
    if (strcmp(line + path, exe) != 0) continue;
    found[count].from = (char*)from;
    found[count].bytes = until - from;
    found[count++].protection = (flags[0] == 'r' ? PROT_READ : 0) |
                                (flags[1] == 'w' ? PROT_WRITE : 0) |
                                (flags[2] == 'x' ? PROT_EXEC : 0);
  }
  fclose(maps);
  return count;
}

/* The kernel lets nobody change the file while it is mapped: every page of it becomes a copy at the same address. */
static void unmap_own_file(void) {
  struct mapping found[MAPPINGS];
  int count = own_mappings(found);
  for (int i = 0; i < count; i++) {
    const struct mapping* old = &found[i];
    char* copy = mmap(NULL, old->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED) die("mmap");
    memcpy(copy, old->from, old->bytes);
    if (mprotect(copy, old->bytes, old->protection) != 0) die("mprotect");
    const int how = MREMAP_MAYMOVE | MREMAP_FIXED;
    if (mremap(copy, old->bytes, old->bytes, how, old->from) == MAP_FAILED) die("mremap");
  }
}

/* Fields as proc(5) numbers them. */
static void read_stat(uint64_t* fields) {
  char line[LINE];
  FILE* stat = fopen("/proc/self/stat", "re");
  if (stat == NULL || fgets(line, sizeof line, stat) == NULL) die("/proc/self/stat");
  fclose(stat);
  int field = 3;
  for (char* word = strtok(strrchr(line, ')') + 2, " "); word != NULL && field < STAT_FIELDS;
       word = strtok(NULL, " "))
    fields[field++] = strtoull(word, NULL, 10);
}

static void become(const char* file) {
  uint64_t at[STAT_FIELDS] = {0};
  unmap_own_file();
  read_stat(at);
  char* arguments = strdup(INNOCENT);
  struct prctl_mm_map map = {.start_code = at[26], .end_code = at[27], .start_stack = at[28]};
  map.start_data = at[45], map.end_data = at[46], map.start_brk = at[47];
  map.brk = (uint64_t)(uintptr_t)sbrk(0);
  map.arg_start = (uint64_t)(uintptr_t)arguments, map.arg_end = map.arg_start + sizeof INNOCENT;
  map.env_start = at[50], map.env_end = at[51];
  map.exe_fd = (uint32_t)open(file, O_RDONLY | O_CLOEXEC);
  if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) != 0) {
    printf("PR_SET_MM_MAP: %s\n", strerror(errno));
    exit(77);
  }
}

/* As setproctitle does. */
static void overwrite(int argc, char** argv) {
  char* end = argv[argc - 1] + strlen(argv[argc - 1]) + 1;
  memset(argv[0], 0, (size_t)(end - argv[0]));
  snprintf(argv[0], (size_t)(end - argv[0]), "%s", INNOCENT);
}

static void speak(int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr*)&to, sizeof to) != 0) die("connect");
  /* Whoever wants to look at it twice has time to. */
  const struct timespec linger = {.tv_sec = 4};
  nanosleep(&linger, NULL);
}

int main(int argc, char** argv) {
  if (argc < 4) return 64;
  int port = atoi(argv[1]), exe = flag(argc, argv, "--exe");
  overwrite(argc, argv);
  if (exe) become("/usr/bin/sleep");
  speak(port);
  return 0;
}
