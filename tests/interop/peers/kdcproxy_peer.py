"""Serves kdcproxy, a proxy for KDCs (MS-KKDCP), over HTTPS.

`kdcproxy_peer.py PORT CERTIFICATE KEY` listens on 127.0.0.1. Which realms there are, the file in the environment
variable KDCPROXY_CONFIG says.
"""

import ssl
import sys
from wsgiref.simple_server import make_server

import kdcproxy

port, certificate, key = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server = make_server("127.0.0.1", int(port), kdcproxy.Application())
# The handshake is left to the first read, so that a connection without one does not end the server.
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
