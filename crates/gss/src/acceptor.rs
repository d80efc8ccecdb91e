use crate::context::Context;
use crate::error::Error;
use crate::krb5::replay::ReplayCache;
use crate::krb5::{CredentialsError, service_keys};
use crate::mechanism::Mechanism;
use crate::running::Running;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use gss_core::bindings::{BindingCheck, TooManyBindings};
use gss_core::{AcceptableBindings, Env, Handshake, Oid, Step, TokenSink, oid};
use gss_spnego::{Offer, RawTokens};

/// What all contexts of a service share: its mechanisms, and which tokens it takes. Make one and keep it.
#[derive(Clone, Debug)]
pub struct AcceptorConfig {
    krb5: Option<Arc<gss_krb5::AcceptorConfig>>,
    #[cfg(feature = "ntlm")]
    ntlm: Option<Arc<gss_ntlm::AcceptorConfig>>,
    bindings: Option<BindingCheck>,
    framing: Framing,
}

/// Which tokens an acceptor takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Framing {
    /// Those of SPNEGO.
    #[default]
    Spnego,
    /// Those of the mechanism alone.
    Raw,
    /// Whichever of the two the initiator sends. HTTP clients send both under `Negotiate`. Raw tokens have no list of
    /// mechanisms to be proven: whoever is in between can lead a client that offers several to the least of them.
    SpnegoOrRaw,
}

impl AcceptorConfig {
    /// A Kerberos acceptor with the keys of a keytab file, given as bytes, and a replay cache in this process's
    /// memory. All else is as safe as it gets; for other settings see [`krb5`](Self::krb5).
    ///
    /// # Errors
    /// [`CredentialsError`] when the bytes are no keytab, or hold no usable key.
    #[cfg(feature = "std")]
    pub fn from_keytab(bytes: &[u8]) -> Result<Self, CredentialsError> {
        Self::from_keytab_with(bytes, crate::krb5::replay::MemoryReplayCache::new())
    }

    /// The same with a replay cache of the caller's: several processes with the same key have to share one.
    ///
    /// # Errors
    /// [`CredentialsError`] when the bytes are no keytab, or hold no usable key.
    pub fn from_keytab_with(
        bytes: &[u8],
        replay: impl ReplayCache + Send + Sync + 'static,
    ) -> Result<Self, CredentialsError> {
        Ok(Self::krb5(gss_krb5::AcceptorConfig::new(service_keys(bytes)?, replay)))
    }

    /// A Kerberos acceptor with keys, replay cache and policy of its own.
    #[must_use]
    pub fn krb5(config: gss_krb5::AcceptorConfig) -> Self {
        Self { krb5: Some(Arc::new(config)), ..Self::none() }
    }

    /// An acceptor of NTLM alone.
    #[cfg(feature = "ntlm")]
    #[must_use]
    pub fn ntlm(config: gss_ntlm::AcceptorConfig) -> Self {
        Self::none().with_ntlm(config)
    }

    const fn none() -> Self {
        Self {
            krb5: None,
            #[cfg(feature = "ntlm")]
            ntlm: None,
            bindings: None,
            framing: Framing::Spnego,
        }
    }

    /// Takes NTLM too, from clients that cannot do the mechanism listed before.
    #[cfg(feature = "ntlm")]
    #[must_use]
    pub fn with_ntlm(self, config: gss_ntlm::AcceptorConfig) -> Self {
        Self { ntlm: Some(Arc::new(config)), ..self }
    }

    /// Which tokens are taken; those of SPNEGO by default.
    #[must_use]
    pub fn framing(self, framing: Framing) -> Self {
        Self { framing, ..self }
    }

    /// The channel bindings of all connections; [`Acceptor::channel_bindings`] gives those of one. By default those
    /// of the mechanism's own configuration count.
    ///
    /// # Errors
    /// [`TooManyBindings`].
    pub fn channel_bindings(self, acceptable: &AcceptableBindings<'_>) -> Result<Self, TooManyBindings> {
        Ok(Self { bindings: Some(BindingCheck::new(acceptable)?), ..self })
    }

    /// The mechanisms, best first.
    pub fn mechanisms(&self) -> impl Iterator<Item = Oid> {
        let krb5 = self.krb5.as_ref().map(|_| oid::KRB5);
        #[cfg(feature = "ntlm")]
        let ntlm = self.ntlm.as_ref().map(|_| oid::NTLMSSP);
        #[cfg(not(feature = "ntlm"))]
        let ntlm = None;
        krb5.into_iter().chain(ntlm)
    }

    /// The acceptors of all mechanisms, best first.
    fn acceptors(&self, bindings: Option<BindingCheck>, repeats: Option<&Repeats>) -> Vec<(Oid, Mechanism)> {
        let bindings = bindings.as_ref().or(self.bindings.as_ref());
        let mut mechanisms = Vec::new();
        if let Some(config) = &self.krb5 {
            let mut acceptor = gss_krb5::Acceptor::new(Arc::clone(config));
            if let Some(check) = bindings {
                acceptor = acceptor.channel_bindings(check.clone());
            }
            if let Some(repeats) = repeats {
                acceptor = acceptor.repeating_accepted_tokens(Arc::clone(&repeats.repeating));
            }
            mechanisms.push((oid::KRB5, Mechanism::Krb5Acceptor(acceptor)));
        }
        #[cfg(feature = "ntlm")]
        if let Some(config) = &self.ntlm {
            let mut acceptor = gss_ntlm::Acceptor::new(Arc::clone(config));
            if let Some(check) = bindings {
                acceptor = acceptor.channel_bindings(check.clone());
            }
            mechanisms.push((oid::NTLMSSP, Mechanism::NtlmAcceptor(acceptor)));
        }
        mechanisms
    }
}

/// The side that answers: a [`Handshake`] whose every step takes the initiator's token. Make one for each connection.
///
/// What a failed step wrote is the mechanism's error token, to be sent if the protocol around has a place for it.
pub struct Acceptor {
    state: State,
    repeats: Option<Repeats>,
}

/// Steps to come that take tokens which were taken before.
struct Repeats {
    left: usize,
    /// What the mechanism looks at.
    repeating: Arc<AtomicBool>,
}

enum State {
    Fresh { config: Arc<AcceptorConfig>, bindings: Option<BindingCheck>, framing: Framing },
    Begun(Running<Spnego>),
}

type Spnego = gss_spnego::Acceptor<Vec<Offer<Mechanism>>>;

impl Acceptor {
    /// An acceptor with this configuration.
    #[must_use]
    pub fn new(config: Arc<AcceptorConfig>) -> Self {
        let framing = config.framing;
        Self { state: State::Fresh { config, bindings: None, framing }, repeats: None }
    }

    /// The channel bindings of this connection, in place of those of the configuration. Does nothing after the first
    /// step.
    ///
    /// # Errors
    /// [`TooManyBindings`].
    pub fn channel_bindings(self, acceptable: &AcceptableBindings<'_>) -> Result<Self, TooManyBindings> {
        Ok(self.binding_check(BindingCheck::new(acceptable)?))
    }

    /// The same with bindings whose digests are there already.
    #[must_use]
    pub fn binding_check(mut self, check: BindingCheck) -> Self {
        if let State::Fresh { bindings, .. } = &mut self.state {
            *bindings = Some(check);
        }
        self
    }

    /// Which tokens are taken on this connection, in place of what the configuration says. Does nothing after the
    /// first step.
    #[must_use]
    pub fn framing(mut self, taken: Framing) -> Self {
        if let State::Fresh { framing, .. } = &mut self.state {
            *framing = taken;
        }
        self
    }

    /// In the first `steps` steps no replay cache is asked: **a replayed token is accepted in them**.
    ///
    /// Only for tokens that this service took before, and kept the transcript of where nobody else can write: to come
    /// to the same state once more, with the same times and randomness in [`Env`]. The steps behind them ask the cache
    /// again. Does nothing after the first step.
    #[must_use]
    pub fn repeating_accepted_tokens(self, steps: usize) -> Self {
        if matches!(self.state, State::Begun(_)) {
            return self;
        }
        let repeating = Arc::new(AtomicBool::new(steps > 0));
        Self { repeats: Some(Repeats { left: steps, repeating }), ..self }
    }
}

impl Handshake for Acceptor {
    type Established = Context;
    type Error = Error;

    fn step(
        self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, Context>, Error> {
        let Self { state, repeats } = self;
        let repeats = repeats.map(Repeats::step);
        let step = match state {
            State::Fresh { config, bindings, framing: Framing::Raw } => {
                let mechanism = of_token(config.acceptors(bindings, repeats.as_ref()), input)
                    .ok_or(gss_spnego::Error::NoOffers)?;
                Running::raw(mechanism, input, output, env)
            }
            State::Fresh { config, bindings, framing } => {
                let offers = config.acceptors(bindings, repeats.as_ref()).into_iter();
                let offers = offers.map(|(name, mechanism)| Offer::new(name, mechanism)).collect();
                // Which bare AP-REQs may come in is for the mechanism to say.
                let raw = match framing {
                    Framing::SpnegoOrRaw => RawTokens::AcceptBareApReq,
                    Framing::Spnego | Framing::Raw => RawTokens::Refuse,
                };
                let spnego = gss_spnego::Acceptor::new(offers).with_raw_tokens(raw);
                Running::negotiate(spnego, input, output, env)
            }
            State::Begun(running) => running.step(input, output, env),
        };
        Ok(step?.map_continue(|next| Self { state: State::Begun(next), repeats }))
    }
}

impl Repeats {
    /// One more step: the mechanism is told what it takes.
    fn step(self) -> Self {
        self.repeating.store(self.left > 0, Ordering::Release);
        Self { left: self.left.saturating_sub(1), ..self }
    }
}

/// The mechanism that a token without SPNEGO is for: NTLM's messages say what they are, all others go to the first.
fn of_token(mechanisms: Vec<(Oid, Mechanism)>, token: &[u8]) -> Option<Mechanism> {
    let ntlm = token.starts_with(b"NTLMSSP\0");
    let only = mechanisms.len() == 1;
    let mut mechanisms = mechanisms.into_iter();
    mechanisms.find(|(name, _)| only || (*name == oid::NTLMSSP) == ntlm).map(|(_, mechanism)| mechanism)
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            State::Fresh { .. } => f.write_str("Acceptor::Fresh"),
            State::Begun(running) => write!(f, "Acceptor::{}", running.name()),
        }
    }
}
