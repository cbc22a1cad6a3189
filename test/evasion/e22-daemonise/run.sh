# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
setsid -f "$BIN/noop" detached-e22
"$BIN/daemonise" "$BIN/noop" orphan-e22
