# SPDX-License-Identifier: Apache-2.0
"""A scheduler outside every agent.

serve.py runs SOCKET       runs the command of each line it is sent
serve.py answers SOCKET    answers each line and runs nothing
serve.py own-work COMMAND  runs COMMAND five times, because it wants to; then makes the file own-work.done
"""

import pathlib
import socket
import subprocess
import sys
import time

CLIENTS = 100


def serve(path: str, runs: bool) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)
        for _ in range(CLIENTS):
            client, _ = listener.accept()
            with client, client.makefile() as lines:
                command = lines.readline().split()
                if runs:
                    subprocess.run(command, check=True)
                client.sendall(b"done\n")


def work(command: list[str]) -> None:
    for _ in range(5):
        subprocess.run(command, check=True)
        time.sleep(0.1)
    pathlib.Path("own-work.done").touch()


mode, *rest = sys.argv[1:]
if mode == "own-work":
    work(rest)
else:
    serve(rest[0], mode == "runs")
