# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
LD_PRELOAD=$BIN/hook "$BIN/tls-ask" "$TLS_PORT" preload-e14 --path /e14 --await libssl
