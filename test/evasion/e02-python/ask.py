# SPDX-License-Identifier: Apache-2.0
"""ask.py PORT sync|asyncio PATH: one request to a server that names itself llm.test and whose certificate is its own."""

import asyncio
import http.client
import socket
import ssl
import sys

port, way, path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def sync() -> bytes:
    raw = socket.create_connection(("127.0.0.1", port), 10)
    connection = http.client.HTTPConnection("llm.test")
    connection.sock = context.wrap_socket(raw, server_hostname="llm.test")
    connection.request("GET", path)
    return connection.getresponse().read()


async def over_memory() -> bytes:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="llm.test"
    )
    writer.write(f"GET {path} HTTP/1.1\r\nHost: llm.test\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer


answer = sync() if way == "sync" else asyncio.run(over_memory())
sys.exit(0 if f"answer to {path}".encode() in answer else 1)
