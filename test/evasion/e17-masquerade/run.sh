# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Four ways in which Python, or a program, is not what it is called.
set -eu
python=$(readlink -f /usr/bin/python3)
cp "$python" nginx
./nginx -c 'pass' copied-e17
ln -s "$python" sshd
./sshd -c 'pass' linked-e17
(exec -a nginx "$python" -c 'pass' named-e17)
"$BIN/rename" kworker/0:1 renamed-e17
