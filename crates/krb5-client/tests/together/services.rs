//! Service tickets: through realms, and for others.

use super::*;

const FRONT: &str = "HTTP/front.a.test@A.TEST";

fn world() -> World {
    let front = Account {
        protocol_transition: true,
        delegates_to: vec!["HTTP/back.a.test".into()],
        ..Account::service("HTTP/front.a.test")
    };
    let willing = Account {
        accepts_delegation_from: vec!["HTTP/front.a.test".into()],
        ..Account::service("host/willing.a.test")
    };
    let a = Realm::new("A.TEST")
        .user("alice", "secret")
        .user("bob", "secret")
        .account(Account { sensitive: true, ..Account::user("root", "secret") })
        .account(front)
        .account(willing)
        .service("HTTP/back.a.test")
        .service("HTTP/other.a.test")
        .host(".b.test", "B.TEST")
        .host(".c.test", "B.TEST");
    let b = Realm::new("B.TEST").host(".c.test", "C.TEST").service("HTTP/www.b.test");
    let c = Realm::new("C.TEST").service("HTTP/www.c.test");
    World::new([a, b, c], &[("A.TEST", "B.TEST"), ("B.TEST", "C.TEST")])
}

#[test]
fn referred_through_two_realms() {
    let mut world = world();
    let tgt = world.tgt("alice@A.TEST", "secret");
    let outcome = world.ticket(&tgt, "HTTP/www.c.test").unwrap();
    assert_eq!(outcome.credential.server, principal("HTTP/www.c.test@C.TEST"));
    let met: Vec<_> = outcome.cross_realm.iter().map(|tgt| tgt.server.to_string()).collect();
    assert_eq!(met, ["krbtgt/B.TEST@A.TEST", "krbtgt/C.TEST@B.TEST"]);
    assert!(world.ticket(&tgt, "HTTP/nowhere.a.test").is_err());
}

#[test]
fn a_referral_loop_ends() {
    let realms = [Realm::new("A.TEST").user("alice", "secret"), Realm::new("B.TEST")];
    let mut world = World::new(realms, &[("A.TEST", "B.TEST"), ("B.TEST", "A.TEST")]);
    let tgt = world.tgt("alice@A.TEST", "secret");
    world.kdc.inject(krb5_testkdc::FaultPlan::new(krb5_testkdc::Fault::ReferralLoop).always());
    assert_eq!(world.ticket(&tgt, "HTTP/back.a.test").unwrap_err(), "referral_loop");
}

/// S4U2self and then S4U2proxy.
fn act_for(world: &mut World, user: &str, back_end: &str) -> Result<Credential, &'static str> {
    let tgt = world.tgt_of_service(FRONT);
    let (policy, front) = (Policy::default(), principal(FRONT));
    let user = S4uUser::named(principal(user));
    let evidence = world
        .drive(|env| TgsExchange::s4u_self(&policy, &tgt, &front, user, TgsOptions::default(), env))?
        .credential;
    let (shown, back_end) = (Evidence::from(&evidence), principal(back_end));
    let outcome = world
        .drive(|env| TgsExchange::s4u_proxy(&policy, &tgt, &shown, &back_end, TgsOptions::default(), env))?;
    Ok(outcome.credential)
}

#[test]
fn a_service_acts_for_a_user_where_it_may() {
    let mut world = world();
    for back_end in ["HTTP/back.a.test@A.TEST", "host/willing.a.test@A.TEST"] {
        let ticket = act_for(&mut world, "alice@A.TEST", back_end).unwrap();
        assert_eq!((&ticket.client, &ticket.server), (&principal("alice@A.TEST"), &principal(back_end)));
    }
    assert!(act_for(&mut world, "alice@A.TEST", "HTTP/other.a.test@A.TEST").is_err());
    assert!(act_for(&mut world, "root@A.TEST", "HTTP/back.a.test@A.TEST").is_err());
}

#[test]
fn what_a_user_showed_is_evidence_as_well() {
    let mut world = world();
    let alice = world.tgt("alice@A.TEST", "secret");
    let shown = world.ticket(&alice, FRONT).unwrap().credential;
    let tgt = world.tgt_of_service(FRONT);
    let evidence = Evidence { ticket: &shown.ticket, client: &alice.client };
    let back_end = principal("HTTP/back.a.test@A.TEST");
    let options = TgsOptions::default();
    let outcome = world
        .drive(|env| TgsExchange::s4u_proxy(&Policy::default(), &tgt, &evidence, &back_end, options, env))
        .unwrap();
    assert_eq!(outcome.credential.client, alice.client);
}

#[test]
fn user_to_user_needs_no_key_of_the_peer() {
    let mut world = world();
    let (alice, bob) = (world.tgt("alice@A.TEST", "secret"), world.tgt("bob@A.TEST", "secret"));
    let (policy, peer) = (Policy::default(), principal("bob@A.TEST"));
    let outcome = world
        .drive(|env| {
            TgsExchange::user_to_user(&policy, &alice, &peer, &bob.ticket, TgsOptions::default(), env)
        })
        .unwrap();
    assert_eq!(outcome.credential.second_ticket.as_deref(), Some(&bob.ticket[..]));
}

#[test]
fn a_forwarded_ticket_gets_tickets_elsewhere() {
    let mut world = world();
    let tgt = world.tgt("alice@A.TEST", "secret");
    let forwarded = world
        .drive(|env| TgsExchange::forward(&Policy::default(), &tgt, Vec::new(), TgsOptions::default(), env))
        .unwrap()
        .credential;
    assert!(forwarded.flags.contains(TicketFlags::FORWARDED), "{:?}", forwarded.flags);
    world.ticket(&forwarded, "HTTP/back.a.test@A.TEST").unwrap();
}

#[test]
fn inside_fast_from_the_first_request_on() {
    let mut world = world();
    let armor = world.tgt("bob@A.TEST", "secret");
    let options = AsOptions { armor: Some(armor), ..AsOptions::new(principal("alice@A.TEST")) };
    let outcome = world.log_in(options, Secret::password("secret")).unwrap();
    assert!(outcome.fast_used && outcome.fast_available);
    let server = principal("HTTP/back.a.test@A.TEST");
    let options = TgsOptions { fast: true, ..TgsOptions::default() };
    let tgt = outcome.credential;
    world.drive(|env| TgsExchange::service(&Policy::default(), &tgt, &server, options, env)).unwrap();
}
