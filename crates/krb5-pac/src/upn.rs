//! Names of client and domain (MS-PAC section 2.10).

use core::fmt;

use gss_core::reader::Reader;

use crate::{PacError, PacErrorKind, Sid, Text};

#[cfg(feature = "alloc")]
use crate::ndr::TooLong;

/// UPN_DNS_INFO: names by which people and DNS know client and domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpnDnsInfo<'a> {
    /// The user principal name, `user@domain`.
    pub upn: Text<'a>,
    /// DNS name of the client's domain, in upper case as a realm.
    pub dns_domain_name: Text<'a>,
    /// What is in here. [`UpnFlags::EXTENDED`] stands for the two fields below and is written by their presence.
    pub flags: UpnFlags,
    /// Account name and SID. Domain controllers without the updates of November 2021 leave them out.
    pub extended: Option<(Text<'a>, Sid)>,
}

/// Flags of [`UpnDnsInfo`]. Unknown bits are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct UpnFlags(pub u32);

impl UpnFlags {
    /// The account has no UPN; this one was made from account name and domain.
    pub const CONSTRUCTED: Self = Self(1);
    /// Account name and SID are there.
    pub const EXTENDED: Self = Self(2);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Debug for UpnFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

const UPN_DNS_INFO: &str = "UPN and DNS info";
const UPN: &str = "UPN";
const DNS_NAME: &str = "DNS domain name";
const SAM_NAME: &str = "SAM name";
const SID: &str = "SID beside the UPN";

#[cfg(feature = "alloc")]
const HEADER_LEN: usize = 12;
#[cfg(feature = "alloc")]
const EXTENDED_HEADER_LEN: usize = 20;

impl<'a> UpnDnsInfo<'a> {
    /// Reads the content of a buffer of type [`UPN_DNS_INFO`](crate::BufferType::UPN_DNS_INFO).
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(buffer: &'a [u8]) -> Result<Self, PacError> {
        Self::parse_at(buffer, 0)
    }

    pub(crate) fn parse_at(buffer: &'a [u8], offset: usize) -> Result<Self, PacError> {
        let named = |error| PacError::from_reader(error, UPN_DNS_INFO);
        let mut reader = Reader::at_offset(buffer, offset);
        let place = |reader: &mut Reader<'a>| -> Result<Place, PacError> {
            let at = reader.offset();
            let (len, start) = (reader.u16_le().map_err(named)?, reader.u16_le().map_err(named)?);
            Ok(Place { len: usize::from(len), start: usize::from(start), at })
        };
        let (upn, dns_name) = (place(&mut reader)?, place(&mut reader)?);
        let flags = UpnFlags(reader.u32_le().map_err(named)?);
        let extended = if flags.contains(UpnFlags::EXTENDED) {
            Some((place(&mut reader)?, place(&mut reader)?))
        } else {
            None
        };
        let body = Body { buffer, offset, header_len: reader.offset().saturating_sub(offset) };
        Ok(Self {
            upn: body.text(upn, UPN)?,
            dns_domain_name: body.text(dns_name, DNS_NAME)?,
            flags,
            extended: match extended {
                Some((name, sid)) => Some((body.text(name, SAM_NAME)?, body.sid(sid)?)),
                None => None,
            },
        })
    }

    /// The content of a buffer, laid out as Windows does: each field at a multiple of 8.
    #[cfg(feature = "alloc")]
    pub(crate) fn write(&self) -> Result<alloc::vec::Vec<u8>, TooLong> {
        use alloc::vec::Vec;
        let wide = |text: &Text<'_>| text.units().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let mut fields = alloc::vec![(wide(&self.upn), UPN), (wide(&self.dns_domain_name), DNS_NAME)];
        let mut flags = self.flags.0 & !UpnFlags::EXTENDED.0;
        let mut header_len = HEADER_LEN;
        if let Some((name, sid)) = &self.extended {
            fields.push((wide(name), SAM_NAME));
            fields.push((sid.to_bytes(), SID));
            flags |= UpnFlags::EXTENDED.0;
            header_len = EXTENDED_HEADER_LEN;
        }
        let mut header = Vec::with_capacity(header_len);
        let mut body = Vec::new();
        for (i, (bytes, field)) in fields.iter().enumerate() {
            if i == 2 {
                header.extend_from_slice(&flags.to_le_bytes());
            }
            let start = header_len.next_multiple_of(8).saturating_add(body.len());
            for number in [bytes.len(), start] {
                let too_long = TooLong { field, len: number };
                header.extend_from_slice(&u16::try_from(number).map_err(|_| too_long)?.to_le_bytes());
            }
            body.extend_from_slice(bytes);
            body.resize(body.len().next_multiple_of(8), 0);
        }
        if self.extended.is_none() {
            header.extend_from_slice(&flags.to_le_bytes());
        }
        header.resize(header_len.next_multiple_of(8), 0);
        header.append(&mut body);
        Ok(header)
    }
}

/// A field as the header states it.
#[derive(Clone, Copy)]
struct Place {
    len: usize,
    start: usize,
    /// Where the header states it, for errors.
    at: usize,
}

/// The buffer that the fields lie in.
struct Body<'a> {
    buffer: &'a [u8],
    offset: usize,
    header_len: usize,
}

impl<'a> Body<'a> {
    /// The bytes of a field and where they lie.
    fn get(&self, place: Place, field: &'static str) -> Result<(&'a [u8], usize), PacError> {
        let Place { len, start, at } = place;
        let size = self.buffer.len();
        let outside = PacErrorKind::FieldOutOfBounds { start, len, size }.at(field, at);
        if len == 0 {
            // Where nothing lies does not matter, and may be anywhere.
            return Ok((&[], at));
        }
        if start < self.header_len {
            return Err(outside);
        }
        let bytes = self.buffer.get(start..start.saturating_add(len)).ok_or(outside)?;
        Ok((bytes, self.offset.saturating_add(start)))
    }

    fn text(&self, place: Place, field: &'static str) -> Result<Text<'a>, PacError> {
        let (bytes, offset) = self.get(place, field)?;
        Text::parse(bytes, field, offset)
    }

    fn sid(&self, place: Place) -> Result<Sid, PacError> {
        let (bytes, offset) = self.get(place, SID)?;
        Sid::parse_at(bytes, offset, SID)
    }
}
