# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
set -eu
echo 'data' | bash -c 'read -r line && [[ $line = data ]]' command-e21
echo 'import sys; sys.exit(sys.stdin.readline().strip() != "data")' > script.py
echo 'data' > file
python3 script.py data-e21 < file
echo 'data' | python3 script.py data-e21
cat file file | sort > sorted
