# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$BIN/many" 10 "$BIN/connect" "$PORT" few-e43
