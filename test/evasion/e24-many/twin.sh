# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$BIN/keepers" 10 49 "$BIN/noop" sleeper-e24 last-e24
