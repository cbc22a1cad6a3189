# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
for way in split large threads; do
  "$BIN/tls-ask" "$TLS_PORT" "$way-e42" --path "/e42-$way" --by "$way" --await libssl
done
