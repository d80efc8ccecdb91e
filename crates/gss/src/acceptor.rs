use crate::context::Context;
use crate::error::Error;
use crate::krb5::replay::ReplayCache;
use crate::krb5::{
    Allow, CredentialsError, PacPolicy, Principal, ServiceKeys, TransitedPolicy, service_keys,
};
use crate::mechanism::Mechanism;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;
use gss_core::{AcceptableBindings, Env, Handshake, Step, TokenSink, oid};
use gss_spnego::{Offer, RawTokens};

/// What all contexts of a service share: keys, replay cache and policy. Make one and keep it in an `Arc`.
#[derive(Debug)]
pub struct AcceptorConfig {
    krb5: gss_krb5::AcceptorConfig,
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
    /// Whichever of the two the initiator sends. HTTP clients send both under `Negotiate`.
    SpnegoOrRaw,
}

impl AcceptorConfig {
    /// A Kerberos acceptor with the keys of a keytab file, given as bytes, and a replay cache in this process's
    /// memory. All else is as safe as it gets.
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
        Ok(Self::krb5(service_keys(bytes)?, replay))
    }

    /// A Kerberos acceptor with these keys and this replay cache.
    pub fn krb5(keys: ServiceKeys, replay: impl ReplayCache + Send + Sync + 'static) -> Self {
        Self { krb5: gss_krb5::AcceptorConfig::new(keys, replay), framing: Framing::default() }
    }

    /// Which tokens are taken; those of SPNEGO by default.
    #[must_use]
    pub fn framing(self, framing: Framing) -> Self {
        Self { framing, ..self }
    }

    /// Accepts tickets for this service only; called again, for either. By default any key will do.
    #[must_use]
    pub fn accept_only(self, service: Principal) -> Self {
        self.configure(|krb5| krb5.accept_only(service))
    }

    /// By how many seconds clocks may differ, 300 by default.
    #[must_use]
    pub fn skew(self, seconds: u32) -> Self {
        self.configure(|krb5| krb5.skew(seconds))
    }

    /// Lets in what safe defaults refuse.
    #[must_use]
    pub fn allow(self, allow: Allow) -> Self {
        self.configure(|krb5| krb5.allow(allow))
    }

    /// What to do with tickets that came through other realms.
    #[must_use]
    pub fn transited(self, policy: TransitedPolicy<'_>) -> Self {
        self.configure(|krb5| krb5.transited(policy))
    }

    /// What to do with the PAC of tickets.
    #[must_use]
    pub fn pac(self, policy: PacPolicy) -> Self {
        self.configure(|krb5| krb5.pac(policy))
    }

    /// The channel bindings of all connections; [`Acceptor::channel_bindings`] gives those of one.
    ///
    /// # Errors
    /// [`Error`] for more bindings than an acceptor can hold.
    pub fn channel_bindings(self, acceptable: &AcceptableBindings<'_>) -> Result<Self, Error> {
        Ok(Self { krb5: self.krb5.channel_bindings(acceptable)?, framing: self.framing })
    }

    fn configure(self, change: impl FnOnce(gss_krb5::AcceptorConfig) -> gss_krb5::AcceptorConfig) -> Self {
        Self { krb5: change(self.krb5), framing: self.framing }
    }
}

/// The configuration as the Kerberos acceptor sees it.
#[derive(Clone)]
pub(crate) struct SharedConfig(Arc<AcceptorConfig>);

impl Deref for SharedConfig {
    type Target = gss_krb5::AcceptorConfig;

    fn deref(&self) -> &gss_krb5::AcceptorConfig {
        &self.0.krb5
    }
}

/// The side that answers: a [`Handshake`] whose every step takes the initiator's token. Make one for each connection.
///
/// What a failed step wrote is the mechanism's error token, to be sent if the protocol around has a place for it.
pub struct Acceptor(State);

enum State {
    Fresh {
        krb5: gss_krb5::Acceptor<SharedConfig>,
        framing: Framing,
    },
    /// Boxed only while it waits, which an exchange of one leg never does.
    Spnego(Box<Spnego>),
    Raw(Mechanism),
}

impl Acceptor {
    /// An acceptor with this configuration.
    #[must_use]
    pub fn new(config: Arc<AcceptorConfig>) -> Self {
        let framing = config.framing;
        Self(State::Fresh { krb5: gss_krb5::Acceptor::new(SharedConfig(config)), framing })
    }

    /// The channel bindings of this connection, in place of those of the configuration. Does nothing after the first
    /// step.
    ///
    /// # Errors
    /// [`Error`] for more bindings than an acceptor can hold.
    pub fn channel_bindings(self, acceptable: &AcceptableBindings<'_>) -> Result<Self, Error> {
        Ok(match self.0 {
            State::Fresh { krb5, framing } => {
                Self(State::Fresh { krb5: krb5.channel_bindings(acceptable)?, framing })
            }
            started => Self(started),
        })
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
        match self.0 {
            State::Fresh { krb5, framing: Framing::Raw } => {
                Self::raw_step(Mechanism::Krb5Acceptor(krb5), input, output, env)
            }
            State::Fresh { krb5, framing } => {
                let offer = Offer::new(oid::KRB5, Mechanism::Krb5Acceptor(krb5));
                // Which bare AP-REQs may come in is for the mechanism to say.
                let raw = match framing {
                    Framing::SpnegoOrRaw => RawTokens::AcceptBareApReq,
                    Framing::Spnego | Framing::Raw => RawTokens::Refuse,
                };
                let spnego = gss_spnego::Acceptor::new(Vec::from([offer])).with_raw_tokens(raw);
                Self::spnego_step(spnego, input, output, env)
            }
            State::Spnego(spnego) => Self::spnego_step(*spnego, input, output, env),
            State::Raw(mechanism) => Self::raw_step(mechanism, input, output, env),
        }
    }
}

type Spnego = gss_spnego::Acceptor<Vec<Offer<Mechanism>>>;

impl Acceptor {
    fn raw_step(
        mechanism: Mechanism,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, Context>, Error> {
        let step = mechanism.step(input, output, env)?;
        Ok(step.map_continue(|next| Self(State::Raw(next))).map_done(Context::raw))
    }

    fn spnego_step(
        spnego: Spnego,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, Context>, Error> {
        let step = spnego.step(input, output, env)?;
        Ok(step.map_continue(|next| Self(State::Spnego(Box::new(next)))).map_done(Context::negotiated))
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            State::Fresh { .. } => "Acceptor::Fresh",
            State::Spnego(_) => "Acceptor::Spnego",
            State::Raw(_) => "Acceptor::Raw",
        })
    }
}
