"""impacket's NTLM client behind the JSON lines that `gssctl shim` speaks.

An initiator only; raw, or in the SPNEGO framing that impacket's own clients use. Messages are signed and sealed by
impacket's functions. Most of impacket's clients send neither VERSION nor MIC. With the flag "version" both are sent,
and in SPNEGO a mechListMIC, as its clients of LDAP and MSSQL do; MsvAvFlags still does not tell of the MIC. With the flag
"keys_56" no keys of 128 bits are offered. Without a user it logs on as nobody.
"""

import base64
import hashlib
import os
import struct
import sys

from Cryptodome.Cipher import ARC4
from impacket import ntlm
from impacket.spnego import SPNEGO_NegTokenInit, SPNEGO_NegTokenResp, TypesMech

# Python's -I leaves out the program's own folder.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lines import Refused, decode, encode, serve

NTLM_OID = TypesMech["NTLMSSP - Microsoft NTLM Security Support Provider"]
# The form that impacket writes: 10.0, build 17763, revision 15
VERSION = bytes.fromhex("0a006345 0000000f")
# NTLM's OID in a SEQUENCE, the list of SPNEGO's mechanisms
MECH_LIST = bytes.fromhex("300c060a2b06010401823702020a")
DEFECTIVE_TOKEN, BAD_SIG, NO_CONTEXT, UNAVAILABLE = 9, 6, 8, 16


class Direction:
    """The keys and the count of one direction."""

    def __init__(self, flags, key, mode):
        self.flags = flags
        self.sign_key = ntlm.SIGNKEY(flags, key, mode)
        self.seal_key = ntlm.SEALKEY(flags, key, mode)
        self.sequence = 0
        self.restart_cipher()

    def restart_cipher(self, spent=0):
        """Starts the key stream over, as SPNEGO wants it around its MIC. The count goes on."""
        self.cipher = ARC4.new(self.seal_key, drop=spent)
        self.spent = spent

    def crypt(self, data):
        self.spent += len(data)
        return self.cipher.encrypt(data)

    def mic(self, data):
        mic = ntlm.SIGN(self.flags, self.sign_key, data, self.sequence, self.crypt)
        self.sequence += 1
        return mic.getData()

    def seal(self, data):
        sealed, mic = ntlm.SEAL(self.flags, self.sign_key, None, data, data, self.sequence, self.crypt)
        self.sequence += 1
        return mic.getData() + sealed

    def open(self, token):
        """The message and whether it was sealed; without SEAL negotiated, gss-ntlmssp still seals and others do not."""
        mic, data = token[:16], token[16:]
        spent, sequence = self.spent, self.sequence
        opened = self.crypt(data)
        if self.mic(opened) == mic:
            return opened, True
        self.restart_cipher(spent)
        self.sequence = sequence
        if self.flags & ntlm.NTLMSSP_NEGOTIATE_SEAL or self.mic(data) != mic:
            raise Refused(BAD_SIG, "another signature")
        return data, False


class Peer:
    def __init__(self):
        self.request = None
        self.first = None
        self.key = None
        self.flags = 0
        self.out = self.into = None

    def op_initiator(self, request):
        self.__init__()
        self.request = request
        return {"ok": True}

    def op_acceptor(self, _request):
        raise Refused(UNAVAILABLE, "impacket is a client")

    def op_step(self, request):
        token = decode(request)
        spnego = self.request["framing"] == "spnego"
        if self.first is None:
            first = self.negotiate()
            if spnego:
                framed = SPNEGO_NegTokenInit()
                framed["MechTypes"] = [NTLM_OID]
                framed["MechToken"] = first
                first = framed.getData()
            return {"state": "continue", "token": encode(first)}
        if self.key is not None:
            # SPNEGO's last word; impacket's clients do not look at it. A mechListMIC counts.
            if len(token) > 16:
                self.into.sequence = 1
            return self.established(None)
        if spnego:
            token = SPNEGO_NegTokenResp(token)["ResponseToken"]
        if token[:12] != b"NTLMSSP\0\2\0\0\0":
            raise Refused(DEFECTIVE_TOKEN, "no CHALLENGE message")
        last = self.authenticate(token)
        if not spnego:
            return self.established(last)
        framed = SPNEGO_NegTokenResp()
        framed["ResponseToken"] = last
        if self.with_mic() and self.flags & ntlm.NTLMSSP_NEGOTIATE_SIGN:
            framed["mechListMIC"] = self.out.mic(MECH_LIST)
            self.out.restart_cipher()
        return {"state": "continue", "token": encode(framed.getData())}

    def negotiate(self):
        asked = self.request.get("flags", [])
        version = VERSION if self.with_mic() else None
        secured = "conf" in asked or "integ" in asked
        self.first = ntlm.getNTLMSSPType1(signingRequired=secured, version=version)
        if "conf" not in asked:
            self.first["flags"] &= ~ntlm.NTLMSSP_NEGOTIATE_SEAL
        if "keys_56" in asked:
            self.first["flags"] &= ~ntlm.NTLMSSP_NEGOTIATE_128
        return self.first.getData()

    def authenticate(self, challenge):
        data = self.request.get("channel_bindings")
        last, self.key = ntlm.getNTLMSSPType3(
            self.first,
            challenge,
            self.request.get("user", ""),
            self.request.get("password", ""),
            self.request.get("domain", ""),
            channel_binding_value=b"" if data is None else channel_hash(bytes.fromhex(data)),
            service=self.request["target"].partition("@")[0],
            version=VERSION if self.with_mic() else None,
        )
        if self.with_mic():
            last["MIC"] = b"\0" * 16
            messages = self.first.getData() + challenge + last.getData()
            last["MIC"] = ntlm.hmac_md5(self.key, messages)
        self.flags = last["flags"]
        self.out = Direction(self.flags, self.key, "Client")
        self.into = Direction(self.flags, self.key, "Server")
        return last.getData()

    def with_mic(self):
        return "version" in self.request.get("flags", [])

    def established(self, token):
        bits = {"integ": ntlm.NTLMSSP_NEGOTIATE_SIGN, "conf": ntlm.NTLMSSP_NEGOTIATE_SEAL}
        flags = [name for name, bit in bits.items() if self.flags & bit]
        return {"state": "established", "token": encode(token), "mech": "ntlm", "flags": flags}

    def op_wrap(self, request):
        data = bytes.fromhex(request["data"])
        # impacket's clients seal whenever they may.
        if request["conf"] or self.flags & ntlm.NTLMSSP_NEGOTIATE_SEAL:
            return {"token": encode(self.ready(self.out).seal(data))}
        return {"token": encode(self.ready(self.out).mic(data) + data)}

    def op_unwrap(self, request):
        data, conf = self.ready(self.into).open(base64.b64decode(request["token"]))
        return {"data": data.hex(), "conf": conf, "status": "ok"}

    def op_get_mic(self, request):
        return {"token": encode(self.ready(self.out).mic(bytes.fromhex(request["data"])))}

    def op_verify_mic(self, request):
        if self.ready(self.into).mic(bytes.fromhex(request["data"])) != base64.b64decode(request["token"]):
            raise Refused(BAD_SIG, "another signature")
        return {"status": "ok"}

    def op_session_key(self, _request):
        self.ready(self.out)
        return {"key": self.key.hex()}

    @staticmethod
    def ready(direction):
        if direction is None:
            raise Refused(NO_CONTEXT, "no context yet")
        return direction


def channel_hash(data):
    """MD5 of the bindings with empty addresses, as RFC 4121 section 4.1.1.2 has them."""
    return hashlib.md5(b"\0" * 16 + struct.pack("<I", len(data)) + data).digest()


serve(Peer(), {Refused: Refused.describe})
