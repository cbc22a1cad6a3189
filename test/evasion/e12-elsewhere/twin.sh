# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$BIN/tls-ask" "$TLS_PORT" there-e12 --path /e12-twin --await libssl
