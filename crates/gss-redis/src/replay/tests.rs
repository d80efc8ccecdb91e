use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

/// A cache on a port where nobody listens.
fn away(when: WhenAway) -> RedisReplayCache {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    drop(listener);
    RedisReplayCache::new(Redis::builder(&url).build().unwrap()).when_away(when)
}

#[test]
fn nobody_is_let_in_while_redis_is_away() {
    let cache = away(WhenAway::default());
    let entry = ReplayEntry::new([1; 16], NOW, 300);
    assert!(matches!(cache.check(&entry, NOW), Err(Refusal::Away(_))));
    assert_eq!(cache.check_and_insert(&entry, NOW).unwrap_err(), ReplayError::Unavailable);
}

#[test]
fn the_dangerous_way_lets_in_once_a_process() {
    let when = WhenAway::DangerLocalCache { capacity: 16 };
    let entry = ReplayEntry::new([1; 16], NOW, 300);
    let cache = away(when);
    assert!(cache.check_and_insert(&entry, NOW).is_ok());
    assert_eq!(cache.check_and_insert(&entry, NOW).unwrap_err(), ReplayError::Replayed);
    // Another process does not know, which is the danger.
    assert!(away(when).check_and_insert(&entry, NOW).is_ok());
}

#[test]
fn refusals_are_the_errors_of_a_cache() {
    let time = Duration::from_millis(7);
    for (refusal, error, text) in [
        (Refusal::Replayed, ReplayError::Replayed, "presented before"),
        (Refusal::Lost { earlier_by: time }, ReplayError::Forgotten, "more than 7 ms later"),
        (Refusal::Expired { since: time }, ReplayError::Forgotten, "expired in Redis 7 ms ago"),
        (Refusal::Local(ReplayError::Full { capacity: 3 }), ReplayError::Full { capacity: 3 }, "is full"),
        (Refusal::Away(Error::Answer), ReplayError::Unavailable, "could not be asked"),
    ] {
        assert!(chain(&refusal).contains(text), "{refusal}");
        assert_eq!(ReplayError::from(refusal), error);
    }
}

#[test]
fn digests_are_hex() {
    assert_eq!(hex(&[0, 0x0f, 0xff]), "000fff");
}
