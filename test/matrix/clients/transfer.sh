# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# transfer.sh FILE NAME [AWAIT LIBRARY]: s_server gives FILE, of the working directory, to s_client. Prints the digest of what came.
# NAME: of what it leaves there. AWAIT: test/triggers/await-probe, which waits until LIBRARY is probed.
set -eu -o pipefail
if (($# > 2)); then "$3" "$4"; fi
mkfifo "$2.said" "$2.never"
exec 4<> "$2.never"
openssl s_server -accept 127.0.0.1:0 -cert cert.pem -key key.pem -HTTP <&4 > "$2.said" 2> "$2.log" &
server=$!
trap 'kill "$server"' EXIT
exec 3< "$2.said"
while read -r word address <&3; do
  [[ $word != ACCEPT ]] || break
done
cat <&3 > "$2.served" &
printf 'GET /%s HTTP/1.0\r\n\r\n' "$1" |
  openssl s_client -connect "$address" -quiet -ign_eof 2> /dev/null | sha256sum
