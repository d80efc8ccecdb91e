//! Messages are protected and opened without a heap.

use gss_core::{ContextFlags, Opener, Protection, Role, Sealer, SliceSink};
use gss_krb5::message::{Layout, Parameters, Segment, halves};
use krb5_crypto::{EncType, Key};
use test_support::TestRng;
use test_support::heap::{Counting, requests_of};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_counter_counts() {
    let (count, boxed) = requests_of(|| Box::new([1; 100]));
    assert_eq!(count, 1);
    drop(boxed);
    // Growth of a vector goes through `alloc` as well, for this allocator does not offer `realloc`.
    let (count, _) = requests_of(|| (0..100).collect::<Vec<u8>>().into_iter().rev().collect::<Vec<_>>());
    assert!(count >= 1);
}

#[test]
fn neither_making_the_halves_nor_using_them_allocates() {
    for enctype in [17, 18, 19, 20, 23, 25, 26].map(EncType).into_iter().filter(|e| e.is_supported()) {
        let key = Key::new(enctype, &vec![7; enctype.key_len().unwrap()]).unwrap();
        let parameters = Parameters {
            role: Role::Initiator,
            key: &key,
            acceptor_subkey: true,
            send_sequence: 1,
            receive_sequence: 1,
            flags: ContextFlags::REPLAY | ContextFlags::SEQUENCE,
        };
        let opposite = Parameters { role: Role::Acceptor, ..parameters };
        let mut rng = TestRng::insecure(1);
        let mut buffer = vec![0; 17_000];
        let message = vec![9; 16_384];

        let (count, outcome) =
            requests_of(|| halves(&parameters).and_then(|(sealer, _)| Ok((sealer, halves(&opposite)?.1))));
        // RC4 may be in krb5-crypto without being in this crate.
        let Ok((mut sealer, mut opener)) = outcome else { continue };
        assert_eq!(count, 0);

        for protection in [Protection::Integrity, Protection::Confidentiality] {
            let (count, ()) = requests_of(|| {
                let mut sink = SliceSink::new(&mut buffer);
                sealer.wrap(protection, &message, &mut sink, &mut rng).unwrap();
                let token = sink.into_written();
                // Rotated as Windows does it.
                if enctype.uses_cfx() {
                    token[7] = 28;
                    token[16..].rotate_right(28);
                }
                assert_eq!(opener.unwrap(token).unwrap().message, message);
            });
            assert_eq!(count, 0, "wrap and unwrap, {enctype} {protection:?}");

            let overhead = sealer.segment_overhead(protection, Layout::HeaderAndTrailer, 100);
            let (count, ()) = requests_of(|| {
                let (header, rest) = buffer.split_at_mut(overhead.header);
                let (data, rest) = rest.split_at_mut(100);
                let trailer = &mut rest[..overhead.trailer];
                let mut segments = [Segment::SignOnly(b"signed"), Segment::Data(data)];
                sealer.wrap_segments(protection, header, &mut segments, trailer, &mut rng).unwrap();
                let _ = opener.unwrap_segments(header, &mut segments, trailer).unwrap();
            });
            assert_eq!(count, 0, "segments, {enctype} {protection:?}");
        }

        let (count, ()) = requests_of(|| {
            let mut sink = SliceSink::new(&mut buffer);
            sealer.get_mic(&message, &mut sink).unwrap();
            opener.verify_mic(&message, sink.into_written()).unwrap().in_order().unwrap();
        });
        assert_eq!(count, 0, "MIC, {enctype}");

        // Into a vector: the buffer itself and nothing else.
        let (count, token) = requests_of(|| {
            let mut token = Vec::new();
            sealer.wrap(Protection::Confidentiality, &message, &mut token, &mut rng).unwrap();
            token
        });
        assert_eq!(count, 1, "wrap into a vector, {enctype}");
        drop(token);
    }
}

#[test]
fn a_refused_token_costs_no_allocation_either() {
    let key = Key::new(EncType::AES256_CTS_HMAC_SHA1_96, &[7; 32]).unwrap();
    let parameters = Parameters {
        role: Role::Initiator,
        key: &key,
        acceptor_subkey: true,
        send_sequence: 1,
        receive_sequence: 1,
        flags: ContextFlags::NONE,
    };
    let (mut sealer, mut opener) = halves(&parameters).unwrap();
    let mut token = Vec::new();
    sealer.wrap(Protection::Confidentiality, b"hello", &mut token, &mut TestRng::insecure(1)).unwrap();
    let (count, ()) = requests_of(|| {
        assert!(opener.unwrap(&mut token).is_err());
        token[2] ^= 1;
        assert!(opener.unwrap(&mut token).is_err());
    });
    assert_eq!(count, 0);
}
