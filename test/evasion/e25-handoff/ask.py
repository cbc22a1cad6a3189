# SPDX-License-Identifier: Apache-2.0
"""ask.py SOCKET PROGRAM ARGUMENT: asks whoever listens to run that, and waits for the answer."""

import socket
import sys

with socket.socket(socket.AF_UNIX) as link:
    link.settimeout(10)
    link.connect(sys.argv[1])
    link.sendall(" ".join(sys.argv[2:]).encode() + b"\n")
    link.recv(16)
