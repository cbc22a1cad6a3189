# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$BIN/from-memory" /proc/self/exe first-e19 second-e19
