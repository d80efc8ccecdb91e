//! Encrypted credentials of other protocols (MS-PAC section 2.6.1).

use gss_core::reader::Reader;
use krb5_crypto::EncType;

use crate::{PacError, PacErrorKind};

/// PAC_CREDENTIAL_INFO: NTLM hashes for a client that logged in with a certificate, encrypted in the key of the
/// AS-REP with usage 16. Kept as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialInfo<'a> {
    /// How it is encrypted.
    pub enctype: EncType,
    /// The ciphertext.
    pub encrypted: &'a [u8],
}

const CREDENTIALS: &str = "credentials";

impl<'a> CredentialInfo<'a> {
    /// Reads the content of a buffer of type [`CREDENTIALS`](crate::BufferType::CREDENTIALS).
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(buffer: &'a [u8]) -> Result<Self, PacError> {
        Self::parse_at(buffer, 0)
    }

    pub(crate) fn parse_at(buffer: &'a [u8], offset: usize) -> Result<Self, PacError> {
        let named = |error| PacError::from_reader(error, CREDENTIALS);
        let mut reader = Reader::at_offset(buffer, offset);
        let seen = reader.u32_le().map_err(named)?;
        if seen != 0 {
            return Err(PacErrorKind::Version { seen }.at(CREDENTIALS, offset));
        }
        let enctype = EncType(reader.u32_le().map_err(named)?.cast_signed());
        Ok(Self { enctype, encrypted: reader.take_rest() })
    }

    /// The content of a buffer.
    #[cfg(feature = "alloc")]
    pub(crate) fn write(&self) -> alloc::vec::Vec<u8> {
        [&[0; 4], self.enctype.0.to_le_bytes().as_slice(), self.encrypted].concat()
    }
}
