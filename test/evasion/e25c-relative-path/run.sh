# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Who asks has ended before anybody can look where it was.
set -eu
mkfifo wait
python3 "$CASE/../e25-handoff/ask.py" scheduler.sock "$BIN/noop" first-e25
read -r -t 0.5 _ <> ./wait || true
python3 "$CASE/../e25-handoff/ask.py" scheduler.sock "$BIN/noop" by-relative-path-e25
