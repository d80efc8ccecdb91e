//! A Samba AD domain with the accounts that the tests ask about.

use std::path::PathBuf;

use anyhow::Result;
use interop::enctype::Enctype;
use interop::endpoint::User;
use interop::kdc::{Account, Address, Directory, Kdc};
use interop::samba::{self, Controller};
use interop::site::Site;
use serde_json::{Value, json};

use super::{PASSWORD, USER};

/// A service that may act for users whether or not they have logged in to it, at [`BACK`].
pub(crate) const FRONT: &str = "HTTP/front.samba.test";
/// A service that [`FRONT`] names in its own entry, as the one it may act at.
pub(crate) const BACK: &str = "HTTP/back.samba.test";
/// A service that names [`FRONT`] in its entry, as one that may act for users at it: resource-based delegation.
pub(crate) const WILLING: &str = "HTTP/willing.samba.test";
/// The user's UPN, which is a name without a realm of that name.
pub(crate) const UPN: &str = "alice.liddell@wonder.land";

/// The flags of MS-ADTS section 2.2.16.
const NORMAL_ACCOUNT: u32 = 0x200;
const DISABLED: u32 = 0x2;
const DONT_REQ_PREAUTH: u32 = 0x0040_0000;
const TRUSTED_TO_AUTH_FOR_DELEGATION: u32 = 0x0100_0000;
/// FILETIME of 2001-01-01.
const LONG_AGO: &str = "126227808000000000";

/// The administrator's name and password.
pub(crate) const ADMINISTRATOR: (&str, &str) = ("Administrator", samba::ADMINISTRATOR_PASSWORD);

/// The domain's controller.
pub(crate) struct Domain<'s> {
    controller: Controller,
    site: &'s Site,
}

impl<'s> Domain<'s> {
    pub(crate) fn start(site: &'s Site) -> Result<Self> {
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
            set("krbtgt", &flags(DISABLED | DONT_REQ_PREAUTH)),
            set("expired", &json!({"accountExpires": [LONG_AGO]})),
            // To be changed at the next login.
            set("stale", &json!({"pwdLastSet": ["0"]})),
        ]);
        controller.change(site, &orders)?;
        Ok(Self { controller, site })
    }

    pub(crate) fn address(&self) -> Address {
        self.controller.kdc()
    }

    pub(crate) fn directory(&self) -> Directory {
        Directory::of(self.address())
    }
}

impl Kdc for Domain<'_> {
    /// A service is a user with that name as SPN: Active Directory lets nobody log in under an SPN.
    fn add(&self, account: &Account<'_>) -> Result<()> {
        let user = account.name.replace('/', "-");
        let enctypes = account.enctypes.iter().map(|enctype| match *enctype {
            Enctype::AES256_SHA1 => 0x10,
            Enctype::AES128_SHA1 => 0x8,
            Enctype::RC4 => 0x4,
            _ => 0,
        });
        let enctypes = enctypes.fold(0, |all, one| all | one).to_string();
        let flags = if account.preauth || account.password.is_none() { 0 } else { DONT_REQ_PREAUTH };
        let password = account.password.unwrap_or(PASSWORD);
        let mut attributes = json!({
            "userAccountControl": [(NORMAL_ACCOUNT | flags).to_string()],
            "msDS-SupportedEncryptionTypes": [enctypes],
        });
        if account.name.contains('/') {
            attributes["servicePrincipalName"] = json!([account.name]);
        }
        self.controller
            .change(self.site, &[json!({"create": user, "password": password}), set(&user, &attributes)])
    }

    fn keytab(&self, name: &str) -> Result<PathBuf> {
        let path = self.site.fresh_path("keytab");
        let principal = format!("{name}@{}", samba::REALM);
        self.controller.change(self.site, &[json!({"keytab": path, "principal": principal})])?;
        Ok(path)
    }

    /// With all hosts of the DNS domain of that name.
    fn trust(&self, other: &str, password: &str) -> Result<()> {
        let flat_name = flat_name(other);
        let sid = krb5_testkdc::Domain::new(flat_name).sid.to_string();
        let order = json!({"trust": other, "flat_name": flat_name, "sid": sid, "password": password});
        self.controller.change(self.site, &[order])
    }

    fn logs(&self) -> String {
        self.controller.log_tail()
    }
}

/// The NetBIOS name by which the domain knows another realm.
pub(crate) fn flat_name(realm: &str) -> &str {
    realm.split_once('.').map_or(realm, |(first, _)| first)
}

fn set(name: &str, attributes: &Value) -> Value {
    json!({"set": name, "attributes": attributes})
}
