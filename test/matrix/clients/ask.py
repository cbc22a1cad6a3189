# SPDX-License-Identifier: Apache-2.0
"""ask.py sync|asyncio|private|nss HOST PATH [SSL CRYPTO]: asks https://HOST/PATH and prints the answer.

private: with the pair of libraries that is named, as a wheel brings it. nss: with PR_Write and PR_Read of NSS, and
whoever answers is trusted.
"""

import asyncio
import ctypes
import socket
import ssl
import sys
import urllib.request

way, host, path, *rest = sys.argv[1:]
BODY = f"body of {path}".encode()
REQUEST = (
    f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(BODY)}\r\n"
    "Connection: close\r\n\r\n"
).encode() + BODY


async def over_memory() -> bytes:
    context = ssl.create_default_context()
    reader, writer = await asyncio.open_connection(host, 443, ssl=context)
    writer.write(REQUEST)
    answer = await reader.read()
    writer.close()
    return answer


def connected() -> socket.socket:
    raw = socket.create_connection((host, 443), 10)
    raw.settimeout(None)
    return raw


def exchange(write, read, session) -> bytes:
    """By functions of (session, buffer, length) that give the bytes they moved."""
    if write(session, REQUEST, len(REQUEST)) != len(REQUEST):
        sys.exit("not written")
    answer, buffer = b"", ctypes.create_string_buffer(4096)
    while (count := read(session, buffer, 4096)) > 0:
        answer += buffer.raw[:count]
    return answer


def private(library: str, crypto: str) -> bytes:
    ctypes.CDLL(crypto, ctypes.RTLD_GLOBAL)
    tls = ctypes.CDLL(library)
    for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
        getattr(tls, name).restype = ctypes.c_void_p
    new = lambda name, *args: ctypes.c_void_p(getattr(tls, name)(*args))
    session = new("SSL_new", new("SSL_CTX_new", new("TLS_client_method")))
    tls.SSL_ctrl(session, 55, ctypes.c_long(0), ctypes.c_char_p(host.encode()))
    raw = connected()
    if tls.SSL_set_fd(session, raw.fileno()) != 1 or tls.SSL_connect(session) != 1:
        sys.exit("no handshake")
    answer = exchange(tls.SSL_write, tls.SSL_read, session)
    tls.SSL_shutdown(session)
    tls.SSL_free(session)
    return answer


def over_nss() -> bytes:
    nspr, nss, tls = (ctypes.CDLL(f"lib{name}.so") for name in ("nspr4", "nss3", "ssl3"))
    pointer = ctypes.c_void_p
    for function in (nspr.PR_ImportTCPSocket, tls.SSL_ImportFD):
        function.restype = pointer
    # SSLAuthCertificate of nss/ssl.h: 0 when the certificate is good.
    kind = ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer, ctypes.c_int, ctypes.c_int)
    everybody = kind(lambda *_: 0)
    if nss.NSS_NoDB_Init(None) != 0 or tls.NSS_SetDomesticPolicy() != 0:
        sys.exit("NSS does not begin")
    plain = pointer(nspr.PR_ImportTCPSocket(connected().detach()))
    session = pointer(tls.SSL_ImportFD(None, plain))
    if (
        tls.SSL_AuthCertificateHook(session, everybody, None) != 0
        or tls.SSL_SetURL(session, host.encode()) != 0
        or tls.SSL_ResetHandshake(session, 0) != 0
    ):
        sys.exit("no session")
    answer = exchange(nspr.PR_Write, nspr.PR_Read, session)
    nspr.PR_Close(session)
    return answer


if way == "sync":
    answer = urllib.request.urlopen(f"https://{host}{path}", BODY, 60).read()
elif way == "asyncio":
    answer = asyncio.run(over_memory())
elif way == "nss":
    answer = over_nss()
else:
    answer = private(*rest)
print(answer.decode())
