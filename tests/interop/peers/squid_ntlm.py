"""squid's helper for the scheme NTLM: gss-ntlmssp, behind MIT's library, looks at the passwords.

squid writes `YR TOKEN` for a client's first token and `KK TOKEN` for its second, and reads `TT TOKEN`, `AF USER` or
`NA REASON`. A client that was answered by this process comes back to it.
"""

import base64
import sys

import gssapi.raw as gss

NTLM = gss.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")


def answer(word, token, context, credential):
    """The context goes on, and what to tell squid."""
    if word == "YR":
        context = None
    elif context is None:
        return None, "NA there was no first token"
    try:
        result = gss.accept_sec_context(
            base64.b64decode(token), acceptor_creds=credential, context=context
        )
    except gss.GSSError as refusal:
        return None, "NA " + str(refusal).replace("\n", " ")
    if result.more_steps:
        return result.context, "TT " + base64.b64encode(result.token).decode()
    # gss-ntlmssp ends the name with a zero byte.
    return None, "AF " + gss.display_name(result.initiator_name).name.decode().rstrip("\0")


def main():
    credential = gss.acquire_cred(None, mechs=[NTLM], usage="accept").creds
    context = None
    for line in sys.stdin:
        word, _, token = line.strip().partition(" ")
        context, said = answer(word, token, context, credential)
        print(said, flush=True)


main()
