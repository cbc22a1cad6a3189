# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
export LD_LIBRARY_PATH=$WORK/lib
mkdir lib
ask() { "$BIN/tls-ask" "$TLS_PORT" "$1-e15" --path "/e15-$1" --await "$WORK/lib" --within "$2"; }
cp "$LIBSSL" lib/libssl.so.3
ask first 8
# An upgrade: another file of that name, and whoever has the old one goes on with it.
"$BIN/await-probe" lib/libssl.so.3 600 &
cp "$LIBSSL" new
printf upgraded >> new
mv new lib/libssl.so.3
ask moved 2
# Written over in place.
{ cat "$LIBSSL"; printf rewritten; } > new
cat new > lib/libssl.so.3
ask rewritten 2
