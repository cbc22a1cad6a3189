# SPDX-License-Identifier: Apache-2.0
# helper.py SOCKET: "use" with a descriptor: speaks over it. "take PID FD": the same over one it takes itself (pidfd_getfd).
# "open PORT": answers with a connection of its own.
import array, ctypes, os, socket, sys

PIDFD_GETFD = 438  # system call of Linux 5.6, the same number on every machine

server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(8)
print("ready", flush=True)
while True:
    client, _ = server.accept()
    data, extra, _, _ = client.recvmsg(64, socket.CMSG_SPACE(4))
    word, *rest = data.decode().split()
    if word == "open":
        own = socket.create_connection(("127.0.0.1", int(rest[0])))
        fds = array.array("i", [own.fileno()])
        client.sendmsg([b"fd"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        client.recv(1)
        continue
    if word == "take":
        pidfd = os.pidfd_open(int(rest[0]))
        fd = ctypes.CDLL(None).syscall(PIDFD_GETFD, pidfd, int(rest[1]), 0)
    else:
        fd = array.array("i", extra[0][2][:4])[0]
    with socket.socket(fileno=fd) as passed:
        passed.send(b"hello")
    client.send(b"k")
