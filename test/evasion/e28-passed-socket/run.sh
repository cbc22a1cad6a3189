# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
python3 "$CASE/pass.py" give "$WORK/helper.sock" "$PORT" given-e28
python3 "$CASE/pass.py" take "$WORK/helper.sock" "$PORT" taken-e28
python3 "$CASE/pass.py" get "$WORK/helper.sock" "$PORT" got-e28
