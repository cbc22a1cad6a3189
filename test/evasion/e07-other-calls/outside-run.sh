# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost \
  -keyout key.pem -out cert.pem 2> req.log
mkfifo said never
exec 4<> never
setpriv --pdeathsig KILL openssl s_server -accept 127.0.0.1:0 -cert cert.pem -key key.pem -early_data <&4 > said &
exec 3< said
while read -r word address <&3; do
  [[ $word != ACCEPT ]] || break
done
echo "$address" > address
echo ready
exec cat <&3 > served
