# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
# shellcheck source=test/evasion/lib/common.sh
source "$CASE/../lib/common.sh"
make_blind client
if timeout 1 ./client "$PORT" unanswered-e05; then exit 1; fi
if ./client 1 refused-e05; then exit 1; fi
