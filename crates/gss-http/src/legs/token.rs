use crate::base64::{self, Base64Error};
#[cfg(feature = "alloc")]
use crate::scheme::Scheme;
use core::fmt;
use gss_core::framing::Framed;
use gss_core::{TokenSink, oid};

/// A token that cannot be taken out of its field, or is not what its scheme has there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// Not base64.
    Base64(Base64Error),
    /// Not an NTLM message, under the scheme `NTLM`.
    NotNtlm,
    /// Longer than the limit.
    TooLong {
        /// Bytes the token would have.
        found: usize,
        /// Bytes it may have.
        limit: usize,
    },
    /// An NTLM message that the other side never sends.
    WrongNtlmMessage {
        /// The type of the message (MS-NLMP section 2.2.1); `None` when the token ends before it.
        found: Option<u32>,
        /// The types that may come.
        expected: &'static [u32],
    },
}

impl TokenError {
    /// The rule as one stable word in snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Base64(error) => error.code(),
            Self::NotNtlm => "http_not_ntlm",
            Self::TooLong { .. } => "token_too_long",
            Self::WrongNtlmMessage { .. } => "http_wrong_ntlm_message",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base64(error) => write!(f, "token: {error}"),
            Self::NotNtlm => f.write_str(
                "token is no NTLM message; other mechanisms and SPNEGO go with the scheme Negotiate",
            ),
            Self::TooLong { found, limit } => write!(f, "token has {found} bytes, at most {limit} are taken"),
            Self::WrongNtlmMessage { found, expected } => {
                match found {
                    Some(found) => write!(f, "NTLM message of type {found}"),
                    None => f.write_str("NTLM message that ends before its type"),
                }?;
                write!(f, ", expected one of {expected:?}")
            }
        }
    }
}

impl core::error::Error for TokenError {}

/// Appends the token that `text` stands for, if it has at most `limit` bytes.
///
/// # Errors
/// [`TokenError::TooLong`] and [`TokenError::Base64`]; nothing was appended then.
pub fn decode_token(text: &str, limit: usize, output: &mut dyn TokenSink) -> Result<(), TokenError> {
    let found = base64::decoded_len(text);
    if found > limit {
        return Err(TokenError::TooLong { found, limit });
    }
    base64::decode(text, output).map_err(TokenError::Base64)
}

/// With what every NTLM message begins (MS-NLMP section 2.2.1).
const NTLMSSP: &[u8] = b"NTLMSSP\0";

/// The types of NTLM's messages.
pub(super) mod ntlm {
    /// The client's first message.
    pub(crate) const NEGOTIATE: u32 = 1;
    /// The server's only message.
    #[cfg(feature = "alloc")]
    pub(crate) const CHALLENGE: u32 = 2;
    /// The client's last message.
    #[cfg(feature = "alloc")]
    pub(crate) const AUTHENTICATE: u32 = 3;
}

/// Whether a token is an NTLM message without anything around it.
#[cfg(feature = "alloc")]
pub(super) fn is_ntlm(token: &[u8]) -> bool {
    token.starts_with(NTLMSSP)
}

/// Checks that a token is an NTLM message where the scheme wants one, and one of these types wherever it is one.
#[cfg(feature = "alloc")]
pub(super) fn check_ntlm(scheme: Scheme, token: &[u8], expected: &'static [u32]) -> Result<(), TokenError> {
    match token.strip_prefix(NTLMSSP) {
        None if scheme == Scheme::Ntlm => Err(TokenError::NotNtlm),
        None => Ok(()),
        Some(rest) => {
            let found = rest.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
            match found {
                Some(found) if expected.contains(&found) => Ok(()),
                _ => Err(TokenError::WrongNtlmMessage { found, expected }),
            }
        }
    }
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
        if let Some(rest) = token.strip_prefix(NTLMSSP) {
            return if rest.starts_with(&ntlm::NEGOTIATE.to_le_bytes()) { Self::First } else { Self::Later };
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
            (Vec::from(*b"NTLMSSP\0\x01\0\0\x01"), TokenPlace::Later),
            (Vec::from(*b"NTLMSSP\0"), TokenPlace::Later),
            (Vec::from(*b"\x6e\x82"), TokenPlace::Unknown),
            (Vec::new(), TokenPlace::Unknown),
        ] {
            assert_eq!(TokenPlace::of(&token), place, "{token:02x?}");
        }
    }

    #[test]
    fn ntlm_messages_are_of_the_types_that_may_come() {
        let wrong = |found| Err(TokenError::WrongNtlmMessage { found, expected: &[1, 3] });
        for (token, ntlm, negotiate) in [
            (&b"NTLMSSP\0\x01\0\0\0"[..], Ok(()), Ok(())),
            (b"NTLMSSP\0\x03\0\0\0more", Ok(()), Ok(())),
            (b"NTLMSSP\0\x02\0\0\0", wrong(Some(2)), wrong(Some(2))),
            (b"NTLMSSP\0\0\0\0\x01", wrong(Some(0x0100_0000)), wrong(Some(0x0100_0000))),
            (b"NTLMSSP\0\x01\0\0", wrong(None), wrong(None)),
            (b"NTLMSSP", Err(TokenError::NotNtlm), Ok(())),
            (b"\x60\x02", Err(TokenError::NotNtlm), Ok(())),
            (b"", Err(TokenError::NotNtlm), Ok(())),
        ] {
            let expected = &[ntlm::NEGOTIATE, ntlm::AUTHENTICATE];
            assert_eq!(check_ntlm(Scheme::Ntlm, token, expected), ntlm, "{token:02x?}");
            assert_eq!(check_ntlm(Scheme::Negotiate, token, expected), negotiate, "{token:02x?}");
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
