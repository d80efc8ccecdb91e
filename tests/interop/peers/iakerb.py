"""An IAKERB initiator through the C interface of MIT's library.

The library's IAKERB wants no buffer at the first step, where Python's module passes an empty one."""

import ctypes

import gssapi.raw as gss

IAKERB = gss.OID.from_int_seq("1.3.6.1.5.2.5")


class Buffer(ctypes.Structure):
    _fields_ = [("length", ctypes.c_size_t), ("value", ctypes.c_void_p)]


class Oid(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint32), ("elements", ctypes.c_char_p)]


class OidSet(ctypes.Structure):
    _fields_ = [("count", ctypes.c_size_t), ("elements", ctypes.POINTER(Oid))]


class IakerbInitiator:
    library = ctypes.CDLL("libgssapi_krb5.so.2")

    def __init__(self, request, flags):
        self.mech = Oid(*oid_bytes(IAKERB))
        self.flags = flags
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
