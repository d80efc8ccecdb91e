//! The three messages of NTLM and what is in them (MS-NLMP section 2.2).
//!
//! Reading copies nothing and writing needs no heap. A message is a fixed header, whose fields name places in a payload
//! behind it. Places are checked in 64 bits and against the end of the message, so no pair of length and offset can
//! wrap. Fields may lie in any order, overlap and have gaps between them; only into the header they may not reach.
//!
//! Numbers are least significant byte first. Offsets in errors are in bytes from the start of the message.

mod authenticate;
mod av;
mod challenge;
mod error;
mod fields;
mod flags;
pub mod leniency;
mod negotiate;
mod response;
mod text;
mod version;

#[cfg(test)]
mod tests;

pub use self::authenticate::AuthenticateMessage;
pub use self::av::{
    AvError, AvErrorKind, AvId, AvPair, AvPairs, MAX_AV_LIST_LEN, MAX_AV_PAIRS, put_av_pair, put_av_text,
    put_utf16,
};
pub use self::challenge::ChallengeMessage;
pub use self::error::{WireError, WriteError};
pub use self::fields::Field;
pub use self::flags::{AvFlags, NegotiateFlags};
pub use self::negotiate::NegotiateMessage;
pub use self::response::{LmV2Response, NtlmV2Response, ResponseError, ResponseKind};
pub use self::text::{Charset, Text, TextError, TextErrorKind};
pub use self::version::Version;
pub use gss_core::FileTime;

pub(crate) use self::authenticate::slot as authenticate_slot;
pub(crate) use self::fields::PayloadWriter;

use core::fmt;
use gss_core::reader::Reader;

/// The bytes every message begins with.
pub const SIGNATURE: [u8; 8] = *b"NTLMSSP\0";

/// Which of the three messages one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// The client's first message: what it can do.
    Negotiate = 1,
    /// The server's answer: what it wants, and its challenge.
    Challenge = 2,
    /// The client's second message: who it is, and the proof.
    Authenticate = 3,
}

impl MessageType {
    /// The type of the message in `token`; no more than its first twelve bytes are looked at.
    ///
    /// # Errors
    /// [`WireError::Header`] for fewer than twelve bytes, [`WireError::Signature`] and [`WireError::UnknownType`].
    pub fn of(token: &[u8]) -> Result<Self, WireError> {
        Self::read(&mut Reader::new(token))
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let found = reader.take_array()?;
        if found != SIGNATURE {
            return Err(WireError::Signature { found });
        }
        match reader.u32_le()? {
            1 => Ok(Self::Negotiate),
            2 => Ok(Self::Challenge),
            3 => Ok(Self::Authenticate),
            found => Err(WireError::UnknownType { found }),
        }
    }

    /// A reader behind signature and type of `message`, which must be of this type.
    fn expect(self, message: &[u8]) -> Result<Reader<'_>, WireError> {
        let mut reader = Reader::new(message);
        match Self::read(&mut reader)? {
            found if found == self => Ok(reader),
            found => Err(WireError::OtherType { expected: self, found }),
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Negotiate => 1,
            Self::Challenge => 2,
            Self::Authenticate => 3,
        }
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Negotiate => "NEGOTIATE",
            Self::Challenge => "CHALLENGE",
            Self::Authenticate => "AUTHENTICATE",
        })
    }
}
