/* build: */
/* SPDX-License-Identifier: Apache-2.0 */
/* crontab SPOOL PROGRAM ARGUMENT: leaves a line for cron. */
#include "../../triggers/trigger.h"

int main(int argc, char** argv) {
  char unfinished[4096];
  if (argc < 4) return 64;
  snprintf(unfinished, sizeof unfinished, "%s.new", argv[1]);
  FILE* spool = fopen(unfinished, "we");
  if (spool == NULL) die(unfinished);
  fprintf(spool, "%s %s\n", argv[2], argv[3]);
  if (fclose(spool) != 0 || rename(unfinished, argv[1]) != 0) die(argv[1]);
  return 0;
}
