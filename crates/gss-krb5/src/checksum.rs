//! The checksum of type 0x8003 in the authenticator: bindings, flags, delegation, extensions
//! (RFC 4121 section 4.1.1, RFC 6542).

use core::fmt;
use gss_core::ContextFlags;
use gss_core::bindings::BindingDigest;
use gss_core::reader::{ParseError, ParseErrorKind, Reader};

/// Length of the fixed part: `Lgth` 4, `Bnd` 16, `Flags` 4.
pub const FIXED_LEN: usize = 4 + 16 + 4;

/// Longest KRB-CRED that an initiator sends: what `Dlgth` can count, halved, as MIT does for peers that read it
/// as a signed number.
pub const MAX_DELEGATION_LEN: usize = 32_767;

/// Type of the extension that covers the proxied messages of IAKERB (`GSS_EXTS_FINISHED`).
pub const IAKERB_FINISHED_EXTENSION: u32 = 2;

/// Type of the same extension in draft-zhu-ws-kerb, as MIT krb5 1.20 sends it; with another key usage.
pub const OLD_IAKERB_FINISHED_EXTENSION: u32 = 1;

/// Most extensions that are read.
pub const MAX_EXTENSIONS: usize = 16;

/// The content of the checksum, borrowed from the authenticator.
#[derive(Clone, Copy, Debug)]
pub struct GssChecksum<'a> {
    /// The initiator's channel bindings.
    pub bindings: BindingDigest,
    /// The context flags that the initiator asks for.
    pub flags: ContextFlags,
    /// DER of a KRB-CRED, present when and only when `flags` has [`ContextFlags::DELEGATION`].
    pub delegation: Option<&'a [u8]>,
    extensions: Reader<'a>,
}

impl<'a> GssChecksum<'a> {
    /// Reads the checksum's content.
    ///
    /// # Errors
    /// [`ChecksumError`] when it is not laid out as RFC 4121 section 4.1.1 says.
    pub fn parse(content: &'a [u8]) -> Result<Self, ChecksumError> {
        let mut reader = Reader::new(content);
        match reader.u32_le()? {
            16 => {}
            found => return Err(ChecksumError::BindingLength { found }),
        }
        let bindings = BindingDigest(reader.take_array()?);
        let flags = ContextFlags::from_bits(reader.u32_le()?);
        let delegation = if flags.contains(ContextFlags::DELEGATION) {
            Some(parse_delegation(&mut reader)?)
        } else {
            None
        };
        let checksum = Self { bindings, flags, delegation, extensions: reader };
        checksum.check_extensions()?;
        Ok(checksum)
    }

    /// The first 24 bytes for these values; delegation and extensions follow them.
    #[must_use]
    pub fn fixed_part(bindings: BindingDigest, flags: ContextFlags) -> [u8; FIXED_LEN] {
        let mut bytes = [0; FIXED_LEN];
        let (length, flags) = (16_u32.to_le_bytes(), flags.bits().to_le_bytes());
        let parts = length.iter().chain(&bindings.0).chain(&flags);
        for (to, from) in bytes.iter_mut().zip(parts) {
            *to = *from;
        }
        bytes
    }

    /// The data of an extension by its type.
    #[must_use]
    pub fn extension(&self, extension_type: u32) -> Option<&'a [u8]> {
        let mut reader = self.extensions;
        while let Ok(Some((found, data))) = next_extension(&mut reader) {
            if found == extension_type {
                return Some(data);
            }
        }
        None
    }

    /// Extensions are well-formed, not too many, and none comes twice. Unknown ones are ignored.
    fn check_extensions(&self) -> Result<(), ChecksumError> {
        let mut seen = [None; MAX_EXTENSIONS];
        let mut reader = self.extensions;
        while let Some((extension_type, _)) = next_extension(&mut reader)? {
            if seen.contains(&Some(extension_type)) {
                return Err(ChecksumError::DuplicateExtension { extension_type });
            }
            let free = seen.iter_mut().find(|slot| slot.is_none()).ok_or(ChecksumError::TooManyExtensions)?;
            *free = Some(extension_type);
        }
        Ok(())
    }
}

/// Field `DlgOpt` must be 1; `Dlgth` counts the KRB-CRED.
fn parse_delegation<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], ChecksumError> {
    match reader.u16_le()? {
        1 => {}
        found => return Err(ChecksumError::DelegationOption { found }),
    }
    let length = usize::from(reader.u16_le()?);
    Ok(reader.take(length)?)
}

fn next_extension<'a>(reader: &mut Reader<'a>) -> Result<Option<(u32, &'a [u8])>, ParseError> {
    if reader.is_empty() {
        return Ok(None);
    }
    let extension_type = reader.u32_be()?;
    let length = reader.u32_be()?;
    let too_long = reader.error(ParseErrorKind::LengthTooLong);
    let data = reader.take(usize::try_from(length).map_err(|_| too_long)?)?;
    Ok(Some((extension_type, data)))
}

/// A checksum of type 0x8003 that is not laid out as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChecksumError {
    /// `Lgth` is not 16.
    BindingLength {
        /// What it is.
        found: u32,
    },
    /// `DlgOpt` is not 1.
    DelegationOption {
        /// What it is.
        found: u16,
    },
    /// An extension comes twice.
    DuplicateExtension {
        /// Its type.
        extension_type: u32,
    },
    /// A field ends beyond the checksum.
    Malformed(ParseError),
    /// More than [`MAX_EXTENSIONS`].
    TooManyExtensions,
}

impl From<ParseError> for ChecksumError {
    fn from(error: ParseError) -> Self {
        Self::Malformed(error)
    }
}

impl fmt::Display for ChecksumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("authenticator checksum: ")?;
        match self {
            Self::BindingLength { found } => write!(f, "channel bindings of {found} bytes, expected 16"),
            Self::DelegationOption { found } => write!(f, "delegation option {found}, expected 1"),
            Self::DuplicateExtension { extension_type } => {
                write!(f, "extension {extension_type} comes twice")
            }
            Self::Malformed(error) => error.fmt(f),
            Self::TooManyExtensions => write!(f, "more than {MAX_EXTENSIONS} extensions"),
        }
    }
}

impl core::error::Error for ChecksumError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const BINDINGS: BindingDigest = BindingDigest([7; 16]);

    fn content(flags: ContextFlags, rest: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::from(GssChecksum::fixed_part(BINDINGS, flags));
        bytes.extend_from_slice(rest);
        bytes
    }

    #[test]
    fn fixed_part_comes_back() {
        let flags = ContextFlags::MUTUAL | ContextFlags::INTEGRITY;
        let bytes = content(flags, b"");
        assert_eq!(bytes[..4], [16, 0, 0, 0]);
        let parsed = GssChecksum::parse(&bytes).unwrap();
        assert_eq!((parsed.bindings, parsed.flags, parsed.delegation), (BINDINGS, flags, None));
    }

    #[test]
    fn delegation_and_extensions_come_back() {
        let bytes =
            content(ContextFlags::DELEGATION, b"\x01\0\x04\0cred\0\0\0\x02\0\0\0\x03abc\0\0\0\0\0\0\0\0");
        let parsed = GssChecksum::parse(&bytes).unwrap();
        assert_eq!(parsed.delegation, Some(&b"cred"[..]));
        assert_eq!(parsed.extension(2), Some(&b"abc"[..]));
        assert_eq!(parsed.extension(0), Some(&b""[..]));
        assert_eq!(parsed.extension(1), None);
    }

    #[test]
    fn every_length_too_short_is_refused() {
        let bytes = content(ContextFlags::DELEGATION, b"\x01\0\x04\0cred");
        for len in 0..bytes.len() {
            assert!(matches!(GssChecksum::parse(&bytes[..len]), Err(ChecksumError::Malformed(_))), "{len}");
        }
    }

    #[test]
    fn each_rule_has_its_error() {
        let mut wrong_length = content(ContextFlags::NONE, b"");
        wrong_length[0] = 15;
        assert_eq!(
            GssChecksum::parse(&wrong_length).unwrap_err(),
            ChecksumError::BindingLength { found: 15 }
        );
        assert_eq!(
            GssChecksum::parse(&content(ContextFlags::DELEGATION, &[2, 0, 0, 0])).unwrap_err(),
            ChecksumError::DelegationOption { found: 2 }
        );
        assert_eq!(
            GssChecksum::parse(&content(ContextFlags::NONE, &[0; 16])).unwrap_err(),
            ChecksumError::DuplicateExtension { extension_type: 0 }
        );
        let many = Vec::from_iter((0..=MAX_EXTENSIONS as u8).flat_map(|index| [0, 0, 0, index, 0, 0, 0, 0]));
        assert_eq!(
            GssChecksum::parse(&content(ContextFlags::NONE, &many)).unwrap_err(),
            ChecksumError::TooManyExtensions
        );
        let endless = content(ContextFlags::NONE, &[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]);
        assert!(matches!(GssChecksum::parse(&endless), Err(ChecksumError::Malformed(_))));
    }
}
