"""MIT's GSS-API library, with Debian's gss-ntlmssp as its NTLM, behind the JSON lines that `gssctl shim` speaks.

One request object per line on standard input, one answer per line on standard output. The operations and
their fields are those of `gssctl shim`; these come on top:

  {"op":"delegated","ccache":PATH}         writes the delegated credential to a FILE ccache
  {"op":"wrap_iov","data":HEX,"conf":BOOL} as "wrap", through gss_wrap_iov without a trailer buffer: the token
                                           is rotated (RRC is not zero)
  {"op":"unwrap_iov","token":BASE64,"length":INT}
                                           as "unwrap", of such a token with that many bytes of data
  {"op":"lucid"}                           ends the context and tells its key and sequence numbers

An initiator with "framing":"iakerb" takes "user" and "password" in place of a ccache, and has the acceptor carry
its messages to the KDC. An acceptor with it carries them there.

An initiator with "mechs":["ntlm"] takes "user", "domain" and "password"; with both mechanisms it takes a ccache as
well. With "datagram" gss-ntlmssp's initiator starts without a token. Its acceptor would have to as well, and MIT's
library asks no mechanism before a token has come.

`now`, `skew`, `principal`, `cb_policy` and `allow` of the shim have no counterpart here: krb5.conf and the libraries
decide.
"""

import base64
import os
import sys
import tempfile

import gssapi.raw as gss

# Python's -I leaves out the program's own folder.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from iakerb import IAKERB, IakerbInitiator
from lines import decode, encode, error, serve, user_lines

KRB5 = gss.OID.from_int_seq("1.2.840.113554.1.2.2")
SPNEGO = gss.OID.from_int_seq("1.3.6.1.5.5.2")
NTLM = gss.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
MECHS = {"krb5": KRB5, "ntlm": NTLM}
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
    "datagram": 0x10000,
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

    def op_initiator(self, request):
        self.__init__()
        flags = sum(FLAGS[flag] for flag in request.get("flags", []))
        if request.get("datagram"):
            flags |= FLAGS["datagram"]
        if request["framing"] == "iakerb":
            self.iakerb = IakerbInitiator(request, flags)
            return {"ok": True}
        mech = mechanisms(request)[0]
        credential = self.initiator_credential(request, mech)
        name = gss.import_name(request["target"].encode(), gss.NameType.hostbased_service)
        # Python's module takes no flags at all for a wish for its defaults.
        self.initiator = (name, credential, mech, flags or FLAGS["prot_ready"], bindings(request))
        return {"ok": True}

    def initiator_credential(self, request, mech):
        os.environ.pop("NTLM_USER_FILE", None)
        if request["mechs"] == ["krb5"]:
            store = {b"ccache": b"FILE:" + request["ccache"].encode()}
            credential = gss.acquire_cred_from(store, mechs=[mech], usage="initiate").creds
        elif request["mechs"] == ["ntlm"]:
            full = "\\".join(part for part in (request.get("domain"), request["user"]) if part)
            name = gss.import_name(full.encode(), gss.NameType.user)
            password = request["password"].encode()
            credential = gss.acquire_cred_with_password(name, password, mechs=[mech], usage="initiate").creds
        else:
            # A credential of both mechanisms comes from their default places only.
            os.environ["KRB5CCNAME"] = "FILE:" + request["ccache"]
            self.write_users([request])
            credential = gss.acquire_cred(None, mechs=[mech], usage="initiate").creds
        if mech == SPNEGO:
            gss.set_neg_mechs(credential, [MECHS[mech] for mech in request["mechs"]])
        return credential

    def op_acceptor(self, request):
        self.__init__()
        mechs = mechanisms(request)
        os.environ.pop("NTLM_USER_FILE", None)
        if "ntlm" in request["mechs"]:
            self.write_users(request["users"])
        store = {}
        if "krb5" in request["mechs"]:
            store[b"keytab"] = b"FILE:" + request["keytab"].encode()
            if not request.get("replay_cache", True):
                store[b"rcache"] = b"none:"
        credential = gss.acquire_cred_from(store or None, mechs=mechs, usage="accept").creds
        if SPNEGO in mechs:
            gss.set_neg_mechs(credential, [MECHS[mech] for mech in request["mechs"]])
        self.acceptor = (credential, bindings(request))
        return {"ok": True}

    def write_users(self, users):
        self.user_file = tempfile.NamedTemporaryFile("w")
        self.user_file.write(user_lines(users))
        self.user_file.flush()
        os.environ["NTLM_USER_FILE"] = self.user_file.name

    def op_step(self, request):
        token = decode(request)
        if self.iakerb:
            return self.initiate_iakerb(token)
        return self.initiate(token) if self.initiator else self.accept(token)

    def initiate(self, token):
        name, credential, mech, flags, channel = self.initiator
        result = gss.init_sec_context(
            name,
            creds=credential,
            context=self.context,
            mech=mech,
            flags=flags,
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
        # Asking gss-ntlmssp's acceptor for the target's name crashes it.
        facts = gss.inquire_context(self.context, initiator_name=not initiator, target_name=initiator)
        peer = facts.target_name if initiator else facts.initiator_name
        flags = int(facts.flags)
        mech = next((name for name, oid in MECHS.items() if oid == facts.mech), facts.mech.dotted_form)
        return {
            "mech": mech,
            # gss-ntlmssp counts the NUL in.
            "peer": gss.display_name(peer, name_type=False).name.rstrip(b"\0").decode(),
            "flags": [name for name, bit in FLAGS.items() if flags & bit],
            # gss-ntlmssp does not tell.
            "channel_bound": None if mech == "ntlm" else bool(flags & FLAGS["channel_bound"]),
        }

    def op_wrap(self, request):
        result = gss.wrap(self.context, bytes.fromhex(request["data"]), request["conf"])
        # gss-ntlmssp always seals.
        assert result.encrypted or not request["conf"]
        return {"token": encode(result.message), "conf": result.encrypted}

    def op_unwrap(self, request):
        try:
            result = gss.unwrap(self.context, base64.b64decode(request["token"]))
        except gss.GSSError as failure:
            # The library has opened the message, but Python's module withholds it.
            return {"data": None, "conf": None, "status": message_status(failure)}
        return {"data": result.message.hex(), "conf": result.encrypted, "status": "ok"}

    def op_get_mic(self, request):
        return {"token": encode(gss.get_mic(self.context, bytes.fromhex(request["data"])))}

    def op_verify_mic(self, request):
        try:
            gss.verify_mic(self.context, bytes.fromhex(request["data"]), base64.b64decode(request["token"]))
        except gss.GSSError as failure:
            return {"status": message_status(failure)}
        return {"status": "ok"}

    def op_session_key(self, _request):
        key = gss.inquire_sec_context_by_oid(self.context, SESSION_KEY)[0]
        return {"key": key.hex()}

    def op_delegated(self, request):
        if self.delegated_credential is None:
            return {"error": error(7, "no credential came")}
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


def mechanisms(request):
    """The mechanisms whose tokens go to and fro."""
    own = [MECHS[mech] for mech in request["mechs"]]
    return {"raw": own, "spnego": [SPNEGO], "any": [SPNEGO, *own], "iakerb": [IAKERB]}[request["framing"]]


def bindings(request):
    data = request.get("channel_bindings")
    # Address types stay 0 (GSS_C_AF_UNSPEC) with empty addresses, as TLS bindings have them.
    return None if data is None else gss.ChannelBindings(application_data=bytes.fromhex(data))


def message_status(failure):
    """The supplementary status of a message that was opened; any other failure is raised again."""
    if failure.maj_code >> 16 == 0:
        for bit, status in MESSAGE_STATUS:
            if failure.maj_code & bit:
                return status
    raise failure


def describe(failure):
    minor = failure.min_code - (1 << 32) if failure.min_code >= 1 << 31 else failure.min_code
    description = error((failure.maj_code >> 16) & 0xFF, str(failure))
    if 0 <= minor - ERROR_TABLE_BASE < 128:
        description["krb_error"] = minor - ERROR_TABLE_BASE
    return description


serve(Peer(), {gss.GSSError: describe})
