# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
for way in sibling from-thread in-thread vforked reaped; do
  "$BIN/clones" "$way" "$BIN/noop" "$way-e23"
done
