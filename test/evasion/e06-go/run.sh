# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
[[ -x $BIN/go-ask ]] || { echo 'Go is not installed'; exit 77; }
"$BIN/go-ask" "$TLS_PORT" /e06-first /e06-second
