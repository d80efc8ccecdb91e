//! "Who is this": every SID of the client that counts.

use crate::{GroupAttributes, GroupMembership, ListIter, LogonInfo, Sid, SidAndAttributes, UserFlags};

/// One SID of the client, and what it is to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The account itself. It has no attributes.
    User(Sid),
    /// The account's primary group, with its attributes among the groups.
    PrimaryGroup(SidAndAttributes),
    /// Another group of the account's domain.
    Group(SidAndAttributes),
    /// A group of another domain, or a SID that belongs to none.
    Extra(SidAndAttributes),
    /// A group of the service's domain.
    Resource(SidAndAttributes),
}

impl Identity {
    /// The SID.
    #[must_use]
    pub const fn sid(&self) -> Sid {
        match self {
            Self::User(sid) => *sid,
            Self::PrimaryGroup(group) | Self::Group(group) | Self::Extra(group) | Self::Resource(group) => {
                group.sid
            }
        }
    }
}

/// The SIDs of a client that count; see [`LogonInfo::sids`].
#[derive(Clone, Debug)]
pub struct Sids<'a> {
    user: Option<Sid>,
    primary_group: Option<SidAndAttributes>,
    primary_rid: u32,
    domain: Option<Sid>,
    groups: ListIter<'a, GroupMembership>,
    extra_sids: ListIter<'a, SidAndAttributes>,
    resource_domain: Option<Sid>,
    resource_groups: ListIter<'a, GroupMembership>,
}

impl<'a> LogonInfo<'a> {
    /// The account's own SID.
    ///
    /// `None` where the account has no number and its SID is not the first extra one either.
    #[must_use]
    pub fn user_sid(&self) -> Option<Sid> {
        if self.user_id != 0 {
            return self.logon_domain_id?.with_rid(self.user_id);
        }
        self.counting_extra_sids().next().map(|first| first.sid)
    }

    /// Every SID that the client may use: the account, its primary group, groups, extra SIDs and resource groups, in
    /// this order. Memberships that are not enabled are left out, and so are extra SIDs and resource groups
    /// without the flag that says they count. Each group of the domain comes once, the primary one first.
    ///
    /// Grant access by these, not by names. Attributes beyond [`GroupAttributes::ENABLED`] are there to be seen.
    #[must_use]
    pub fn sids(&self) -> Sids<'a> {
        let mut extra_sids = self.counting_extra_sids();
        if self.user_id == 0 {
            // It is the account, and not a group.
            extra_sids.next();
        }
        let resource_groups = self.user_flags.contains(UserFlags::RESOURCE_GROUPS);
        Sids {
            user: self.user_sid(),
            primary_group: self.primary_group().filter(|group| group.attributes.is_enabled()),
            primary_rid: self.primary_group_id,
            domain: self.logon_domain_id,
            groups: self.groups.iter(),
            extra_sids,
            resource_domain: self.resource_domain_id.filter(|_| resource_groups),
            resource_groups: self.resource_groups.iter(),
        }
    }

    fn counting_extra_sids(&self) -> ListIter<'a, SidAndAttributes> {
        let counts = self.user_flags.contains(UserFlags::EXTRA_SIDS);
        if counts { self.extra_sids.iter() } else { crate::List::EMPTY.iter() }
    }

    /// The primary group is a membership even if the groups do not list it; then it is an ordinary one.
    fn primary_group(&self) -> Option<SidAndAttributes> {
        if self.primary_group_id == 0 {
            return None;
        }
        let sid = self.logon_domain_id?.with_rid(self.primary_group_id)?;
        let listed = self.groups.iter().find(|group| group.rid == self.primary_group_id);
        Some(SidAndAttributes {
            sid,
            attributes: listed.map_or(GroupAttributes::USUAL, |group| group.attributes),
        })
    }
}

impl Iterator for Sids<'_> {
    type Item = Identity;

    fn next(&mut self) -> Option<Identity> {
        if let Some(user) = self.user.take() {
            return Some(Identity::User(user));
        }
        if let Some(group) = self.primary_group.take() {
            return Some(Identity::PrimaryGroup(group));
        }
        let primary = self.primary_rid;
        let group =
            self.groups.by_ref().filter(|group| group.rid != primary).find_map(in_domain(self.domain));
        if let Some(group) = group {
            return Some(Identity::Group(group));
        }
        if let Some(extra) = self.extra_sids.by_ref().find(|extra| extra.attributes.is_enabled()) {
            return Some(Identity::Extra(extra));
        }
        self.resource_groups.by_ref().find_map(in_domain(self.resource_domain)).map(Identity::Resource)
    }
}

/// The whole SID of a membership that is enabled.
fn in_domain(domain: Option<Sid>) -> impl FnMut(GroupMembership) -> Option<SidAndAttributes> {
    move |group| {
        let sid = domain?.with_rid(group.rid)?;
        group.attributes.is_enabled().then_some(SidAndAttributes { sid, attributes: group.attributes })
    }
}
