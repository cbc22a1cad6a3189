# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
await_probe "$LIBSSL"
"$BIN/tls-ask" "$TLS_PORT" write-e07 --path /e07-write --await libssl
"$BIN/tls-ask" "$TLS_PORT" write-ex-e07 --path /e07-write-ex --by write_ex --await libssl
