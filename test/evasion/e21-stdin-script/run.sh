# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What `curl | bash` does: the code was never on a disk.
set -eu
echo 'exit 0' | bash -s piped-e21
bash <(echo 'exit 0') substituted-e21
echo 'pass' | python3 - dash-e21
echo 'pass' | python3
