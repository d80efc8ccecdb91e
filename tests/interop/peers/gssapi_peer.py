"""MIT's GSS-API library behind the JSON lines that `gssctl shim` speaks.

One request object per line on standard input, one answer per line on standard output. The operations and
their fields are those of `gssctl shim`; these come on top:

  {"op":"delegated","ccache":PATH}         writes the delegated credential to a FILE ccache
  {"op":"wrap_iov","data":HEX,"conf":BOOL} as "wrap", through gss_wrap_iov without a trailer buffer: the token
                                           is rotated (RRC is not zero)
  {"op":"unwrap_iov","token":BASE64,"length":INT}
                                           as "unwrap", of such a token with that many bytes of data
  {"op":"lucid"}                           ends the context and tells its key and sequence numbers

An initiator with "framing":"iakerb" takes "user" and "password" in place of a ccache, and has the acceptor carry
its messages to the KDC.

`now`, `skew`, `principal` and `allow` of the shim have no counterpart here: krb5.conf decides.
"""

import base64
import ctypes
import json
import sys

import gssapi.raw as gss

KRB5 = gss.OID.from_int_seq("1.2.840.113554.1.2.2")
SPNEGO = gss.OID.from_int_seq("1.3.6.1.5.5.2")
IAKERB = gss.OID.from_int_seq("1.3.6.1.5.2.5")
# GSS_C_INQ_SSPI_SESSION_KEY of gssapi_ext.h
SESSION_KEY = gss.OID.from_int_seq("1.2.840.113554.1.2.2.5.5")
# Error codes of MIT's table `krb5` start here, in the order of RFC 4120 section 7.5.9.
ERROR_TABLE_BASE = -1765328384

FLAGS = {
    "deleg": 0x1,
    "mutual": 0x2,
    "replay": 0x4,
    "sequence": 0x8,
    "conf": 0x10,
    "integ": 0x20,
    "anon": 0x40,
    "prot_ready": 0x80,
    "trans": 0x100,
    "channel_bound": 0x800,
    "dce": 0x1000,
    "identify": 0x2000,
    "extended_error": 0x4000,
    "deleg_policy": 0x8000,
}
ROUTINE_ERRORS = {
    1: "BAD_MECH",
    2: "BAD_NAME",
    3: "BAD_NAMETYPE",
    4: "BAD_BINDINGS",
    5: "BAD_STATUS",
    6: "BAD_SIG",
    7: "NO_CRED",
    8: "NO_CONTEXT",
    9: "DEFECTIVE_TOKEN",
    10: "DEFECTIVE_CREDENTIAL",
    11: "CREDENTIALS_EXPIRED",
    12: "CONTEXT_EXPIRED",
    13: "FAILURE",
    14: "BAD_QOP",
    15: "UNAUTHORIZED",
    16: "UNAVAILABLE",
    17: "DUPLICATE_ELEMENT",
    18: "NAME_NOT_MN",
}
# Supplementary bits of a major status, worst first.
MESSAGE_STATUS = [(2, "duplicate"), (4, "old"), (8, "unseq"), (16, "gap")]


class Peer:
    def __init__(self):
        self.context = None
        self.initiator = None
        self.iakerb = None
        self.acceptor = None
        self.delegated_credential = None

    def answer(self, request):
        operation = getattr(self, "op_" + request["op"], None)
        if operation is None:
            return {"error": {"major": "GSS_S_UNAVAILABLE", "code": "unknown_op", "message": request["op"]}}
        try:
            return operation(request)
        except gss.GSSError as error:
            return {"error": describe(error)}

    def op_initiator(self, request):
        self.__init__()
        if request["framing"] == "iakerb":
            self.iakerb = IakerbInitiator(request)
            return {"ok": True}
        mech = mechanism(request)
        store = {b"ccache": b"FILE:" + request["ccache"].encode()}
        credential = gss.acquire_cred_from(store, mechs=[mech], usage="initiate").creds
        if mech == SPNEGO:
            gss.set_neg_mechs(credential, [KRB5])
        name = gss.import_name(request["target"].encode(), gss.NameType.hostbased_service)
        flags = sum(FLAGS[flag] for flag in request.get("flags", []))
        self.initiator = (name, credential, mech, flags, bindings(request))
        return {"ok": True}

    def op_acceptor(self, request):
        self.__init__()
        mechs = {"raw": [KRB5], "spnego": [SPNEGO], "any": [SPNEGO, KRB5]}[request["framing"]]
        store = {b"keytab": b"FILE:" + request["keytab"].encode()}
        if not request.get("replay_cache", True):
            store[b"rcache"] = b"none:"
        credential = gss.acquire_cred_from(store, mechs=mechs, usage="accept").creds
        if SPNEGO in mechs:
            gss.set_neg_mechs(credential, [KRB5])
        self.acceptor = (credential, bindings(request))
        return {"ok": True}

    def op_step(self, request):
        token = base64.b64decode(request["token"]) or None
        try:
            if self.iakerb:
                return self.initiate_iakerb(token)
            return self.initiate(token) if self.initiator else self.accept(token)
        except gss.GSSError as error:
            return {"state": "failed", "token": encode(getattr(error, "token", None)), "error": describe(error)}

    def initiate(self, token):
        name, credential, mech, flags, channel = self.initiator
        result = gss.init_sec_context(
            name,
            creds=credential,
            context=self.context,
            mech=mech,
            flags=gss_flags(flags),
            channel_bindings=channel,
            input_token=token,
        )
        self.context = result.context
        return self.progress(result, initiator=True)

    def initiate_iakerb(self, token):
        answer, done = self.iakerb.step(token)
        if not done:
            return {"state": "continue", "token": encode(answer)}
        self.context = self.iakerb.context()
        return {"state": "established", "token": encode(answer)} | self.facts(initiator=True)

    def accept(self, token):
        credential, channel = self.acceptor
        result = gss.accept_sec_context(
            token, acceptor_creds=credential, context=self.context, channel_bindings=channel
        )
        self.context = result.context
        if result.delegated_creds is not None:
            self.delegated_credential = result.delegated_creds
        return self.progress(result, initiator=False)

    def progress(self, result, initiator):
        if result.more_steps:
            return {"state": "continue", "token": encode(result.token)}
        return {"state": "established", "token": encode(result.token)} | self.facts(initiator)

    def facts(self, initiator):
        facts = gss.inquire_context(self.context)
        peer = facts.target_name if initiator else facts.initiator_name
        flags = int(facts.flags)
        return {
            "mech": "krb5" if facts.mech == KRB5 else facts.mech.dotted_form,
            "peer": gss.display_name(peer, name_type=False).name.decode(),
            "flags": [name for name, bit in FLAGS.items() if flags & bit],
            "channel_bound": bool(flags & FLAGS["channel_bound"]),
        }

    def op_wrap(self, request):
        result = gss.wrap(self.context, bytes.fromhex(request["data"]), request["conf"])
        assert result.encrypted == request["conf"]
        return {"token": encode(result.message)}

    def op_unwrap(self, request):
        try:
            result = gss.unwrap(self.context, base64.b64decode(request["token"]))
        except gss.GSSError as error:
            # The library has opened the message, but Python's module withholds it.
            return {"data": None, "conf": None, "status": message_status(error)}
        return {"data": result.message.hex(), "conf": result.encrypted, "status": "ok"}

    def op_get_mic(self, request):
        return {"token": encode(gss.get_mic(self.context, bytes.fromhex(request["data"])))}

    def op_verify_mic(self, request):
        try:
            gss.verify_mic(self.context, bytes.fromhex(request["data"]), base64.b64decode(request["token"]))
        except gss.GSSError as error:
            return {"status": message_status(error)}
        return {"status": "ok"}

    def op_session_key(self, _request):
        key = gss.inquire_sec_context_by_oid(self.context, SESSION_KEY)[0]
        return {"key": key.hex()}

    def op_delegated(self, request):
        if self.delegated_credential is None:
            return {"error": {"major": "GSS_S_NO_CRED", "code": "not_delegated", "message": "no credential came"}}
        store = {b"ccache": b"FILE:" + request["ccache"].encode()}
        gss.store_cred_into(store, self.delegated_credential, usage="initiate", mech=KRB5, overwrite=True)
        return {"ok": True}

    def op_wrap_iov(self, request):
        kinds = gss.IOVBufferType
        header, data = (kinds.header, True, None), (kinds.data, False, bytes.fromhex(request["data"]))
        # The standard layout would bring a trailer buffer.
        message = gss.IOV(header, data, std_layout=False)
        assert gss.wrap_iov(self.context, message, confidential=request["conf"]) == request["conf"]
        return {"token": encode(b"".join(buffer.value or b"" for buffer in message))}

    def op_unwrap_iov(self, request):
        kinds = gss.IOVBufferType
        token = base64.b64decode(request["token"])
        middle = len(token) - request["length"]
        header, data = (kinds.header, False, token[:middle]), (kinds.data, False, token[middle:])
        message = gss.IOV(header, data, std_layout=False)
        conf = gss.unwrap_iov(self.context, message).encrypted
        return {"data": (message[1].value or b"").hex(), "conf": conf, "status": "ok"}

    def op_lucid(self, _request):
        lucid = gss.krb5_export_lucid_sec_context(self.context, 1)
        self.context = None
        answer = {"send_seq": lucid.send_seq, "recv_seq": lucid.recv_seq}
        if lucid.protocol == 0:
            key = lucid.rfc1964_kd
            return answer | {"key": key.key.hex(), "etype": key.key_type, "acceptor_subkey": False}
        keys = lucid.cfx_kd
        if keys.acceptor_subkey:
            return answer | {
                "key": keys.acceptor_subkey.hex(),
                "etype": keys.acceptor_subkey_type,
                "acceptor_subkey": True,
            }
        return answer | {"key": keys.ctx_key.hex(), "etype": keys.ctx_key_type, "acceptor_subkey": False}


class Buffer(ctypes.Structure):
    _fields_ = [("length", ctypes.c_size_t), ("value", ctypes.c_void_p)]


class Oid(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint32), ("elements", ctypes.c_char_p)]


class OidSet(ctypes.Structure):
    _fields_ = [("count", ctypes.c_size_t), ("elements", ctypes.POINTER(Oid))]


class IakerbInitiator:
    """An initiator through the C interface: the library's IAKERB wants no buffer at the first step, where
    Python's module passes an empty one."""

    library = ctypes.CDLL("libgssapi_krb5.so.2")

    def __init__(self, request):
        self.mech = Oid(*oid_bytes(IAKERB))
        self.flags = sum(FLAGS[flag] for flag in request.get("flags", []))
        self.target = self.name(request["target"], gss.NameType.hostbased_service)
        self.credential = ctypes.c_void_p()
        self.handle = ctypes.c_void_p()
        self.call(
            "gss_acquire_cred_with_password",
            self.name(request["user"], gss.NameType.user),
            buffer(request["password"].encode()),
            ctypes.c_uint32(0xFFFFFFFF),
            ctypes.byref(OidSet(1, ctypes.pointer(self.mech))),
            ctypes.c_int(1),
            ctypes.byref(self.credential),
            None,
            None,
        )

    def name(self, text, kind):
        name = ctypes.c_void_p()
        self.call(
            "gss_import_name", buffer(text.encode()), ctypes.byref(Oid(*oid_bytes(kind))), ctypes.byref(name)
        )
        return name

    def step(self, token):
        output = Buffer()
        major = self.call(
            "gss_init_sec_context",
            self.credential,
            ctypes.byref(self.handle),
            self.target,
            ctypes.byref(self.mech),
            ctypes.c_uint32(self.flags),
            ctypes.c_uint32(0),
            None,
            buffer(token) if token else None,
            None,
            ctypes.byref(output),
            None,
            None,
        )
        return content(output), major & 1 == 0

    def context(self):
        output = Buffer()
        self.call("gss_export_sec_context", ctypes.byref(self.handle), ctypes.byref(output))
        return gss.import_sec_context(content(output))

    def call(self, function, *arguments):
        minor = ctypes.c_uint32()
        major = getattr(self.library, function)(ctypes.byref(minor), *arguments) & 0xFFFFFFFF
        if major >> 16:
            raise gss.GSSError(major, minor.value)
        return major


def oid_bytes(oid):
    encoded = bytes(oid)
    return len(encoded), encoded


def buffer(data):
    value = ctypes.create_string_buffer(data, len(data))
    return ctypes.byref(Buffer(len(data), ctypes.cast(value, ctypes.c_void_p)))


def content(output):
    return ctypes.string_at(output.value, output.length) if output.length else None


def mechanism(request):
    return {"raw": KRB5, "spnego": SPNEGO}[request["framing"]]


def bindings(request):
    data = request.get("channel_bindings")
    # Address types stay 0 (GSS_C_AF_UNSPEC) with empty addresses, as TLS bindings have them.
    return None if data is None else gss.ChannelBindings(application_data=bytes.fromhex(data))


def gss_flags(bits):
    # Python's enumeration lacks nothing we send; unknown bits would raise here.
    return [gss.RequirementFlag(bit) for bit in FLAGS.values() if bits & bit]


def encode(token):
    return base64.b64encode(token).decode() if token else None


def message_status(error):
    """The supplementary status of a message that was opened; any other failure is raised again."""
    if error.maj_code >> 16 == 0:
        for bit, status in MESSAGE_STATUS:
            if error.maj_code & bit:
                return status
    raise error


def describe(error):
    routine = ROUTINE_ERRORS.get((error.maj_code >> 16) & 0xFF, "FAILURE")
    minor = error.min_code - (1 << 32) if error.min_code >= 1 << 31 else error.min_code
    description = {"major": "GSS_S_" + routine, "code": routine.lower(), "message": str(error)}
    if 0 <= minor - ERROR_TABLE_BASE < 128:
        description["krb_error"] = minor - ERROR_TABLE_BASE
    return description


def main():
    peer = Peer()
    for line in sys.stdin:
        print(json.dumps(peer.answer(json.loads(line))), flush=True)


main()
