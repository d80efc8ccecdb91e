//! What can go wrong.

use core::fmt;

use super::Group;
use crate::error::PrfTooLong;

/// A side of SPAKE could not be made, or the peer's public value cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpakeError {
    /// The peer's public value has another length than elements of the group have.
    Length {
        /// The group.
        group: Group,
        /// The length of its elements, in bytes.
        expected: usize,
        /// The length that was received, in bytes.
        found: usize,
    },
    /// The peer's public value is not the one valid encoding of a group element.
    Encoding {
        /// The group.
        group: Group,
    },
    /// The peer's public value is one of the few elements whose multiples anyone can list.
    SmallOrder {
        /// The group.
        group: Group,
    },
    /// The shared element is the group's identity. No peer arrives there that follows the protocol.
    Identity {
        /// The group.
        group: Group,
    },
    /// A private value is zero, not below the group's order, or not divisible by its cofactor.
    PrivateValue {
        /// The group.
        group: Group,
    },
    /// PRF+ cannot give a multiplier of the needed length, which no enctype here comes near.
    Multiplier(PrfTooLong),
}

impl fmt::Display for SpakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { group, expected, found } => write!(
                f,
                "SPAKE public value of {found} bytes in the group {group}, whose elements have {expected}"
            ),
            Self::Encoding { group } => {
                write!(f, "SPAKE public value that encodes no element of the group {group}")
            }
            Self::SmallOrder { group } => {
                write!(f, "SPAKE public value of small order in the group {group}")
            }
            Self::Identity { group } => {
                write!(f, "SPAKE result is the identity of the group {group}; the peer broke the protocol")
            }
            Self::PrivateValue { group } => {
                write!(
                    f,
                    "not a private value of SPAKE in the group {group}; is the source of randomness sound?"
                )
            }
            Self::Multiplier(error) => write!(f, "no SPAKE multiplier: {error}"),
        }
    }
}

impl core::error::Error for SpakeError {}
