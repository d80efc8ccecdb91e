//! Memberships and their attributes (MS-PAC section 2.2).

use core::fmt;

use crate::list::Element;
use crate::ndr::NdrReader;
use crate::{PacError, PacErrorKind, Sid, Text};

#[cfg(feature = "alloc")]
use crate::ndr::{NdrWriter, TooLong};

/// What a membership is good for (MS-PAC section 2.2.1). Unknown bits are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct GroupAttributes(pub u32);

impl GroupAttributes {
    /// It cannot be disabled.
    pub const MANDATORY: Self = Self(0x1);
    /// It is enabled unless somebody disables it.
    pub const ENABLED_BY_DEFAULT: Self = Self(0x2);
    /// It is enabled. Without this bit a membership gives no access.
    pub const ENABLED: Self = Self(0x4);
    /// The group can own things.
    pub const OWNER: Self = Self(0x8);
    /// The group is of the resource's domain.
    pub const RESOURCE: Self = Self(0x2000_0000);
    /// What an ordinary membership has: mandatory, enabled by default, enabled.
    pub const USUAL: Self = Self(0x7);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the membership counts.
    #[must_use]
    pub const fn is_enabled(self) -> bool {
        self.contains(Self::ENABLED)
    }
}

impl fmt::Debug for GroupAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// A group of a domain that is named elsewhere (GROUP_MEMBERSHIP).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GroupMembership {
    /// The group's number in its domain.
    pub rid: u32,
    /// What the membership is good for.
    pub attributes: GroupAttributes,
}

impl GroupMembership {
    /// An ordinary membership.
    #[must_use]
    pub const fn new(rid: u32) -> Self {
        Self { rid, attributes: GroupAttributes::USUAL }
    }
}

/// Any SID the client has, and what it is good for (KERB_SID_AND_ATTRIBUTES).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SidAndAttributes {
    /// The SID.
    pub sid: Sid,
    /// What it is good for.
    pub attributes: GroupAttributes,
}

impl SidAndAttributes {
    /// A SID with the attributes of an ordinary membership.
    #[must_use]
    pub const fn new(sid: Sid) -> Self {
        Self { sid, attributes: GroupAttributes::USUAL }
    }
}

const GROUP: &str = "group";
const EXTRA_SID: &str = "extra SID";
const NAME: &str = "transited service";

impl<'a> Element<'a> for GroupMembership {
    type Head = Self;
    const HEAD_LEN: usize = 8;

    fn read_head(ndr: &mut NdrReader<'a>) -> Result<Self, PacError> {
        Ok(Self { rid: ndr.u32(GROUP)?, attributes: GroupAttributes(ndr.u32(GROUP)?) })
    }

    fn read_body(head: Self, _: &mut NdrReader<'a>) -> Result<Self, PacError> {
        Ok(head)
    }

    #[cfg(feature = "alloc")]
    fn pointers(&self) -> u32 {
        0
    }

    #[cfg(feature = "alloc")]
    fn write_head(&self, ndr: &mut NdrWriter) -> Result<(), TooLong> {
        ndr.u32(self.rid);
        ndr.u32(self.attributes.0);
        Ok(())
    }

    #[cfg(feature = "alloc")]
    fn write_body(&self, _: &mut NdrWriter) -> Result<(), TooLong> {
        Ok(())
    }
}

impl<'a> Element<'a> for SidAndAttributes {
    type Head = GroupAttributes;
    const HEAD_LEN: usize = 8;

    fn read_head(ndr: &mut NdrReader<'a>) -> Result<GroupAttributes, PacError> {
        let at = ndr.offset();
        if !ndr.pointer(EXTRA_SID)? {
            return Err(PacErrorKind::NullPointer.at(EXTRA_SID, at));
        }
        ndr.u32(EXTRA_SID).map(GroupAttributes)
    }

    fn read_body(attributes: GroupAttributes, ndr: &mut NdrReader<'a>) -> Result<Self, PacError> {
        Ok(Self { sid: ndr.sid(EXTRA_SID)?, attributes })
    }

    #[cfg(feature = "alloc")]
    fn pointers(&self) -> u32 {
        1
    }

    #[cfg(feature = "alloc")]
    fn write_head(&self, ndr: &mut NdrWriter) -> Result<(), TooLong> {
        ndr.pointer(true);
        ndr.u32(self.attributes.0);
        Ok(())
    }

    #[cfg(feature = "alloc")]
    fn write_body(&self, ndr: &mut NdrWriter) -> Result<(), TooLong> {
        ndr.sid(&self.sid);
        Ok(())
    }
}

/// Names of services, which Windows keeps with a NUL.
impl<'a> Element<'a> for Text<'a> {
    type Head = crate::ndr::StringHead;
    const HEAD_LEN: usize = 8;

    fn read_head(ndr: &mut NdrReader<'a>) -> Result<Self::Head, PacError> {
        ndr.string_head(NAME)
    }

    fn read_body(head: Self::Head, ndr: &mut NdrReader<'a>) -> Result<Self, PacError> {
        ndr.string_body(head, NAME)
    }

    #[cfg(feature = "alloc")]
    fn pointers(&self) -> u32 {
        1
    }

    #[cfg(feature = "alloc")]
    fn write_head(&self, ndr: &mut NdrWriter) -> Result<(), TooLong> {
        ndr.string_head(self, 1, NAME)
    }

    #[cfg(feature = "alloc")]
    fn write_body(&self, ndr: &mut NdrWriter) -> Result<(), TooLong> {
        ndr.string_body(self, 1);
        Ok(())
    }
}
