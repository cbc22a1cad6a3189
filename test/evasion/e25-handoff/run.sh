# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# Who was asked once is watched for a while, so that the second ask is in no race with the answer to who listens there.
python3 "$CASE/ask.py" "$WORK/scheduler.sock" "$BIN/noop" first-e25
read -r -t 0.5 _ <> ./wait || true
python3 "$CASE/ask.py" "$WORK/scheduler.sock" "$BIN/noop" by-socket-e25
"$BIN/crontab" spool "$BIN/noop" by-cron-e25
# Bounded: cron looks twice a second.
for ((i = 0; i < 100; i++)); do
  [[ -e spool.done ]] && exit 0
  read -r -t 0.1 _ <> ./wait || true
done
exit 1
