# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
cp /usr/bin/true hidden
./hidden plain-e18
