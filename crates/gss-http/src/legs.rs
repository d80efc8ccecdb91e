//! Exchanges of tokens, one for each leg: both sides of `Negotiate` (RFC 4559, with the corrections of MS-N2HT) and of
//! `NTLM` (MS-NTHT), for servers and for proxies.
//!
//! The two schemes differ in what a token may be and in nothing else, so that one state machine for each side serves
//! both. A handshake of several legs, and everything that NTLM does, belongs to one connection; see [`server`].

#[cfg(feature = "alloc")]
pub mod client;
#[cfg(feature = "alloc")]
pub mod server;
mod token;

pub use self::token::{TokenError, TokenPlace, decode_token};

use crate::challenge::{Credentials, FieldError, challenges};
use crate::scheme::Scheme;
use core::fmt;

/// How many tokens one side sends in one exchange, unless the caller says otherwise. Kerberos needs one, NTLM two,
/// and a SPNEGO reselection one more.
pub const DEFAULT_MAX_LEGS: usize = 10;

/// How many bytes a token may have, unless the caller says otherwise. A Kerberos ticket with the groups of Active
/// Directory has 2 to 16 KiB commonly, and 48,000 bytes by the default limit of Windows.
pub const DEFAULT_MAX_TOKEN: usize = 64 * 1024;

/// The version of HTTP that a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Version {
    /// HTTP/1.0 or 1.1: one request after the other.
    #[default]
    Http1,
    /// HTTP/2: requests are mixed.
    Http2,
    /// HTTP/3: requests are mixed.
    Http3,
}

impl Version {
    /// Whether requests of several users may share a connection, so that nothing can be bound to it.
    #[must_use]
    pub const fn multiplexes(self) -> bool {
        matches!(self, Self::Http2 | Self::Http3)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http1 => "HTTP/1",
            Self::Http2 => "HTTP/2",
            Self::Http3 => "HTTP/3",
        })
    }
}

/// What a response offers for one scheme.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Offer<'a> {
    /// No such challenge.
    Absent,
    /// The scheme by itself.
    Bare,
    /// The scheme with a token, in base64.
    Token(&'a str),
}

/// Hides the token.
impl fmt::Debug for Offer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::Bare => f.write_str("Bare"),
            Self::Token(text) => write!(f, "Token([{} bytes])", text.len()),
        }
    }
}

impl<'a> Offer<'a> {
    /// Finds the scheme's challenge among the challenges in the lines of a field, whatever other schemes are there.
    ///
    /// Parameters mean nothing in these schemes: a challenge that has some counts as bare. A challenge that occurs
    /// twice in the same form counts once. Lines that break the grammar matter only where the scheme is not found.
    ///
    /// # Errors
    /// [`OfferError`].
    pub fn find<V, I>(scheme: Scheme, lines: I) -> Result<Self, OfferError>
    where
        V: AsRef<[u8]> + ?Sized + 'a,
        I: IntoIterator<Item = &'a V>,
    {
        let mut found = Self::Absent;
        let mut broken = None;
        for challenge in challenges(lines) {
            let offer = match challenge {
                Ok(challenge) if challenge.is(scheme.name()) => match challenge.credentials {
                    Credentials::Token68(text) => Self::Token(text),
                    Credentials::None | Credentials::Params(_) => Self::Bare,
                },
                Ok(_) => continue,
                Err(error) => {
                    broken = broken.or(Some(error));
                    continue;
                }
            };
            if found != Self::Absent && found != offer {
                return Err(OfferError::Ambiguous { scheme });
            }
            found = offer;
        }
        match broken {
            Some(error) if found == Self::Absent => Err(OfferError::Field(error)),
            _ => Ok(found),
        }
    }
}

/// The challenges of a response do not say one thing about a scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OfferError {
    /// Two challenges of the scheme that differ.
    Ambiguous {
        /// The scheme.
        scheme: Scheme,
    },
    /// No challenge of the scheme, and something that breaks the grammar.
    Field(FieldError),
}

impl OfferError {
    /// The rule as one stable word in snake case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ambiguous { .. } => "ambiguous_challenge",
            Self::Field(error) => gss_core::Diagnose::code(error),
        }
    }
}

impl fmt::Display for OfferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous { scheme } => write!(f, "two {scheme} challenges that differ, expected one"),
            Self::Field(error) => write!(f, "challenges: {error}"),
        }
    }
}

impl core::error::Error for OfferError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_are_found_among_other_schemes() {
        for (lines, negotiate, ntlm) in [
            (&["Negotiate"][..], Ok(Offer::Bare), Ok(Offer::Absent)),
            (&["nEGOTIATE YII="], Ok(Offer::Token("YII=")), Ok(Offer::Absent)),
            (&["Basic realm=\"x, Negotiate\""], Ok(Offer::Absent), Ok(Offer::Absent)),
            (&["NTLM, Negotiate, Basic realm=x"], Ok(Offer::Bare), Ok(Offer::Bare)),
            (&["NTLM", "Negotiate abcd", "Negotiate abcd"], Ok(Offer::Token("abcd")), Ok(Offer::Bare)),
            (&["Negotiate abcd, ntlm abce"], Ok(Offer::Token("abcd")), Ok(Offer::Token("abce"))),
            (&["Negotiate", "Negotiate abcd"], Err("ambiguous_challenge"), Ok(Offer::Absent)),
            (&["NTLM", "NTLM abcd"], Ok(Offer::Absent), Err("ambiguous_challenge")),
            (&["Negotiate abcd, Negotiate abce"], Err("ambiguous_challenge"), Ok(Offer::Absent)),
            (&["Negotiate realm=x"], Ok(Offer::Bare), Ok(Offer::Absent)),
            (&["Nego2, Negotiates, NTLM2"], Ok(Offer::Absent), Ok(Offer::Absent)),
            (&["Basic realm=\"open", "Negotiate"], Ok(Offer::Bare), Err("unclosed_quote")),
            (&["Basic realm=\"open, Negotiate"], Err("unclosed_quote"), Err("unclosed_quote")),
            (&["Negotiate abcd, realm=x"], Err("token68_mixed"), Err("token68_mixed")),
            (&[][..], Ok(Offer::Absent), Ok(Offer::Absent)),
        ] {
            for (scheme, offer) in [(Scheme::Negotiate, negotiate), (Scheme::Ntlm, ntlm)] {
                let found = Offer::find(scheme, lines).map_err(|error| error.code());
                assert_eq!(found, offer, "{scheme} {lines:?}");
            }
        }
    }
}
