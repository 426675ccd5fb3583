# SPDX-License-Identifier: Apache-2.0
"""ssl of Python: one answer over TLS, by a key that stays in the token.

    python3 serve.py CERTIFICATE KEY-FILE

The key file names the key by its URI. OpenSSL, which Python uses, finds it through the provider that
OPENSSL_CONF activates; nothing in this program is Trent's.
"""
import socket
import ssl
import sys

certificate, key = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
with socket.create_server(("localhost", 0)) as listener:
    print("port", listener.getsockname()[1], flush=True)
    connection, _ = listener.accept()
    with context.wrap_socket(connection, server_side=True) as tls:
        tls.recv(4096)
        tls.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello\n")
