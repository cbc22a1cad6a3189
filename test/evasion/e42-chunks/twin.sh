# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
await_probe "$LIBSSL"
head -c 3145728 /dev/zero > upload
send() { curl -sSk --noproxy '*' -o answer -T upload "$@"; }
send "https://127.0.0.1:$TLS_PORT/e42-length"
send -H 'Transfer-Encoding: chunked' "https://127.0.0.1:$TLS_PORT/e42-chunked"
