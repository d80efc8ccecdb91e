"""A service behind a gateway: shows the fields of a request as CGI has them, and greets over WebSocket.

Usage: gateway_service.py PORT
"""

import base64
import hashlib
import http.server
import re
import sys

# RFC 6455 section 1.3.
WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def variables(self):
        found = {}
        for name, value in self.headers.items():
            found.setdefault("HTTP_" + re.sub("[^A-Z0-9]", "_", name.upper()), []).append(value)
        return found

    def do_GET(self):
        if self.headers.get("Upgrade", "").lower() == "websocket":
            return self.greet()
        lines = [f"{name}={','.join(values)}\n" for name, values in self.variables().items()]
        page = "".join(lines).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def greet(self):
        key = self.headers["Sec-WebSocket-Key"].encode()
        accept = base64.b64encode(hashlib.sha1(key + WEBSOCKET).digest()).decode()
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "websocket")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        text = f"hello {','.join(self.variables()['HTTP_X_REMOTE_USER'])}".encode()
        # A text frame, and one that closes with status 1000.
        self.wfile.write(bytes([0x81, len(text)]) + text + bytes([0x88, 2, 3, 232]))
        self.close_connection = True


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
