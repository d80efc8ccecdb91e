//! The `Negotiate` scheme (RFC 4559, with the corrections of MS-N2HT): both sides, for servers and for proxies.

#[cfg(feature = "alloc")]
pub mod client;
#[cfg(feature = "alloc")]
pub mod server;

use crate::base64::{self, Base64Error};
use crate::challenge::{Credentials, FieldError, challenges};
use crate::field::NEGOTIATE;
use core::fmt;
use gss_core::framing::Framed;
use gss_core::{TokenSink, oid};

/// How many tokens one side sends in one exchange, unless the caller says otherwise. Kerberos needs one, NTLM two,
/// and a SPNEGO reselection one more.
pub const DEFAULT_MAX_LEGS: usize = 10;

/// How many bytes a token may have, unless the caller says otherwise. A Kerberos ticket with the groups of Active
/// Directory has 2 to 16 KiB commonly, and 48,000 bytes by the default limit of Windows.
pub const DEFAULT_MAX_TOKEN: usize = 64 * 1024;

/// What a response offers for `Negotiate`.
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
    /// Finds the `Negotiate` challenge among the challenges in the lines of a field, whatever other schemes are there.
    ///
    /// Parameters mean nothing in this scheme: a challenge that has some counts as bare. A challenge that occurs
    /// twice in the same form counts once. Lines that break the grammar matter only where no `Negotiate` is found.
    ///
    /// # Errors
    /// [`OfferError`].
    pub fn find<V, I>(lines: I) -> Result<Self, OfferError>
    where
        V: AsRef<[u8]> + ?Sized + 'a,
        I: IntoIterator<Item = &'a V>,
    {
        let mut found = Self::Absent;
        let mut broken = None;
        for challenge in challenges(lines) {
            let offer = match challenge {
                Ok(challenge) if challenge.is(NEGOTIATE) => match challenge.credentials {
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
                return Err(OfferError::Ambiguous);
            }
            found = offer;
        }
        match broken {
            Some(error) if found == Self::Absent => Err(OfferError::Field(error)),
            _ => Ok(found),
        }
    }
}

/// The challenges of a response do not say one thing about `Negotiate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OfferError {
    /// Two `Negotiate` challenges that differ.
    Ambiguous,
    /// No `Negotiate` challenge, and something that breaks the grammar.
    Field(FieldError),
}

impl OfferError {
    /// The rule as one stable word in snake case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ambiguous => "ambiguous_challenge",
            Self::Field(error) => gss_core::Diagnose::code(error),
        }
    }
}

impl fmt::Display for OfferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous => f.write_str("two Negotiate challenges that differ, expected one"),
            Self::Field(error) => write!(f, "challenges: {error}"),
        }
    }
}

impl core::error::Error for OfferError {}

/// A token that cannot be taken out of its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// Not base64.
    Base64(Base64Error),
    /// Longer than the limit.
    TooLong {
        /// Bytes the token would have.
        found: usize,
        /// Bytes it may have.
        limit: usize,
    },
}

impl TokenError {
    /// The rule as one stable word in snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Base64(error) => error.code(),
            Self::TooLong { .. } => "token_too_long",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base64(error) => write!(f, "token: {error}"),
            Self::TooLong { found, limit } => write!(f, "token has {found} bytes, at most {limit} are taken"),
        }
    }
}

impl core::error::Error for TokenError {}

/// Appends the token that `text` stands for, if it has at most `limit` bytes.
///
/// # Errors
/// [`TokenError`]; nothing was appended then.
pub fn decode_token(text: &str, limit: usize, output: &mut dyn TokenSink) -> Result<(), TokenError> {
    let found = base64::decoded_len(text);
    if found > limit {
        return Err(TokenError::TooLong { found, limit });
    }
    base64::decode(text, output).map_err(TokenError::Base64)
}

/// Where in an exchange an initiator's token belongs, as far as its first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenPlace {
    /// It begins an exchange: RFC 2743 framing of SPNEGO or Kerberos, or NTLM's first message.
    First,
    /// It answers a token: SPNEGO's `NegTokenResp`, or a later message of NTLM.
    Later,
    /// Either: mechanisms like IAKERB frame all their tokens.
    Unknown,
}

impl TokenPlace {
    /// Looks at a token.
    #[must_use]
    pub fn of(token: &[u8]) -> Self {
        if let Some(rest) = token.strip_prefix(b"NTLMSSP\0") {
            return if rest.starts_with(&[1]) { Self::First } else { Self::Later };
        }
        match token.first() {
            Some(&gss_core::framing::FRAME_TAG) => match Framed::parse(token) {
                Ok(framed)
                    if framed.mechanism != oid::SPNEGO
                        && !oid::same_mechanism(&framed.mechanism, &oid::KRB5) =>
                {
                    Self::Unknown
                }
                _ => Self::First,
            },
            Some(&NEG_TOKEN_RESP_TAG) => Self::Later,
            _ => Self::Unknown,
        }
    }
}

/// `[1]` of the choice in RFC 4178 section 4.2.
const NEG_TOKEN_RESP_TAG: u8 = 0xa1;

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use gss_core::framing::frame_from;

    #[test]
    fn offers_are_found_among_other_schemes() {
        for (lines, offer) in [
            (&["Negotiate"][..], Ok(Offer::Bare)),
            (&["nEGOTIATE YII="], Ok(Offer::Token("YII="))),
            (&["Basic realm=\"x, Negotiate\""], Ok(Offer::Absent)),
            (&["NTLM, Negotiate, Basic realm=x"], Ok(Offer::Bare)),
            (&["NTLM", "Negotiate abcd", "Negotiate abcd"], Ok(Offer::Token("abcd"))),
            (&["Negotiate", "Negotiate abcd"], Err("ambiguous_challenge")),
            (&["Negotiate abcd, Negotiate abce"], Err("ambiguous_challenge")),
            (&["Negotiate realm=x"], Ok(Offer::Bare)),
            (&["Nego2, Negotiates"], Ok(Offer::Absent)),
            (&["Basic realm=\"open", "Negotiate"], Ok(Offer::Bare)),
            (&["Basic realm=\"open, Negotiate"], Err("unclosed_quote")),
            (&["Negotiate abcd, realm=x"], Err("token68_mixed")),
            (&[][..], Ok(Offer::Absent)),
        ] {
            let found = Offer::find(lines).map_err(|error| error.code());
            assert_eq!(found, offer, "{lines:?}");
        }
    }

    #[test]
    fn the_first_bytes_tell_where_a_token_belongs() {
        let framed = |mechanism| {
            let mut token = Vec::from(*b"inner");
            frame_from(&mut token, 0, &mechanism).unwrap();
            token
        };
        for (token, place) in [
            (framed(oid::SPNEGO), TokenPlace::First),
            (framed(oid::KRB5), TokenPlace::First),
            (framed(oid::KRB5_MICROSOFT), TokenPlace::First),
            (framed(oid::IAKERB), TokenPlace::Unknown),
            (Vec::from(*b"\x60broken"), TokenPlace::First),
            (Vec::from(*b"\xa1\x02"), TokenPlace::Later),
            (Vec::from(*b"NTLMSSP\0\x01\0\0\0"), TokenPlace::First),
            (Vec::from(*b"NTLMSSP\0\x03\0\0\0"), TokenPlace::Later),
            (Vec::from(*b"NTLMSSP\0"), TokenPlace::Later),
            (Vec::from(*b"\x6e\x82"), TokenPlace::Unknown),
            (Vec::new(), TokenPlace::Unknown),
        ] {
            assert_eq!(TokenPlace::of(&token), place, "{token:02x?}");
        }
    }

    #[test]
    fn the_limit_is_checked_before_anything_is_decoded() {
        let mut output = Vec::new();
        decode_token("Zm9v", 3, &mut output).unwrap();
        assert_eq!(output, b"foo");
        assert_eq!(decode_token("Zm9v", 2, &mut output), Err(TokenError::TooLong { found: 3, limit: 2 }));
        assert_eq!(decode_token("!!!!", 2, &mut output), Err(TokenError::TooLong { found: 3, limit: 2 }));
        assert_eq!(output, b"foo");
    }
}
