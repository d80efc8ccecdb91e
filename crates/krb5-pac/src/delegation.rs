//! The services that acted for the client (MS-PAC section 2.9).

use crate::ndr::NdrReader;
use crate::{List, PacError, Text};

#[cfg(feature = "alloc")]
use crate::ndr::{NdrWriter, TooLong};

/// S4U_DELEGATION_INFO: the path of a constrained delegation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelegationInfo<'a> {
    /// The service that the ticket is for, without its realm.
    pub proxy_target: Text<'a>,
    /// The services that passed the client on, the first one first, with their realms.
    pub transited: List<'a, Text<'a>>,
}

const DELEGATION_INFO: &str = "delegation info";
const TARGET: &str = "proxy target";
const TRANSITED: &str = "transited services";

impl<'a> DelegationInfo<'a> {
    /// Reads the content of a buffer of type [`DELEGATION_INFO`](crate::BufferType::DELEGATION_INFO).
    ///
    /// # Errors
    /// The rule of NDR or MS-PAC that it breaks.
    pub fn parse(buffer: &'a [u8]) -> Result<Self, PacError> {
        Self::parse_at(buffer, 0)
    }

    pub(crate) fn parse_at(buffer: &'a [u8], offset: usize) -> Result<Self, PacError> {
        let mut ndr = NdrReader::open(buffer, offset, DELEGATION_INFO)?;
        let target = ndr.string_head(TARGET)?;
        let (count, present) = (ndr.u32(TRANSITED)?, ndr.pointer(TRANSITED)?);
        let info = Self {
            proxy_target: ndr.string_body(target, TARGET)?,
            transited: List::read(present, count, &mut ndr, TRANSITED)?,
        };
        ndr.finish(DELEGATION_INFO)?;
        Ok(info)
    }

    /// The content of a buffer. Windows has the names with a NUL.
    #[cfg(feature = "alloc")]
    pub(crate) fn write(&self) -> Result<zeroize::Zeroizing<alloc::vec::Vec<u8>>, TooLong> {
        let mut ndr = NdrWriter::new();
        ndr.string_head(&self.proxy_target, 1, TARGET)?;
        let transited = self.transited.write_head(&mut ndr, TRANSITED)?;
        ndr.string_body(&self.proxy_target, 1);
        self.transited.write_body(transited, &mut ndr, TRANSITED)?;
        ndr.finish(DELEGATION_INFO)
    }
}
