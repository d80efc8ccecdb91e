"""Samba's `ntlm_auth` behind the JSON lines that `gssctl shim` speaks.

`ntlm_auth_peer.py PATH SMB_CONF`. Both roles; as acceptor it asks the winbindd that the environment points to, so
that "users" of a request are not looked at. `ntlm_auth` keeps its keys: messages cannot be wrapped here.
"""

import base64
import os
import subprocess
import sys

# Python's -I leaves out the program's own folder.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lines import Refused, serve

INITIATORS = {"raw": "ntlmssp-client-1", "spnego": "gss-spnego-client"}
ACCEPTORS = {"raw": "squid-2.5-ntlmssp", "spnego": "gss-spnego"}
FEATURES = {"integ": "NTLMSSP_FEATURE_SIGN", "conf": "NTLMSSP_FEATURE_SEAL"}
BITS = {"integ": 0x10, "conf": 0x20}
DEFECTIVE_TOKEN, NO_CRED, FAILURE = 9, 7, 13


class Peer:
    def __init__(self):
        self.helper = None
        self.spnego = False
        self.initiator = False
        self.started = False

    def op_initiator(self, request):
        full = [f"--username={request['user']}", f"--password={request['password']}"]
        if "domain" in request:
            full.append(f"--domain={request['domain']}")
        return self.start(INITIATORS, request, full)

    def op_acceptor(self, request):
        return self.start(ACCEPTORS, request, [])

    def start(self, protocols, request, options):
        if self.helper:
            # Its input ends, hence it does.
            self.helper.communicate()
        self.__init__()
        self.initiator = protocols is INITIATORS
        self.spnego = request["framing"] == "spnego"
        program, config = sys.argv[1:]
        self.helper = subprocess.Popen(
            [program, f"--configfile={config}", f"--helper-protocol={protocols[request['framing']]}", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        # What an acceptor names it insists on.
        asked = request.get("flags", [])
        features = [feature for flag, feature in FEATURES.items() if flag in asked]
        self.ask(" ".join(["SF", "NTLMSSP_FEATURE_SESSION_KEY", *features]))
        return {"ok": True}

    def op_step(self, request):
        # The client's first request is empty, the server's brings the first token.
        order = "YR" if not self.started else "TT" if self.initiator else "KK"
        self.started = True
        word, _, rest = self.ask(f"{order} {request['token']}".rstrip()).partition(" ")
        if word in ("YR", "TT"):
            return {"state": "continue", "token": rest.split(" ")[0]}
        if word == "KK":
            # SPNEGO's client with one more answer to come
            return {"state": "continue", "token": rest}
        if word == "AF":
            return self.established(rest)
        # NA: refused; BH: broken helper, said of malformed tokens too
        parts = rest.split(" ")
        status = next((part for part in parts if part.startswith("NT_STATUS")), rest)
        token = parts[0] if self.spnego and not parts[0].startswith(("NT_STATUS", "*")) else None
        code = NO_CRED if word == "NA" else DEFECTIVE_TOKEN
        return {"state": "failed", "token": token or None, "error": Refused(code, status).describe()}

    def established(self, rest):
        token, peer = rest, None
        if not self.initiator:
            token, peer = rest.split(" ", 1) if self.spnego else (None, rest)
        answer = {"state": "established", "token": token if token != "*" else None, "mech": "ntlm", "peer": peer}
        flags = self.ask("GF")
        if flags.startswith("GF "):
            bits = int(flags[3:], 16)
            answer["flags"] = [name for name, bit in BITS.items() if bits & bit]
        return answer

    def op_session_key(self, _request):
        word, _, key = self.ask("GK").partition(" ")
        if word != "GK":
            raise Refused(FAILURE, key)
        return {"key": base64.b64decode(key).hex()}

    def ask(self, line):
        self.helper.stdin.write(line + "\n")
        self.helper.stdin.flush()
        answer = self.helper.stdout.readline().rstrip("\n")
        if not answer:
            raise Refused(FAILURE, f"ntlm_auth has ended with {self.helper.wait()}")
        return answer


serve(Peer(), {Refused: Refused.describe})
