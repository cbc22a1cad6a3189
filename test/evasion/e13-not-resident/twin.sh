# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$BIN/tls-ask" "$TLS_PORT" there-e13 --path /e13-twin --await libssl
