"""Makes the database of a Samba AD domain controller in a new folder.

`samba_provision.py` reads a JSON object from standard input: "folder" (must not exist), "address" (a loopback address
of its own, so that its fixed ports are free), "realm", "domain", "host", "password" (the administrator's), and
"users" as a list of {"user", "password"}.

`samba-tool domain provision` would do, but sets ACLs on SYSVOL, for which the file system and further packages have
to be right. No share is served here.
"""

import json
import logging
import os
import sys

from samba.auth import system_session
from samba.dsdb import DS_DOMAIN_FUNCTION_2008_R2
from samba.param import LoadParm
from samba.provision import provision

order = json.load(sys.stdin)
folder = order["folder"]
os.makedirs(folder)
os.makedirs(f"{folder}/winbindd", mode=0o755)
os.environ["SMB_CONF_PATH"] = "/dev/null"
config = LoadParm()
for option, value in {
    "interfaces": f"{order['address']}/8",
    "bind interfaces only": "yes",
    # Names and shares are nobody's business here.
    "server services": "ldap cldap rpc winbindd kdc",
    "dcerpc endpoint servers": "epmapper samr lsarpc netlogon drsuapi",
    "prefork children": "1",
    "tls enabled": "no",
    "log file": f"{folder}/log.%m",
    "pid directory": folder,
    "ncalrpc dir": f"{folder}/ncalrpc",
    "ntp signd socket directory": f"{folder}/ntp",
    "winbindd socket directory": f"{folder}/winbindd",
}.items():
    config.set(option, value)

logger = logging.getLogger("provision")
logger.addHandler(logging.StreamHandler(sys.stderr))
result = provision(
    logger,
    system_session(),
    targetdir=folder,
    realm=order["realm"],
    domain=order["domain"],
    hostname=order["host"],
    hostip=order["address"],
    adminpass=order["password"],
    dns_backend="NONE",
    serverrole="active directory domain controller",
    dom_for_fun_level=DS_DOMAIN_FUNCTION_2008_R2,
    skip_sysvolacl=True,
    lp=config,
)
for user in order["users"]:
    result.samdb.newuser(user["user"], user["password"])
