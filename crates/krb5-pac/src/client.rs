//! Name of the client and when it authenticated (MS-PAC section 2.7).

use gss_core::reader::Reader;

use crate::{FileTime, PacError, Text};

/// PAC_CLIENT_INFO: ties the PAC to the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientInfo<'a> {
    /// When the client authenticated: `authtime` of the ticket, in whole seconds or finer.
    pub auth_time: FileTime,
    /// The client's principal name without its realm, or with it for clients of other realms (S4U2Self).
    pub name: Text<'a>,
}

const CLIENT_INFO: &str = "client info";
const NAME: &str = "client name";

impl<'a> ClientInfo<'a> {
    /// Reads the content of a buffer of type [`CLIENT_INFO`](crate::BufferType::CLIENT_INFO).
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(buffer: &'a [u8]) -> Result<Self, PacError> {
        Self::parse_at(buffer, 0)
    }

    pub(crate) fn parse_at(buffer: &'a [u8], offset: usize) -> Result<Self, PacError> {
        let named = |error| PacError::from_reader(error, CLIENT_INFO);
        let mut reader = Reader::at_offset(buffer, offset);
        let auth_time = FileTime(reader.u64_le().map_err(named)?);
        let len = reader.u16_le().map_err(named)?;
        let at = reader.offset();
        let name = reader.take(usize::from(len)).map_err(|error| PacError::from_reader(error, NAME))?;
        reader.finish().map_err(named)?;
        Ok(Self { auth_time, name: Text::parse(name, NAME, at)? })
    }

    /// The content of a buffer.
    #[cfg(feature = "alloc")]
    pub(crate) fn write(&self) -> Result<alloc::vec::Vec<u8>, crate::ndr::TooLong> {
        let len = self.name.units().count().saturating_mul(2);
        let stated = u16::try_from(len).map_err(|_| crate::ndr::TooLong { field: NAME, len })?;
        let mut bytes = alloc::vec::Vec::with_capacity(len.saturating_add(10));
        bytes.extend_from_slice(&self.auth_time.0.to_le_bytes());
        bytes.extend_from_slice(&stated.to_le_bytes());
        bytes.extend(self.name.units().flat_map(u16::to_le_bytes));
        Ok(bytes)
    }
}
