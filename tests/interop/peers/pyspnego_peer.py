"""pyspnego's own NTLM and SPNEGO behind the JSON lines that `gssctl shim` speaks.

Both roles, NTLM only; the wire is written and read by pyspnego's Python code and by no library of the system.
`now`, `cb_policy` and `allow` of the shim have no counterpart here.
"""

import base64
import os
import sys
import tempfile

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

# Python's -I leaves out the program's own folder.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lines import decode, encode, error, serve, user_lines

# The bits are those of GSS-API's flags.
FLAGS = {
    "mutual": spnego.ContextReq.mutual_auth,
    "replay": spnego.ContextReq.replay_detect,
    "sequence": spnego.ContextReq.sequence_detect,
    "conf": spnego.ContextReq.confidentiality,
    "integ": spnego.ContextReq.integrity,
    "identify": spnego.ContextReq.identify,
}
PROTOCOLS = {"raw": "ntlm", "spnego": "negotiate", "any": "negotiate"}
OPTIONS = {
    "ntlm": spnego.NegotiateOptions.use_ntlm,
    "negotiate": spnego.NegotiateOptions.use_negotiate,
}


class Peer:
    def __init__(self):
        self.context = None
        self.initiator = False

    def op_initiator(self, request):
        self.__init__()
        self.initiator = True
        # Without it, SPNEGO would list Kerberos whenever the system's library has it.
        os.environ.pop("NTLM_USER_FILE", None)
        service, _, host = request["target"].partition("@")
        flags = spnego.ContextReq.none
        for flag in request.get("flags", []):
            flags |= FLAGS[flag]
        full = "\\".join(part for part in (request.get("domain"), request["user"]) if part)
        protocol = PROTOCOLS[request["framing"]]
        self.context = spnego.client(
            full,
            request["password"],
            hostname=host,
            service=service,
            channel_bindings=bindings(request),
            context_req=flags,
            protocol=protocol,
            options=OPTIONS[protocol],
        )
        return {"ok": True}

    def op_acceptor(self, request):
        self.__init__()
        self.user_file = tempfile.NamedTemporaryFile("w")
        self.user_file.write(user_lines(request["users"]))
        self.user_file.flush()
        os.environ["NTLM_USER_FILE"] = self.user_file.name
        protocol = PROTOCOLS[request["framing"]]
        self.context = spnego.server(
            channel_bindings=bindings(request), protocol=protocol, options=OPTIONS[protocol]
        )
        return {"ok": True}

    def op_step(self, request):
        token = self.context.step(decode(request))
        if not self.context.complete:
            return {"state": "continue", "token": encode(token)}
        granted = self.context.context_attr
        return {
            "state": "established",
            "token": encode(token),
            "mech": self.context.negotiated_protocol,
            "peer": self.context.spn if self.initiator else self.context.client_principal,
            "flags": [name for name, bit in FLAGS.items() if granted & bit],
            "channel_bound": None,
        }

    def op_wrap(self, request):
        sealed = self.context.wrap(bytes.fromhex(request["data"]), encrypt=request["conf"])
        return {"token": encode(sealed.data), "conf": sealed.encrypted}

    def op_unwrap(self, request):
        opened = self.context.unwrap(base64.b64decode(request["token"]))
        return {"data": opened.data.hex(), "conf": opened.encrypted, "status": "ok"}

    def op_get_mic(self, request):
        return {"token": encode(self.context.sign(bytes.fromhex(request["data"])))}

    def op_verify_mic(self, request):
        self.context.verify(bytes.fromhex(request["data"]), base64.b64decode(request["token"]))
        return {"status": "ok"}

    def op_session_key(self, _request):
        return {"key": self.context.session_key.hex()}


def bindings(request):
    data = request.get("channel_bindings")
    return None if data is None else GssChannelBindings(application_data=bytes.fromhex(data))


def describe(failure):
    # Those without a class of their own carry none; 13 is FAILURE.
    code = getattr(failure, "ERROR_CODE", None)
    return error(code.value if code else 13, str(failure))


serve(Peer(), {SpnegoError: describe})
