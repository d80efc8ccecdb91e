//! The container: a table of buffers (MS-PAC sections 2.3 and 2.4).

use core::fmt;
use core::ops::Range;

use gss_core::reader::Reader;

use crate::{
    Attributes, ClientInfo, CredentialInfo, DelegationInfo, DeviceInfo, LogonInfo, PacError, PacErrorKind,
    Sid, Signature, SignatureKind, UpnDnsInfo,
};

/// The longest PAC that is read or built, in bytes. A user in a thousand groups has one of some 40 KiB.
pub const MAX_PAC_LEN: usize = 1 << 20;
/// The most buffers that a PAC may have. Some fifteen kinds are defined.
pub const MAX_BUFFERS: usize = 64;

/// `cBuffers` and `Version`.
pub(crate) const HEADER_LEN: usize = 8;
/// `ulType`, `cbBufferSize` and `Offset`.
pub(crate) const ENTRY_LEN: usize = 16;
/// Buffers begin at multiples of this.
pub(crate) const ALIGNMENT: usize = 8;

const TABLE: &str = "table of buffers";

/// What a buffer holds (MS-PAC section 2.4). Any number can be held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BufferType(pub u32);

impl BufferType {
    /// [`LogonInfo`]: account, groups and SIDs of the client.
    pub const LOGON_INFO: Self = Self(1);
    /// [`CredentialInfo`]: encrypted credentials of other protocols.
    pub const CREDENTIALS: Self = Self(2);
    /// [`Signature`] with the service's key.
    pub const SERVER_SIGNATURE: Self = Self(6);
    /// [`Signature`] with the KDC's key over the service's signature.
    pub const KDC_SIGNATURE: Self = Self(7);
    /// [`ClientInfo`]: name of the client and when it authenticated.
    pub const CLIENT_INFO: Self = Self(10);
    /// [`DelegationInfo`]: the services that acted for the client.
    pub const DELEGATION_INFO: Self = Self(11);
    /// [`UpnDnsInfo`]: names of client and domain.
    pub const UPN_DNS_INFO: Self = Self(12);
    /// Claims about the client, kept raw.
    pub const CLIENT_CLAIMS: Self = Self(13);
    /// [`DeviceInfo`]: account, groups and SIDs of the client's computer.
    pub const DEVICE_INFO: Self = Self(14);
    /// Claims about the client's computer, kept raw.
    pub const DEVICE_CLAIMS: Self = Self(15);
    /// [`Signature`] with the KDC's key over the ticket.
    pub const TICKET_SIGNATURE: Self = Self(16);
    /// [`Attributes`]: why there is a PAC.
    pub const ATTRIBUTES: Self = Self(17);
    /// [`Sid`] of who asked for the ticket.
    pub const REQUESTOR_SID: Self = Self(18);
    /// [`Signature`] with the KDC's key over the whole PAC.
    pub const FULL_SIGNATURE: Self = Self(19);
    /// GUID of who asked for the ticket.
    pub const REQUESTOR_GUID: Self = Self(20);

    /// The name, or `None` for a type that is not known here.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::LOGON_INFO => "logon info",
            Self::CREDENTIALS => "credentials",
            Self::SERVER_SIGNATURE => "server signature",
            Self::KDC_SIGNATURE => "KDC signature",
            Self::CLIENT_INFO => "client info",
            Self::DELEGATION_INFO => "delegation info",
            Self::UPN_DNS_INFO => "UPN and DNS info",
            Self::CLIENT_CLAIMS => "client claims",
            Self::DEVICE_INFO => "device info",
            Self::DEVICE_CLAIMS => "device claims",
            Self::TICKET_SIGNATURE => "ticket signature",
            Self::ATTRIBUTES => "attributes",
            Self::REQUESTOR_SID => "requestor SID",
            Self::FULL_SIGNATURE => "full signature",
            Self::REQUESTOR_GUID => "requestor GUID",
            _ => return None,
        })
    }
}

impl fmt::Display for BufferType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "buffer type {}", self.0),
        }
    }
}

impl fmt::Debug for BufferType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A PAC whose table holds to the rules: each buffer inside, aligned, behind the table, and not upon another one;
/// no known type twice. What the buffers hold is read when asked for.
#[derive(Clone, Copy)]
pub struct Pac<'a> {
    bytes: &'a [u8],
    /// The entries, each [`ENTRY_LEN`] long.
    entries: &'a [u8],
}

/// A buffer of a PAC.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Buffer<'a> {
    /// What it holds.
    pub buffer_type: BufferType,
    /// Where it begins, in bytes from the start of the PAC.
    pub offset: usize,
    /// Its content.
    pub content: &'a [u8],
}

impl Buffer<'_> {
    pub(crate) fn range(&self) -> Range<usize> {
        self.offset..self.offset.saturating_add(self.content.len())
    }
}

impl fmt::Debug for Buffer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} bytes at {}", self.buffer_type, self.content.len(), self.offset)
    }
}

impl<'a> Pac<'a> {
    /// Reads the table and checks where every buffer lies.
    ///
    /// # Errors
    /// The rule that the table breaks.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, PacError> {
        let named = |error| PacError::from_reader(error, TABLE);
        if bytes.len() > MAX_PAC_LEN {
            return Err(PacErrorKind::TooLong { len: bytes.len() }.at(TABLE, 0));
        }
        let mut reader = Reader::new(bytes);
        let seen = reader.u32_le().map_err(named)?;
        let at = reader.offset();
        let version = reader.u32_le().map_err(named)?;
        if version != 0 {
            return Err(PacErrorKind::Version { seen: version }.at(TABLE, at));
        }
        let count = usize::try_from(seen).ok().filter(|count| (1..=MAX_BUFFERS).contains(count));
        let count = count.ok_or(PacErrorKind::BufferCount { seen }.at(TABLE, 0))?;
        let entries = reader.take(count.saturating_mul(ENTRY_LEN)).map_err(named)?;
        let pac = Self { bytes, entries };
        pac.check_bounds()?;
        pac.check_pairs()?;
        Ok(pac)
    }

    /// The whole PAC as it came.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The buffers in the order of the table. None is left out, since all were found inside the PAC.
    pub fn buffers(&self) -> impl Iterator<Item = Buffer<'a>> + Clone + use<'a> {
        let bytes = self.bytes;
        raw_entries(self.entries).filter_map(move |(buffer_type, size, start)| {
            let offset = usize::try_from(start).ok()?;
            let end = offset.checked_add(usize::try_from(size).ok()?)?;
            Some(Buffer { buffer_type, offset, content: bytes.get(offset..end)? })
        })
    }

    /// The buffer of this type; the first one of a type that is not known here.
    #[must_use]
    pub fn buffer(&self, buffer_type: BufferType) -> Option<Buffer<'a>> {
        self.buffers().find(|buffer| buffer.buffer_type == buffer_type)
    }

    /// Offset and size are added in 64 bits with a check, so that a target with a smaller `usize` sees what
    /// others see.
    fn check_bounds(&self) -> Result<(), PacError> {
        let as_u64 = |len| u64::try_from(len).unwrap_or(u64::MAX);
        let table_len = as_u64(HEADER_LEN.saturating_add(self.entries.len()));
        for (i, (buffer_type, size, start)) in raw_entries(self.entries).enumerate() {
            let at = entry_offset(i);
            if !start.is_multiple_of(as_u64(ALIGNMENT)) {
                return Err(PacErrorKind::Misaligned { buffer_type, start }.at(TABLE, at));
            }
            let end = start.checked_add(u64::from(size));
            if start < table_len || end.is_none_or(|end| end > as_u64(self.bytes.len())) {
                return Err(PacErrorKind::OutOfBounds { buffer_type, start, size }.at(TABLE, at));
            }
        }
        Ok(())
    }

    /// Quadratic in the number of buffers, of which there are at most [`MAX_BUFFERS`].
    fn check_pairs(&self) -> Result<(), PacError> {
        for (i, one) in self.buffers().enumerate() {
            for (j, other) in self.buffers().enumerate().skip(i.saturating_add(1)) {
                let (a, b) = (one.range(), other.range());
                // An empty buffer lies upon nothing.
                if a.start.max(b.start) < a.end.min(b.end) {
                    let kind = PacErrorKind::Overlap { one: one.buffer_type, other: other.buffer_type };
                    return Err(kind.at(TABLE, entry_offset(j)));
                }
                let buffer_type = one.buffer_type;
                if buffer_type == other.buffer_type && buffer_type.name().is_some() {
                    return Err(PacErrorKind::Duplicate { buffer_type }.at(TABLE, entry_offset(j)));
                }
            }
        }
        Ok(())
    }

    fn read<T>(
        &self,
        buffer_type: BufferType,
        parse: impl FnOnce(&'a [u8], usize) -> Result<T, PacError>,
    ) -> Result<Option<T>, PacError> {
        self.buffer(buffer_type).map(|buffer| parse(buffer.content, buffer.offset)).transpose()
    }

    /// Account, groups and SIDs of the client. `None` if there are none, as in PACs of MIT's KDC.
    ///
    /// # Errors
    /// The rule that the buffer breaks; so with all the methods below.
    pub fn logon_info(&self) -> Result<Option<LogonInfo<'a>>, PacError> {
        self.read(BufferType::LOGON_INFO, LogonInfo::parse_at)
    }

    /// Name of the client and when it authenticated.
    ///
    /// # Errors
    /// As [`logon_info`](Self::logon_info).
    pub fn client_info(&self) -> Result<Option<ClientInfo<'a>>, PacError> {
        self.read(BufferType::CLIENT_INFO, ClientInfo::parse_at)
    }

    /// Names of client and domain.
    ///
    /// # Errors
    /// As [`logon_info`](Self::logon_info).
    pub fn upn_dns_info(&self) -> Result<Option<UpnDnsInfo<'a>>, PacError> {
        self.read(BufferType::UPN_DNS_INFO, UpnDnsInfo::parse_at)
    }

    /// Why there is a PAC.
    ///
    /// # Errors
    /// As [`logon_info`](Self::logon_info).
    pub fn attributes(&self) -> Result<Option<Attributes>, PacError> {
        self.read(BufferType::ATTRIBUTES, Attributes::parse_at)
    }

    /// The SID of who asked for the ticket.
    ///
    /// # Errors
    /// As [`logon_info`](Self::logon_info).
    pub fn requestor_sid(&self) -> Result<Option<Sid>, PacError> {
        self.read(BufferType::REQUESTOR_SID, |bytes, offset| Sid::parse_at(bytes, offset, "requestor SID"))
    }

    /// The services that acted for the client.
    ///
    /// # Errors
    /// As [`logon_info`](Self::logon_info).
    pub fn delegation_info(&self) -> Result<Option<DelegationInfo<'a>>, PacError> {
        self.read(BufferType::DELEGATION_INFO, DelegationInfo::parse_at)
    }

    /// Account, groups and SIDs of the client's computer.
    ///
    /// # Errors
    /// As [`logon_info`](Self::logon_info).
    pub fn device_info(&self) -> Result<Option<DeviceInfo<'a>>, PacError> {
        self.read(BufferType::DEVICE_INFO, DeviceInfo::parse_at)
    }

    /// Encrypted credentials of other protocols.
    ///
    /// # Errors
    /// As [`logon_info`](Self::logon_info).
    pub fn credential_info(&self) -> Result<Option<CredentialInfo<'a>>, PacError> {
        self.read(BufferType::CREDENTIALS, CredentialInfo::parse_at)
    }

    /// One of the signatures. [`verify`](Self::verify) checks them.
    ///
    /// # Errors
    /// As [`logon_info`](Self::logon_info).
    pub fn signature(&self, kind: SignatureKind) -> Result<Option<Signature<'a>>, PacError> {
        self.read(kind.buffer_type(), |bytes, offset| Signature::parse_at(bytes, kind, offset))
    }
}

impl fmt::Debug for Pac<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.buffers()).finish()
    }
}

/// Where an entry of the table lies.
const fn entry_offset(index: usize) -> usize {
    index.saturating_mul(ENTRY_LEN).saturating_add(HEADER_LEN)
}

/// Type, size and offset as they stand in the table.
fn raw_entries(entries: &[u8]) -> impl Iterator<Item = (BufferType, u32, u64)> + Clone {
    entries.chunks_exact(ENTRY_LEN).filter_map(|entry| {
        let (buffer_type, rest) = entry.split_first_chunk()?;
        let (size, rest) = rest.split_first_chunk()?;
        let start = rest.first_chunk()?;
        let buffer_type = BufferType(u32::from_le_bytes(*buffer_type));
        Some((buffer_type, u32::from_le_bytes(*size), u64::from_le_bytes(*start)))
    })
}
