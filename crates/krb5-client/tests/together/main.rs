//! The client and the test KDC, which share no logic, in virtual time.

use core::time::Duration;

use gss_core::{Diagnose, Env, Timestamp};
use krb5_asn1::{NameType, Principal, TicketFlags};
use krb5_client::{
    AsExchange, AsOptions, AsOutcome, Credential, Evidence, Exchange, PasswordExchange, PasswordOptions,
    Policy, Request, S4uUser, Secret, Service, TgsExchange, TgsOptions, TgsOutcome, run,
};
use krb5_testkdc::{Account, Clock, Kdc, Port, Realm};
use test_support::TestRng;

mod logins;
mod services;

const NOW: i64 = 1_700_000_000;
const HOUR: u64 = 3600;

/// A KDC and a client with one clock.
struct World {
    kdc: Kdc,
    clock: Clock,
    rng: TestRng,
}

impl World {
    fn new(realms: impl IntoIterator<Item = Realm>, trusts: &[(&str, &str)]) -> Self {
        let clock = Clock::manual(Timestamp::from_seconds(NOW));
        let kdc = realms.into_iter().fold(Kdc::builder(), krb5_testkdc::KdcBuilder::realm);
        let kdc = trusts.iter().fold(kdc, |kdc, (from, to)| kdc.trust(from, to));
        let kdc = kdc.clock(clock.clone()).seed(7).build().unwrap();
        Self { kdc, clock, rng: TestRng::insecure(7) }
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Drives an exchange; a refusal by its code.
    fn drive<X: Exchange>(
        &mut self,
        begin: impl FnOnce(&mut Env<'_>) -> Result<X, X::Error>,
    ) -> Result<X::Outcome, &'static str> {
        let exchange = begin(&mut Env::new(self.clock.now(), &mut self.rng)).map_err(|error| error.code())?;
        let kdc = &self.kdc;
        let network = &mut |request: &Request| {
            let port = match request.service {
                Service::Kdc | Service::PrimaryKdc => Port::Kdc,
                Service::Kpasswd => Port::Kpasswd,
            };
            kdc.answer(port, &request.message).ok_or("silence")
        };
        let clock = self.clock.clone();
        run(exchange, network, &mut || clock.now(), &mut self.rng).map_err(|error| match error {
            krb5_client::RunError::Exchange(error) => error.code(),
            krb5_client::RunError::Transport(silence) => silence,
        })
    }

    fn log_in(&mut self, options: AsOptions, secret: Secret) -> Result<AsOutcome, &'static str> {
        self.drive(|env| AsExchange::new(&Policy::default(), options, secret, env))
    }

    fn tgt(&mut self, name: &str, password: &str) -> Credential {
        let options = AsOptions { forwardable: true, ..AsOptions::new(principal(name)) };
        self.log_in(options, Secret::password(password)).unwrap().credential
    }

    /// The ticket-granting ticket of a service, with the keys of its keytab.
    fn tgt_of_service(&mut self, name: &str) -> Credential {
        let keytab = self.kdc.keytab(&[name]).unwrap();
        let secret = Secret::from_keytab(&keytab, &principal(name)).unwrap();
        let options = AsOptions { forwardable: true, ..AsOptions::new(principal(name)) };
        self.log_in(options, secret).unwrap().credential
    }

    fn ticket(&mut self, tgt: &Credential, server: &str) -> Result<TgsOutcome, &'static str> {
        let server = principal(server);
        self.drive(|env| TgsExchange::service(&Policy::default(), tgt, &server, TgsOptions::default(), env))
    }
}

/// A name; its realm may be left empty.
fn principal(name: &str) -> Principal {
    Principal::parse(name, Some("")).unwrap()
}
