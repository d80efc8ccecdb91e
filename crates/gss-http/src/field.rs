//! Field names and values as this crate gives them to a program.

#[cfg(feature = "alloc")]
use crate::base64;
#[cfg(feature = "alloc")]
use crate::persistence::{PERSISTENT_AUTH, persistent_auth_value};
#[cfg(feature = "alloc")]
use crate::scheme::Scheme;
#[cfg(feature = "alloc")]
use alloc::string::String;
#[cfg(feature = "alloc")]
use core::fmt;

/// Who authenticates the client: the server that has the resource, or a proxy on the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Side {
    /// The server itself: 401, `WWW-Authenticate`, `Authorization`, `Authentication-Info`.
    #[default]
    Origin,
    /// A proxy: 407, `Proxy-Authenticate`, `Proxy-Authorization`, `Proxy-Authentication-Info`.
    Proxy,
}

impl Side {
    /// The status that asks for credentials (RFC 9110 sections 15.5.2 and 15.5.8).
    #[must_use]
    pub const fn challenge_status(self) -> u16 {
        match self {
            Self::Origin => 401,
            Self::Proxy => 407,
        }
    }

    /// The response field with challenges and tokens.
    #[must_use]
    pub const fn challenge_field(self) -> &'static str {
        match self {
            Self::Origin => "WWW-Authenticate",
            Self::Proxy => "Proxy-Authenticate",
        }
    }

    /// The request field with credentials.
    #[must_use]
    pub const fn credentials_field(self) -> &'static str {
        match self {
            Self::Origin => "Authorization",
            Self::Proxy => "Proxy-Authorization",
        }
    }

    /// The response field with parameters at the end of an exchange (RFC 9110 section 11.6.3).
    #[must_use]
    pub const fn info_field(self) -> &'static str {
        match self {
            Self::Origin => "Authentication-Info",
            Self::Proxy => "Proxy-Authentication-Info",
        }
    }
}

/// A field for a program to add to its request or response.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug)]
pub struct HeaderField {
    /// The field's name.
    pub name: &'static str,
    /// The field's value.
    pub value: HeaderValue,
}

#[cfg(feature = "alloc")]
impl HeaderField {
    pub(crate) fn credentials(side: Side, scheme: Scheme, token: &[u8]) -> Self {
        Self { name: side.credentials_field(), value: HeaderValue::token(scheme, token) }
    }

    pub(crate) fn challenge(side: Side, scheme: Scheme, token: &[u8]) -> Self {
        Self { name: side.challenge_field(), value: HeaderValue::token(scheme, token) }
    }

    pub(crate) fn persistent_auth(persistent: bool) -> Self {
        Self { name: PERSISTENT_AUTH, value: HeaderValue(persistent_auth_value(persistent).into()) }
    }
}

/// The value of an authentication field: visible ASCII and spaces, and sensitive. A program that copies it into
/// the header type of its HTTP library marks it so there too, lest it be logged or put into an HPACK table.
#[cfg(feature = "alloc")]
#[derive(Clone)]
pub struct HeaderValue(String);

#[cfg(feature = "alloc")]
impl HeaderValue {
    /// The scheme and the base64 of `token`; only the scheme when it is empty.
    #[must_use]
    pub fn token(scheme: Scheme, token: &[u8]) -> Self {
        let mut value = alloc::vec::Vec::new();
        let len = base64::encoded_len(token.len()).unwrap_or(0);
        value.reserve_exact(scheme.name().len().saturating_add(1).saturating_add(len));
        // A vector is never full, and what is written is ASCII: neither branch is taken.
        if scheme.write_token(token, &mut value).is_err() {
            value.clear();
        }
        Self(String::from_utf8(value).unwrap_or_default())
    }

    /// A value that was written as text.
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The value as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The value as a string that is no longer marked as sensitive.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// The scheme and the length of what follows, never the token.
#[cfg(feature = "alloc")]
impl fmt::Debug for HeaderValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once(' ') {
            // Parameters without a scheme in front of them, as in `Authentication-Info`.
            _ if self.0.split(' ').next().is_some_and(|first| first.contains('=')) => {
                write!(f, "[{} bytes]", self.0.len())
            }
            Some((scheme, rest)) => write!(f, "{scheme} [{} bytes]", rest.len()),
            None => f.write_str(&self.0),
        }
    }
}

#[cfg(feature = "alloc")]
impl AsRef<[u8]> for HeaderValue {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(feature = "alloc")]
impl AsRef<str> for HeaderValue {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn values_show_their_length_only() {
        let value = HeaderValue::token(Scheme::Negotiate, b"secret");
        assert_eq!(value.as_str(), "Negotiate c2VjcmV0");
        let field = HeaderField { name: Side::Proxy.credentials_field(), value };
        let shown = format!("{field:?}");
        assert_eq!(shown, r#"HeaderField { name: "Proxy-Authorization", value: Negotiate [8 bytes] }"#);
        assert_eq!(format!("{:?}", HeaderValue::token(Scheme::Negotiate, b"")), "Negotiate");
        assert_eq!(field.value.into_string(), "Negotiate c2VjcmV0");
        assert_eq!(HeaderValue::token(Scheme::Ntlm, b"secret").as_str(), "NTLM c2VjcmV0");
        assert_eq!(format!("{:?}", HeaderValue::token(Scheme::Ntlm, b"secret")), "NTLM [8 bytes]");
        assert_eq!(format!("{:?}", HeaderValue::new("ctx=secret, data=x".into())), "[18 bytes]");
        assert_eq!(format!("{:?}", HeaderValue::new("ctx=secret".into())), "[10 bytes]");
    }
}
