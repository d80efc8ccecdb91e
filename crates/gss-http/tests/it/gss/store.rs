//! What any store has to do, tried on the one in memory.

use gss_core::Timestamp;
use gss_http::gss::{
    ContextId, ContextLimits, ContextStore, MemoryContextStore, NONCE_WINDOW, Nonce, NonceError,
};
use test_support::TestRng;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn ids<const N: usize>() -> [ContextId; N] {
    let mut rng = TestRng::insecure(1);
    core::array::from_fn(|_| ContextId::random(&mut rng))
}

#[test]
fn half_made_and_established_contexts_are_kept_apart() {
    let store = MemoryContextStore::new();
    let [one, two] = ids();
    store.park(&one, b"half", at(10), at(0)).unwrap();
    store.establish(&two, b"whole", at(10), at(0)).unwrap();
    assert!(store.load(&one, at(0)).unwrap().is_none() && store.resume(&two, at(0)).unwrap().is_none());
    assert!(matches!(store.use_nonce(&one, Nonce::FIRST, at(0)), Err(NonceError::UnknownContext)));
    assert_eq!(store.load(&two, at(9)).unwrap().unwrap()[..], *b"whole");
    assert_eq!(store.resume(&one, at(9)).unwrap().unwrap()[..], *b"half");
    assert!(store.resume(&one, at(9)).unwrap().is_none());
    assert!(store.load(&two, at(10)).unwrap().is_none());
    assert!(matches!(store.use_nonce(&two, Nonce::FIRST, at(10)), Err(NonceError::UnknownContext)));
    store.remove(&two).unwrap();
    store.remove(&two).unwrap();
    assert_eq!((store.partial(), store.established()), (0, 0));
}

#[test]
fn nonces_have_a_window() {
    let store = MemoryContextStore::new();
    let [id, other] = ids();
    store.establish(&id, b"", at(10), at(0)).unwrap();
    store.establish(&other, b"", at(10), at(0)).unwrap();
    let high = NONCE_WINDOW + 10;
    for (nonce, fresh) in
        [(1, true), (1, false), (high, true), (10, true), (10, false), (9, false), (high, false)]
    {
        let used = store.use_nonce(&id, Nonce::new(nonce).unwrap(), at(0));
        assert_eq!(used.is_ok(), fresh, "{nonce}");
        assert!(fresh || matches!(used, Err(NonceError::Replayed)));
    }
    assert!(store.use_nonce(&other, Nonce::LAST, at(0)).is_ok(), "each context has its own");
}

#[test]
fn a_flood_of_first_tokens_stays_within_limits() {
    let limits = ContextLimits { partial: 100, partial_bytes: 5_000, ..ContextLimits::default() };
    let store = MemoryContextStore::with_limits(limits);
    let mut rng = TestRng::insecure(1);
    let [established] = ids();
    store.establish(&established, b"mine", at(1_000), at(0)).unwrap();
    for second in 0..1_000 {
        store.park(&ContextId::random(&mut rng), &[0; 60], at(second + 60), at(second)).unwrap();
        assert!(store.partial() <= 5_000 / 60);
    }
    assert!(store.load(&established, at(999)).unwrap().is_some(), "logins are not pushed out");
    assert!(store.park(&established, &[0; 5_001], at(60), at(0)).unwrap_err().to_string().contains("5001"));
    assert!(format!("{store:?}").contains("established: 1"));
}
