# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
await_probe "$LIBSSL"
/usr/bin/python3 "$CASE/ask.py" "$TLS_PORT" sync /slow-e02
/usr/bin/python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close()' "$PORT"
