# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
command -v wget > /dev/null || { echo 'wget is not installed'; exit 77; }
await_probe "$LIBGNUTLS"
wget -q -t 1 -O answer --no-check-certificate "https://localhost:$TLS_PORT/slow-e04"
