# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
await_probe "$LIBSSL"
ask() { curl -sSk --noproxy "*" -o answer --resolve "front.test:$TLS_PORT:127.0.0.1" "$@"; }
ask "https://front.test:$TLS_PORT/e40-same"
ask "https://front.test:$TLS_PORT/e40-case" -H 'Host: FRONT.test'
ask "https://127.0.0.1:$TLS_PORT/e40-address"
