# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# It lives as long as it may take until that is seen.
"$BIN/tls-ask" "$TLS_PORT" removed-e10 --path /e10 --await libssl --remove mprotect --linger 7
