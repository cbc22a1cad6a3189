# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What virtual environments, login shells and servers do all day.
set -eu
mkdir -p venv/bin
ln -s /usr/bin/python3 venv/bin/python
ln -s python venv/bin/python3
venv/bin/python3 -c 'pass' venv-e17
(exec -a -bash bash -c 'true' login-e17)
"$BIN/rename" rename own-name-e17
"$BIN/rename" --thread kworker/0:1 thread-e17
"$NODE" -e 'process.title = "node worker"' title-e17
