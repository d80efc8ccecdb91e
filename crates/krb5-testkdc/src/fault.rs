//! What a KDC can be made to do wrong, so that a client can be seen to notice.

use core::time::Duration;

use krb5_asn1::{ErrorCode, MessageType, Principal};

/// One thing that goes wrong. [`FaultPlan`] says when.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The KDC's clock is off by this many seconds, for the whole of the request.
    ClockSkew(i64),
    /// The request is refused with this code, whatever it asks for.
    Refuse(ErrorCode),
    /// The reply holds another nonce than the request.
    WrongNonce,
    /// The reply names another client.
    WrongClient,
    /// The reply names another realm of the client.
    WrongClientRealm,
    /// The encrypted part of the reply names another service than the one asked for.
    WrongServer,
    /// The encrypted part of the reply names another realm of the service.
    WrongServerRealm,
    /// The reply says that it is encrypted in this enctype.
    WrongEnctype(i32),
    /// Names in the clear, of ticket and reply, differ from those that are encrypted.
    ForgedNames,
    /// PA-ETYPE-INFO2 asks for this many rounds of PBKDF2; 0 means 2^32.
    Iterations(u32),
    /// A TGS request for another service is answered with a referral to a realm from which the way leads back here.
    ReferralLoop,
    /// FAST is stripped: a request in armor is answered without.
    StripFast,
    /// The sealed checksum over the AS-REQ (RFC 6806 section 11) is that of another request.
    WrongRequestChecksum,
    /// FAST's checksum over the ticket, which binds the ticket to its tunnel, is that of another ticket.
    WrongFinished,
    /// In armor: the KDC does not prove that it knows the client's key.
    WrongKdcChallenge,
    /// The reply's session key is of this enctype, whatever the client offered; one that this build has.
    SessionEnctype(i32),
    /// The ticket ended before it began.
    ExpiredTicket,
    /// A byte of the reply's ciphertext is changed.
    Corrupt,
    /// The reply travels badly. Without sockets, what has to do with time or framing has no effect.
    Delivery(DeliveryFault),
}

/// What goes wrong on a reply's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryFault {
    /// It comes this much later.
    Late(Duration),
    /// It does not come.
    Silent,
    /// It does not come, and the connection is closed.
    Closed,
    /// Its first half comes.
    Cut,
    /// It comes with this length in front.
    Prefix(u32),
    /// As many bytes come as it has, which mean nothing.
    Garbage,
    /// Over UDP `KRB_ERR_RESPONSE_TOO_BIG` comes in its place, however short it is.
    TooBig,
}

/// When a fault happens: for which requests, and how often.
///
/// A plan is used up by requests that it has an effect on: [`Fault::WrongNonce`] waits for a request that is granted.
///
/// ```
/// use krb5_testkdc::{Fault, FaultPlan};
///
/// let plan = FaultPlan::new(Fault::WrongNonce).for_client("alice@EXAMPLE.COM".parse()?).times(2);
/// # assert_eq!(plan.remaining, Some(2));
/// # Ok::<(), krb5_asn1::ParsePrincipalError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultPlan {
    /// What happens.
    pub fault: Fault,
    /// How many more times; `None`: always.
    pub remaining: Option<u32>,
    /// Only for requests in this client's name.
    pub client: Option<Principal>,
    /// Only for requests of this type: [`MessageType::AS_REQ`], [`MessageType::TGS_REQ`], or
    /// [`MessageType::AP_REQ`] for password changes.
    pub request: Option<MessageType>,
}

impl FaultPlan {
    /// Once, for the next request that the fault has an effect on.
    #[must_use]
    pub const fn new(fault: Fault) -> Self {
        Self { fault, remaining: Some(1), client: None, request: None }
    }

    /// This many times.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { remaining: Some(count), ..self }
    }

    /// From now on.
    #[must_use]
    pub fn always(self) -> Self {
        Self { remaining: None, ..self }
    }

    /// Only for this client.
    #[must_use]
    pub fn for_client(self, client: Principal) -> Self {
        Self { client: Some(client), ..self }
    }

    /// Only for requests of this type.
    #[must_use]
    pub fn on(self, request: MessageType) -> Self {
        Self { request: Some(request), ..self }
    }
}

impl From<Fault> for FaultPlan {
    fn from(fault: Fault) -> Self {
        Self::new(fault)
    }
}

/// The plans that are waiting.
#[derive(Debug, Default)]
pub(crate) struct Plans(Vec<FaultPlan>);

/// The request at hand, as far as plans care.
#[derive(Clone, Debug, Default)]
pub(crate) struct Occasion {
    pub(crate) request: Option<MessageType>,
    pub(crate) client: Option<Principal>,
}

impl Plans {
    pub(crate) fn add(&mut self, plan: FaultPlan) {
        self.0.push(plan);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The first fault for this occasion that `pick` takes; it counts as having happened.
    pub(crate) fn take<T>(&mut self, on: &Occasion, pick: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let fits = |plan: &FaultPlan| {
            plan.request.is_none_or(|request| on.request == Some(request))
                && plan.client.as_ref().is_none_or(|client| on.client.as_ref() == Some(client))
        };
        let (at, taken) = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, plan)| plan.remaining != Some(0) && fits(plan))
            .find_map(|(at, plan)| Some((at, pick(&plan.fault)?)))?;
        if let Some(remaining) = self.0.get_mut(at).and_then(|plan| plan.remaining.as_mut()) {
            *remaining -= 1;
            if *remaining == 0 {
                self.0.remove(at);
            }
        }
        Some(taken)
    }

    /// Whether exactly this fault happens now.
    pub(crate) fn happens(&mut self, on: &Occasion, fault: &Fault) -> bool {
        self.take(on, |planned| (planned == fault).then_some(())).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occasion(request: MessageType, client: &str) -> Occasion {
        Occasion { request: Some(request), client: Some(client.parse().unwrap()) }
    }

    #[test]
    fn a_plan_waits_for_its_occasion_and_is_used_up() {
        let mut plans = Plans::default();
        let alice = || "alice@A.TEST".parse().unwrap();
        plans.add(FaultPlan::new(Fault::WrongNonce).on(MessageType::TGS_REQ).for_client(alice()).times(2));
        let right = occasion(MessageType::TGS_REQ, "alice@A.TEST");
        for wrong in
            [occasion(MessageType::AS_REQ, "alice@A.TEST"), occasion(MessageType::TGS_REQ, "bob@A.TEST")]
        {
            assert!(!plans.happens(&wrong, &Fault::WrongNonce));
        }
        assert!(!plans.happens(&right, &Fault::WrongClient));
        assert!(plans.happens(&right, &Fault::WrongNonce));
        assert!(plans.happens(&right, &Fault::WrongNonce));
        assert!(!plans.happens(&right, &Fault::WrongNonce));
    }

    #[test]
    fn always_is_always_until_cleared() {
        let mut plans = Plans::default();
        plans.add(FaultPlan::new(Fault::ClockSkew(7)).always());
        let on = Occasion::default();
        let skew = |fault: &Fault| if let Fault::ClockSkew(by) = fault { Some(*by) } else { None };
        for _ in 0..100 {
            assert_eq!(plans.take(&on, skew), Some(7));
        }
        plans.clear();
        assert_eq!(plans.take(&on, skew), None);
    }
}
