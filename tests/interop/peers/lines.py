"""What the peer programs share: JSON lines in and out, and the names of GSS-API statuses."""

import base64
import json
import sys

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


class Refused(Exception):
    """A failure that is an answer."""

    def __init__(self, routine_error, message):
        super().__init__(message)
        self.routine_error = routine_error

    def describe(self):
        return error(self.routine_error, str(self))


def error(routine_error, message):
    """The error object of an answer."""
    routine = ROUTINE_ERRORS.get(routine_error, "FAILURE")
    return {"major": "GSS_S_" + routine, "code": routine.lower(), "message": message}


def encode(token):
    return base64.b64encode(token).decode() if token else None


def decode(request):
    """The token of a step; `None` for an initiator's first one."""
    return base64.b64decode(request["token"]) or None


def user_lines(users):
    """Users in the format that gss-ntlmssp and pyspnego read from NTLM_USER_FILE.

    A user with a password takes Heimdal's form, one with an NT hash that of smbpasswd."""
    lines = []
    for user in users:
        name, domain = user["user"], user.get("domain", "")
        if "password" in user:
            lines.append(f"{domain}:{name}:{user['password']}\n")
        else:
            full = f"{domain}\\{name}" if domain else name
            lines.append(f"{full}:1000:{'0' * 32}:{user['nt_hash'].upper()}:[U]:LCT-00000000\n")
    return "".join(lines)


def serve(peer, failures):
    """Answers requests until the input ends. `peer` has a method `op_NAME` for each operation it knows; an
    exception of the classes that `failures` maps to a describing function is an answer."""
    for line in sys.stdin:
        print(json.dumps(answer(peer, failures, json.loads(line))), flush=True)


def answer(peer, failures, request):
    operation = getattr(peer, "op_" + request["op"], None)
    if operation is None:
        return {"error": error(16, f"no operation {request['op']}")}
    try:
        return operation(request)
    except tuple(failures) as failure:
        describe = next(function for kind, function in failures.items() if isinstance(failure, kind))
        told = {"error": describe(failure)}
        if request["op"] == "step":
            told |= {"state": "failed", "token": encode(getattr(failure, "token", None))}
        return told
