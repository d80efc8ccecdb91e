//! The Windows PAC, as far as an acceptor must read it: signature and client (MS-PAC sections 2.3, 2.7, 2.8).
//!
//! What the PAC says of the client (groups, SIDs, claims) is not decoded here; [`PacVerified`] hands out the
//! buffers once they are known to be the KDC's.

use core::fmt;
use core::ops::Range;

use krb5_asn1::{KerberosTime, PrincipalRef};
use krb5_crypto::{ChecksumType, ChecksumVerified, Key, KeyUsage};

mod error;
mod name;
mod table;

pub use error::PacError;
use table::Table;

/// The longest PAC that is read, in bytes. A user in a thousand groups has one of some 40 KiB.
pub const MAX_PAC_LEN: usize = 1 << 20;
/// The most buffers that a PAC may have. Some twenty kinds are defined.
pub const MAX_PAC_BUFFERS: usize = 64;

/// `SignatureType`, which comes before a signature's bytes.
const SIGNATURE_TYPE_LEN: usize = 4;
/// The longest signature of any type below.
const MAX_SIGNATURE_LEN: usize = 24;

/// What a buffer of a PAC holds (MS-PAC section 2.4). Any number can be held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacBufferType(pub u32);

impl PacBufferType {
    /// Account, groups and SIDs of the client.
    pub const LOGON_INFO: Self = Self(1);
    /// Signature with the service's key.
    pub const SERVER_CHECKSUM: Self = Self(6);
    /// Signature with the KDC's key over the service's signature.
    pub const KDC_CHECKSUM: Self = Self(7);
    /// Name of the client and when it authenticated.
    pub const CLIENT_INFO: Self = Self(10);
}

impl fmt::Display for PacBufferType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::LOGON_INFO => f.write_str("logon info (1)"),
            Self::SERVER_CHECKSUM => f.write_str("server signature (6)"),
            Self::KDC_CHECKSUM => f.write_str("KDC signature (7)"),
            Self::CLIENT_INFO => f.write_str("client info (10)"),
            Self(number) => write!(f, "buffer type {number}"),
        }
    }
}

impl fmt::Debug for PacBufferType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A PAC that the holder of the service's key signed for this client and this authentication.
///
/// Only the check of a ticket's authorization data makes one; see [`TicketData`](super::TicketData). `Debug`
/// shows no content.
#[derive(Clone, Copy)]
pub struct PacVerified<'a> {
    table: Table<'a>,
    _signature: ChecksumVerified,
}

impl<'a> PacVerified<'a> {
    /// The whole PAC as it came.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.table.pac()
    }

    /// The content of the first buffer of this type.
    #[must_use]
    pub fn buffer(&self, buffer_type: PacBufferType) -> Option<&'a [u8]> {
        self.table.required(buffer_type).ok()
    }

    /// All buffers in the order of the table. Where a type comes more than once the first counts.
    pub fn buffers(&self) -> impl Iterator<Item = (PacBufferType, &'a [u8])> + use<'a> {
        let pac = self.table.pac();
        self.table.entries().filter_map(move |entry| Some((entry.buffer_type, pac.get(entry.range)?)))
    }
}

impl fmt::Debug for PacVerified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.table.entries().map(|entry| entry.buffer_type)).finish()
    }
}

/// Verifies a PAC: layout, then the server signature, then the client's name and the time of authentication.
pub(super) fn verify<'a>(
    pac: &'a [u8],
    service_key: &Key,
    client: PrincipalRef<'_>,
    authtime: KerberosTime,
) -> Result<PacVerified<'a>, PacError> {
    let table = Table::read(pac)?;
    let signature = verify_server_signature(&table, service_key)?;
    ClientInfo::read(table.required(PacBufferType::CLIENT_INFO)?)?.check(client, authtime)?;
    Ok(PacVerified { table, _signature: signature })
}

/// The server signature covers the PAC with the bytes of both signatures taken as zeros (MS-PAC section 2.8.1).
fn verify_server_signature(table: &Table<'_>, key: &Key) -> Result<ChecksumVerified, PacError> {
    let buffer_type = PacBufferType::SERVER_CHECKSUM;
    let expected = key.enctype().checksum_type();
    let (seen, server) = signature(table, buffer_type, expected)?;
    // The type must be that of the key. Under an AES key Windows signs with AES; HMAC-MD5, which takes any key,
    // is for RC4 (and DES) keys alone, and a type without a key is for none.
    if expected != Some(seen) {
        return Err(PacError::SignatureType { buffer_type, seen, expected });
    }
    let (_, kdc) = signature(table, PacBufferType::KDC_CHECKSUM, None)?;
    let tag = table.pac().get(server.clone()).unwrap_or_default();
    key.checksum(KeyUsage::KERB_NON_KERB_CKSUM_SALT)
        .verify(&with_holes(table.pac(), server, kdc), tag)
        .map_err(|_| PacError::Signature { enctype: key.enctype() })
}

/// Checksum type of a signature buffer, and where in the PAC the signature's own bytes are.
///
/// What follows them in the buffer (the number of a read-only domain controller) is covered by the server
/// signature.
///
/// `expected` is for the error alone.
fn signature(
    table: &Table<'_>,
    buffer_type: PacBufferType,
    expected: Option<ChecksumType>,
) -> Result<(ChecksumType, Range<usize>), PacError> {
    let entry = table.first(buffer_type).ok_or(PacError::Missing { buffer_type })?;
    let buffer = table.required(buffer_type)?;
    let short = PacError::SignatureLength { buffer_type, size: buffer.len() };
    let seen = ChecksumType(i32::from_le_bytes(*buffer.first_chunk().ok_or(short)?));
    let len = signature_len(seen).ok_or(PacError::SignatureType { buffer_type, seen, expected })?;
    let start = entry.range.start.saturating_add(SIGNATURE_TYPE_LEN);
    let end = start.saturating_add(len);
    if end > entry.range.end { Err(short) } else { Ok((seen, start..end)) }
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

/// The PAC in chunks, with zeros in place of two ranges that do not overlap.
fn with_holes(pac: &[u8], one: Range<usize>, other: Range<usize>) -> [&[u8]; 5] {
    const ZEROS: &[u8] = &[0; MAX_SIGNATURE_LEN];
    let (first, second) = if one.start <= other.start { (one, other) } else { (other, one) };
    let part = |range: Range<usize>| pac.get(range).unwrap_or_default();
    let zeros = |hole: &Range<usize>| ZEROS.get(..hole.len()).unwrap_or_default();
    [
        part(0..first.start),
        zeros(&first),
        part(first.end..second.start),
        zeros(&second),
        part(second.end..pac.len()),
    ]
}

/// PAC_CLIENT_INFO (MS-PAC section 2.7).
struct ClientInfo<'a> {
    /// Units of 100 ns since 1601.
    client_id: u64,
    /// UTF-16, little-endian.
    name: &'a [u8],
}

impl<'a> ClientInfo<'a> {
    fn read(buffer: &'a [u8]) -> Result<Self, PacError> {
        let malformed = PacError::ClientInfo { size: buffer.len() };
        let (client_id, rest) = buffer.split_first_chunk().ok_or(malformed)?;
        let (name_len, rest) = rest.split_first_chunk().ok_or(malformed)?;
        let name_len = usize::from(u16::from_le_bytes(*name_len));
        let name = rest.get(..name_len).filter(|name| name.len() % 2 == 0).ok_or(malformed)?;
        Ok(Self { client_id: u64::from_le_bytes(*client_id), name })
    }

    fn check(&self, client: PrincipalRef<'_>, authtime: KerberosTime) -> Result<(), PacError> {
        let seen = filetime_to_unix(self.client_id);
        if seen != authtime.unix_seconds() {
            return Err(PacError::AuthTime { seen, expected: authtime });
        }
        // A client of another realm may be named with its realm (S4U2Self), also when its name is an enterprise
        // name and has an `@` of its own.
        if name::is(self.name, client.name, None) || name::is(self.name, client.name, Some(client.realm)) {
            return Ok(());
        }
        Err(PacError::ClientName { seen: name::excerpt(self.name) })
    }
}

/// Whole seconds since 1970 of a FILETIME, rounded down as the ticket has them.
fn filetime_to_unix(filetime: u64) -> i64 {
    const PER_SECOND: u64 = 10_000_000;
    const SECONDS_1601_TO_1970: i64 = 11_644_473_600;
    // A 64-bit count over 10^7 is far from the limits of `i64`.
    i64::try_from(filetime / PER_SECOND).unwrap_or(i64::MAX).saturating_sub(SECONDS_1601_TO_1970)
}

#[cfg(test)]
pub(super) mod tests;
