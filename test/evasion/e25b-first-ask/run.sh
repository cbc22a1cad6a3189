# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
python3 "$CASE/../e25-handoff/ask.py" "$WORK/scheduler.sock" sh "$CASE/linger.sh" by-first-ask-e25
