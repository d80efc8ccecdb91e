//! First tickets, and what becomes of them.

use super::*;

fn world() -> World {
    let realm = Realm::new("A.TEST")
        .user("alice", "secret")
        .account(Account { moved_to: Some("B.TEST".into()), ..Account::user("bob", "unused") })
        .account(Account { must_change_password: true, ..Account::user("carol", "secret") });
    World::new([realm, Realm::new("B.TEST").user("bob", "secret")], &[])
}

#[test]
fn renewed_until_the_end() {
    let mut world = world();
    let options = AsOptions {
        lifetime: 3600,
        renew_lifetime: Some(2 * 3600),
        ..AsOptions::new(principal("alice@A.TEST"))
    };
    let first = world.log_in(options, Secret::password("secret")).unwrap().credential;
    world.pass(HOUR / 2);
    let renew = |ticket: &Credential, world: &mut World| {
        world.drive(|env| TgsExchange::renew(&Policy::default(), ticket, TgsOptions::default(), env))
    };
    let second = renew(&first, &mut world).unwrap().credential;
    assert_eq!(second.times.end.seconds(), first.times.end.seconds() + 1800);
    assert_eq!(second.times.renew_till, first.times.renew_till);
    world.pass(HOUR * 2);
    assert_eq!(renew(&second, &mut world).unwrap_err(), "ticket_expired");
}

#[test]
fn postdated_and_made_valid() {
    let mut world = world();
    let start = Timestamp::from_seconds(NOW).saturating_add_seconds(3600);
    let options = AsOptions { start: Some(start), ..AsOptions::new(principal("alice@A.TEST")) };
    let later = world.log_in(options, Secret::password("secret")).unwrap().credential;
    assert!(later.flags.contains(TicketFlags::INVALID), "{:?}", later.flags);
    let validate = |world: &mut World| {
        world.drive(|env| TgsExchange::validate(&Policy::default(), &later, TgsOptions::default(), env))
    };
    assert!(validate(&mut world).is_err());
    world.pass(HOUR + 1);
    let valid = validate(&mut world).unwrap().credential;
    assert!(!valid.flags.contains(TicketFlags::INVALID), "{:?}", valid.flags);
}

#[test]
fn sent_to_the_realm_that_the_client_moved_to() {
    let mut world = world();
    let options = AsOptions { canonicalize: true, ..AsOptions::new(principal("bob@A.TEST")) };
    let outcome = world.log_in(options.clone(), Secret::password("secret")).unwrap();
    assert_eq!(outcome.credential.client, principal("bob@B.TEST"));
    let strict = AsOptions { canonicalize: false, ..options };
    assert!(world.log_in(strict, Secret::password("secret")).is_err());
}

#[test]
fn a_password_that_must_be_changed_is() {
    let mut world = world();
    let carol = AsOptions::new(principal("carol@A.TEST"));
    let expired = world.log_in(carol.clone(), Secret::password("secret"));
    assert_eq!(expired.unwrap_err(), "password_expired");
    let server = Principal::from_components(NameType::SRV_INST, ["kadmin", "changepw"], "A.TEST").unwrap();
    let options = AsOptions { server: Some(server), lifetime: 300, ..carol.clone() };
    let ticket = world.log_in(options, Secret::password("secret")).unwrap().credential;
    let change = |world: &mut World, password: &[u8]| {
        world.drive(|env| PasswordExchange::change(&ticket, password, &PasswordOptions::default(), env))
    };
    assert_eq!(change(&mut world, b"x").unwrap_err(), "password_rejected");
    change(&mut world, b"changed").unwrap();
    world.log_in(carol, Secret::password("changed")).unwrap();
}

#[test]
fn a_clock_that_is_off_is_noticed_and_followed() {
    let mut world = world();
    let ahead = 1000;
    world.kdc.inject(krb5_testkdc::FaultPlan::new(krb5_testkdc::Fault::ClockSkew(ahead)).always());
    let alice = AsOptions::new(principal("alice@A.TEST"));
    let outcome = world.log_in(alice.clone(), Secret::password("secret")).unwrap();
    assert_eq!(outcome.kdc_offset, ahead);
    let own = Policy { follow_kdc_clock: false, ..Policy::default() };
    let refused = world.drive(|env| AsExchange::new(&own, alice, Secret::password("secret"), env));
    assert!(refused.is_err(), "{refused:?}");
}
