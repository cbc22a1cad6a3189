# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$BIN/tls-ask-static" "$TLS_PORT" static-e05 --path /e05 --await tls-ask-static
