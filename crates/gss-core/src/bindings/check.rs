//! Comparing channel bindings: three policies, several acceptable bindings (MS-KILE 3.4.5, RFC 4121 section 4.1.1.2,
//! MS-NLMP 3.2.5.1.2).

use super::{AcceptableBindings, BindingDigest, BindingOutcome, BindingPolicy};
use crate::{Blame, Diagnose, MajorStatus};
use core::fmt;
use subtle::{Choice, ConstantTimeEq};

/// Most bindings that one acceptor lets in.
pub const MAX_ACCEPTABLE_BINDINGS: usize = 8;

/// The digests an acceptor lets in, and its policy.
#[derive(Clone, Debug, Default)]
pub struct BindingCheck {
    policy: BindingPolicy,
    digests: [Option<BindingDigest>; MAX_ACCEPTABLE_BINDINGS],
}

impl BindingCheck {
    /// Computes the digests.
    ///
    /// # Errors
    /// [`TooManyBindings`] for more than [`MAX_ACCEPTABLE_BINDINGS`].
    pub fn new(acceptable: &AcceptableBindings<'_>) -> Result<Self, TooManyBindings> {
        let mut digests = [None; MAX_ACCEPTABLE_BINDINGS];
        if acceptable.any_of.len() > digests.len() {
            return Err(TooManyBindings { count: acceptable.any_of.len() });
        }
        for (digest, bindings) in digests.iter_mut().zip(acceptable.any_of) {
            *digest = Some(BindingDigest::of(bindings));
        }
        Ok(Self { policy: acceptable.policy, digests })
    }

    /// Compares what the initiator sent. `sent` is `None` when it sent no field for bindings at all; `promised` says
    /// that it announced bindings (KERB_AP_OPTIONS_CBT, MS-KILE 3.2.5.8), so that zeros mean that they were removed.
    ///
    /// # Errors
    /// [`BindingFailure`]: the policy does not let the initiator in.
    pub fn check(
        &self,
        sent: Option<BindingDigest>,
        promised: bool,
    ) -> Result<BindingChecked, BindingFailure> {
        let sent = sent.filter(|digest| *digest != BindingDigest::NONE);
        let has_own = self.digests.iter().any(Option::is_some);
        let outcome = match (self.policy, sent) {
            (BindingPolicy::Ignore, _) => BindingOutcome::NotChecked,
            (BindingPolicy::Require, _) if !has_own => return Err(BindingFailure::NothingToCompare),
            (BindingPolicy::VerifyIfPresent, _) if !has_own => BindingOutcome::NotChecked,
            (BindingPolicy::Require, None) => return Err(BindingFailure::Missing),
            (BindingPolicy::VerifyIfPresent, None) if promised => return Err(BindingFailure::Missing),
            (BindingPolicy::VerifyIfPresent, None) => BindingOutcome::Absent,
            (_, Some(digest)) if self.matches(digest) => BindingOutcome::Bound,
            (_, Some(_)) => return Err(BindingFailure::Mismatch),
        };
        Ok(BindingChecked(outcome))
    }

    fn matches(&self, sent: BindingDigest) -> bool {
        self.digests.iter().flatten().fold(Choice::from(0), |found, own| found | own.0.ct_eq(&sent.0)).into()
    }
}

/// Proof that the bindings were compared as the policy demands.
#[derive(Clone, Copy, Debug)]
pub struct BindingChecked(BindingOutcome);

impl BindingChecked {
    /// How the comparison came out.
    #[must_use]
    pub fn outcome(self) -> BindingOutcome {
        self.0
    }
}

/// More bindings than an acceptor can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyBindings {
    /// How many.
    pub count: usize,
}

impl Diagnose for TooManyBindings {
    fn blame(&self) -> Blame {
        Blame::Caller
    }

    fn code(&self) -> &'static str {
        "too_many_bindings"
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::FAILURE
    }
}

impl fmt::Display for TooManyBindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.count;
        write!(f, "{count} channel bindings, at most {MAX_ACCEPTABLE_BINDINGS} can be accepted")
    }
}

impl core::error::Error for TooManyBindings {}

/// Why channel bindings were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingFailure {
    /// The initiator names another channel: somebody relays.
    Mismatch,
    /// The initiator names no channel, and must.
    Missing,
    /// Bindings are required, and the acceptor was given none.
    NothingToCompare,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChannelBindings;

    const OURS: ChannelBindings<'_> = ChannelBindings::new(b"tls-exporter:ours");
    const OTHER: ChannelBindings<'_> = ChannelBindings::new(b"tls-exporter:other");

    fn check(
        policy: BindingPolicy,
        own: &[ChannelBindings<'_>],
        sent: Option<BindingDigest>,
        promised: bool,
    ) -> Result<BindingOutcome, BindingFailure> {
        let check = BindingCheck::new(&AcceptableBindings { policy, any_of: own }).unwrap();
        check.check(sent, promised).map(BindingChecked::outcome)
    }

    #[test]
    fn every_policy_meets_every_initiator() {
        use BindingFailure::{Mismatch, Missing, NothingToCompare};
        use BindingOutcome::{Absent, Bound, NotChecked};
        use BindingPolicy::{Ignore, Require, VerifyIfPresent};
        let own = &[OTHER, OURS][..];
        let same = Some(BindingDigest::of(&OURS));
        let other = Some(BindingDigest::of(&ChannelBindings::new(b"third")));
        // RFC 6542: sixteen bytes of 0xff announce an extension that is not understood here.
        let extension = Some(BindingDigest([0xff; 16]));
        for (policy, own, sent, promised, expected) in [
            (Ignore, own, other, false, Ok(NotChecked)),
            (Ignore, own, None, true, Ok(NotChecked)),
            (VerifyIfPresent, own, same, false, Ok(Bound)),
            (VerifyIfPresent, own, same, true, Ok(Bound)),
            (VerifyIfPresent, own, other, false, Err(Mismatch)),
            (VerifyIfPresent, own, extension, false, Err(Mismatch)),
            (VerifyIfPresent, own, Some(BindingDigest::NONE), false, Ok(Absent)),
            (VerifyIfPresent, own, Some(BindingDigest::NONE), true, Err(Missing)),
            (VerifyIfPresent, own, None, false, Ok(Absent)),
            (VerifyIfPresent, &[], other, false, Ok(NotChecked)),
            (Require, own, same, false, Ok(Bound)),
            (Require, own, other, false, Err(Mismatch)),
            (Require, own, Some(BindingDigest::NONE), false, Err(Missing)),
            (Require, own, None, false, Err(Missing)),
            (Require, &[], same, false, Err(NothingToCompare)),
        ] {
            assert_eq!(check(policy, own, sent, promised), expected, "{policy:?} {sent:?} {promised}");
        }
    }

    #[test]
    fn too_many_bindings_are_refused() {
        let many = [OURS; MAX_ACCEPTABLE_BINDINGS + 1];
        let acceptable = AcceptableBindings { policy: BindingPolicy::Require, any_of: &many };
        assert_eq!(BindingCheck::new(&acceptable).unwrap_err(), TooManyBindings { count: many.len() });
    }
}
