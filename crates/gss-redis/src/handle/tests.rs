use super::*;
use crate::Unfit;
use alloc::format;
use alloc::string::ToString;

#[test]
fn passwords_are_not_shown() {
    let url = "redis://alice:geheim@127.0.0.1:1/2";
    let builder = Redis::builder(url).key_prefix("www:");
    assert!(!format!("{builder:?}").contains("geheim"));
    let redis = builder.build().unwrap();
    assert_eq!(format!("{redis:?}"), r#"Redis { address: "127.0.0.1:1", prefix: "www:", .. }"#);
    assert_eq!(redis.key("replay:", "ab"), "www:replay:ab");
    let error = redis.server().unwrap_err();
    assert!(!crate::link::chain(&error).contains("geheim"), "{error}");
}

#[test]
fn what_is_no_url_of_redis_is_refused() {
    for url in ["", "127.0.0.1", "http://127.0.0.1/", "redis://h/x", "rediss://127.0.0.1/"] {
        let error = Redis::builder(url).build().unwrap_err();
        assert!(matches!(error, Error::Url(_)) && error.to_string().contains("expected redis://"), "{url}");
    }
    for url in
        ["redis://h", "redis://u:p@h:1/1", "redis+unix:///run/redis.sock?db=1", "unix:///run/redis.sock"]
    {
        assert!(Redis::builder(url).build().is_ok(), "{url}");
    }
}

/// A port where nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("redis://{}", listener.local_addr().unwrap())
}

#[test]
fn nobody_there_is_an_error_at_once() {
    let redis = Redis::builder(&nobody()).build().unwrap();
    for _ in 0..3 {
        assert!(matches!(redis.server(), Err(Error::Connect { .. })));
    }
}

#[test]
fn a_server_that_says_nothing_is_waited_for_no_longer_than_said() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let after = Duration::from_millis(50);
    let redis = Redis::builder(&format!("redis://{}", listener.local_addr().unwrap()));
    let redis = redis.connect_timeout(after).build().unwrap();
    let error = redis.server().unwrap_err();
    assert!(matches!(error, Error::ConnectTimedOut { after: found, .. } if found == after), "{error}");
}

#[test]
fn calls_may_come_from_a_runtime_and_end_in_one() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let redis = Redis::builder(&nobody()).build().unwrap();
        assert!(redis.server().is_err());
        drop(redis);
    });
}

#[test]
fn errors_say_what_to_do() {
    let evicts = Error::from(Unfit::Evicts { policy: "allkeys-lru".into() });
    assert!(evicts.to_string().contains("allkeys-lru") && evicts.to_string().contains("noeviction"));
    assert!(Error::NoRoom { bytes: 7 }.to_string().contains("raise the limits"));
    assert!(Error::TimedOut { after: Duration::from_secs(1) }.to_string().contains("1000 ms"));
    assert!(Error::from(Unfit::RunIdUnknown).to_string().contains("permit INFO"));
}
