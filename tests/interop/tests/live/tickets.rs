//! Tickets: our client of a KDC, with those of MIT, Heimdal and Samba.
//!
//! | module | what it covers |
//! | --- | --- |
//! | `mit`, `heimdal`, `samba` | one KDC each: every enctype, pre-authentication, FAST, tickets of tickets, acting for users, passwords |
//! | `realms` | referrals between KDCs of MIT and Heimdal |
//! | `trusts` | referrals between a Samba domain and KDCs of MIT, Heimdal and our own |
//! | `errors` | what each KDC refuses, and what is said of it |
//! | `caches` | our credential caches for the stock clients and theirs for ours |
//! | `peers` | peers only: proves that the harness works |
//! | `ours`, `common`, `domain` | our client, what all KDCs are asked alike, and the Samba domain |

mod caches;
mod common;
mod domain;
mod errors;
mod heimdal;
mod mit;
mod ours;
mod peers;
mod realms;
mod samba;
mod trusts;

use anyhow::Result;
use interop::kdc::{Account, Directory, Kdc};

/// A realm of MIT's.
const MIT: &str = "MIT.TEST";
/// Another one.
const OTHER_MIT: &str = "OTHER.MIT.TEST";
/// A realm of Heimdal's.
const HEIMDAL: &str = "HEIMDAL.TEST";
/// A realm of our own KDC.
const OURS: &str = "OURS.TEST";
/// A user of every realm.
const USER: &str = "alice";
const PASSWORD: &str = "Correct horse 9 battery";
/// A service of every realm is HTTP at the realm's host.
const HOSTS: &[(&str, &str)] = &[
    ("web.mit.test", MIT),
    ("web.other.mit.test", OTHER_MIT),
    ("web.heimdal.test", HEIMDAL),
    ("front.samba.test", interop::samba::REALM),
    ("web.ours.test", OURS),
];
/// Another service, which the first may act for users at.
const BACK_END: &str = "host/back.end.test";

fn directory() -> Result<Directory> {
    let directory = Directory::new(&[MIT, OTHER_MIT, HEIMDAL])?;
    Ok(HOSTS.iter().fold(directory, |directory, (host, realm)| directory.host(host, realm)))
}

/// The host of a realm's service.
fn host(realm: &str) -> &str {
    HOSTS.iter().find(|(_, of)| *of == realm).map_or("", |(host, _)| host)
}

/// The name of a realm's service, without the realm.
fn service(realm: &str) -> String {
    format!("HTTP/{}", host(realm))
}

/// Makes the user and the service of a realm.
fn populate(kdc: &(impl Kdc + ?Sized), realm: &str) -> Result<()> {
    kdc.add(&Account::user(USER, PASSWORD))?;
    kdc.add(&Account::service(&service(realm)))
}

/// Populates realms and lets each trust all others.
fn connect(realms: &[(&dyn Kdc, &str)]) -> Result<()> {
    for &(kdc, realm) in realms {
        populate(kdc, realm)?;
        for (_, other) in realms.iter().filter(|(_, other)| *other != realm) {
            kdc.trust(other, "between realms")?;
        }
    }
    Ok(())
}
