# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
exec python3 "$CASE/../e25-handoff/serve.py" runs "$WORK/scheduler.sock"
