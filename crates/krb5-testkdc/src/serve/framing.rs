//! Messages with their length in front (RFC 4120 section 7.2.2), and how password changes are told from the rest.

use alloc::vec::Vec;
use core::fmt;

use crate::Port;

/// Octets of the length in front of a message.
pub(super) const PREFIX: usize = 4;

/// A length in front of a request that is not one a request can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LengthError {
    /// The highest bit is kept for extensions, of which there are none.
    Reserved,
    /// More than the server takes.
    TooLong {
        /// What the client announced.
        seen: usize,
        /// The most it may.
        limit: usize,
    },
}

impl fmt::Display for LengthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reserved => f.write_str("the highest bit of the length is set"),
            Self::TooLong { seen, limit } => {
                write!(f, "a request of {seen} bytes, at most {limit} are taken")
            }
        }
    }
}

/// Reads the length of the request that follows.
pub(super) fn length(prefix: [u8; PREFIX], limit: usize) -> Result<usize, LengthError> {
    let length = u32::from_be_bytes(prefix);
    if length >> 31 != 0 {
        return Err(LengthError::Reserved);
    }
    let seen = usize::try_from(length).unwrap_or(usize::MAX);
    if seen > limit { Err(LengthError::TooLong { seen, limit }) } else { Ok(seen) }
}

/// A message with its length; `None` when 31 bits cannot hold that.
pub(super) fn frame(message: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(message.len()).ok().filter(|length| length >> 31 == 0)?;
    Some(frame_with(length, message))
}

/// A message with any length.
pub(super) fn frame_with(length: u32, message: &[u8]) -> Vec<u8> {
    [&length.to_be_bytes(), message].concat()
}

/// The message in bytes that hold just it, with its length.
pub(super) fn unframe(bytes: &[u8]) -> Option<&[u8]> {
    let (prefix, message) = bytes.split_first_chunk::<PREFIX>()?;
    (length(*prefix, usize::MAX) == Ok(message.len())).then_some(message)
}

/// Tag of an AP-REQ.
const AP_REQ: u8 = 0x6e;
/// Version numbers of a password change (the older protocol, and RFC 3244 section 2).
const VERSIONS: [u16; 2] = [0x0001, 0xff80];

/// Which service a message is for. A password change begins with its own length and version, and has an AP-REQ at
/// octet 6 (RFC 3244 section 2); all others begin with the tag of an ASN.1 message.
pub(super) fn port_of(message: &[u8]) -> Port {
    let Some((&[l0, l1, v0, v1, _, _, tag], _)) = message.split_first_chunk() else {
        return Port::Kdc;
    };
    let is_change = usize::from(u16::from_be_bytes([l0, l1])) == message.len()
        && VERSIONS.contains(&u16::from_be_bytes([v0, v1]))
        && tag == AP_REQ;
    if is_change { Port::Kpasswd } else { Port::Kdc }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_a_request_cannot_have() {
        assert_eq!(length([0, 0, 1, 0], 256), Ok(256));
        assert_eq!(length([0, 0, 1, 1], 256), Err(LengthError::TooLong { seen: 257, limit: 256 }));
        assert_eq!(length([0x7f, 0xff, 0xff, 0xff], 256).map_err(|error| error.to_string()), {
            Err("a request of 2147483647 bytes, at most 256 are taken".into())
        });
        assert_eq!(length([0x80, 0, 0, 1], 256), Err(LengthError::Reserved));
    }

    #[test]
    fn frames_hold_one_message() {
        assert_eq!(frame(b"abc"), Some(b"\0\0\0\x03abc".to_vec()));
        assert_eq!(unframe(b"\0\0\0\x03abc"), Some(b"abc".as_slice()));
        for bytes in [b"".as_slice(), b"\0\0\0", b"\0\0\0\x03ab", b"\0\0\0\x03abcd", b"\x80\0\0\x03abc"] {
            assert_eq!(unframe(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn password_changes_are_known_by_their_head() {
        let change = [0, 8, 0xff, 0x80, 0, 2, 0x6e, 0];
        assert_eq!(port_of(&change), Port::Kpasswd);
        assert_eq!(port_of(&[0, 8, 0, 1, 0, 2, 0x6e, 0]), Port::Kpasswd);
        // Another length, another version, another tag, and an AS-REQ.
        assert_eq!(port_of(&[0, 9, 0xff, 0x80, 0, 2, 0x6e, 0]), Port::Kdc);
        assert_eq!(port_of(&[0, 8, 0, 2, 0, 2, 0x6e, 0]), Port::Kdc);
        assert_eq!(port_of(&[0, 8, 0xff, 0x80, 0, 2, 0x6a, 0]), Port::Kdc);
        assert_eq!(port_of(&[0x6a, 6, 0x30, 4, 0xa1, 0, 0x6e, 0]), Port::Kdc);
        assert_eq!(port_of(&change[..6]), Port::Kdc);
    }
}
