//! A Samba AD domain with the accounts that the tests ask about.

use std::path::PathBuf;

use anyhow::Result;
use interop::endpoint::User;
use interop::kdc::Directory;
use interop::samba::{self, Controller};
use interop::site::Site;
use serde_json::{Value, json};

use super::{PASSWORD, USER};

/// A service that may act for users whether or not they have logged in to it, at [`BACK`].
pub(crate) const FRONT: &str = "HTTP/front.samba.test";
/// A service that [`FRONT`] names in its own entry, as the one it may act at.
pub(crate) const BACK: &str = "HTTP/back.samba.test";
/// A service that names [`FRONT`] in its entry, as one that may act for users at it.
pub(crate) const WILLING: &str = "HTTP/willing.samba.test";
/// The user's UPN, which is a name without a realm of that name.
pub(crate) const UPN: &str = "alice.liddell@wonder.land";

/// The flags of MS-ADTS section 2.2.16.
const NORMAL_ACCOUNT: u32 = 0x200;
const DISABLED: u32 = 0x2;
const TRUSTED_TO_AUTH_FOR_DELEGATION: u32 = 0x0100_0000;
/// FILETIME of 2001-01-01.
const LONG_AGO: &str = "126227808000000000";

/// The domain's controller.
pub(crate) struct Domain {
    controller: Controller,
}

impl Domain {
    pub(crate) fn start(site: &Site) -> Result<Self> {
        let controller = Controller::start(site, &[User::new(samba::DOMAIN, USER, PASSWORD)])?;
        let mut orders = vec![
            set("", &json!({"lockoutThreshold": ["2"], "minPwdAge": ["0"]})),
            set(USER, &json!({"userPrincipalName": [UPN]})),
        ];
        for name in ["front", "back", "willing", "disabled", "expired", "stale", "locked"] {
            orders.push(json!({"create": name, "password": PASSWORD}));
        }
        let flags = |flags: u32| json!({"userAccountControl": [(NORMAL_ACCOUNT | flags).to_string()]});
        let spn =
            |name: &str| json!({"servicePrincipalName": [name], "msDS-SupportedEncryptionTypes": ["24"]});
        orders.extend([
            set("front", &spn(FRONT)),
            set("front", &flags(TRUSTED_TO_AUTH_FOR_DELEGATION)),
            set("front", &json!({"msDS-AllowedToDelegateTo": [BACK]})),
            set("back", &spn(BACK)),
            set("willing", &spn(WILLING)),
            json!({"act_for": "willing", "by": "front"}),
            set("disabled", &flags(DISABLED)),
            set("expired", &json!({"accountExpires": [LONG_AGO]})),
            // To be changed at the next login.
            set("stale", &json!({"pwdLastSet": ["0"]})),
        ]);
        controller.change(site, &orders)?;
        Ok(Self { controller })
    }

    pub(crate) fn directory(&self) -> Directory {
        Directory::of(self.controller.kdc())
    }

    pub(crate) fn keytab(&self, site: &Site, name: &str) -> Result<PathBuf> {
        let path = site.fresh_path("keytab");
        let principal = format!("{name}@{}", samba::REALM);
        self.controller.change(site, &[json!({"keytab": path, "principal": principal})])?;
        Ok(path)
    }
}

fn set(name: &str, attributes: &Value) -> Value {
    json!({"set": name, "attributes": attributes})
}
