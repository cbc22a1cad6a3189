# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
if ! unshare -Urn true; then
  echo 'user namespaces are not allowed here'
  exit 77
fi
unshare -Urn "$BIN/noop" user-e36
unshare -p -f "$BIN/noop" pid-e36
unshare -m "$BIN/noop" mount-e36
nsenter -t "$(cat pid)" -n -m "$BIN/noop" entered-e36
