//! What happened, in numbers.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counts what a layer did. A clone counts the same; [`snapshot`](Self::snapshot) reads all of it, for a metrics crate to
/// publish whenever it is asked:
///
/// ```
/// # fn publish(_: &'static str, _: &str, _: u64) {}
/// # let layer = gss_tower::AuthenticationLayer::new(gss::AcceptorConfig::from_keytab(
/// #     &test_support::ticket::TicketMaker::example().keytab())?);
/// let counters = layer.counters();
/// let now = counters.snapshot();
/// publish("gss_logins_total", "krb5", now.logins_krb5);
/// publish("gss_live_logins", "", now.live);
/// for (code, count) in &now.rejected {
///     publish("gss_rejected_total", code, *count);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Counters(Arc<Inner>);

#[derive(Default)]
struct Inner {
    challenges: AtomicU64,
    continued: AtomicU64,
    logins_krb5: AtomicU64,
    logins_ntlm: AtomicU64,
    logins_other: AtomicU64,
    by_connection: AtomicU64,
    reauthentications: AtomicU64,
    sessions_begun: AtomicU64,
    sessions_used: AtomicU64,
    sessions_refused: AtomicU64,
    anonymous: AtomicU64,
    forbidden: AtomicU64,
    half_open: AtomicU64,
    live: AtomicU64,
    /// As many entries as there are codes of errors.
    rejected: Mutex<BTreeMap<&'static str, u64>>,
}

/// What was counted until now. All but [`half_open`](Self::half_open) and [`live`](Self::live) only grow.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Snapshot {
    /// Requests without credentials that were asked for them.
    pub challenges: u64,
    /// Legs that were not the last one.
    pub continued: u64,
    /// Logins with Kerberos.
    pub logins_krb5: u64,
    /// Logins with NTLM.
    pub logins_ntlm: u64,
    /// Logins with other mechanisms.
    pub logins_other: u64,
    /// Requests let in because their connection had a login.
    pub by_connection: u64,
    /// Requests let in by a MIC of an established context.
    pub reauthentications: u64,
    /// Session cookies given out.
    pub sessions_begun: u64,
    /// Requests let in by a session cookie.
    pub sessions_used: u64,
    /// Session cookies that were tampered with, or had ended.
    pub sessions_refused: u64,
    /// Requests let in without authentication, where it is optional.
    pub anonymous: u64,
    /// Requests of known clients that the authorisation hook refused.
    pub forbidden: u64,
    /// Refused credentials, by the code of the error, as `Diagnose::code` gives it.
    pub rejected: BTreeMap<&'static str, u64>,
    /// Connections with a half-made handshake, now. Contexts of the scheme `GSS` are in its store, which may count them.
    pub half_open: u64,
    /// Connections with a login that holds for them, now.
    pub live: u64,
}

impl Snapshot {
    /// All logins.
    #[must_use]
    pub fn logins(&self) -> u64 {
        self.logins_krb5 + self.logins_ntlm + self.logins_other
    }

    /// All refused credentials.
    #[must_use]
    pub fn rejects(&self) -> u64 {
        self.rejected.values().sum()
    }
}

/// What can be counted by one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Challenge,
    Continued,
    LoginKrb5,
    LoginNtlm,
    LoginOther,
    ByConnection,
    Reauthentication,
    SessionBegun,
    SessionUsed,
    SessionRefused,
    Anonymous,
    Forbidden,
}

/// What there is a number of at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gauge {
    HalfOpen,
    Live,
}

impl Counters {
    pub(crate) fn count(&self, event: Event) {
        let counter = match event {
            Event::Challenge => &self.0.challenges,
            Event::Continued => &self.0.continued,
            Event::LoginKrb5 => &self.0.logins_krb5,
            Event::LoginNtlm => &self.0.logins_ntlm,
            Event::LoginOther => &self.0.logins_other,
            Event::ByConnection => &self.0.by_connection,
            Event::Reauthentication => &self.0.reauthentications,
            Event::SessionBegun => &self.0.sessions_begun,
            Event::SessionUsed => &self.0.sessions_used,
            Event::SessionRefused => &self.0.sessions_refused,
            Event::Anonymous => &self.0.anonymous,
            Event::Forbidden => &self.0.forbidden,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn reject(&self, code: &'static str) {
        *self.0.rejected.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
    }

    /// Counts one more until the guard is dropped.
    pub(crate) fn hold(&self, gauge: Gauge) -> Held {
        self.gauge(gauge).fetch_add(1, Ordering::Relaxed);
        Held { counters: self.clone(), gauge }
    }

    fn gauge(&self, gauge: Gauge) -> &AtomicU64 {
        match gauge {
            Gauge::HalfOpen => &self.0.half_open,
            Gauge::Live => &self.0.live,
        }
    }

    /// All numbers. They are read one after the other, while others may change.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let inner = &*self.0;
        Snapshot {
            challenges: read(&inner.challenges),
            continued: read(&inner.continued),
            logins_krb5: read(&inner.logins_krb5),
            logins_ntlm: read(&inner.logins_ntlm),
            logins_other: read(&inner.logins_other),
            by_connection: read(&inner.by_connection),
            reauthentications: read(&inner.reauthentications),
            sessions_begun: read(&inner.sessions_begun),
            sessions_used: read(&inner.sessions_used),
            sessions_refused: read(&inner.sessions_refused),
            anonymous: read(&inner.anonymous),
            forbidden: read(&inner.forbidden),
            rejected: inner.rejected.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            half_open: read(&inner.half_open),
            live: read(&inner.live),
        }
    }
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(f)
    }
}

/// One of those that are counted now.
pub(crate) struct Held {
    counters: Counters,
    gauge: Gauge,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.counters.gauge(self.gauge).fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({:?})", self.gauge)
    }
}
