# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$BIN/tls-ask" "$TLS_PORT" elsewhere-e12 --path /e12 --await libssl --elsewhere
