# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
await_probe "$LIBSSL"
"$BIN/tls-ask" "$TLS_PORT" bio-e07 --path /e07-bio --by bio --await libssl
mkfifo hold
exec 3<> hold
openssl s_client -connect "$(cat address)" -servername llm.test -sess_out session <&3 > first.log 2>&1 &
for ((i = 0; i < 100; i++)); do
  [[ ! -s session ]] || break
  read -r -t 0.1 -u 3 _ || true
done
# Quits, so that the server keeps the session.
echo Q >&3
wait $!
printf 'GET /e07-early HTTP/1.1\r\nHost: llm.test\r\n\r\n' > early
openssl s_client -connect "$(cat address)" -servername llm.test -sess_in session -early_data early <&3 > second.log 2>&1 &
for ((i = 0; i < 100; i++)); do
  grep -q e07-early served && break
  read -r -t 0.1 -u 3 _ || true
done
kill $!
grep -q e07-early served
