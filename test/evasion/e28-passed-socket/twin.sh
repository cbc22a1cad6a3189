# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
python3 "$CASE/pass.py" child - "$PORT" inherited-e28
python3 "$CASE/pass.py" serve - "$PORT" served-e28
