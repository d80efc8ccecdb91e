//! From the realm of one TGT to another realm (RFC 4120 section 1.2, RFC 6806 section 8).

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use krb5_files::config::hierarchical_path;

use super::TgsError;

/// The realms to walk through where the realms of client and service do not trust each other directly.
///
/// The KDC is asked for the far end first, then for ever nearer realms of the path. It may refer to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RealmPath {
    /// Up and down the dots of the realms' names (RFC 4120 section 1.2).
    #[default]
    Hierarchical,
    /// No realm in between.
    Direct,
    /// These realms in between, nearest first, as `Config::capath` of `krb5-files` gives them from `[capaths]`.
    Through(Vec<String>),
}

impl RealmPath {
    /// All realms, both ends included.
    fn realms(&self, from: &str, to: &str) -> Vec<String> {
        let ends = |between: &[String]| {
            let between = between.iter().map(String::as_str).filter(|realm| *realm != from && *realm != to);
            [from].into_iter().chain(between).chain([to]).map(ToString::to_string).collect()
        };
        match self {
            Self::Hierarchical => hierarchical_path(from, to).into_iter().map(ToString::to_string).collect(),
            Self::Direct => ends(&[]),
            Self::Through(between) => ends(between),
        }
    }
}

/// The realms met. No realm is met twice, and there is a limit.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    realms: Vec<String>,
    limit: u8,
}

impl Seen {
    /// Nothing met but the realm of the start.
    pub(super) fn new(start: &str, limit: u8) -> Self {
        Self { realms: Vec::from([start.to_string()]), limit }
    }

    /// Takes a referral from the realm met last to this one.
    pub(super) fn refer(&mut self, realm: &str) -> Result<(), TgsError> {
        let last = self.realms.last().map(String::as_str);
        if last == Some(realm) {
            return Err(TgsError::ReferralToSelf { realm: realm.to_string() });
        }
        if self.realms.iter().any(|seen| seen == realm) {
            return Err(TgsError::ReferralLoop { realm: realm.to_string() });
        }
        // The start is no referral.
        if self.realms.len() > usize::from(self.limit) {
            return Err(TgsError::TooManyReferrals { limit: self.limit });
        }
        self.realms.push(realm.to_string());
        Ok(())
    }
}

/// A walk along a path of realms, as MIT krb5 does it.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    /// From the realm of the first TGT to the one wanted; never empty.
    path: Vec<String>,
    /// Index of the realm of the TGT in hand.
    at: usize,
    /// Index of the realm asked for.
    next: usize,
    /// Set once a KDC has referred to a realm that is not on the path: from then on only the end is asked for.
    off_path: bool,
    seen: Seen,
}

/// Where a walk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// At its end.
    There,
    /// On the way.
    Underway,
}

impl Walk {
    pub(super) fn new(path: &RealmPath, from: &str, to: &str, limit: u8) -> Self {
        let path = path.realms(from, to);
        let next = path.len().saturating_sub(1);
        Self { path, at: 0, next, off_path: false, seen: Seen::new(from, limit) }
    }

    /// The realm that it leads to.
    pub(super) fn end(&self) -> &str {
        self.path.last().map(String::as_str).unwrap_or_default()
    }

    /// The realm to ask for a TGT of.
    pub(super) fn wanted(&self) -> &str {
        self.path.get(self.next).map(String::as_str).unwrap_or_default()
    }

    /// The KDC has no TGT of that realm. Whether there is a nearer one to ask for.
    pub(super) fn refused(&mut self) -> bool {
        if self.off_path {
            return false;
        }
        self.next = self.next.saturating_sub(1);
        self.next > self.at
    }

    /// The KDC gave a TGT of this realm.
    pub(super) fn arrived(&mut self, realm: &str) -> Result<Stand, TgsError> {
        let ahead = self.path.iter().skip(self.at.saturating_add(1)).position(|known| known == realm);
        match ahead {
            // Steps along the path are no referrals: each realm of it comes once at most.
            Some(distance) if !self.off_path => {
                self.at = self.at.saturating_add(1).saturating_add(distance);
                self.seen.realms.push(realm.to_string());
            }
            _ => {
                self.seen.refer(realm)?;
                self.off_path = true;
            }
        }
        self.next = self.path.len().saturating_sub(1);
        let there = self.path.last().is_some_and(|last| last == realm);
        Ok(if there { Stand::There } else { Stand::Underway })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(realms: &[&str]) -> RealmPath {
        RealmPath::Through(realms.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_far_end_is_asked_for_first_and_then_nearer_realms() {
        let mut walk = Walk::new(&through(&["B", "C"]), "A", "D", 10);
        assert_eq!(walk.wanted(), "D");
        assert!(walk.refused());
        assert_eq!(walk.wanted(), "C");
        assert!(walk.refused());
        assert_eq!(walk.wanted(), "B");
        assert_eq!(walk.arrived("B"), Ok(Stand::Underway));
        assert_eq!(walk.wanted(), "D");
        assert!(walk.refused());
        assert_eq!(walk.wanted(), "C");
        assert!(!walk.refused());
    }

    #[test]
    fn a_kdc_may_shorten_the_path() {
        let mut walk = Walk::new(&through(&["B", "C"]), "A", "D", 10);
        assert_eq!(walk.arrived("C"), Ok(Stand::Underway));
        assert_eq!(walk.wanted(), "D");
        assert!(!walk.refused());
    }

    #[test]
    fn off_the_path_only_the_end_is_asked_for() {
        let mut walk = Walk::new(&RealmPath::Direct, "A", "D", 2);
        assert_eq!(walk.arrived("X"), Ok(Stand::Underway));
        assert_eq!(walk.wanted(), "D");
        assert!(!walk.refused());
        assert_eq!(walk.arrived("A"), Err(TgsError::ReferralLoop { realm: "A".into() }));
        assert_eq!(walk.arrived("X"), Err(TgsError::ReferralToSelf { realm: "X".into() }));
        assert_eq!(walk.arrived("Y"), Ok(Stand::Underway));
        assert_eq!(walk.arrived("Z"), Err(TgsError::TooManyReferrals { limit: 2 }));
    }

    #[test]
    fn paths_have_both_ends_once() {
        assert_eq!(RealmPath::Direct.realms("A", "D"), ["A", "D"]);
        assert_eq!(through(&["A", "B", "D"]).realms("A", "D"), ["A", "B", "D"]);
        let realms = RealmPath::Hierarchical.realms("A.EXAMPLE", "B.EXAMPLE");
        assert_eq!(realms, ["A.EXAMPLE", "EXAMPLE", "B.EXAMPLE"]);
    }
}
