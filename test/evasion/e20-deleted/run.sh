# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A program that nobody can look at any more: gone before its first instruction, before it speaks to anybody,
# or while it says nothing.
set -eu
cp /usr/bin/true before
"$BIN/unlinked" before before-e20
cp "$BIN/speak" while
./while "$PORT" --unlink while while-e20
shared=$(mktemp -u /dev/shm/watchfloor-test.XXXXXX)
cp "$BIN/speak" "$shared"
"$shared" "$PORT" --unlink "$shared" shm-e20
cp "$BIN/speak" silent
./silent 0 --unlink silent silent-e20
