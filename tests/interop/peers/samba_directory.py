"""Changes the directory of a Samba AD domain controller, and exports keys.

`samba_directory.py CONFIG` reads a JSON array from standard input and does one thing after the other:
{"create": NAME, "password": PASSWORD}
{"set": NAME, "attributes": {NAME: [VALUE, ...], ...}}   replaces attributes; "" is the domain itself
{"act_for": NAME, "by": NAME}   lets the second account delegate to the first (resource-based delegation)
{"keytab": PATH, "principal": NAME}
{"trust": REALM, "flat_name": NAME, "sid": SID, "password": PASSWORD}   both ways, as of another forest
"""

import json
import sys

import ldb
from samba import current_unix_time, unix2nttime
from samba import dckeytab  # adds export_keytab
from samba.auth import system_session
from samba.dcerpc import drsblobs, lsa, security
from samba.ndr import ndr_pack, ndr_unpack
from samba.net import Net
from samba.param import LoadParm
from samba.samdb import SamDB

config = LoadParm()
config.load(sys.argv[1])
samdb = SamDB(url=config.samdb_url(), session_info=system_session(), lp=config)


def found(name):
    if not name:
        return samdb.search(samdb.domain_dn(), scope=ldb.SCOPE_BASE, attrs=["objectSid"])[0]
    (record,) = samdb.search(
        samdb.domain_dn(), expression=f"(sAMAccountName={ldb.binary_encode(name)})", attrs=["objectSid"]
    )
    return record


def replace(name, attributes):
    message = ldb.Message(found(name).dn)
    for attribute, values in attributes.items():
        message[attribute] = ldb.MessageElement(values, ldb.FLAG_MOD_REPLACE, attribute)
    samdb.modify(message)


def trust_secret(password):
    clear = drsblobs.AuthInfoClear()
    clear.size = len(password)
    clear.password = list(password)
    information = drsblobs.AuthenticationInformation()
    information.LastUpdateTime = unix2nttime(current_unix_time())
    information.AuthType = lsa.TRUST_AUTH_TYPE_CLEAR
    information.AuthInfo = clear
    current = drsblobs.AuthenticationInformationArray()
    current.count, current.array = 1, [information]
    secret = drsblobs.trustAuthInOutBlob()
    # Samba reads as many previous as current ones.
    secret.count, secret.current, secret.previous = 1, current, current
    return ndr_pack(secret)


def trust(realm, flat_name, sid, password):
    """`samba-tool domain trust create` makes the same object, but wants the other side to be a domain controller."""
    secret = trust_secret(password.encode("utf-16-le"))
    samdb.add(
        {
            "dn": f"CN={realm.lower()},CN=System,{samdb.domain_dn()}",
            "objectClass": "trustedDomain",
            "trustPartner": realm.lower(),
            "flatName": flat_name,
            "securityIdentifier": ndr_pack(security.dom_sid(sid)),
            # Its KDC passes over all other types, that of MIT realms too.
            "trustType": str(lsa.LSA_TRUST_TYPE_UPLEVEL),
            "trustDirection": str(lsa.LSA_TRUST_DIRECTION_INBOUND | lsa.LSA_TRUST_DIRECTION_OUTBOUND),
            # Only then are all hosts of that DNS domain sought there.
            "trustAttributes": str(lsa.LSA_TRUST_ATTRIBUTE_FOREST_TRANSITIVE),
            "trustAuthIncoming": secret,
            "trustAuthOutgoing": secret,
            "msDS-SupportedEncryptionTypes": str(security.KERB_ENCTYPE_AES256_CTS_HMAC_SHA1_96),
        }
    )


for order in json.load(sys.stdin):
    if "create" in order:
        samdb.newuser(order["create"], order["password"])
    elif "set" in order:
        replace(order["set"], order["attributes"])
    elif "act_for" in order:
        sid = ndr_unpack(security.dom_sid, found(order["by"])["objectSid"][0])
        descriptor = security.descriptor.from_sddl(f"O:BAD:(A;;0xf01ff;;;{sid})", security.dom_sid(samdb.domain_sid))
        replace(order["act_for"], {"msDS-AllowedToActOnBehalfOfOtherIdentity": [ndr_pack(descriptor)]})
    elif "keytab" in order:
        Net(None, config).export_keytab(keytab=order["keytab"], principal=order["principal"])
    elif "trust" in order:
        trust(order["trust"], order["flat_name"], order["sid"], order["password"])
    else:
        raise ValueError(order)
