# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$BIN/many" 10000 "$BIN/connect" "$PORT" brief-e43
