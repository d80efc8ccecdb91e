//! Our client, and its way to the KDCs of a directory.

use anyhow::{Result, bail};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use gss_core::{Diagnose, Env, Timestamp};
use interop::kdc::{self, Directory};
use interop::text;
use krb5_asn1::Principal;
use krb5_client::{
    AsError, AsExchange, AsOptions, AsOutcome, Credential, Exchange, Policy, Request, RunError, Secret,
    Service, TgsError, TgsExchange, TgsOptions, TgsOutcome,
};
use krb5_crypto::EncType;
use krb5_net::BlockingNetwork;

/// What an exchange came to, once a KDC has been reached.
pub(crate) type Outcome<T, E> = Result<core::result::Result<T, E>>;

/// Our client.
pub(crate) struct Ours<'d> {
    directory: &'d Directory,
    /// What it asks for.
    pub(crate) policy: Policy,
    /// Over which protocol.
    over: Over,
    /// By how many seconds its clock is ahead of everybody else's.
    pub(crate) ahead: i64,
}

#[derive(Clone, Debug)]
pub(crate) enum Over {
    Tcp,
    /// Without the change to TCP when a reply is too long.
    Udp,
    /// Our own transport, which knows the servers by itself.
    Network(BlockingNetwork),
}

impl<'d> Ours<'d> {
    pub(crate) fn new(directory: &'d Directory) -> Self {
        Self { directory, policy: Policy::default(), over: Over::Tcp, ahead: 0 }
    }

    /// With one enctype alone.
    pub(crate) fn only(mut self, enctype: EncType) -> Self {
        self.policy.enctypes = vec![enctype];
        self
    }

    pub(crate) fn over(mut self, over: Over) -> Self {
        self.over = over;
        self
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_seconds(text::unix_now() + self.ahead)
    }

    /// Drives an exchange that `start` makes.
    pub(crate) fn run<X, E>(
        &self,
        start: impl FnOnce(&Policy, &mut Env<'_>) -> core::result::Result<X, E>,
    ) -> Outcome<X::Outcome, E>
    where
        X: Exchange<Error = E>,
        E: Diagnose,
    {
        let mut rng = UnwrapErr(SysRng);
        let exchange = match start(&self.policy, &mut Env::new(self.now(), &mut rng)) {
            Ok(exchange) => exchange,
            Err(error) => return Ok(Err(error)),
        };
        let mut transport = |request: &Request| self.send(request);
        match krb5_client::run(exchange, &mut transport, &mut || self.now(), &mut rng) {
            Ok(outcome) => Ok(Ok(outcome)),
            Err(RunError::Exchange(error)) => Ok(Err(error)),
            Err(RunError::Transport(error)) => Err(error),
        }
    }

    fn send(&self, request: &Request) -> Result<Vec<u8>> {
        if let Over::Network(network) = &self.over {
            return Ok(network.exchange(request)?);
        }
        let address = self.directory.address(&request.realm)?;
        let server = match request.service {
            Service::Kdc | Service::PrimaryKdc => address.kdc,
            Service::Kpasswd => address.kpasswd,
        };
        match self.over {
            Over::Udp => kdc::udp(server, &request.message),
            _ => kdc::tcp(server, &request.message),
        }
    }

    /// Logs in.
    pub(crate) fn login(&self, options: AsOptions, secret: Secret) -> Outcome<AsOutcome, AsError> {
        self.run(|policy, env| AsExchange::new(policy, options, secret, env))
    }

    /// Asks for a service ticket.
    pub(crate) fn service(
        &self,
        tgt: &Credential,
        server: &Principal,
        options: TgsOptions,
    ) -> Outcome<TgsOutcome, TgsError> {
        self.run(|policy, env| TgsExchange::service(policy, tgt, server, options, env))
    }
}

/// That it failed with a code, and says all of these words.
#[track_caller]
pub(crate) fn refused<T, E: Diagnose + core::fmt::Display>(
    outcome: core::result::Result<T, E>,
    code: &str,
    words: &[&str],
) -> Result<()> {
    let Err(error) = outcome else { bail!("expected {code}, and it succeeded") };
    let text = error.to_string();
    assert_eq!(error.code(), code, "{text}");
    for word in words {
        assert!(text.contains(word), "{code} says nothing of {word:?}: {text}");
    }
    Ok(())
}
