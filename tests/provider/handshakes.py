# SPDX-License-Identifier: Apache-2.0
# Connects again and again, with whole handshakes in TLS 1.3, and in 1.2 with an RSA and with an EC key:
# handshakes.py PORT COUNT AUTHORITY. Prints the subject of each certificate that the server had, once.
import socket
import ssl
import sys

port, count, authority = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
seen = set()
for i in range(count):
    # A context of its own has no session to resume.
    context = ssl.create_default_context(cafile=authority)
    if i % 3:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(("aRSA", "aECDSA")[i % 3 - 1])
    with socket.create_connection(("127.0.0.1", port)) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as tls:
            seen.add(dict(part[0] for part in tls.getpeercert()["subject"])["commonName"])
            tls.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            while tls.recv(4096):
                pass
print("\n".join(sorted(seen)))
