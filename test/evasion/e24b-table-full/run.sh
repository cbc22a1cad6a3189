# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$BIN/keepers" 10 999 "$BIN/noop" sleeper-e24b last-e24b
