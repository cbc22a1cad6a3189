# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
await_probe "$LIBSSL"
curl -sSk --noproxy '*' -o answer "https://127.0.0.1:$TLS_PORT/e16-address"
