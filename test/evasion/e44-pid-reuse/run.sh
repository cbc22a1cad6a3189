# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$BIN/reuse" 20 "$BIN/noop" again-e44
