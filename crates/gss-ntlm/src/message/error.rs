//! Why no message can be protected.

use crate::wire::NegotiateFlags;
use core::fmt;
use gss_core::{Blame, Diagnose, MajorStatus};

/// The flags would protect messages with less than this crate is willing to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeakKey {
    /// Keys of 40 bits: neither 128 nor 56 were negotiated.
    FortyBits {
        /// What was negotiated.
        flags: NegotiateFlags,
    },
    /// No extended session security: one key for both directions, and CRC-32 for a MAC.
    NoExtendedSessionSecurity {
        /// What was negotiated.
        flags: NegotiateFlags,
    },
}

impl Diagnose for WeakKey {
    fn blame(&self) -> Blame {
        Blame::Peer
    }

    fn code(&self) -> &'static str {
        match self {
            Self::FortyBits { .. } => "ntlm_weak_key",
            Self::NoExtendedSessionSecurity { .. } => "ntlm_no_extended_session_security",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::UNAUTHORIZED
    }
}

impl fmt::Display for WeakKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FortyBits { flags } => write!(
                f,
                "keys of 40 bits would protect messages, expected 128 or 56 (negotiated: {flags}); let the peer offer \
                 key_128"
            ),
            Self::NoExtendedSessionSecurity { flags } => write!(
                f,
                "messages would be protected without extended_session_security (negotiated: {flags}); let the peer \
                 offer it"
            ),
        }
    }
}

impl core::error::Error for WeakKey {}
