#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server that is no KMS. It prints its address, and answers as the file `mode` in its directory
says at that time; each request is noted in the file `requests`, with its headers and body.

Started with a secret access key, it checks the signature of each request by itself."""
import hashlib, hmac, http.server, json, os, sys, time

JSON = 'application/x-amz-json-1.1'


def right_signature(headers, body, secret):
    """As AWS describes Signature Version 4."""
    fields = dict(part.split('=', 1) for part in
                  headers['authorization'].split(' ', 1)[1].replace(' ', '').split(','))
    _, date, region, service, end = fields['Credential'].split('/')
    names = fields['SignedHeaders']
    canonical = '\n'.join(['POST', '/', ''] +
                          [f'{name}:{headers[name].strip()}' for name in names.split(';')] +
                          ['', names, hashlib.sha256(body).hexdigest()])
    text = '\n'.join(['AWS4-HMAC-SHA256', headers['x-amz-date'], f'{date}/{region}/{service}/{end}',
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ('AWS4' + secret).encode()
    for step in (date, region, service, end, text):
        key = hmac.new(key, step.encode(), 'sha256').digest()
    return fields['Signature'] == key.hex()


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, content_type, body):
        self.send_response(status)
        self.send_header('Content-Type', content_type)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        with open('requests', 'a') as log:
            log.write(json.dumps({'headers': {name.lower(): value for name, value in
                                              self.headers.items()}, 'body': body.decode()}) + '\n')
        mode = open('mode').read().strip()
        if mode == 'html':
            self.answer(200, 'text/html', b'<html>It works!</html>')
        elif mode == 'not-found':
            self.answer(404, 'text/html', b'<html>404</html>')
        elif mode == 'wrong-json':
            self.answer(200, JSON, b'{"Plaintext": ["YQ=="]}')
        elif mode == 'half-json':
            self.answer(200, JSON, b'{"Plaintext": "YQ')
        elif mode == 'other-json':
            self.answer(200, JSON, b'{"hello": "world"}')
        elif mode == 'empty':
            self.answer(200, 'text/plain', b'')
        elif mode == 'large':
            self.answer(200, JSON, b' ' * (9 << 20))
        elif mode == 'noise':
            self.wfile.write(os.urandom(4096))
        elif mode == 'nothing':
            pass
        elif mode == 'same-page':
            self.answer(200, JSON, b'{"Keys": [], "Truncated": true, "NextMarker": "bQ=="}')
        elif mode == 'escape':
            self.answer(400, JSON, json.dumps({'__type': 'X\x1b[2J', 'message': '\x1b[2J'}).encode())
        elif mode == 'verify':
            if right_signature(self.headers, body, sys.argv[1]):
                self.answer(200, JSON, b'{"Plaintext": "YQ=="}')
            else:
                self.answer(400, JSON, b'{"__type": "InvalidSignatureException", "message": "no"}')
        else:  # throttle N: so many times
            count = int(mode.split()[1])
            with open('mode', 'w') as file:
                file.write(f'throttle {count - 1}')
            if count > 0:
                self.answer(400, JSON, b'{"__type": "ThrottlingException", "message": "slow"}')
            else:
                self.answer(200, JSON, b'{"Plaintext": "YQ=="}')

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(f'http://127.0.0.1:{server.server_port}', flush=True)
server.serve_forever()
