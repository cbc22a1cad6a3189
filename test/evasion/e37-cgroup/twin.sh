# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
cat /proc/self/cgroup > /dev/null
"$BIN/noop" stays-e37
bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$PORT"' stays-and-speaks-e37
