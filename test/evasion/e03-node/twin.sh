# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
"$NODE" "$CASE/ask.mjs" "$TLS_PORT" https /slow-e03
