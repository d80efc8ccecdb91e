//! Our own KDC, in the process of the test, with the stock clients.
//!
//! | module | what it covers |
//! | --- | --- |
//! | `sockets` | the sockets alone, with MIT's KDC behind them |
//! | `logins` | passwords, keytabs, enctypes, pre-authentication, names, flags, renewal |
//! | `services` | tickets for services, in one's own name and in others', user-to-user, forwarded |
//! | `realms` | two realms that trust each other |
//! | `passwords` | password changes |
//! | `refusals` | what clients say when they are refused or deceived |
//! | `deliveries` | replies that travel badly |
//! | `java` | Java |
//! | `web` | curl and our HTTP server |

mod deliveries;
mod java;
mod logins;
mod passwords;
mod realms;
mod refusals;
mod services;
mod sockets;
mod web;

use anyhow::Result;
use interop::testkdc::TestKdc;
use krb5_testkdc::{Kdc, Realm};

const REALM: &str = "SOCKET.TEST";
const USER: &str = "alice@SOCKET.TEST";
const PASSWORD: &str = "Correct horse 9 battery";
/// A service at this host.
const SERVICE: &str = "HTTP/localhost@SOCKET.TEST";
/// Another one, without its realm.
const BACK_END: &str = "host/back.end.test";

/// A realm with a user and two services.
fn realm() -> Realm {
    Realm::new(REALM).user("alice", PASSWORD).service("HTTP/localhost").service(BACK_END)
}

/// A KDC of one realm.
fn start(realm: Realm) -> Result<TestKdc> {
    TestKdc::start(Kdc::builder().realm(realm))
}
