# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Ten who keep 999 sleepers each, and the one who started them: 10,001 in all.
set -eu
"$BIN/keepers" 10 999 "$BIN/noop" sleeper-e24 last-e24
