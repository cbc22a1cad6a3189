# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
mkfifo wait
setpriv --pdeathsig KILL "$BIN/cron" spool &
exec python3 "$CASE/serve.py" runs "$WORK/scheduler.sock"
