# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
python3 "$CASE/ask.py" idle.sock nothing please
for ((i = 0; i < 100; i++)); do
  [[ -e own-work.done ]] && exit 0
  read -r -t 0.1 _ <> ./wait || true
done
exit 1
