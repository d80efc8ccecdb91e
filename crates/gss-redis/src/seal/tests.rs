use super::*;
use proptest::prelude::*;
use test_support::TestRng;

const END: Timestamp = Timestamp::from_seconds(1_700_000_000);
const NOW: Timestamp = END.saturating_add_seconds(-60);

fn key(byte: u8) -> SealingKey {
    SealingKey::new(&[byte; SealingKey::LEN]).unwrap()
}

fn id(seed: u64) -> ContextId {
    ContextId::random(&mut TestRng::insecure(seed))
}

#[test]
fn what_was_sealed_opens_in_its_place_and_time() {
    let seals = Seals::new(&key(1));
    let sealed = seals.seal(Kind::Partial, &id(1), END, b"transcript");
    let open = |kind, id, now| seals.open(kind, &id, &sealed, now).map(|opened| opened.to_vec());
    assert_eq!(open(Kind::Partial, id(1), NOW), Ok(b"transcript".to_vec()));
    assert_eq!(open(Kind::Established, id(1), NOW), Err(NotOpened::Elsewhere));
    assert_eq!(open(Kind::Partial, id(2), NOW), Err(NotOpened::Elsewhere));
    assert_eq!(open(Kind::Partial, id(1), END), Err(NotOpened::Over));
    assert!(!sealed.windows(10).any(|window| window == b"transcript"));
}

#[test]
fn two_seals_of_the_same_differ() {
    let seals = Seals::new(&key(1));
    let seal = || seals.seal(Kind::Partial, &id(1), END, b"transcript");
    assert_ne!(seal(), seal());
}

#[test]
fn every_byte_counts() {
    let seals = Seals::new(&key(1));
    let sealed = seals.seal(Kind::Established, &id(1), END, b"transcript");
    for index in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[index] ^= 1;
        assert_eq!(seals.open(Kind::Established, &id(1), &changed, NOW), Err(NotOpened::Key), "{index}");
        assert!(seals.open(Kind::Established, &id(1), &sealed[..index], NOW).is_err(), "{index}");
    }
}

#[test]
fn old_keys_open_and_do_not_seal() {
    let old = Seals::new(&key(1));
    let mut both = Seals::new(&key(2));
    both.add_old(&key(1));
    let new = Seals::new(&key(2));
    let by_old = old.seal(Kind::Established, &id(1), END, b"1");
    let by_both = both.seal(Kind::Established, &id(1), END, b"2");
    let opens = |seals: &Seals, sealed: &[u8]| seals.open(Kind::Established, &id(1), sealed, NOW).is_ok();
    assert!(opens(&both, &by_old) && opens(&both, &by_both) && opens(&new, &by_both));
    assert!(!opens(&new, &by_old) && !opens(&old, &by_both));
}

#[test]
fn a_key_has_32_bytes_and_is_not_shown() {
    assert!(matches!(SealingKey::new(&[7; 31]), Err(KeyError::Length { expected: 32, found: 31, .. })));
    assert!(SealingKey::new(&[7; 33]).is_err());
    assert_eq!(alloc::format!("{:?}", key(7)), "SealingKey(..)");
    assert!(!SealingKey::random().0.ct_eq(&SealingKey::random().0));
}

#[test]
fn a_transcript_grows_by_what_the_limits_say() {
    let sealed = Seals::new(&key(1)).seal(Kind::Partial, &id(1), END, &[0; 1000]);
    assert_eq!(sealed.len(), 1000 + 76);
}

proptest! {
    #[test]
    fn any_transcript_comes_back(transcript in prop::collection::vec(any::<u8>(), 0..2000), seed: u64) {
        let seals = Seals::new(&key(1));
        let sealed = seals.seal(Kind::Established, &id(seed), END, &transcript);
        prop_assert_eq!(&*seals.open(Kind::Established, &id(seed), &sealed, NOW).unwrap(), &transcript);
    }

    #[test]
    fn other_bytes_are_not_opened(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let found = Seals::new(&key(1)).open(Kind::Partial, &id(1), &bytes, NOW);
        prop_assert_eq!(found, Err(NotOpened::Key));
    }
}
