# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$BIN/tls-ask" "$TLS_PORT" kept-e10 --path /e10-twin --await libssl --linger 7
