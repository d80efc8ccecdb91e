//! The TGS exchange.

use super::forge::{self, Seen, TAMPERED};
use super::{CLIENT, NOW_TIME, SERVICES, credential, drive, kdc, policy, principal, tampered};
use crate::input::{Input, check_error};
use ::gss_core::Env;
use ::krb5_asn1::{Decode, Ticket, TicketFlags};
use ::krb5_client::{
    Credential, Evidence, Exchange, Policy, S4uUser, TgsError, TgsExchange, TgsOptions, TgsOutcome,
};
use krb5_testkdc::Kdc;
use test_support::TestRng;

/// Most requests: each realm is asked once or, with another clock, twice, and S4U2Proxy goes the way a second time.
const MOST: usize = 40;

/// What can be chosen, a bit each.
pub const FAST: u8 = 1;
/// See [`FAST`].
pub const EXACT: u8 = 2;
/// See [`FAST`].
pub const OWN_CLOCK: u8 = 4;

/// What is asked for; one of these is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A service of the same realm.
    Near,
    /// A service of another realm, which is known.
    Far,
    /// The same, where only referrals lead there.
    Referred,
    /// See [`TgsExchange::renew`].
    Renew,
    /// See [`TgsExchange::validate`].
    Validate,
    /// See [`TgsExchange::forward`].
    Forward,
    /// See [`TgsExchange::s4u_self`].
    S4uSelf,
    /// See [`TgsExchange::s4u_proxy`].
    S4uProxy,
    /// See [`TgsExchange::user_to_user`].
    UserToUser,
}

/// All goals. New ones go to the end, so that seeds stay what they are.
pub const GOALS: [Goal; 9] = [
    Goal::Near,
    Goal::Far,
    Goal::Referred,
    Goal::Renew,
    Goal::Validate,
    Goal::Forward,
    Goal::S4uSelf,
    Goal::S4uProxy,
    Goal::UserToUser,
];

/// A ticket comes out only if it is what was asked for; left alone by others, client and KDC agree on the simple things.
pub fn exchange(input: &[u8]) {
    let mut input = Input::new(input);
    let goal = *input.pick(&GOALS);
    let choices = input.byte();
    let chosen = |bit: u8| choices & bit != 0;
    let kdc = kdc();
    let tgt = shown(&kdc, goal);
    let options = TgsOptions { fast: chosen(FAST), canonicalize: !chosen(EXACT), ..TgsOptions::default() };
    let policy = policy(!chosen(OWN_CLOCK));
    let mut rng = TestRng::insecure(2);
    let exchange = start(&policy, &tgt, goal, options, &kdc, &mut Env::new(NOW_TIME, &mut rng));
    let exchange = exchange.expect("a proper request");
    assert!(!exchange.request().realm.is_empty());

    let client = principal(CLIENT);
    let mut session_keys = vec![tgt.session_key.duplicate()];
    let ended = drive(exchange, MOST, &mut input, &mut rng, |request, input| {
        let kind = input.byte();
        if kind % 4 == TAMPERED {
            return tampered(&kdc, request, input);
        }
        let seen = Seen::new(request);
        let keys: Vec<_> = seen.subkey(&session_keys).into_iter().map(|(subkey, _)| subkey).collect();
        (forge::answer(kind, &seen, client.as_borrowed(), &keys, &mut session_keys, input), false)
    });
    match ended.outcome {
        Ok(outcome) => check(&outcome, goal, &tgt, &policy),
        Err(error) => {
            // The KDC's policy is against the rest, as any KDC's would be.
            let simple = matches!(goal, Goal::Near | Goal::Far | Goal::Renew | Goal::Forward);
            assert!(!(ended.honest && simple), "{error}");
            check_error(&error);
        }
    }
}

/// The ticket to show.
fn shown(kdc: &Kdc, goal: Goal) -> Credential {
    let mut tgt = credential(kdc, "krbtgt/A.TEST@A.TEST");
    if goal == Goal::Validate {
        tgt.flags = tgt.flags | TicketFlags::POSTDATED | TicketFlags::INVALID;
    }
    tgt
}

fn start(
    policy: &Policy,
    tgt: &Credential,
    goal: Goal,
    options: TgsOptions,
    kdc: &Kdc,
    env: &mut Env<'_>,
) -> Result<TgsExchange, TgsError> {
    let [near, far] = SERVICES.map(principal);
    match goal {
        Goal::Near => TgsExchange::service(policy, tgt, &near, options, env),
        Goal::Far => TgsExchange::service(policy, tgt, &far, options, env),
        Goal::Referred => {
            let nowhere = far.name().in_realm("".into()).into();
            TgsExchange::service(policy, tgt, &nowhere, options, env)
        }
        Goal::Renew => TgsExchange::renew(policy, tgt, options, env),
        Goal::Validate => TgsExchange::validate(policy, tgt, options, env),
        Goal::Forward => TgsExchange::forward(policy, tgt, Vec::new(), options, env),
        Goal::S4uSelf => {
            let user = S4uUser::named(principal("bob@B.TEST"));
            TgsExchange::s4u_self(policy, tgt, &principal(CLIENT), user, options, env)
        }
        Goal::S4uProxy => {
            let evidence = credential(kdc, CLIENT);
            TgsExchange::s4u_proxy(policy, tgt, &Evidence::from(&evidence), &near, options, env)
        }
        Goal::UserToUser => {
            TgsExchange::user_to_user(policy, tgt, &principal(CLIENT), &tgt.ticket, options, env)
        }
    }
}

fn check(outcome: &TgsOutcome, goal: Goal, tgt: &Credential, policy: &Policy) {
    let credential = &outcome.credential;
    let expected = match goal {
        Goal::Near | Goal::S4uProxy => principal(SERVICES[0]),
        Goal::Far | Goal::Referred => principal(SERVICES[1]),
        Goal::Renew | Goal::Validate | Goal::Forward => tgt.server.clone(),
        Goal::S4uSelf | Goal::UserToUser => principal(CLIENT),
    };
    assert_eq!(credential.server.name(), expected.name());
    if goal != Goal::S4uSelf {
        assert_eq!(credential.client, tgt.client);
    }
    assert!(policy.enctypes.contains(&credential.session_key.enctype()));
    assert!(
        credential.times.end > credential.times.start
            && credential.times.end <= tgt.times.end.max(credential.times.end)
    );
    assert!(!credential.flags.contains(TicketFlags::INVALID));
    let ticket = Ticket::from_der(&credential.ticket).expect("a ticket");
    assert_eq!(ticket.sname.in_realm(ticket.realm), credential.server.as_borrowed());
    assert!(outcome.cross_realm.len() <= 2 * usize::from(policy.max_referrals));
    for met in &outcome.cross_realm {
        assert!(met.is_tgt() && met.client == tgt.client, "{met:?}");
    }
    let _ = (credential.to_file(), format!("{outcome:?}"));
}
