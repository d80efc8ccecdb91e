//! Security identifiers (MS-DTYP section 2.4.2).

use core::fmt;

use gss_core::reader::Reader;

use crate::{PacError, PacErrorKind};

mod parse;
pub mod well_known;

pub use parse::SidTextError;

/// The most parts that a SID has behind its authority (MS-DTYP section 2.4.2).
pub const MAX_SUB_AUTHORITIES: usize = 15;
/// The longest SID in its binary form, in bytes.
pub const MAX_SID_LEN: usize = HEADER_LEN + 4 * MAX_SUB_AUTHORITIES;

/// The only revision there is.
const REVISION: u8 = 1;
/// Revision, number of parts, and authority.
const HEADER_LEN: usize = 8;
/// Authorities have six bytes.
const AUTHORITY_BITS: u32 = 48;

/// A security identifier: who or what a Windows domain means, whatever it is called today.
///
/// Prints and parses as `S-1-5-21-…`. The order is that of the numbers, so that all SIDs of a domain stand together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid {
    /// Below 2^48.
    authority: u64,
    /// What lies behind `count` is zero, so that comparison can look at all of it.
    parts: [u32; MAX_SUB_AUTHORITIES],
    /// At most [`MAX_SUB_AUTHORITIES`].
    count: u8,
}

impl Sid {
    /// The SID of this authority and these parts; `None` for an authority of more than 48 bits, and for more than
    /// [`MAX_SUB_AUTHORITIES`] parts.
    #[must_use]
    pub fn new(authority: u64, sub_authorities: &[u32]) -> Option<Self> {
        let count = u8::try_from(sub_authorities.len()).ok()?;
        let mut parts = [0; MAX_SUB_AUTHORITIES];
        parts.get_mut(..sub_authorities.len())?.copy_from_slice(sub_authorities);
        (authority >> AUTHORITY_BITS == 0).then_some(Self { authority, parts, count })
    }

    /// A SID that is written down in this crate.
    const fn fixed<const N: usize>(authority: u8, sub_authorities: [u32; N]) -> Self {
        const { assert!(N <= 2, "well-known SIDs are short") };
        let [mut first, mut second] = [0, 0];
        if let [part, ..] = sub_authorities.as_slice() {
            first = *part;
        }
        if let [_, part, ..] = sub_authorities.as_slice() {
            second = *part;
        }
        let count = if N == 2 {
            2
        } else if N == 1 {
            1
        } else {
            0
        };
        let parts = [first, second, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        // `u64::from` is not const.
        Self { authority: u64::from_be_bytes([0, 0, 0, 0, 0, 0, 0, authority]), parts, count }
    }

    /// Who issues SIDs that begin like this one; 5 is Windows itself.
    #[must_use]
    pub const fn authority(&self) -> u64 {
        self.authority
    }

    /// The parts behind the authority.
    #[must_use]
    pub fn sub_authorities(&self) -> &[u32] {
        self.parts.get(..usize::from(self.count)).unwrap_or_default()
    }

    /// The SID of the account or group with this number in the domain that this SID names; `None` if it has
    /// [`MAX_SUB_AUTHORITIES`] parts already.
    #[must_use]
    pub fn with_rid(&self, rid: u32) -> Option<Self> {
        let mut sid = *self;
        *sid.parts.get_mut(usize::from(self.count))? = rid;
        sid.count = self.count.checked_add(1)?;
        Some(sid)
    }

    /// The last part: the number of an account or group in its domain.
    #[must_use]
    pub fn rid(&self) -> Option<u32> {
        self.sub_authorities().last().copied()
    }

    /// The SID without its last part: the domain of an account or group.
    #[must_use]
    pub fn domain(&self) -> Option<Self> {
        let (_, rest) = self.sub_authorities().split_last()?;
        Self::new(self.authority, rest)
    }

    /// Whether this is an account or group of that domain.
    #[must_use]
    pub fn is_in(&self, domain: &Self) -> bool {
        self.domain().is_some_and(|own| own == *domain)
    }

    /// Reads the binary form, which must be all of `bytes`.
    ///
    /// # Errors
    /// A revision other than 1, more than [`MAX_SUB_AUTHORITIES`] parts, and bytes that are missing or too many.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PacError> {
        Self::parse_at(bytes, 0, "SID")
    }

    pub(crate) fn parse_at(bytes: &[u8], offset: usize, field: &'static str) -> Result<Self, PacError> {
        let mut reader = Reader::at_offset(bytes, offset);
        let sid = Self::read(&mut reader, field)?;
        reader.finish().map_err(|error| PacError::from_reader(error, field))?;
        Ok(sid)
    }

    pub(crate) fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, PacError> {
        let named = |error| PacError::from_reader(error, field);
        let at = reader.offset();
        let [revision, count] = reader.take_array().map_err(named)?;
        if revision != REVISION {
            return Err(PacErrorKind::SidRevision { seen: revision }.at(field, at));
        }
        let [a, b, c, d, e, g] = reader.take_array().map_err(named)?;
        let authority = u64::from_be_bytes([0, 0, a, b, c, d, e, g]);
        let mut parts = [0; MAX_SUB_AUTHORITIES];
        let too_long = PacErrorKind::SidLength { seen: count }.at(field, at);
        for part in parts.get_mut(..usize::from(count)).ok_or(too_long)? {
            *part = reader.u32_le().map_err(named)?;
        }
        Ok(Self { authority, parts, count })
    }

    /// Length of the binary form, in bytes.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        usize::from(self.count).saturating_mul(4).saturating_add(HEADER_LEN)
    }

    /// The binary form.
    #[cfg(any(feature = "alloc", test))]
    #[must_use]
    pub fn to_bytes(&self) -> alloc::vec::Vec<u8> {
        let [_, _, authority @ ..] = self.authority.to_be_bytes();
        let mut bytes = alloc::vec::Vec::with_capacity(self.encoded_len());
        bytes.extend_from_slice(&[REVISION, self.count]);
        bytes.extend_from_slice(&authority);
        bytes.extend(self.sub_authorities().iter().flat_map(|part| part.to_le_bytes()));
        bytes
    }
}

/// As in MS-DTYP section 2.4.2.1: authorities from 2^32 on in hex.
impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if u32::try_from(self.authority).is_ok() {
            write!(f, "S-{REVISION}-{}", self.authority)?;
        } else {
            write!(f, "S-{REVISION}-{:#014X}", self.authority)?;
        }
        self.sub_authorities().iter().try_for_each(|part| write!(f, "-{part}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
