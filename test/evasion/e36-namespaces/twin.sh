# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
nsenter -t $$ -n -m "$BIN/noop" same-e36
