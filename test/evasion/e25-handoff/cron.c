/* build: */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cron SPOOL: looks twice a second whether there is a file SPOOL, runs what its line says and makes SPOOL.done. Ends after
 * ten minutes.
 */
#include "../../triggers/trigger.h"

#include <sys/wait.h>

enum { LOOKS = 1200, PAUSE_NS = 500000000 };

static void run(char* line) {
  char* program = strtok(line, " \n");
  char* argument = strtok(NULL, " \n");
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    execl(program, program, argument, (char*)NULL);
    _exit(111);
  }
  if (waitpid(child, NULL, 0) != child) die("waitpid");
}

int main(int argc, char** argv) {
  char line[4096], done[4096];
  const struct timespec pause = {.tv_nsec = PAUSE_NS};
  if (argc < 2) return 64;
  snprintf(done, sizeof done, "%s.done", argv[1]);
  for (int i = 0; i < LOOKS; i++) {
    FILE* spool = fopen(argv[1], "re");
    if (spool != NULL) {
      if (fgets(line, sizeof line, spool) != NULL) run(line);
      fclose(spool);
      if (rename(argv[1], done) != 0) die("rename");
    }
    nanosleep(&pause, NULL);
  }
  return 0;
}
