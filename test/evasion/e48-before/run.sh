# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
mkfifo hold
exec 3<> hold
openssl s_client -connect "$(cat address)" -brief <&3 > client.log 2>&1 &
for ((i = 0; i < 100; i++)); do
  grep -q ESTABLISHED client.log && break
  read -r -t 0.1 -u 3 _ || true
done
grep -q ESTABLISHED client.log
echo ready
read -r _
kill $!
