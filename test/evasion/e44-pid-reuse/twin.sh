# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
for ((i = 0; i < 5; i++)); do "$BIN/noop" "fresh-e44-$i"; done
