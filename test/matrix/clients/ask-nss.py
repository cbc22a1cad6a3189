# SPDX-License-Identifier: Apache-2.0
"""ask-nss.py HOST PATH: asks https://HOST/PATH by NSS, with PR_Write and PR_Read, and prints the answer; trusts whoever answers."""

import ctypes
import socket
import sys

host, path = sys.argv[1:]
BODY = f"body of {path}"
REQUEST = (
    f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(BODY)}\r\n"
    f"Connection: close\r\n\r\n{BODY}"
).encode()

nspr, nss, tls = (ctypes.CDLL(f"lib{name}.so") for name in ("nspr4", "nss3", "ssl3"))
POINTER = ctypes.c_void_p
# SSLAuthCertificate of nss/ssl.h: 0 when the certificate is good.
EVERYBODY = ctypes.CFUNCTYPE(ctypes.c_int, POINTER, POINTER, ctypes.c_int, ctypes.c_int)(
    lambda *_: 0
)
for function in (nspr.PR_ImportTCPSocket, tls.SSL_ImportFD):
    function.restype = POINTER

raw = socket.create_connection((host, 443), 10)
raw.settimeout(None)
if nss.NSS_NoDB_Init(None) != 0 or tls.NSS_SetDomesticPolicy() != 0:
    sys.exit("NSS does not begin")
session = POINTER(tls.SSL_ImportFD(None, POINTER(nspr.PR_ImportTCPSocket(raw.detach()))))
if (
    tls.SSL_AuthCertificateHook(session, EVERYBODY, None) != 0
    or tls.SSL_SetURL(session, host.encode()) != 0
    or tls.SSL_ResetHandshake(session, 0) != 0
):
    sys.exit("no session")
if nspr.PR_Write(session, REQUEST, len(REQUEST)) != len(REQUEST):
    sys.exit("not written")
answer, buffer = b"", ctypes.create_string_buffer(4096)
while (count := nspr.PR_Read(session, buffer, 4096)) > 0:
    answer += buffer.raw[:count]
nspr.PR_Close(session)
print(answer.decode())
