# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$BIN/tls-ask" "$TLS_PORT" kept-e11 --path /e11-twin --await libssl --linger 7
