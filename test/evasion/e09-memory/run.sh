# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
cp "$LIBSSL" private-e09.so
"$BIN/own-library" "$TLS_PORT" own-e09 --path /e09 --library "$WORK/private-e09.so" --memory
