# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$BIN/noop" waited-for-e22
(setsid "$BIN/noop" session-e22)
