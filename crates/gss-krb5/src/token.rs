//! Context tokens: framing, token identifiers and the bytes inside (RFC 4121 section 4.1).

use core::fmt;
use core::ops::Range;
use gss_core::framing::{FRAME_TAG, FrameError, Framed};
use gss_core::oid::{self, Oid};

/// The two bytes in front of the Kerberos message in a context token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenId(pub [u8; 2]);

impl TokenId {
    /// AP-REQ.
    pub const AP_REQ: Self = Self([1, 0]);
    /// AP-REP.
    pub const AP_REP: Self = Self([2, 0]);
    /// KRB-ERROR.
    pub const KRB_ERROR: Self = Self([3, 0]);
    /// IAKERB-PROXY.
    pub const IAKERB_PROXY: Self = Self([5, 1]);
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [high, low] = self.0;
        write!(f, "{high:02x} {low:02x}")
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::AP_REQ => f.write_str("AP-REQ (01 00)"),
            Self::AP_REP => f.write_str("AP-REP (02 00)"),
            Self::KRB_ERROR => f.write_str("KRB-ERROR (03 00)"),
            Self::IAKERB_PROXY => f.write_str("IAKERB-PROXY (05 01)"),
            other => fmt::Debug::fmt(&other, f),
        }
    }
}

/// How the messages of one exchange are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// As RFC 4121 demands: framed, under this mechanism's identifier.
    Gss(Oid),
    /// The bare Kerberos message: DCE style (MS-KILE 3.4.5.1), and SMB clients that leave the framing out.
    Bare,
}

/// A context token, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextToken {
    /// How the message is framed.
    pub framing: Framing,
    /// What the message claims to be. For a bare message this follows from its tag.
    pub id: TokenId,
    /// Where the Kerberos message lies in the token.
    pub message: Range<usize>,
}

impl ContextToken {
    /// Takes a token apart.
    ///
    /// # Errors
    /// [`TokenError`] when it is neither framed for Kerberos nor a bare AP-REQ, AP-REP or KRB-ERROR.
    pub fn parse(token: &[u8]) -> Result<Self, TokenError> {
        Self::parse_as(token, &oid::KRB5)
    }

    /// The same for tokens framed for `mechanism`: [`oid::KRB5`] or one of its aliases, or [`oid::IAKERB`].
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_as(token: &[u8], mechanism: &Oid) -> Result<Self, TokenError> {
        match token.first() {
            None => Err(TokenError::Empty),
            Some(&FRAME_TAG) => Self::parse_framed(token, mechanism),
            Some(first) => {
                let id = match first {
                    0x6e => TokenId::AP_REQ,
                    0x6f => TokenId::AP_REP,
                    0x7e => TokenId::KRB_ERROR,
                    first => return Err(TokenError::Unrecognised { first: *first }),
                };
                Ok(Self { framing: Framing::Bare, id, message: 0..token.len() })
            }
        }
    }

    fn parse_framed(token: &[u8], mechanism: &Oid) -> Result<Self, TokenError> {
        let framed = Framed::parse(token)?;
        if !oid::same_mechanism(&framed.mechanism, mechanism) {
            return Err(TokenError::Mechanism { found: framed.mechanism });
        }
        let Some((id, _)) = framed.inner.split_first_chunk::<2>() else {
            return Err(TokenError::NoTokenId);
        };
        Ok(Self {
            framing: Framing::Gss(framed.mechanism),
            id: TokenId(*id),
            message: framed.inner_offset.saturating_add(id.len())..token.len(),
        })
    }
}

/// Bytes that form no context token of Kerberos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// There are no bytes.
    Empty,
    /// The framing is broken.
    Frame(FrameError),
    /// The framing names another mechanism.
    Mechanism {
        /// The mechanism that is named.
        found: Oid,
    },
    /// The framing has nothing inside.
    NoTokenId,
    /// The first byte begins neither a framed token nor a bare message.
    Unrecognised {
        /// That byte.
        first: u8,
    },
}

impl From<FrameError> for TokenError {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the token is empty, expected a Kerberos context token"),
            Self::Frame(error) => error.fmt(f),
            Self::Mechanism { found } => match oid::mechanism_name(found) {
                Some(name) => write!(f, "token of mechanism {name} ({found}), expected Kerberos"),
                None => write!(f, "token of mechanism {found}, expected Kerberos"),
            },
            Self::NoTokenId => f.write_str("the token ends before its token identifier"),
            Self::Unrecognised { first } => {
                write!(f, "the token begins with {first:#04x}, expected a Kerberos context token (0x60)")
            }
        }
    }
}

impl core::error::Error for TokenError {}

/// Where `inner`, a part of `outer`, lies in it; `None` when it is no part.
pub(crate) fn range_in(outer: &[u8], inner: &[u8]) -> Option<Range<usize>> {
    let start = (inner.as_ptr() as usize).checked_sub(outer.as_ptr() as usize)?;
    let end = start.checked_add(inner.len())?;
    (end <= outer.len()).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn framed_and_bare_tokens_are_told_apart() {
        let mut token = Vec::from(*b"\x01\x00message");
        gss_core::framing::frame_from(&mut token, 0, &oid::KRB5).unwrap();
        let parsed = ContextToken::parse(&token).unwrap();
        assert_eq!((parsed.framing, parsed.id), (Framing::Gss(oid::KRB5), TokenId::AP_REQ));
        assert_eq!(&token[parsed.message], b"message");

        let bare = ContextToken::parse(&[0x6f, 0]).unwrap();
        assert_eq!((bare.framing, bare.id, bare.message), (Framing::Bare, TokenId::AP_REP, 0..2));
    }

    #[test]
    fn each_rule_has_its_error() {
        let framed = |oid: &Oid, inner: &[u8]| {
            let mut token = Vec::from(inner);
            gss_core::framing::frame_from(&mut token, 0, oid).unwrap();
            ContextToken::parse(&token)
        };
        assert_eq!(ContextToken::parse(&[]), Err(TokenError::Empty));
        assert_eq!(ContextToken::parse(b"NTLMSSP\0"), Err(TokenError::Unrecognised { first: b'N' }));
        assert_eq!(framed(&oid::NTLMSSP, b"\x01\x00"), Err(TokenError::Mechanism { found: oid::NTLMSSP }));
        assert_eq!(framed(&oid::KRB5, b"\x01"), Err(TokenError::NoTokenId));
        assert!(matches!(ContextToken::parse(&[0x60, 0x80]), Err(TokenError::Frame(_))));
    }

    #[test]
    fn ranges_of_parts() {
        let outer = *b"abcdef";
        assert_eq!(range_in(&outer, &outer[2..4]), Some(2..4));
        assert_eq!(range_in(&outer[2..4], &outer), None);
    }
}
