"""Changes the directory of a Samba AD domain controller, and exports keys.

`samba_directory.py CONFIG` reads a JSON array from standard input and does one thing after the other:
{"create": NAME, "password": PASSWORD}
{"set": NAME, "attributes": {NAME: [VALUE, ...], ...}}   replaces attributes; "" is the domain itself
{"act_for": NAME, "by": NAME}   lets the second account delegate to the first (resource-based delegation)
{"keytab": PATH, "principal": NAME}
"""

import json
import sys

import ldb
from samba import dckeytab  # adds export_keytab
from samba.auth import system_session
from samba.dcerpc import security
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
    else:
        raise ValueError(order)
