//! What a daemon answers.

use gss_core::reader::Reader;
use krb5_asn1::Principal;
use krb5_files::{Credential, FormatError};
use zeroize::Zeroizing;

use super::{FORM, KcmError, KcmOperation};

/// Bytes of what names a cache or a credential to the daemon.
const ID: usize = 16;

/// The content of a reply, without lengths and states. It may hold keys.
pub(super) struct Reply {
    operation: KcmOperation,
    bytes: Zeroizing<Vec<u8>>,
}

impl Reply {
    pub(super) const fn new(operation: KcmOperation, bytes: Zeroizing<Vec<u8>>) -> Self {
        Self { operation, bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn len(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }

    /// A text that ends in a zero byte, and nothing after it.
    pub(super) fn name(self) -> Result<String, KcmError> {
        let name = self.bytes.strip_suffix(&[0]).filter(|name| !name.is_empty() && !name.contains(&0));
        let name = name.and_then(|name| str::from_utf8(name).ok());
        name.map(String::from).ok_or_else(|| self.malformed("a name"))
    }

    /// As many identifiers as there are.
    pub(super) fn ids(self, most: usize) -> Result<Vec<[u8; ID]>, KcmError> {
        let (ids, []) = self.bytes.as_chunks::<ID>() else { return Err(self.malformed("identifiers")) };
        if ids.len() > most {
            return Err(KcmError::TooMany { operation: self.operation, count: ids.len(), most });
        }
        Ok(ids.to_vec())
    }

    pub(super) fn offset(self) -> Result<i32, KcmError> {
        let offset = self.bytes.as_slice().try_into().map_err(|_| self.malformed("a time offset"))?;
        Ok(i32::from_be_bytes(offset))
    }

    pub(super) fn principal(self) -> Result<Principal, KcmError> {
        FORM.parse_principal(&self.bytes).map_err(|error| self.format(error))
    }

    pub(super) fn credential(self) -> Result<Credential, KcmError> {
        Credential::parse(&self.bytes, FORM).map_err(|error| self.format(error))
    }

    /// A count, then as many credentials, each with its length in front.
    pub(super) fn credentials(self) -> Result<Vec<Credential>, KcmError> {
        let malformed = || self.malformed("a list of credentials");
        let mut reader = Reader::new(&self.bytes);
        let count = reader.u32_be().map_err(|_| malformed())?;
        // The vector grows with what is there, not with what the count claims.
        let mut credentials = Vec::new();
        for _ in 0..count {
            let length = reader.u32_be().map_err(|_| malformed())?;
            let bytes =
                reader.take(usize::try_from(length).unwrap_or(usize::MAX)).map_err(|_| malformed())?;
            credentials.push(Credential::parse(bytes, FORM).map_err(|error| self.format(error))?);
        }
        if reader.is_empty() { Ok(credentials) } else { Err(malformed()) }
    }

    fn malformed(&self, expected: &'static str) -> KcmError {
        KcmError::Malformed { operation: self.operation, expected, length: self.bytes.len() }
    }

    const fn format(&self, error: FormatError) -> KcmError {
        KcmError::Format { operation: self.operation, error }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cache::tests::credential;

    fn reply(bytes: &[u8]) -> Reply {
        Reply::new(KcmOperation::GetCredentials, Zeroizing::new(bytes.to_vec()))
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = reply(&bytes).name();
            let _ = reply(&bytes).offset();
            let _ = reply(&bytes).principal();
            let _ = reply(&bytes).credential();
            let _ = reply(&bytes).credentials();
            let ids = reply(&bytes).ids(3);
            prop_assert_eq!(ids.is_ok(), bytes.len() % ID == 0 && bytes.len() <= 3 * ID);
        }

        #[test]
        fn list_is_read_as_written_and_refused_when_cut(ends in proptest::collection::vec(any::<u32>(), 0..4)) {
            let mut bytes = u32::try_from(ends.len()).unwrap().to_be_bytes().to_vec();
            for end in &ends {
                let ticket = credential("HTTP/www.example.com@EXAMPLE.COM", *end);
                let ticket = ticket.to_bytes(FORM).unwrap();
                bytes.extend_from_slice(&u32::try_from(ticket.len()).unwrap().to_be_bytes());
                bytes.extend_from_slice(&ticket);
            }
            let read = reply(&bytes).credentials().unwrap();
            prop_assert_eq!(read.iter().map(|ticket| ticket.times.endtime).collect::<Vec<_>>(), ends);
            for length in 0..bytes.len() {
                prop_assert!(reply(&bytes[..length]).credentials().is_err());
            }
        }
    }
}
