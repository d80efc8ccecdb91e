//! SIDs from their text.

use core::fmt;
use core::str::FromStr;

use gss_core::{Blame, Diagnose, MajorStatus};

use super::{MAX_SUB_AUTHORITIES, Sid};

/// Why a text is no SID. Positions count from 0 and in parts between hyphens: `S-1-5-21` has four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SidTextError {
    /// It does not begin with `S-1-`.
    Prefix,
    /// The authority is neither a decimal number below 2^32 nor `0x` and twelve hex digits.
    Authority,
    /// A part behind the authority is no decimal number below 2^32 in its shortest form.
    SubAuthority {
        /// Which part.
        position: usize,
    },
    /// More than [`MAX_SUB_AUTHORITIES`] parts behind the authority.
    TooMany,
}

impl FromStr for Sid {
    type Err = SidTextError;

    fn from_str(text: &str) -> Result<Self, SidTextError> {
        let rest =
            text.strip_prefix("S-1-").or_else(|| text.strip_prefix("s-1-")).ok_or(SidTextError::Prefix)?;
        let mut parts = rest.split('-');
        let authority = parts.next().and_then(authority).ok_or(SidTextError::Authority)?;
        let mut numbers = [0; MAX_SUB_AUTHORITIES];
        let mut count = 0_usize;
        for part in parts {
            let slot = numbers.get_mut(count).ok_or(SidTextError::TooMany)?;
            // `S`, `1` and the authority come before.
            let position = count.saturating_add(3);
            *slot = decimal(part).ok_or(SidTextError::SubAuthority { position })?;
            count = count.saturating_add(1);
        }
        let numbers = numbers.get(..count).unwrap_or_default();
        Self::new(authority, numbers).ok_or(SidTextError::Authority)
    }
}

fn authority(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) if hex.len() == 12 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            u64::from_str_radix(hex, 16).ok()
        }
        Some(_) => None,
        None => decimal(text).map(u64::from),
    }
}

/// Only the shortest form, so that a SID that is not hex has one spelling.
fn decimal(text: &str) -> Option<u32> {
    let shortest = text == "0" || !text.starts_with('0');
    let digits = text.bytes().all(|digit| digit.is_ascii_digit());
    if shortest && digits { text.parse().ok() } else { None }
}

impl Diagnose for SidTextError {
    fn blame(&self) -> Blame {
        Blame::Caller
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Prefix => "sid_prefix",
            Self::Authority => "sid_authority",
            Self::SubAuthority { .. } => "sid_sub_authority",
            Self::TooMany => "sid_too_many_parts",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::BAD_NAME
    }
}

impl fmt::Display for SidTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix => f.write_str("SID does not begin with S-1-, expected for example S-1-5-32-544"),
            Self::Authority => {
                f.write_str("authority of the SID, expected a decimal number or 0x and 12 hex digits")
            }
            Self::SubAuthority { position } => {
                write!(f, "part {position} of the SID, expected a decimal number from 0 to {}", u32::MAX)
            }
            Self::TooMany => write!(f, "SID with more than {MAX_SUB_AUTHORITIES} parts behind its authority"),
        }
    }
}

impl core::error::Error for SidTextError {}
