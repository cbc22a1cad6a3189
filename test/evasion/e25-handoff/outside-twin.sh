# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
mkfifo wait
setpriv --pdeathsig KILL python3 "$CASE/serve.py" own-work "$BIN/noop" nobody-asked-e25 &
exec python3 "$CASE/serve.py" answers idle.sock
