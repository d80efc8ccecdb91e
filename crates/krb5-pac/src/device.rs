//! Account, groups and SIDs of the client's computer (MS-PAC section 2.12).

use crate::list::Element;
use crate::logon::check_domain;
use crate::ndr::NdrReader;
use crate::{GroupMembership, List, PacError, PacErrorKind, Sid, SidAndAttributes};

#[cfg(feature = "alloc")]
use crate::ndr::{NdrWriter, TooLong};

/// PAC_DEVICE_INFO: what the domain controller knows of the computer that armored the client's request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceInfo<'a> {
    /// The computer's number in its domain; 0 if the first extra SID is the computer's.
    pub user_id: u32,
    /// The number of its primary group.
    pub primary_group_id: u32,
    /// The SID of its domain. There is one wherever account, primary group or groups have a number.
    pub account_domain_id: Option<Sid>,
    /// Groups of its domain.
    pub account_groups: List<'a, GroupMembership>,
    /// SIDs that belong to no domain.
    pub extra_sids: List<'a, SidAndAttributes>,
    /// Groups of other domains.
    pub domain_groups: List<'a, DomainMembership<'a>>,
}

/// DOMAIN_GROUP_MEMBERSHIP: groups of one domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DomainMembership<'a> {
    /// The domain.
    pub domain_id: Sid,
    /// Its groups.
    pub groups: List<'a, GroupMembership>,
}

const DEVICE_INFO: &str = "device info";
const DOMAIN_SID: &str = "device's domain SID";
const GROUPS: &str = "device's groups";
const EXTRA_SIDS: &str = "device's extra SIDs";
const DOMAINS: &str = "device's groups of other domains";

impl<'a> DeviceInfo<'a> {
    /// Reads the content of a buffer of type [`DEVICE_INFO`](crate::BufferType::DEVICE_INFO).
    ///
    /// # Errors
    /// The rule of NDR or MS-PAC that it breaks.
    pub fn parse(buffer: &'a [u8]) -> Result<Self, PacError> {
        Self::parse_at(buffer, 0)
    }

    pub(crate) fn parse_at(buffer: &'a [u8], offset: usize) -> Result<Self, PacError> {
        let ndr = &mut NdrReader::open(buffer, offset, DEVICE_INFO)?;
        let (user_id, primary_group_id) = (ndr.u32(DEVICE_INFO)?, ndr.u32(DEVICE_INFO)?);
        let at = ndr.offset();
        let domain = ndr.pointer(DOMAIN_SID)?;
        let (group_count, groups) = (ndr.u32(GROUPS)?, ndr.pointer(GROUPS)?);
        let (extra_count, extra_sids) = (ndr.u32(EXTRA_SIDS)?, ndr.pointer(EXTRA_SIDS)?);
        let (domain_count, domains) = (ndr.u32(DOMAINS)?, ndr.pointer(DOMAINS)?);
        let info = Self {
            user_id,
            primary_group_id,
            account_domain_id: ndr.optional_sid(domain, DOMAIN_SID)?,
            account_groups: List::read(groups, group_count, ndr, GROUPS)?,
            extra_sids: List::read(extra_sids, extra_count, ndr, EXTRA_SIDS)?,
            domain_groups: List::read(domains, domain_count, ndr, DOMAINS)?,
        };
        ndr.finish(DEVICE_INFO)?;
        let numbered = user_id != 0 || primary_group_id != 0 || !info.account_groups.is_empty();
        check_domain(numbered, info.account_domain_id.as_ref(), DOMAIN_SID, at)?;
        Ok(info)
    }

    /// The content of a buffer.
    #[cfg(feature = "alloc")]
    pub(crate) fn write(&self) -> Result<zeroize::Zeroizing<alloc::vec::Vec<u8>>, TooLong> {
        let mut ndr = NdrWriter::new();
        ndr.u32(self.user_id);
        ndr.u32(self.primary_group_id);
        ndr.pointer(self.account_domain_id.is_some());
        let groups = self.account_groups.write_head(&mut ndr, GROUPS)?;
        let extra_sids = self.extra_sids.write_head(&mut ndr, EXTRA_SIDS)?;
        let domains = self.domain_groups.write_head(&mut ndr, DOMAINS)?;
        ndr.optional_sid(self.account_domain_id.as_ref());
        self.account_groups.write_body(groups, &mut ndr, GROUPS)?;
        self.extra_sids.write_body(extra_sids, &mut ndr, EXTRA_SIDS)?;
        self.domain_groups.write_body(domains, &mut ndr, DOMAINS)?;
        ndr.finish(DEVICE_INFO)
    }
}

impl<'a> Element<'a> for DomainMembership<'a> {
    /// Number of groups, and whether the pointer to them leads anywhere.
    type Head = (u32, bool);
    const HEAD_LEN: usize = 12;

    fn read_head(ndr: &mut NdrReader<'a>) -> Result<(u32, bool), PacError> {
        let at = ndr.offset();
        if !ndr.pointer(DOMAINS)? {
            return Err(PacErrorKind::NullPointer.at(DOMAINS, at));
        }
        Ok((ndr.u32(DOMAINS)?, ndr.pointer(DOMAINS)?))
    }

    fn read_body((count, present): (u32, bool), ndr: &mut NdrReader<'a>) -> Result<Self, PacError> {
        let at = ndr.offset();
        let domain_id = ndr.sid(DOMAINS)?;
        check_domain(true, Some(&domain_id), DOMAINS, at)?;
        Ok(Self { domain_id, groups: List::read(present, count, ndr, DOMAINS)? })
    }

    #[cfg(feature = "alloc")]
    fn pointers(&self) -> u32 {
        if self.groups.is_empty() { 1 } else { 2 }
    }

    #[cfg(feature = "alloc")]
    fn write_head(&self, ndr: &mut NdrWriter) -> Result<(), TooLong> {
        ndr.pointer(true);
        self.groups.write_head(ndr, DOMAINS).map(|_| ())
    }

    #[cfg(feature = "alloc")]
    fn write_body(&self, ndr: &mut NdrWriter) -> Result<(), TooLong> {
        ndr.sid(&self.domain_id);
        // A membership has no pointers.
        self.groups.write_body(ndr.reserve(0), ndr, DOMAINS)
    }
}
