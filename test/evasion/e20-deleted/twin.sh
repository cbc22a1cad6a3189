# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A build removes what it made; a package manager renames a new file over one that runs.
set -eu
cp /usr/bin/true made
./made after-e20
rm made
cp "$BIN/speak" service
cp "$BIN/speak" service.new
./service "$PORT" --rename service.new service upgraded-e20
cp "$BIN/speak" silent
cp "$BIN/speak" silent.new
./silent 0 --rename silent.new silent silent-e20
