//! Whether a connection stays authenticated: `Persistent-Auth` (MS-N2HT section 2.2.2) and `Proxy-Support`
//! (RFC 4559 section 6).

use crate::challenge::{list_has, trim};
use gss_core::{Oid, oid};

/// The name of the response field that says whether the connection stays authenticated.
pub const PERSISTENT_AUTH: &str = "Persistent-Auth";

/// The name of the response field in which a proxy says that it keeps client and server connections together.
///
/// Only a proxy sends it: with [`SESSION_BASED`], on responses that it forwards with challenges of `Negotiate` or `NTLM`,
/// and with `Connection: Proxy-Support`, so that the proxy before it does not pass on a promise it cannot keep. An
/// origin server knows nothing about the proxies in front of it, and never sends it.
pub const PROXY_SUPPORT: &str = "Proxy-Support";

/// The member of [`PROXY_SUPPORT`]: each connection of a client has a connection to the server of its own, and no
/// other client's request goes over that (RFC 4559 section 6).
pub const SESSION_BASED: &str = "Session-Based-Authentication";

/// Reads the value of `Persistent-Auth`. `None` for anything but `true` and `false`: the field is ignored then.
#[must_use]
pub fn parse_persistent_auth(value: &[u8]) -> Option<bool> {
    let value = trim(value);
    [("true", true), ("false", false)]
        .into_iter()
        .find(|(text, _)| value.eq_ignore_ascii_case(text.as_bytes()))
        .map(|(_, persistent)| persistent)
}

/// The value of `Persistent-Auth` for a server's last, successful response of an authentication.
#[must_use]
pub const fn persistent_auth_value(persistent: bool) -> &'static str {
    if persistent { "true" } else { "false" }
}

/// Whether a proxy says in the lines of `Proxy-Support` that it supports `Session-Based-Authentication`.
pub fn supports_session_based<'a, V>(lines: impl IntoIterator<Item = &'a V>) -> bool
where
    V: AsRef<[u8]> + ?Sized + 'a,
{
    list_has(lines, SESSION_BASED)
}

/// What a client remembers about one connection between requests. Keep it with the connection, and keep the
/// connection for one user, one mechanism and one level of delegation: an authenticated connection that serves
/// somebody else's request gives them this user's rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Persistence {
    authenticated: bool,
    persistent: bool,
}

impl Persistence {
    /// A new connection: nobody is authenticated.
    #[must_use]
    pub const fn new() -> Self {
        Self { authenticated: false, persistent: false }
    }

    /// An authentication succeeded. `field` is what [`parse_persistent_auth`] made of the response; without it, a
    /// connection is persistent for NTLM only (MS-N2HT section 2.2.2).
    pub fn succeeded(&mut self, field: Option<bool>, mechanism: &Oid) {
        self.authenticated = true;
        self.persistent = field.unwrap_or(oid::same_mechanism(mechanism, &oid::NTLMSSP));
    }

    /// A response asked for credentials.
    pub fn challenged(&mut self) {
        self.persistent = false;
    }

    /// Whether an authentication succeeded on this connection.
    #[must_use]
    pub const fn authenticated(&self) -> bool {
        self.authenticated
    }

    /// Whether requests go without credentials, because the connection has the user's.
    #[must_use]
    pub const fn persistent(&self) -> bool {
        self.persistent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persistent_auth_is_true_false_or_ignored() {
        for (value, expected) in [
            ("true", Some(true)),
            (" FALSE\t", Some(false)),
            ("True", Some(true)),
            ("yes", None),
            ("", None),
            ("true, false", None),
            ("1", None),
        ] {
            assert_eq!(parse_persistent_auth(value.as_bytes()), expected, "{value:?}");
        }
        for persistent in [true, false] {
            assert_eq!(parse_persistent_auth(persistent_auth_value(persistent).as_bytes()), Some(persistent));
        }
    }

    #[test]
    fn the_mechanism_decides_where_the_field_does_not() {
        for (field, mechanism, persistent) in [
            (None, oid::KRB5, false),
            (None, oid::NTLMSSP, true),
            (Some(true), oid::KRB5, true),
            (Some(false), oid::NTLMSSP, false),
        ] {
            let mut connection = Persistence::new();
            assert!(!connection.authenticated() && !connection.persistent());
            connection.succeeded(field, &mechanism);
            assert!(connection.authenticated());
            assert_eq!(connection.persistent(), persistent);
            connection.challenged();
            assert!(connection.authenticated() && !connection.persistent());
        }
    }

    #[test]
    fn session_based_authentication_is_one_of_a_list() {
        assert!(supports_session_based(["session-based-authentication"]));
        assert!(supports_session_based(["other", "x ,Session-Based-Authentication, y"]));
        assert!(!supports_session_based(["Session-Based-Authentication-Not", "Session-Based"]));
        assert!(!supports_session_based::<str>([]));
    }
}
