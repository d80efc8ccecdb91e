use super::*;
use alloc::format;
use alloc::vec;
use proptest::collection::vec as many;
use proptest::prelude::*;

fn leg(token: &[u8], random: &[u8]) -> Leg {
    let now = Timestamp::new(1_700_000_000, 999_999).unwrap();
    Leg { now, token: Zeroizing::new(token.to_vec()), random: Zeroizing::new(random.to_vec()) }
}

fn example() -> Transcript {
    Transcript {
        scope: Scope { side: Side::Proxy, origin: "https://x:443".into(), realm: Some("r".into()) },
        named: Some(TlsBinding::Exporter),
        policy: BindingPolicy::Require,
        bindings: vec![Binding::new(TlsBinding::Exporter, &[7; 32])],
        legs: vec![leg(b"first", b"ab"), leg(b"", b"")],
    }
}

fn same(one: &Transcript, two: &Transcript) -> bool {
    one.scope == two.scope
        && (one.named, one.policy) == (two.named, two.policy)
        && one.bindings == two.bindings
        && one.legs.len() == two.legs.len()
        && one
            .legs
            .iter()
            .zip(&two.legs)
            .all(|(one, two)| one.now == two.now && one.token == two.token && one.random == two.random)
}

fn kinds() -> impl Strategy<Value = TlsBinding> {
    prop::sample::select(&TlsBinding::ALL[..])
}

fn transcripts() -> impl Strategy<Value = Transcript> {
    let scope = (any::<bool>(), ".{0,20}", prop::option::of(".{0,5}")).prop_map(|(proxy, origin, realm)| {
        Scope { side: if proxy { Side::Proxy } else { Side::Origin }, origin, realm }
    });
    let policies = [BindingPolicy::Ignore, BindingPolicy::VerifyIfPresent, BindingPolicy::Require];
    let binding = (kinds(), many(any::<u8>(), 0..70)).prop_map(|(kind, data)| Binding::new(kind, &data));
    let leg = (any::<i64>(), 0..1_000_000_u32, many(any::<u8>(), 0..90), many(any::<u8>(), 0..40)).prop_map(
        |(seconds, micros, token, random)| Leg {
            now: Timestamp::new(seconds, micros).unwrap(),
            token: Zeroizing::new(token),
            random: Zeroizing::new(random),
        },
    );
    let (bindings, legs) = (many(binding, 0..=8), many(leg, 1..6));
    (scope, prop::option::of(kinds()), prop::sample::select(policies.to_vec()), bindings, legs).prop_map(
        |(scope, named, policy, bindings, legs)| Transcript { scope, named, policy, bindings, legs },
    )
}

proptest! {
    #[test]
    fn what_was_written_is_read(transcript in transcripts()) {
        let bytes = transcript.to_bytes().unwrap();
        prop_assert!(same(&Transcript::from_bytes(&bytes).unwrap(), &transcript));
    }

    #[test]
    fn what_is_read_would_be_written_so(
        transcript in transcripts(), at in any::<prop::sample::Index>(), change in 1..=u8::MAX,
    ) {
        let mut bytes = transcript.to_bytes().unwrap();
        let place = at.index(bytes.len());
        bytes[place] ^= change;
        if let Ok(read) = Transcript::from_bytes(&bytes) {
            prop_assert_eq!(&*read.to_bytes().unwrap(), &*bytes);
        }
    }
}

#[test]
fn the_buffer_does_not_move() {
    let mut transcript = example();
    transcript.legs = vec![leg(&[1; 60_000], &[2; 4_000]), leg(&[3; 60_000], &[2; 4_000])];
    transcript.bindings = vec![Binding::new(TlsBinding::ServerEndPoint, &[7; 64]); 8];
    let bytes = transcript.to_bytes().unwrap();
    let estimate = transcript.scope.len() + OVERHEAD + 2 * (60_000 + 4_000 + 32);
    assert!(bytes.len() <= estimate && bytes.capacity() >= estimate);
}

#[test]
fn no_part_of_it_will_do_and_nothing_follows() {
    let mut bytes = example().to_bytes().unwrap().to_vec();
    for len in 0..bytes.len() {
        let error = Transcript::from_bytes(&bytes[..len]).unwrap_err();
        assert!(matches!(error, TranscriptError::Malformed(_)), "{len} {error}");
    }
    bytes.push(0);
    assert!(matches!(Transcript::from_bytes(&bytes), Err(TranscriptError::Malformed(_))));
    assert!(!format!("{:?}", example()).contains("102, 105"));
}

#[test]
fn each_rule_of_the_layout_has_its_error() {
    let good = example().to_bytes().unwrap();
    // Where the parts lie: version, side, origin (2 + 13), realm (1 + 2 + 1), kind, policy, bindings.
    let with = |place: usize, byte: u8| {
        let mut bytes = good.to_vec();
        bytes[place] = byte;
        Transcript::from_bytes(&bytes).unwrap_err()
    };
    assert_eq!(with(0, 2), TranscriptError::Version { found: 2 });
    assert_eq!(with(1, 2), TranscriptError::value("side", 2));
    assert_eq!(with(4, 0xff), TranscriptError::NotText);
    assert_eq!(with(17, 2), TranscriptError::value("presence of a realm", 2));
    assert_eq!(with(20, 0xff), TranscriptError::NotText);
    assert_eq!(with(21, 3), TranscriptError::value("kind of binding", 3));
    assert_eq!(with(22, 3), TranscriptError::value("binding policy", 3));
    assert_eq!(with(23, 9), TranscriptError::value("number of bindings", 9));
    assert_eq!(with(24, 0), TranscriptError::value("kind of binding", 0));
    let legs = 26 + 32;
    assert_eq!(with(legs, 33), TranscriptError::TooManyLegs { found: 33 });
    assert_eq!(with(legs, 0), TranscriptError::value("number of legs", 0));
    assert_eq!(with(legs + 9, 0x7f), TranscriptError::Micros { found: 0x7f0f_423f });
    assert_eq!(with(legs + 22, 0x7f), TranscriptError::TooMuchRandom { found: 0x7f02 });
    for error in [with(0, 2), with(1, 2), with(4, 0xff), with(legs, 33), with(legs + 9, 0x7f)] {
        assert!(format!("{error}").starts_with("transcript of a context: "));
    }
    let long = [1; MAX_TRANSCRIPT + 1];
    let too_long = TranscriptError::TooLong { found: long.len() };
    assert_eq!(Transcript::from_bytes(&long).unwrap_err(), too_long);
}

#[test]
fn what_cannot_be_read_is_not_written() {
    let written = |change: fn(&mut Transcript)| {
        let mut transcript = example();
        change(&mut transcript);
        transcript.to_bytes().unwrap_err()
    };
    let legs = written(|transcript| transcript.legs = vec![leg(b"", b""); 33]);
    assert_eq!(legs, TranscriptError::TooManyLegs { found: 33 });
    let random = written(|transcript| transcript.legs = vec![leg(b"", &[0; MAX_RANDOM + 1])]);
    assert_eq!(random, TranscriptError::TooMuchRandom { found: MAX_RANDOM + 1 });
    let token = written(|transcript| transcript.legs = vec![leg(&[0; MAX_TRANSCRIPT], b"")]);
    assert!(matches!(token, TranscriptError::TooLong { found } if found > MAX_TRANSCRIPT));
    let origin = written(|transcript| transcript.scope.origin = "x".repeat(65_536));
    assert_eq!(origin, TranscriptError::TooLong { found: 65_536 });
    let data =
        written(|transcript| transcript.bindings = vec![Binding::new(TlsBinding::Exporter, &[0; 256])]);
    assert_eq!(data, TranscriptError::TooLong { found: 256 });
    let bindings = written(|transcript| transcript.bindings = vec![transcript.bindings[0].clone(); 9]);
    assert_eq!(bindings, TranscriptError::TooLong { found: 9 });
}
