//! Oracles for `krb5-testkdc`: requests by whoever knows no key, and requests of a client that were changed on the way.

use crate::input::{Input, rng};
use crate::krb5_client::{
    CLIENT, NOW_TIME, SERVICES, client_keys, credential, edit, kdc, password_ticket, policy, principal,
};
use ::gss_core::Env;
use ::krb5_asn1::{AsRep, Decode, KrbError, TgsRep};
use ::krb5_client::{
    AsExchange, AsOptions, Credential, Exchange, PasswordExchange, PasswordOptions, Secret, TgsExchange,
    TgsOptions,
};
use krb5_testkdc::{Kdc, Port};

/// What a request begins as; one of these is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any bytes, for the one port.
    Raw,
    /// Any bytes, for the other.
    RawPassword,
    /// A first ticket, without pre-authentication.
    Initial,
    /// The same with an encrypted timestamp.
    Timestamp,
    /// The same through FAST.
    Armored,
    /// A service ticket.
    Ticket,
    /// The same through FAST.
    ArmoredTicket,
    /// A ticket-granting ticket renewed.
    Renewal,
    /// A ticket for a user whose ticket is enclosed.
    UserToUser,
    /// A password change.
    Password,
}

/// All kinds. New ones go to the end, so that seeds stay what they are.
pub const KINDS: [Kind; 10] = [
    Kind::Raw,
    Kind::RawPassword,
    Kind::Initial,
    Kind::Timestamp,
    Kind::Armored,
    Kind::Ticket,
    Kind::ArmoredTicket,
    Kind::Renewal,
    Kind::UserToUser,
    Kind::Password,
];

/// Most requests to one KDC.
const MOST: usize = 8;

/// A KDC answers with a message of its protocol or not at all, and a client's own request it answers.
pub fn requests(input: &[u8]) {
    let mut input = Input::new(input);
    let kdc = kdc();
    for _ in 0..MOST {
        if input.is_empty() {
            return;
        }
        let kind = *input.pick(&KINDS);
        let (port, mut message, ours) = match kind {
            Kind::Raw => (Port::Kdc, input.chunk().to_vec(), false),
            Kind::RawPassword => (Port::Kpasswd, input.chunk().to_vec(), false),
            Kind::Password => {
                // The password may have been changed by the request before.
                let Some(ticket) = password_ticket(&kdc) else { return };
                (Port::Kpasswd, password_change(&ticket), true)
            }
            _ => (Port::Kdc, request(&kdc, kind), true),
        };
        let changed = edit(&mut message, &mut input);
        let Some(reply) = kdc.answer(port, &message) else {
            assert!(changed || !ours, "{kind:?} is not answered");
            continue;
        };
        let is_error = KrbError::from_der(&reply).is_ok();
        match port {
            Port::Kdc => {
                assert!(is_error || AsRep::from_der(&reply).is_ok() || TgsRep::from_der(&reply).is_ok());
            }
            Port::Kpasswd => {
                let framed = reply
                    .first_chunk()
                    .is_some_and(|len| usize::from(u16::from_be_bytes(*len)) == reply.len());
                assert!(is_error || framed);
            }
        }
    }
}

/// The first request of a client.
fn request(kdc: &Kdc, kind: Kind) -> Vec<u8> {
    let mut rng = rng();
    let env = &mut Env::new(NOW_TIME, &mut rng);
    let (policy, options) =
        (policy(true), TgsOptions { fast: kind == Kind::ArmoredTicket, ..TgsOptions::default() });
    let tgt = credential(kdc, "krbtgt/A.TEST@A.TEST");
    let exchange = match kind {
        Kind::Ticket | Kind::ArmoredTicket => {
            TgsExchange::service(&policy, &tgt, &principal(SERVICES[0]), options, env)
        }
        Kind::Renewal => TgsExchange::renew(&policy, &tgt, options, env),
        Kind::UserToUser => {
            TgsExchange::user_to_user(&policy, &tgt, &principal(CLIENT), &tgt.ticket, options, env)
        }
        _ => {
            let options = AsOptions {
                preauth_at_once: kind == Kind::Timestamp,
                armor: (kind == Kind::Armored).then_some(tgt),
                ..AsOptions::new(principal(CLIENT))
            };
            let exchange = AsExchange::new(&policy, options, Secret::keys(client_keys()), env);
            return exchange.expect("a proper request").request().message.clone();
        }
    };
    exchange.expect("a proper request").request().message.clone()
}

fn password_change(ticket: &Credential) -> Vec<u8> {
    let mut rng = rng();
    let env = &mut Env::new(NOW_TIME, &mut rng);
    let exchange = PasswordExchange::change(ticket, b"correct horse", &PasswordOptions::default(), env);
    exchange.expect("a proper request").request().message.clone()
}
