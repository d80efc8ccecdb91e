//! Parts of a cache's bytes, standing alone: what is appended to a file, and what KCM sends.
//!
//! `krb5-files` reads and writes whole caches. A part is what a cache has in its one place, so it is cut out of a cache
//! that holds nothing else, and read in one.

use krb5_asn1::Principal;
use krb5_files::{Ccache, CcacheVersion, Credential, FormatError, FormatErrorKind, WriteError};
use zeroize::Zeroizing;

/// The first bytes of a cache of version 4 whose header has no field.
const START: [u8; 4] = [5, 4, 0, 0];
/// The same with a principal behind it: type 0, no components, an empty realm.
const START_WITH_CLIENT: [u8; 16] = [5, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// A principal in the form of version 4.
pub(super) fn principal_bytes(principal: &Principal) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    let whole = Ccache::new(principal.clone()).to_bytes()?;
    Ok(cut(&whole, START.len()))
}

/// A credential in the form of a version.
pub(super) fn credential_bytes(
    credential: &Credential,
    version: CcacheVersion,
) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    let mut cache = Ccache { version, ..Ccache::new(credential.client.clone()) };
    let before = cache.to_bytes()?.len();
    cache.entries.push(credential.clone());
    Ok(cut(&cache.to_bytes()?, before))
}

/// Reads a principal in the form of version 4, and nothing after it.
pub(super) fn read_principal(bytes: &[u8]) -> Result<Principal, FormatError> {
    let cache = parse(&START, bytes)?;
    if cache.entries.is_empty() { Ok(cache.default_principal) } else { Err(trailing("principal")) }
}

/// Reads a credential in the form of version 4, and nothing after it.
pub(super) fn read_credential(bytes: &[u8]) -> Result<Credential, FormatError> {
    const FIELD: &str = "credential";
    let mut entries = parse(&START_WITH_CLIENT, bytes)?.entries;
    let kind = FormatErrorKind::Truncated { needed: 1, available: 0 };
    let only = entries.pop().ok_or(FormatError { offset: 0, field: FIELD, kind })?;
    if entries.is_empty() { Ok(only) } else { Err(trailing(FIELD)) }
}

/// What stands for any credential of a service where Heimdal's protocol asks for a pattern: which fields are there,
/// the service, and the fields that cannot be left out, all 0.
pub(super) fn service_pattern(server: &Principal) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    const HAS_SERVER: u32 = 2;
    let mut bytes = Zeroizing::new(HAS_SERVER.to_be_bytes().to_vec());
    bytes.extend_from_slice(&principal_bytes(server)?);
    // Four times, the mark of a session key, the flags.
    bytes.extend_from_slice(&[0; 4 * 4 + 1 + 4]);
    Ok(bytes)
}

/// A setting in the form of a credential.
pub(super) fn setting(
    client: &Principal,
    key: &str,
    about: Option<&Principal>,
    value: &[u8],
) -> Option<Credential> {
    let mut cache = Ccache::new(client.clone());
    cache.set_config(key, about, value);
    cache.entries.pop()
}

/// Reads a whole cache that begins with `start`; offsets count from behind it.
fn parse(start: &[u8], bytes: &[u8]) -> Result<Ccache, FormatError> {
    let mut whole = Zeroizing::new(Vec::with_capacity(start.len().saturating_add(bytes.len())));
    whole.extend_from_slice(start);
    whole.extend_from_slice(bytes);
    Ccache::parse(&whole)
        .map_err(|error| FormatError { offset: error.offset.saturating_sub(start.len()), ..error })
}

fn trailing(field: &'static str) -> FormatError {
    FormatError { offset: 0, field, kind: FormatErrorKind::TrailingData { excess: 1 } }
}

fn cut(whole: &[u8], from: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(whole.get(from..).unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::tests::credential;

    #[test]
    fn parts_are_read_as_written() {
        let principal = Principal::parse("HTTP/www.example.com@EXAMPLE.COM", None).unwrap();
        assert_eq!(read_principal(&principal_bytes(&principal).unwrap()).unwrap(), principal);
        let ticket = credential("HTTP/www.example.com@EXAMPLE.COM", 7);
        let bytes = credential_bytes(&ticket, CcacheVersion::V4).unwrap();
        let read = read_credential(&bytes).unwrap();
        assert_eq!((read.server, read.client, read.times), (ticket.server, ticket.client, ticket.times));
    }

    #[test]
    fn appended_credential_is_what_a_whole_cache_has() {
        let ticket = credential("HTTP/www.example.com@EXAMPLE.COM", 7);
        for version in [CcacheVersion::V3, CcacheVersion::V4] {
            let mut cache = Ccache { version, ..Ccache::new(ticket.client.clone()) };
            let mut appended = cache.to_bytes().unwrap().to_vec();
            appended.extend_from_slice(&credential_bytes(&ticket, version).unwrap());
            cache.entries.push(ticket.clone());
            assert_eq!(appended, *cache.to_bytes().unwrap());
        }
    }

    #[test]
    fn short_and_long_parts_are_refused() {
        let principal = Principal::parse("alice@EXAMPLE.COM", None).unwrap();
        let bytes = principal_bytes(&principal).unwrap();
        let ticket = credential_bytes(&credential("a@B", 7), CcacheVersion::V4).unwrap();
        for len in 0..bytes.len() {
            assert!(read_principal(&bytes[..len]).is_err(), "{len}");
        }
        for len in 0..ticket.len() {
            assert!(read_credential(&ticket[..len]).is_err(), "{len}");
        }
        assert!(read_principal(&[&bytes[..], &ticket[..]].concat()).is_err());
        assert!(read_principal(&[&bytes[..], &[0]].concat()).is_err());
        assert!(read_credential(&[&ticket[..], &ticket[..]].concat()).is_err());
    }
}
