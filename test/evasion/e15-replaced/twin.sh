# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
export LD_LIBRARY_PATH=$WORK/lib
mkdir lib
cp "$LIBSSL" lib/libssl.so.3
ask() { "$BIN/tls-ask" "$TLS_PORT" "$1-e15" --path "/e15-$1" --await "$WORK/lib"; }
ask same
touch lib/libssl.so.3
ask touched
mv lib/libssl.so.3 lib/libssl.so.3.1
ln -s libssl.so.3.1 lib/libssl.so.3
ask linked
