# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
cp "$LIBSSL" first-e08b.so
cp "$LIBSSL" later-e08b.so
"$BIN/own-library" "$TLS_PORT" own-e08b --path /e08b --library "$WORK/first-e08b.so" --memory \
  --then "$WORK/later-e08b.so"
