//! Each authenticator is accepted once by all servers together.

use super::{NOW, after, cache, connect, entry, first_cache, millis};
use std::sync::Barrier;
use std::thread;

use anyhow::Result;
use gss::{Acceptor, AcceptorConfig, Diagnose as _, Env, Handshake as _, Initiator, Step, Target, krb5};
use gss_krb5::replay::{ReplayCache, ReplayEntry, ReplayError};
use gss_redis::{Error, Redis, RedisReplayCache, Refusal, Unfit, danger};
use interop::redis::Server;
use interop::site::Site;
use test_support::TestRng;
use test_support::ticket::TicketMaker;

#[test]
fn what_one_server_accepted_the_other_refuses() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    let (one, other) = (first_cache(&redis)?, cache(&redis)?);
    assert!(one.check_and_insert(&entry(1, NOW), NOW).is_ok());
    assert!(other.check_and_insert(&entry(2, NOW), NOW).is_ok());
    for number in [1, 2] {
        for cache in [&one, &other] {
            let error = cache.check_and_insert(&entry(number, NOW), after(1)).unwrap_err();
            assert_eq!(error, ReplayError::Replayed);
        }
    }
    // Another service with the same server.
    let elsewhere = RedisReplayCache::new(Redis::builder(&redis.url()).key_prefix("other:").build()?);
    danger::declare_first_use(&elsewhere, NOW)?;
    assert!(elsewhere.check_and_insert(&entry(1, NOW), NOW).is_ok());
    Ok(())
}

#[test]
fn of_many_at_the_same_time_one_is_accepted() -> Result<()> {
    const THREADS: usize = 16;
    const ENTRIES: u64 = 200;
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    first_cache(&redis)?;
    let caches = (0..4).map(|_| cache(&redis)).collect::<Result<Vec<_>>>()?;
    let start = Barrier::new(THREADS);
    let accepted = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|index| {
                let (cache, start) = (&caches[index % caches.len()], &start);
                scope.spawn(move || {
                    start.wait();
                    let outcomes = (0..ENTRIES).map(|number| cache.check(&entry(number, NOW), NOW));
                    outcomes
                        .map(|outcome| match outcome {
                            Ok(_) => 1,
                            Err(Refusal::Replayed) => 0,
                            Err(other) => panic!("{other:?}"),
                        })
                        .collect::<Vec<usize>>()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    for number in 0..ENTRIES as usize {
        assert_eq!(accepted.iter().map(|outcomes| outcomes[number]).sum::<usize>(), 1, "{number}");
    }
    Ok(())
}

#[test]
fn a_request_to_one_acceptor_is_refused_by_the_other() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    let maker = TicketMaker::example();
    let keytab = maker.keytab();
    let now = gss::Timestamp::from_seconds(test_support::ticket::NOW);
    danger::declare_first_use(&cache(&redis)?, now)?;
    let server = || -> Result<_> { Ok(AcceptorConfig::from_keytab_with(&keytab, cache(&redis)?)?) };
    let servers = [server()?, server()?];
    let credentials = krb5::Credentials::from_ccache(&maker.ccache())?;
    let target = Target::new("HTTP", "www.example.com")?;
    let mut token = Vec::new();
    let mut rng = TestRng::insecure(1);
    let _ =
        Initiator::krb5(&credentials, &target)?.step(&mut [], &mut token, &mut Env::new(now, &mut rng))?;
    let present = |server: &AcceptorConfig| {
        let mut rng = TestRng::insecure(2);
        Acceptor::new(server.clone().into()).step(
            &mut token.clone(),
            &mut Vec::new(),
            &mut Env::new(now, &mut rng),
        )
    };
    assert!(matches!(present(&servers[0])?, Step::Done(_)));
    for server in &servers {
        let error = present(server).err().unwrap();
        assert_eq!(error.code(), "replayed");
    }
    Ok(())
}

#[test]
fn an_empty_server_is_one_that_was_emptied_unless_that_is_said() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    let cache = cache(&redis)?.margin(millis(60_000));
    // Made up to the skew and the margin after now, it may have been accepted before now.
    let refused = cache.check(&entry(1, after(360)), NOW).unwrap_err();
    assert!(matches!(refused, Refusal::Lost { earlier_by } if earlier_by == millis(0)), "{refused:?}");
    assert!(cache.check(&entry(2, after(361)), NOW).is_ok());
    // What was refused was remembered.
    assert!(matches!(cache.check(&entry(1, after(360)), NOW), Err(Refusal::Replayed)));
    assert!(!danger::declare_first_use(&cache, NOW)?, "the cache has begun");
    redis.ask(&["FLUSHALL"])?;
    assert!(danger::declare_first_use(&cache, after(1))?);
    assert!(cache.check(&entry(3, after(1)), after(1)).is_ok());
    Ok(())
}

#[test]
fn better_clocks_of_clients_shorten_the_wait() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    let cache = cache(&redis)?.client_lead(millis(2_000)).margin(millis(3_000));
    assert!(matches!(cache.check(&entry(1, after(5)), NOW), Err(Refusal::Lost { .. })));
    assert!(cache.check(&entry(2, after(6)), NOW).is_ok());
    Ok(())
}

#[test]
fn what_expired_is_not_accepted_again_by_a_clock_that_was_set_back() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    let cache = first_cache(&redis)?.margin(millis(0));
    // To be kept until now, and the second more that an entry gets.
    let entry = ReplayEntry::with_keep_until([9; 16], NOW.saturating_add_seconds(1));
    assert!(cache.check_and_insert(&entry, NOW).is_ok());
    let is_there = || redis.ask(&["EXISTS", "gss:replay:09090909090909090909090909090909"]);
    assert_eq!(is_there()?, "1");
    let begun = std::time::Instant::now();
    while is_there()? == "1" {
        assert!(begun.elapsed() < interop::peer::PATIENCE);
    }
    let refusal = cache.check(&entry, NOW).unwrap_err();
    assert!(matches!(refusal, Refusal::Expired { .. }), "{refusal:?}");
    assert_eq!(cache.check_and_insert(&entry, NOW).unwrap_err(), ReplayError::Forgotten);
    Ok(())
}

#[test]
fn an_acceptor_behind_the_others_by_more_than_the_margin_refuses() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    let (ahead, behind) = (first_cache(&redis)?, cache(&redis)?);
    let made = |at, by| entry(by, after(at));
    assert!(ahead.check(&made(100, 1), after(100)).is_ok());
    // In the margin of 60 s even the oldest that is accepted at its clock is.
    assert!(behind.check(&made(41 - 300 + 1, 2), after(41)).is_ok());
    let refusal = behind.check(&made(-261, 3), after(39)).unwrap_err();
    assert!(matches!(refusal, Refusal::Expired { .. }), "{refusal:?}");
    // What is known is known.
    assert!(matches!(behind.check(&made(100, 1), NOW), Err(Refusal::Replayed)));
    Ok(())
}

#[test]
fn a_server_that_drops_entries_is_not_relied_on() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start(&site, &["--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"])?;
    let cache = cache(&redis)?;
    let is_unfit =
        |error: &Error| matches!(error, Error::Unfit(Unfit::Evicts { policy }) if policy == "volatile-lru");
    let error = connect(&redis)?.server().unwrap_err();
    assert!(is_unfit(&error), "{error}");
    let refusal = cache.check(&entry(1, NOW), NOW).unwrap_err();
    assert!(matches!(&refusal, Refusal::Away(error) if is_unfit(error)), "{refusal:?}");
    assert_eq!(cache.check_and_insert(&entry(1, NOW), NOW).unwrap_err(), ReplayError::Unavailable);
    let trusted = Redis::builder(&redis.url()).danger_trust_server().build()?;
    trusted.server()?;
    let trusted = RedisReplayCache::new(trusted);
    danger::declare_first_use(&trusted, NOW)?;
    assert!(trusted.check(&entry(1, NOW), NOW).is_ok());
    Ok(())
}

#[test]
fn a_server_without_room_refuses() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start(&site, &[])?;
    let cache = first_cache(&redis)?;
    redis.ask(&["CONFIG", "SET", "maxmemory", "1"])?;
    let refusal = cache.check(&entry(1, NOW), NOW).unwrap_err();
    assert!(
        matches!(&refusal, Refusal::Away(Error::Command(error)) if error.code() == Some("OOM")),
        "{refusal:?}"
    );
    redis.ask(&["CONFIG", "SET", "maxmemory", "0"])?;
    assert!(cache.check(&entry(1, NOW), NOW).is_ok());
    Ok(())
}

/// The commands that the crate's documentation lists.
const RIGHTS: &str = "~gss:* +evalsha +script|load +info +ping +hget +hset +hmget +set +get +del +exists +decrby \
                      +pexpire +pttl +zadd +zrem +zcard +zrange +time";

#[test]
fn a_user_with_few_rights_does() -> Result<()> {
    let site = Site::new()?;
    let redis = Server::start_on_port(&site)?;
    let user = |name: &str, rights: &str| {
        let mut command = vec!["ACL", "SETUSER", name, "on", ">geheim"];
        command.extend(rights.split_whitespace());
        redis.ask(&command)
    };
    assert_eq!(user("gss", RIGHTS)?, "OK");
    assert_eq!(user("blind", &RIGHTS.replace("+info ", ""))?, "OK");
    let url = |user: &str| format!("redis://{user}@127.0.0.1:{}", redis.port());
    let as_user = |user: &str| Redis::builder(&url(user)).build();
    let cache = RedisReplayCache::new(as_user("gss:geheim")?);
    danger::declare_first_use(&cache, NOW)?;
    assert!(cache.check(&entry(1, NOW), NOW).is_ok());
    super::contexts::goes_through_all(as_user("gss:geheim")?)?;

    let error = as_user("gss:wrong")?.server().unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    let error = as_user("blind:geheim")?.server().unwrap_err();
    assert!(matches!(error, Error::Unfit(Unfit::RunIdUnknown)), "{error:?}");
    let trusted = RedisReplayCache::new(Redis::builder(&url("blind:geheim")).danger_trust_server().build()?);
    // Keys of another run of the server are none of its concern.
    assert!(matches!(trusted.check(&entry(1, NOW), NOW), Err(Refusal::Replayed)));
    assert!(trusted.check(&entry(2, NOW), NOW).is_ok());
    Ok(())
}
