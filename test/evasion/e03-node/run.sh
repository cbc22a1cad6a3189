# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
export NODE_TLS_REJECT_UNAUTHORIZED=0
"$NODE" "$CASE/ask.mjs" "$TLS_PORT" fetch /e03-fetch
"$NODE" "$CASE/ask.mjs" "$TLS_PORT" https /e03-https
