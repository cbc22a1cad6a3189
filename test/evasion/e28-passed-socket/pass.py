# SPDX-License-Identifier: Apache-2.0
# pass.py WAY SOCKET PORT NAME: lets another process use a connection to PORT, or uses one of it.
import array, os, socket, sys

way, path, port = sys.argv[1], sys.argv[2], int(sys.argv[3])


def ask(data, fds=()):
    helper = socket.socket(socket.AF_UNIX)
    helper.connect(path)
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    helper.sendmsg([data], rights)
    return helper


if way == "get":
    helper = ask(f"open {port}".encode())
    _, extra, _, _ = helper.recvmsg(64, socket.CMSG_SPACE(4))
    with socket.socket(fileno=array.array("i", extra[0][2][:4])[0]) as passed:
        passed.send(b"hello")
    helper.send(b"k")
elif way == "serve":
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(1)
    client = socket.create_connection(server.getsockname())
    server.accept()[0].send(b"hello")
    client.recv(5)
else:
    own = socket.create_connection(("127.0.0.1", port))
    if way == "give":
        ask(b"use", [own.fileno()]).recv(1)
    elif way == "take":
        ask(f"take {os.getpid()} {own.fileno()}".encode()).recv(1)
    elif os.fork() == 0:
        own.send(b"hello")
        os._exit(0)
    else:
        os.wait()
