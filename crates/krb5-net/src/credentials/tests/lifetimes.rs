use super::*;

const MARGIN: u64 = 300;

#[tokio::test]
async fn due_ticket_is_given_at_once_and_replaced_meanwhile() {
    let world = World::new();
    let alice = world.alice();
    let old = alice.ticket(&principal(HTTP)).await.unwrap();
    world.advance(LIFE - MARGIN - 1);
    assert!(Arc::ptr_eq(&old, &alice.ticket(&principal(HTTP)).await.unwrap()));
    assert_eq!(world.counts(), (1, 1, 3));

    world.advance(1);
    world.close();
    assert!(Arc::ptr_eq(&old, &alice.ticket(&principal(HTTP)).await.unwrap()));
    world.open();
    landed(&alice, service(HTTP)).await;
    let new = alice.ticket(&principal(HTTP)).await.unwrap();
    // The service's ticket ends with the login, so that had to be done anew as well.
    assert_eq!(new.times.end.seconds_since(world.now()), i64::try_from(LIFE).unwrap());
    assert_eq!(world.counts(), (2, 2, 6));
}

#[test]
fn due_ticket_is_replaced_for_programs_that_wait_too() {
    let world = World::new();
    let alice = world.alice();
    let old = alice.ticket_blocking(&principal(HTTP)).unwrap();
    world.advance(LIFE - MARGIN);
    assert!(Arc::ptr_eq(&old, &alice.ticket_blocking(&principal(HTTP)).unwrap()));
    block_on(landed(&alice, service(HTTP)));
    assert!(!Arc::ptr_eq(&old, &alice.ticket_blocking(&principal(HTTP)).unwrap()));
}

fn block_on(future: impl Future<Output = ()> + Send) {
    crate::blocking::block_on(future).unwrap();
}

#[tokio::test]
async fn ticket_that_has_ended_is_not_given() {
    let world = World::new();
    let alice = world.alice();
    let old = alice.ticket(&principal(HTTP)).await.unwrap();
    world.advance(LIFE);
    let new = alice.ticket(&principal(HTTP)).await.unwrap();
    assert!(new.times.end > old.times.end);
    world.advance(LIFE);
    world.cut_off.store(true, Ordering::SeqCst);
    assert!(alice.ticket(&principal(HTTP)).await.is_err());
}

#[tokio::test]
async fn short_tickets_are_due_in_their_last_tenth() {
    let world = World::new();
    let alice = world.alice_with(AsOptions { lifetime: 600, ..options() });
    alice.tgt().await.unwrap();
    world.advance(539);
    alice.tgt().await.unwrap();
    landed(&alice, Key::Tgt).await;
    assert_eq!(world.counts().0, 1);
    world.advance(1);
    alice.tgt().await.unwrap();
    landed(&alice, Key::Tgt).await;
    assert_eq!(world.counts().0, 2);
}

#[tokio::test]
async fn kdc_that_is_away_is_asked_again_after_a_pause_only() {
    let world = World::new();
    let alice = world.alice();
    let old = alice.tgt().await.unwrap();
    world.advance(LIFE - MARGIN);
    world.cut_off.store(true, Ordering::SeqCst);
    let requests = world.counts().2;
    for _ in 0..10 {
        assert!(Arc::ptr_eq(&old, &alice.tgt().await.unwrap()));
        landed(&alice, Key::Tgt).await;
    }
    assert_eq!(world.counts().2, requests + 1);
    world.advance(u64::try_from(PAUSE).unwrap());
    world.cut_off.store(false, Ordering::SeqCst);
    assert!(Arc::ptr_eq(&old, &alice.tgt().await.unwrap()));
    landed(&alice, Key::Tgt).await;
    assert!(!Arc::ptr_eq(&old, &alice.tgt().await.unwrap()));
}

#[tokio::test]
async fn service_ticket_is_got_with_the_old_login_while_no_new_one_is_to_be_had() {
    let world = World::new();
    let alice = world.alice();
    alice.tgt().await.unwrap();
    world.advance(LIFE - MARGIN);
    // The password changes: no new login, but the old ticket still counts.
    world.kdc.set_password(CLIENT, "changed").unwrap();
    alice.ticket(&principal(HTTP)).await.unwrap();
}

fn renewable() -> AsOptions {
    let renew_lifetime = Some(7 * 24 * 60 * 60);
    AsOptions { renew_lifetime, ..options() }
}

#[tokio::test]
async fn renewable_login_is_renewed_without_the_password() {
    let world = World::new();
    let alice = world.alice_with(renewable());
    let old = alice.tgt().await.unwrap();
    assert!(old.flags.contains(TicketFlags::RENEWABLE), "{:?}", old.flags);
    world.kdc.set_password(CLIENT, "changed").unwrap();
    world.advance(LIFE - MARGIN);
    alice.tgt().await.unwrap();
    landed(&alice, Key::Tgt).await;
    let new = alice.tgt().await.unwrap();
    assert!(new.times.end > old.times.end);
    assert_eq!(world.counts().0, 1);
}

#[tokio::test]
async fn login_that_cannot_be_renewed_is_done_anew() {
    let world = World::new();
    let alice = world.alice_with(renewable());
    let old = alice.tgt().await.unwrap();
    // The KDC cannot read its own ticket any more.
    world.kdc.remove("krbtgt/EXAMPLE.COM@EXAMPLE.COM").unwrap();
    world.kdc.add("EXAMPLE.COM", krb5_testkdc::Account::service("krbtgt/EXAMPLE.COM")).unwrap();
    world.advance(LIFE - MARGIN);
    alice.tgt().await.unwrap();
    landed(&alice, Key::Tgt).await;
    assert!(alice.tgt().await.unwrap().times.end > old.times.end);
    assert_eq!(world.counts().0, 2);
}

mod tables {
    use super::*;
    use crate::credentials::table::Look;
    use krb5_client::Times;
    use krb5_crypto::{EncType, Key as SessionKey};

    fn ticket(server: &str, end: i64) -> Arc<Credential> {
        Arc::new(Credential {
            client: principal(CLIENT),
            server: principal(server),
            session_key: SessionKey::new(EncType::AES256_CTS_HMAC_SHA1_96, &[7; 32]).unwrap(),
            flags: TicketFlags::NONE,
            times: Times { end: Timestamp::from_seconds(end), ..Times::default() },
            addresses: Vec::new(),
            ticket: Vec::new(),
            second_ticket: None,
        })
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn has(table: &mut Table, server: &str, now: i64) -> bool {
        !matches!(table.look(&service(server), at(now)), Look::Missing)
    }

    #[test]
    fn the_one_used_longest_ago_goes_first_and_the_login_stays() {
        let mut table = Table::new(2);
        table.put(Key::Tgt, ticket("krbtgt/R@R", 1000), at(0));
        for server in ["a@R", "b@R"] {
            table.put(service(server), ticket(server, 1000), at(0));
        }
        assert!(has(&mut table, "a@R", 0));
        table.put(service("c@R"), ticket("c@R", 1000), at(0));
        assert!(has(&mut table, "a@R", 0) && has(&mut table, "c@R", 0) && !has(&mut table, "b@R", 0));
        assert!(table.tgt().is_some());
    }

    #[test]
    fn what_has_ended_goes_before_what_holds() {
        let mut table = Table::new(2);
        table.put(service("old@R"), ticket("old@R", 1000), at(0));
        table.put(service("short@R"), ticket("short@R", 10), at(0));
        table.put(service("new@R"), ticket("new@R", 1000), at(10));
        assert!(has(&mut table, "old@R", 10) && has(&mut table, "new@R", 10));
        assert!(!has(&mut table, "short@R", 5));
    }

    #[test]
    fn nothing_is_kept_where_nothing_may_be() {
        let mut table = Table::new(0);
        table.put(service("a@R"), ticket("a@R", 1000), at(0));
        assert!(!has(&mut table, "a@R", 0));
    }

    #[test]
    fn ends_before_the_epoch_and_far_away_are_borne() {
        for end in [i64::MIN, -1, 0, i64::MAX] {
            for now in [i64::MIN, 0, i64::MAX] {
                let mut table = Table::new(1);
                table.put(service("a@R"), ticket("a@R", end), at(now));
                assert_eq!(has(&mut table, "a@R", now), now < end, "{end} {now}");
            }
        }
    }

    #[test]
    fn ticket_granting_ticket_of_a_realm_is_found_while_it_is_not_due() {
        let mut table = Table::new(5);
        table.put(Key::Tgt, ticket("krbtgt/A@A", 1000), at(0));
        table.put(service("krbtgt/B@A"), ticket("krbtgt/B@A", 1000), at(0));
        assert!(table.tgt_of(b"B", at(899)).is_some());
        assert!(table.tgt_of(b"B", at(900)).is_none());
        assert!(table.tgt_of(b"A", at(0)).is_none());
    }
}
