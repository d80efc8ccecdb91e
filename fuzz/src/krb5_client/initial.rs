//! The AS exchange.

use super::forge::{self, Seen, TAMPERED};
use super::{
    CLIENT, NOW_TIME, REALM, SERVICES, client_keys, credential, drive, kdc, policy, principal, tampered,
};
use crate::input::{Input, check_error};
use ::gss_core::Env;
use ::krb5_asn1::{Decode, Ticket, TicketFlags};
use ::krb5_client::{AsExchange, AsOptions, AsOutcome, Exchange, Policy, Secret};
use test_support::TestRng;

/// Most requests: twelve to a realm, and four realms.
const MOST: usize = 12 * 4 + 1;

/// What can be chosen, a bit each.
pub const CANONICALIZE: u8 = 1;
/// See [`CANONICALIZE`].
pub const ARMOR: u8 = 2;
/// See [`CANONICALIZE`].
pub const OPTIONAL_FAST: u8 = 4;
/// See [`CANONICALIZE`].
pub const PREAUTH_AT_ONCE: u8 = 8;
/// See [`CANONICALIZE`].
pub const OWN_CLOCK: u8 = 16;
/// See [`CANONICALIZE`].
pub const RENEWABLE: u8 = 32;
/// See [`CANONICALIZE`].
pub const SERVICE: u8 = 64;
/// See [`CANONICALIZE`].
pub const HIDE_CLIENT: u8 = 128;

/// A first ticket comes out only if it is what was asked for; left alone by others, client and KDC agree.
pub fn exchange(input: &[u8]) {
    let mut input = Input::new(input);
    let choices = input.byte();
    let chosen = |bit: u8| choices & bit != 0;
    let kdc = kdc();
    let tgt = credential(&kdc, "krbtgt/A.TEST@A.TEST");
    let mut session_keys = vec![tgt.session_key.duplicate()];
    let options = AsOptions {
        canonicalize: chosen(CANONICALIZE),
        armor: chosen(ARMOR).then_some(tgt),
        require_fast: !chosen(OPTIONAL_FAST),
        preauth_at_once: chosen(PREAUTH_AT_ONCE),
        renew_lifetime: chosen(RENEWABLE).then_some(100_000),
        server: chosen(SERVICE).then(|| principal(SERVICES[0])),
        hide_client: chosen(ARMOR) && chosen(HIDE_CLIENT),
        forwardable: true,
        ..AsOptions::new(principal(CLIENT))
    };
    let policy = policy(!chosen(OWN_CLOCK));
    let mut rng = TestRng::insecure(2);
    let secret = Secret::keys(client_keys());
    let exchange = AsExchange::new(&policy, options.clone(), secret, &mut Env::new(NOW_TIME, &mut rng));
    let exchange = exchange.expect("a proper request");
    assert_eq!(exchange.request().realm, REALM);

    let client = principal(CLIENT);
    let ended = drive(exchange, MOST, &mut input, &mut rng, |request, input| {
        let kind = input.byte();
        if kind % 4 == TAMPERED {
            return tampered(&kdc, request, input);
        }
        let seen = Seen::new(request);
        let keys = client_keys();
        (forge::answer(kind, &seen, client.as_borrowed(), &keys, &mut session_keys, input), false)
    });
    match ended.outcome {
        Ok(outcome) => check(&outcome, &options, &policy),
        Err(error) => {
            assert!(!ended.honest, "{error}");
            check_error(&error);
        }
    }
}

fn check(outcome: &AsOutcome, options: &AsOptions, policy: &Policy) {
    let credential = &outcome.credential;
    let server = options.server.as_ref().map(ToString::to_string);
    if !options.canonicalize {
        assert_eq!(credential.client.to_string(), CLIENT);
        assert_eq!(credential.server.to_string(), server.unwrap_or_else(|| "krbtgt/A.TEST@A.TEST".into()));
    }
    assert!(options.server.is_some() || credential.is_tgt());
    assert!(policy.enctypes.contains(&credential.session_key.enctype()));
    assert!(credential.times.end > credential.times.start);
    let unasked = TicketFlags::FORWARDED | TicketFlags::PROXY | TicketFlags::ANONYMOUS | TicketFlags::INVALID;
    assert_eq!(credential.flags.0 & unasked.0, 0);
    assert!(credential.addresses.is_empty());
    let ticket = Ticket::from_der(&credential.ticket).expect("a ticket");
    assert_eq!(ticket.sname.in_realm(ticket.realm), credential.server.as_borrowed());
    assert!(outcome.fast_used || options.armor.is_none() || !options.require_fast);
    let _ = (credential.to_file(), format!("{outcome:?}"));
}
