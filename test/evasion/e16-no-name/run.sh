# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
make_blind client
./client "$TLS_PORT" nameless-e16 --sni -
./client "$TLS_PORT" random-e16 --sni x7f3a91.example
await_probe "$LIBSSL"
printf 'GET /e16-read HTTP/1.1\r\nHost: llm.test\r\nConnection: close\r\n\r\n' |
  openssl s_client -connect "127.0.0.1:$TLS_PORT" -noservername -quiet -ign_eof 2> client.log
