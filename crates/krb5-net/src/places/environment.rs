//! The variables that all Kerberos programs share.

use std::env;

use super::User;

/// What the environment says about Kerberos. Empty by [`Default`]: for a program that wants nothing of it.
///
/// Text that is not UTF-8 has U+FFFD in place of what cannot be read, and then names nothing that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `KRB5_CONFIG`: the configuration files, with colons between them on Unix.
    pub config: Option<String>,
    /// `KRB5CCNAME`: the credential cache.
    pub cache: Option<String>,
    /// `KRB5_KTNAME`: the keytab of acceptors.
    pub keytab: Option<String>,
    /// `KRB5_CLIENT_KTNAME`: the keytab of initiators.
    pub client_keytab: Option<String>,
    /// `HOME`: what `~` stands for in the names of configuration files.
    pub home: Option<String>,
    /// `TMPDIR`: what `%{TEMP}` stands for.
    pub temp: Option<String>,
}

impl Environment {
    /// Reads the variables, the only place of this crate that does.
    ///
    /// A program that runs with other rights than those of its caller gets none: whoever starts it could otherwise
    /// choose the files that it reads and writes. MIT krb5 does the same (`secure_getenv`).
    #[must_use]
    pub fn of_process(user: Option<&User>) -> Self {
        if user.is_some_and(|user| user.elevated) {
            return Self::default();
        }
        let read = |name: &str| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        Self {
            config: read("KRB5_CONFIG"),
            cache: read("KRB5CCNAME"),
            keytab: read("KRB5_KTNAME"),
            client_keytab: read("KRB5_CLIENT_KTNAME"),
            home: read("HOME"),
            temp: read("TMPDIR"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elevated_program_gets_nothing() {
        let user = User { real: 1000, effective: 0, elevated: true };
        // Cargo sets HOME or the test would prove nothing.
        assert!(Environment::of_process(None).home.is_some());
        assert_eq!(Environment::of_process(Some(&user)), Environment::default());
    }
}
