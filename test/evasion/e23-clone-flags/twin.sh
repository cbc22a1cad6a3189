# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$BIN/noop" forked-e23
("$BIN/noop" subshell-e23)
