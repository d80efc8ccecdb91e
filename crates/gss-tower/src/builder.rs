//! How a layer is made.

use crate::authorize::Authorize;
use crate::counters::Counters;
use crate::gss_scheme::{GssScheme, GssServer};
use crate::layer::AuthenticationLayer;
use crate::reply::Page;
use crate::session::Sessions;
use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use gss::{AcceptorConfig, BindingPolicy, Timestamp, oid};
use gss_core::bindings::{MAX_ACCEPTABLE_BINDINGS, TlsChannel};
use gss_http::{Scheme, ServerPolicy};
use http::request::Parts;

/// Whether a request has to be authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Requirement {
    /// Yes: 401 otherwise.
    #[default]
    Required,
    /// If the client wants. Requests without credentials of ours go to the inner service without
    /// [`Authenticated`](crate::Authenticated); if that answers 401, the layer adds its challenges. Credentials that are
    /// refused are not passed over.
    Optional,
    /// No: the layer does not look at the request.
    None,
}

type RequirementRule = dyn Fn(&Parts) -> Requirement + Send + Sync;
type PageRule = dyn Fn(&Parts, Option<&str>) -> Page + Send + Sync;
type Clock = dyn Fn() -> Timestamp + Send + Sync;

/// What all services of a layer share.
pub(crate) struct Shared {
    /// The number of the layer in this process.
    pub(crate) id: u64,
    pub(crate) config: Arc<AcceptorConfig>,
    pub(crate) policy: ServerPolicy,
    pub(crate) bindings: BindingPolicy,
    /// Certificates of TLS terminators.
    pub(crate) end_points: TlsChannel,
    pub(crate) behind_proxy: bool,
    pub(crate) blocking: bool,
    pub(crate) requirement: Option<Box<RequirementRule>>,
    pub(crate) authorize: Option<Box<dyn Authorize>>,
    pub(crate) page: Option<Box<PageRule>>,
    pub(crate) sessions: Option<Sessions>,
    pub(crate) gss: Option<GssServer>,
    pub(crate) clock: Box<Clock>,
    pub(crate) counters: Counters,
}

/// Makes an [`AuthenticationLayer`]. Everything has a safe default.
#[must_use]
pub struct Builder {
    shared: Shared,
    end_points: usize,
    gss: Option<GssScheme>,
}

impl Builder {
    pub(crate) fn new(config: Arc<AcceptorConfig>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let shared = Shared {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            config,
            policy: ServerPolicy::default(),
            bindings: BindingPolicy::default(),
            end_points: TlsChannel::none(),
            behind_proxy: false,
            blocking: false,
            requirement: None,
            authorize: None,
            page: None,
            sessions: None,
            gss: None,
            clock: Box::new(Timestamp::now),
            counters: Counters::default(),
        };
        Self { shared, end_points: 0, gss: None }
    }

    fn with(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(&mut self.shared);
        self
    }

    /// The schemes to offer and to take, in order, and what else `Negotiate` and `NTLM` insist on. By default
    /// `Negotiate` alone, and a refused client gets no error token.
    pub fn policy(self, policy: ServerPolicy) -> Self {
        self.with(|shared| shared.policy = policy)
    }

    /// Offers the scheme `GSS` too.
    pub fn gss(self, scheme: GssScheme) -> Self {
        Self { gss: Some(scheme), ..self }
    }

    /// What to do with the clients' channel bindings under `Negotiate` and `NTLM`; `GSS` has a policy of its own. By default those that are sent must be right.
    pub fn bindings(self, policy: BindingPolicy) -> Self {
        self.with(|shared| shared.bindings = policy)
    }

    /// The hash of a certificate that a TLS terminator in front of us shows to clients
    /// (`gss_rustls::server_end_point` computes it): logins may be bound to it too.
    pub fn end_point(mut self, certificate_hash: impl Into<Vec<u8>>) -> Self {
        self.end_points += 1;
        self.with(|shared| {
            let before = core::mem::replace(&mut shared.end_points, TlsChannel::none());
            shared.end_points = before.with_end_point(certificate_hash);
        })
    }

    /// States that all requests come through a proxy that may mix clients on one connection, even one that adds no
    /// `Via`: no login holds for a connection then.
    pub fn behind_proxy(self) -> Self {
        self.with(|shared| shared.behind_proxy = true)
    }

    /// Which requests have to be authenticated; all of them by default.
    pub fn requirement(self, rule: impl Fn(&Parts) -> Requirement + Send + Sync + 'static) -> Self {
        self.with(|shared| shared.requirement = Some(Box::new(rule)))
    }

    /// Who may have what; by default everybody who was authenticated may have everything.
    pub fn authorize(self, rule: impl Authorize) -> Self {
        self.with(|shared| shared.authorize = Some(Box::new(rule)))
    }

    /// The body of 401 responses. The rule gets the request, and what is wrong with its credentials where that may be
    /// told. By default a short text.
    pub fn page(self, rule: impl Fn(&Parts, Option<&str>) -> Page + Send + Sync + 'static) -> Self {
        self.with(|shared| shared.page = Some(Box::new(rule)))
    }

    /// Gives out session cookies and takes them.
    pub fn sessions(self, sessions: Sessions) -> Self {
        self.with(|shared| shared.sessions = Some(sessions))
    }

    /// Runs the steps of handshakes with [`tokio::task::spawn_blocking`]: for replay caches, user databases and stores that
    /// wait for a network or a disk.
    pub fn blocking(self) -> Self {
        self.with(|shared| shared.blocking = true)
    }

    /// Another clock than the system's.
    pub fn clock(self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.with(|shared| shared.clock = Box::new(clock))
    }

    /// The layer.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn build(self) -> Result<AuthenticationLayer, BuildError> {
        let Self { mut shared, end_points, gss } = self;
        // One place is for the exporter of each connection, one for our own certificate.
        let limit = MAX_ACCEPTABLE_BINDINGS - 2;
        if end_points > limit {
            return Err(BuildError::TooManyEndPoints { found: end_points, limit });
        }
        let ntlm = shared.config.mechanisms().any(|mechanism| mechanism == oid::NTLMSSP);
        if shared.policy.schemes.contains(Scheme::Ntlm) && !ntlm {
            return Err(BuildError::NtlmNotConfigured);
        }
        shared.gss = gss.map(|scheme| scheme.build(shared.policy.side)).transpose()?;
        Ok(AuthenticationLayer::of(shared))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Builder").field(&self.shared).finish()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("policy", &self.policy)
            .field("bindings", &self.bindings)
            .field("end_points", &self.end_points)
            .field("behind_proxy", &self.behind_proxy)
            .field("blocking", &self.blocking)
            .field("sessions", &self.sessions)
            .finish_non_exhaustive()
    }
}

/// A layer that could not work.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// What is given as an origin is none.
    Origin {
        /// What was given.
        found: String,
    },
    /// The scheme `NTLM` is listed, and the acceptor has no users for it.
    NtlmNotConfigured,
    /// More certificates of TLS terminators than an acceptor compares.
    TooManyEndPoints {
        /// How many.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NtlmNotConfigured => f.write_str(
                "scheme NTLM is listed, and the acceptor does not take NTLM; add AcceptorConfig::with_ntlm, or list Negotiate alone",
            ),
            Self::Origin { found } => {
                write!(f, "{found:?} is no origin, expected one like https://www.example.com:8443")
            }
            Self::TooManyEndPoints { found, limit } => {
                write!(f, "{found} end points of TLS terminators, at most {limit} are compared")
            }
        }
    }
}

impl core::error::Error for BuildError {}
