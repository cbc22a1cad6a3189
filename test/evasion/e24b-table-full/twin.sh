# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$BIN/keepers" 2 9 "$BIN/noop" sleeper-e24b last-e24b
