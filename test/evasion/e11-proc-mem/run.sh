# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# It lives as long as it may take until that is seen.
"$BIN/tls-ask" "$TLS_PORT" removed-e11 --path /e11 --await libssl --remove mem --linger 7
