//! The four signatures of a PAC (MS-PAC section 2.8).
//!
//! | signature | type | key | over |
//! | --- | --- | --- | --- |
//! | ticket | 16 | KDC | the ticket's encrypted part with one zero byte in place of the PAC |
//! | full | 19 | KDC | the PAC with zeros in place of the bytes of server, KDC and full signature |
//! | server | 6 | service | the PAC with zeros in place of the bytes of server and KDC signature |
//! | KDC | 7 | KDC | the bytes of the server signature |
//!
//! They are made in this order. A service has a key for the server signature only; the others show a KDC that a ticket
//! it gets back is its own. The server signature alone does not protect against who has the service's key, and
//! the KDC signature, which covers nothing else, does not either (CVE-2022-37967): for that there is the full one.

use core::fmt;
use core::ops::Range;

use gss_core::reader::Reader;
use krb5_crypto::ChecksumType;

use crate::{BufferType, PacError, PacErrorKind};

mod verify;

pub use verify::{SignatureFault, Verdict, Verdicts, VerifyingKeys};

/// The longest signature of any type below, in bytes.
pub(crate) const MAX_SIGNATURE_LEN: usize = 24;
/// `SignatureType`, which comes before a signature's bytes.
#[cfg(feature = "alloc")]
pub(crate) const SIGNATURE_TYPE_LEN: usize = 4;

/// Which of the four signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureKind {
    /// With the service's key over the PAC.
    Server,
    /// With the KDC's key over the server signature.
    Kdc,
    /// With the KDC's key over the ticket.
    Ticket,
    /// With the KDC's key over the PAC (extended KDC signature).
    Full,
}

impl SignatureKind {
    /// All of them, in the order in which they are made.
    pub const ALL: [Self; 4] = [Self::Ticket, Self::Full, Self::Server, Self::Kdc];

    /// The type of its buffer.
    #[must_use]
    pub const fn buffer_type(self) -> BufferType {
        match self {
            Self::Server => BufferType::SERVER_SIGNATURE,
            Self::Kdc => BufferType::KDC_SIGNATURE,
            Self::Ticket => BufferType::TICKET_SIGNATURE,
            Self::Full => BufferType::FULL_SIGNATURE,
        }
    }

    const fn field(self) -> &'static str {
        match self {
            Self::Server => "server signature",
            Self::Kdc => "KDC signature",
            Self::Ticket => "ticket signature",
            Self::Full => "full signature",
        }
    }
}

impl fmt::Display for SignatureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field())
    }
}

/// PAC_SIGNATURE_DATA. To compare signatures use [`Pac::verify`](crate::Pac::verify).
#[derive(Clone, Copy, Debug)]
pub struct Signature<'a> {
    /// How it was made.
    pub checksum_type: ChecksumType,
    /// Its bytes, as many as the type has.
    pub bytes: &'a [u8],
    /// The read-only domain controller that made it; `None` if another one did.
    pub rodc_id: Option<u16>,
    /// Where the bytes lie in the PAC.
    offset: usize,
}

impl<'a> Signature<'a> {
    pub(crate) fn parse_at(buffer: &'a [u8], kind: SignatureKind, offset: usize) -> Result<Self, PacError> {
        let field = kind.field();
        let named = |error| PacError::from_reader(error, field);
        let mut reader = Reader::at_offset(buffer, offset);
        let checksum_type = ChecksumType(reader.u32_le().map_err(named)?.cast_signed());
        let unknown = PacErrorKind::SignatureType { seen: checksum_type }.at(field, offset);
        let len = signature_len(checksum_type).ok_or(unknown)?;
        let at = reader.offset();
        let bytes = reader.take(len).map_err(named)?;
        let rodc_id = if reader.is_empty() { None } else { Some(reader.u16_le().map_err(named)?) };
        reader.finish().map_err(named)?;
        Ok(Self { checksum_type, bytes, rodc_id, offset: at })
    }

    /// Where in the PAC the bytes lie, which are taken as zeros when signatures are made.
    fn range(&self) -> Range<usize> {
        self.offset..self.offset.saturating_add(self.bytes.len())
    }

    /// Where the bytes begin in the PAC.
    #[cfg(feature = "alloc")]
    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }
}

/// Length of a signature in bytes, also of types that this build cannot compute: a KDC may sign with those. Types
/// without a key have none.
fn signature_len(checksum_type: ChecksumType) -> Option<usize> {
    match checksum_type {
        ChecksumType::HMAC_SHA1_96_AES128 | ChecksumType::HMAC_SHA1_96_AES256 => Some(12),
        ChecksumType::HMAC_SHA256_128_AES128
        | ChecksumType::CMAC_CAMELLIA128
        | ChecksumType::CMAC_CAMELLIA256
        | ChecksumType::HMAC_MD5 => Some(16),
        ChecksumType::HMAC_SHA1_DES3_KD => Some(20),
        ChecksumType::HMAC_SHA384_192_AES256 => Some(MAX_SIGNATURE_LEN),
        _ => None,
    }
}
