# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
mkdir lib
cp "$LIBSSL" lib
LD_LIBRARY_PATH=$WORK/lib "$BIN/tls-ask" "$TLS_PORT" twin-e08 --path /e08-twin --await "$WORK/lib"
