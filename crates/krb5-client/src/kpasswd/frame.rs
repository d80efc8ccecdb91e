//! The frame of password changes: lengths and a version around an AP message and what follows (RFC 3244 section 2).

use alloc::vec::Vec;
use core::fmt;

/// Bytes before the AP message: length of all, version, length of the AP message.
const HEADER_LEN: usize = 6;

/// Version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version(pub(super) u16);

impl Version {
    /// Changes the sender's own password; the user data is the password. Replies have this version always.
    pub(super) const CHANGE: Self = Self(1);
    /// Sets any password; the user data is `ChangePasswdData`.
    pub(super) const SET: Self = Self(0xff80);
}

/// A request or reply in its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) version: Version,
    /// AP-REQ or AP-REP; empty where a KRB-ERROR follows.
    pub(super) ap: &'a [u8],
    /// KRB-PRIV, or KRB-ERROR.
    pub(super) rest: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads a frame, which must be all there is.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let short = FrameError::Truncated { found: bytes.len() };
        let (header, body) = bytes.split_first_chunk::<HEADER_LEN>().ok_or(short)?;
        let [length, version, ap_len] = split_words(*header);
        if usize::from(length) != bytes.len() {
            return Err(FrameError::Length { stated: length, found: bytes.len() });
        }
        let version = Version(version);
        if ![Version::CHANGE, Version::SET].contains(&version) {
            return Err(FrameError::Version { found: version.0 });
        }
        let (ap, rest) = body
            .split_at_checked(ap_len.into())
            .ok_or(FrameError::ApLength { stated: ap_len, found: body.len() })?;
        Ok(Self { version, ap, rest })
    }

    /// Writes the frame.
    pub(super) fn to_bytes(self) -> Result<Vec<u8>, FrameError> {
        let len = HEADER_LEN.saturating_add(self.ap.len()).saturating_add(self.rest.len());
        let too_long = FrameError::TooLong { length: len };
        let length = u16::try_from(len).map_err(|_| too_long)?;
        let ap_len = u16::try_from(self.ap.len()).map_err(|_| too_long)?;
        let header = [length, self.version.0, ap_len].map(u16::to_be_bytes);
        Ok([header.as_flattened(), self.ap, self.rest].concat())
    }
}

fn split_words(header: [u8; HEADER_LEN]) -> [u16; 3] {
    let [a, b, c, d, e, f] = header;
    [[a, b], [c, d], [e, f]].map(u16::from_be_bytes)
}

/// Why bytes are no frame of RFC 3244.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// The AP message would reach beyond the end.
    ApLength {
        /// The length that is stated, in bytes.
        stated: u16,
        /// The bytes that are left.
        found: usize,
    },
    /// The length stated is not the number of bytes.
    Length {
        /// The length that is stated, in bytes.
        stated: u16,
        /// The number of bytes.
        found: usize,
    },
    /// The request is longer than 65,535 bytes: the ticket has too much authorization data.
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// There are fewer than 6 bytes.
    Truncated {
        /// The number of bytes.
        found: usize,
    },
    /// The version is neither 1 nor 0xff80.
    Version {
        /// The version.
        found: u16,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApLength { stated, found } => {
                write!(f, "AP message of {stated} bytes in a reply that has {found} left")
            }
            Self::Length { stated, found } => write!(f, "reply of {found} bytes states a length of {stated}"),
            Self::TooLong { length } => {
                write!(f, "request of {length} bytes, at most {} can be framed", u16::MAX)
            }
            Self::Truncated { found } => write!(f, "reply of {found} bytes, expected at least {HEADER_LEN}"),
            Self::Version { found } => write!(f, "reply of version {found:#06x}, expected 0x0001 or 0xff80"),
        }
    }
}

impl core::error::Error for FrameError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(
            set in any::<bool>(),
            ap in prop::collection::vec(any::<u8>(), 0..300),
            rest in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let version = if set { Version::SET } else { Version::CHANGE };
            let frame = Frame { version, ap: &ap, rest: &rest };
            let bytes = frame.to_bytes().unwrap();
            prop_assert_eq!(Frame::parse(&bytes), Ok(frame));
        }

        #[test]
        fn what_is_read_is_written_the_same(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(frame) = Frame::parse(&bytes) {
                prop_assert_eq!(frame.to_bytes().unwrap(), bytes);
            }
        }

        #[test]
        fn a_frame_cut_or_grown_is_refused(cut in 0..20usize, grown in 1..20usize) {
            let frame = Frame { version: Version::CHANGE, ap: &[1; 7], rest: &[2; 7] };
            let mut bytes = frame.to_bytes().unwrap();
            prop_assert!(Frame::parse(&bytes[..cut]).is_err());
            bytes.resize(bytes.len() + grown, 0);
            prop_assert!(Frame::parse(&bytes).is_err());
        }
    }

    #[test]
    fn the_header_is_that_of_rfc_3244() {
        let frame = Frame { version: Version::SET, ap: b"ap", rest: b"priv" };
        assert_eq!(frame.to_bytes().unwrap(), b"\x00\x0c\xff\x80\x00\x02appriv");
    }

    #[test]
    fn each_rule_has_its_error() {
        assert_eq!(Frame::parse(b"\0\x05\0\x01\0"), Err(FrameError::Truncated { found: 5 }));
        assert_eq!(Frame::parse(b"\0\x07\0\x01\0\0"), Err(FrameError::Length { stated: 7, found: 6 }));
        assert_eq!(Frame::parse(b"\0\x06\0\x02\0\0"), Err(FrameError::Version { found: 2 }));
        assert_eq!(Frame::parse(b"\0\x06\0\x01\0\x01"), Err(FrameError::ApLength { stated: 1, found: 0 }));
        let ap = alloc::vec![0; 0xffff];
        let frame = Frame { version: Version::CHANGE, ap: &ap, rest: &[] };
        assert_eq!(frame.to_bytes(), Err(FrameError::TooLong { length: 0x1_0005 }));
    }
}
