# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
await_probe "$LIBSSL"
/usr/bin/python3 "$CASE/ask.py" "$TLS_PORT" sync /e02-sync
/usr/bin/python3 "$CASE/ask.py" "$TLS_PORT" asyncio /e02-asyncio
