//! Oracles for `krb5-client`: exchanges that are answered by whoever sits on the way to the KDC, who may know every key.
//!
//! An answer is made as the input says: any bytes, a KRB-ERROR of chosen parts, a reply around a chosen plaintext, or
//! what an honest KDC answers, changed here and there.

pub mod forge;
pub mod initial;
pub mod password;
pub mod ticket;

use crate::input::Input;
use ::gss_core::{Env, Timestamp};
use ::krb5_asn1::{EncryptionKeyBuf, Principal};
use ::krb5_client::{
    AsExchange, AsOptions, Credential, Exchange, Policy, Progress, Request, Secret, Service,
};
use ::krb5_crypto::{EncType, Key};
use krb5_testkdc::{Account, AccountSecret, Clock, Kdc, Port, Realm};
use test_support::TestRng;
use test_support::ticket::{NOW, key};

/// The realm of the client.
pub const REALM: &str = "A.TEST";
/// The client.
pub const CLIENT: &str = "alice@A.TEST";
/// Services in the client's realm and in one that it trusts.
pub const SERVICES: [&str; 2] = ["HTTP/www.a.test@A.TEST", "HTTP/www.b.test@B.TEST"];
/// When everything happens.
pub const NOW_TIME: Timestamp = Timestamp::from_seconds(NOW);

/// The client's keys, best first, which everybody can compute.
pub fn client_keys() -> [Key; 2] {
    [EncType::AES256_CTS_HMAC_SHA1_96, EncType::AES128_CTS_HMAC_SHA1_96].map(|enctype| key(enctype, 1))
}

/// Two realms that trust each other, the same each time. No key comes from a password, which would take long.
pub fn kdc() -> Kdc {
    let keys =
        client_keys().iter().map(|key| EncryptionKeyBuf::new(key.enctype().0, key.secret_bytes())).collect();
    let alice = Account { secret: AccountSecret::Keys(keys), ..Account::service("alice") };
    let a = Realm::new("A.TEST").account(alice).service("HTTP/www.a.test").host(".b.test", "B.TEST");
    Kdc::builder()
        .realm(a)
        .realm(Realm::new("B.TEST").service("HTTP/www.b.test"))
        .trust("A.TEST", "B.TEST")
        .trust("B.TEST", "A.TEST")
        .clock(Clock::manual(NOW_TIME))
        .seed(5)
        .build()
        .expect("realms that make sense")
}

/// A ticket of the client's for this service.
pub fn credential(kdc: &Kdc, server: &str) -> Credential {
    let credential = kdc.ticket(CLIENT, server).expect("accounts of this KDC");
    Credential::try_from(&credential).expect("a session key of this build")
}

/// A ticket of the client's for the password service, which wants one that the client has just logged in for. `None`
/// when the client's keys are no longer those that everybody knows.
pub fn password_ticket(kdc: &Kdc) -> Option<Credential> {
    let server = Some(principal("kadmin/changepw@A.TEST"));
    let options = AsOptions { server, preauth_at_once: true, ..AsOptions::new(principal(CLIENT)) };
    let mut rng = TestRng::insecure(4);
    let mut env = Env::new(NOW_TIME, &mut rng);
    let exchange = AsExchange::new(&policy(true), options, Secret::keys(client_keys()), &mut env);
    let exchange = exchange.expect("a proper request");
    let mut ask = |request: &Request| kdc.answer(Port::Kdc, &request.message).ok_or("no answer");
    Some(::krb5_client::run(exchange, &mut ask, &mut || NOW_TIME, &mut rng).ok()?.credential)
}

/// Limits that are soon reached.
pub fn policy(follow_kdc_clock: bool) -> Policy {
    Policy { follow_kdc_clock, max_iterations: 16, max_referrals: 3, ..Policy::default() }
}

pub(crate) fn principal(name: &str) -> Principal {
    Principal::parse(name, Some(REALM)).expect("a name of ours")
}

/// How an exchange came out, and whether nobody interfered.
pub(crate) struct Ended<X: Exchange> {
    pub(crate) outcome: Result<X::Outcome, X::Error>,
    pub(crate) honest: bool,
}

/// Drives an exchange to its end. Whatever it is answered, it asks no more than `most` times.
pub(crate) fn drive<X: Exchange>(
    mut exchange: X,
    most: usize,
    input: &mut Input<'_>,
    rng: &mut TestRng,
    mut answer: impl FnMut(&Request, &mut Input<'_>) -> (Vec<u8>, bool),
) -> Ended<X> {
    let mut honest = true;
    for _ in 0..most {
        let (reply, unchanged) = answer(exchange.request(), input);
        honest &= unchanged;
        match exchange.receive(&reply, &mut Env::new(NOW_TIME, rng)) {
            Ok(Progress::Ask(next)) => exchange = next,
            Ok(Progress::Done(outcome)) => return Ended { outcome: Ok(outcome), honest },
            Err(error) => return Ended { outcome: Err(error), honest },
        }
    }
    panic!("more than {most} requests");
}

/// What the KDC answers, changed as the input says, and whether it is unchanged.
pub(crate) fn tampered(kdc: &Kdc, request: &Request, input: &mut Input<'_>) -> (Vec<u8>, bool) {
    let port = match request.service {
        Service::Kpasswd => Port::Kpasswd,
        Service::Kdc | Service::PrimaryKdc => Port::Kdc,
    };
    let mut reply = kdc.answer(port, &request.message).expect("a request is answered");
    let changed = edit(&mut reply, input);
    (reply, !changed)
}

/// Changes up to three bytes, or cuts the end off.
pub(crate) fn edit(message: &mut Vec<u8>, input: &mut Input<'_>) -> bool {
    let before = message.clone();
    for _ in 0..input.byte() % 4 {
        let (at, flip) = (usize::from(input.u16()), input.byte());
        match message.get_mut(at) {
            Some(byte) => *byte ^= flip,
            None => message.truncate(at % (message.len() + 1)),
        }
    }
    *message != before
}
