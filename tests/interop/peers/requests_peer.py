"""Fetches a page with requests and requests-gssapi. Reads one JSON object, and writes another.

In: url, authority (a PEM file), mutual (REQUIRED, OPTIONAL or DISABLED), channel_bindings, preemptive, count.
Out: pages, a list of [status, text], or error, the name of the exception, and text.
"""

import json
import socket
import sys

# Debian's gssapi, which PyPI has in source only. The environment's own packages come first.
sys.path.append("/usr/lib/python3/dist-packages")

import requests
import requests_gssapi

# The hosts have no addresses in DNS.
look_up = socket.getaddrinfo
socket.getaddrinfo = lambda _host, *others, **more: look_up("127.0.0.1", *others, **more)

wanted = json.load(sys.stdin)
login = requests_gssapi.HTTPSPNEGOAuth(
    mutual_authentication=getattr(requests_gssapi, wanted["mutual"]),
    channel_bindings="tls-server-end-point" if wanted["channel_bindings"] else None,
    opportunistic_auth=wanted["preemptive"],
)
session = requests.Session()
session.trust_env = False
session.verify = wanted["authority"]
session.headers["Accept"] = "text/plain"
try:
    answers = [session.get(wanted["url"], auth=login, timeout=20) for _ in range(wanted["count"])]
    result = {"pages": [[answer.status_code, answer.text] for answer in answers]}
except Exception as error:
    result = {"error": type(error).__name__, "text": str(error)}
json.dump(result, sys.stdout)
