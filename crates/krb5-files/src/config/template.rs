//! Path names with `%{...}` in them.

use alloc::string::{String, ToString};
use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus};

/// A name of a cache or keytab with tokens in it, as `KEYRING:persistent:%{uid}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PathTemplate<'a>(pub &'a str);

/// The tokens that MIT krb5 has on Unix, in the order in which it looks for them.
pub const TOKENS: [&str; 9] =
    ["LIBDIR", "BINDIR", "SBINDIR", "euid", "username", "TEMP", "USERID", "uid", "null"];

impl PathTemplate<'_> {
    /// Puts the values of tokens in. `%{null}` is empty; for the others of [`TOKENS`] the caller is asked.
    ///
    /// As in MIT krb5, a token can be cut short: `%{user}` is `%{username}`.
    ///
    /// ```
    /// use krb5_files::config::PathTemplate;
    ///
    /// let value = |token: &str| (token == "uid").then(|| "1000".to_string());
    /// assert_eq!(PathTemplate("FILE:/tmp/krb5cc_%{uid}").expand(value).unwrap(), "FILE:/tmp/krb5cc_1000");
    /// ```
    ///
    /// # Errors
    /// Where a token has no end or no value.
    pub fn expand(self, mut value: impl FnMut(&str) -> Option<String>) -> Result<String, TokenError> {
        let mut expanded = String::new();
        let mut rest = self.0;
        while let Some((before, token)) = rest.split_once("%{") {
            expanded.push_str(before);
            let (token, after) = token.split_once('}').ok_or(TokenError::NotClosed)?;
            let unknown = || TokenError::Unknown { token: token.to_string() };
            let known = TOKENS.into_iter().find(|known| !token.is_empty() && known.starts_with(token));
            match known.ok_or_else(unknown)? {
                "null" => {}
                known => {
                    let value =
                        value(known).ok_or_else(|| TokenError::NoValue { token: known.to_string() })?;
                    expanded.push_str(&value);
                }
            }
            rest = after;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }
}

impl fmt::Display for PathTemplate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Why a name could not be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// `%{` without `}`.
    NotClosed,
    /// A token that does not exist.
    Unknown {
        /// What stands in the braces.
        token: String,
    },
    /// The caller has no value for the token.
    NoValue {
        /// The token.
        token: String,
    },
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotClosed => f.write_str("'%{' without '}'"),
            Self::Unknown { token } => write!(f, "%{{{token}}}, expected one of {}", TOKENS.join(", ")),
            Self::NoValue { token } => write!(f, "%{{{token}}} has no value here; write the name out"),
        }
    }
}

impl core::error::Error for TokenError {}

impl Diagnose for TokenError {
    fn blame(&self) -> Blame {
        Blame::Environment
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotClosed => "config_token_not_closed",
            Self::Unknown { .. } => "config_token_unknown",
            Self::NoValue { .. } => "config_token_no_value",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::FAILURE
    }
}
