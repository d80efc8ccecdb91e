use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus, Timestamp};
use krb5_asn1::{DecodeError, ErrorCode, der};
use krb5_crypto::{KeyError, PrfTooLong};

use crate::ApReqError;

/// Why nothing goes through the tunnel of FAST, or why what came through it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FastError {
    /// The armor's AP-REQ could not be made.
    Armor(ApReqError),
    /// The armor ticket has expired.
    ArmorExpired {
        /// When it did.
        end: Timestamp,
        /// The time now.
        now: Timestamp,
    },
    /// The armor is no ticket-granting ticket.
    ArmorNotTgt,
    /// What is inside the tunnel is no DER of its kind.
    Decode(DecodeError),
    /// A key could not be derived.
    Derive(PrfTooLong),
    /// Something is longer than DER can hold.
    Encode(der::Error),
    /// The KDC refused, and does not say in the tunnel why.
    ErrorMissing,
    /// The reply does not bind the ticket to the tunnel.
    FinishedMissing,
    /// What came back does not decrypt with the armor key.
    Integrity,
    /// What came back answers another request.
    Nonce {
        /// The nonce that was sent.
        expected: u32,
        /// The nonce in the tunnel.
        found: u32,
    },
    /// The key that strengthens the reply key cannot be used.
    StrengthenKey(KeyError),
    /// The KDC's answer came outside of the tunnel.
    Stripped,
    /// The ticket is not the one that the KDC sent: its checksum does not verify.
    TicketChecksum,
}

impl fmt::Display for FastError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Armor(error) => write!(f, "FAST armor: {error}"),
            Self::ArmorExpired { end, now } => {
                write!(f, "the armor ticket expired at {end}, it is {now} now: get a new one")
            }
            Self::ArmorNotTgt => f.write_str(
                "the armor is no ticket-granting ticket: take the one of the host or of another login",
            ),
            Self::Decode(error) => write!(f, "what the KDC says inside of FAST cannot be read: {error}"),
            Self::Derive(error) => write!(f, "no key for FAST: {error}"),
            Self::Encode(error) => write!(f, "the request cannot be written: {error}"),
            Self::ErrorMissing => f.write_str("the KDC refused, and does not say inside of FAST why"),
            Self::FinishedMissing => f.write_str("the reply does not bind its ticket to FAST"),
            Self::Integrity => {
                f.write_str("what the KDC says inside of FAST does not decrypt with the armor key")
            }
            Self::Nonce { expected, found } => {
                write!(
                    f,
                    "what came inside of FAST answers another request: nonce {found}, expected {expected}"
                )
            }
            Self::StrengthenKey(error) => {
                write!(f, "the KDC's key for strengthening cannot be used: {error}")
            }
            Self::Stripped => f.write_str(
                "the KDC answered outside of FAST: it does not know FAST or does not take the armor ticket, \
                 or somebody on the way removed it",
            ),
            Self::TicketChecksum => {
                f.write_str("the ticket was changed on the way: its checksum does not verify")
            }
        }
    }
}

impl core::error::Error for FastError {}

impl Diagnose for FastError {
    fn blame(&self) -> Blame {
        match self {
            Self::Armor(error) => error.blame(),
            Self::ArmorNotTgt | Self::Encode(_) => Blame::Caller,
            Self::ArmorExpired { .. } | Self::Derive(_) => Blame::Environment,
            _ => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Armor(_) => "fast_armor",
            Self::ArmorExpired { .. } => "fast_armor_expired",
            Self::ArmorNotTgt => "fast_armor_not_tgt",
            Self::Decode(_) => "fast_malformed",
            Self::Derive(_) => "fast_key",
            Self::Encode(_) => "request_too_long",
            Self::ErrorMissing => "fast_error_missing",
            Self::FinishedMissing => "fast_finished_missing",
            Self::Integrity => "fast_integrity",
            Self::Nonce { .. } => "fast_nonce",
            Self::StrengthenKey(_) => "fast_strengthen_key",
            Self::Stripped => "fast_stripped",
            Self::TicketChecksum => "fast_ticket_checksum",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Armor(error) => error.major(),
            Self::ArmorExpired { .. } => MajorStatus::CREDENTIALS_EXPIRED,
            Self::ArmorNotTgt => MajorStatus::DEFECTIVE_CREDENTIAL,
            Self::Integrity | Self::TicketChecksum => MajorStatus::BAD_MIC,
            Self::Decode(_) | Self::ErrorMissing | Self::FinishedMissing => MajorStatus::DEFECTIVE_TOKEN,
            _ => MajorStatus::FAILURE,
        }
    }

    fn minor(&self) -> Option<i32> {
        let code = match self {
            Self::ArmorExpired { .. } => ErrorCode::KRB_AP_ERR_TKT_EXPIRED,
            Self::Integrity => ErrorCode::KRB_AP_ERR_BAD_INTEGRITY,
            Self::Nonce { .. } | Self::Stripped | Self::TicketChecksum => ErrorCode::KRB_AP_ERR_MODIFIED,
            _ => return None,
        };
        Some(code.0)
    }
}

impl From<ApReqError> for FastError {
    fn from(error: ApReqError) -> Self {
        Self::Armor(error)
    }
}

impl From<DecodeError> for FastError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<der::Error> for FastError {
    fn from(error: der::Error) -> Self {
        Self::Encode(error)
    }
}

impl From<KeyError> for FastError {
    fn from(error: KeyError) -> Self {
        Self::StrengthenKey(error)
    }
}

impl From<PrfTooLong> for FastError {
    fn from(error: PrfTooLong) -> Self {
        Self::Derive(error)
    }
}
