# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
cp "$LIBSSL" private-e08.so
"$BIN/own-library" "$TLS_PORT" own-e08 --path /e08 --library "$WORK/private-e08.so"
