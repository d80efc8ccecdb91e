//! Requests that nobody would send in good faith.

use std::sync::LazyLock;

use krb5_asn1::PaDataType;
use krb5_crypto::Key;
use krb5_testkdc::{Kdc, Port, Realm};
use proptest::prelude::*;
use test_support::TestRng;

use crate::client::*;

fn site() -> Kdc {
    Kdc::builder()
        .realm(Realm::new("A.TEST").user("alice", "secret").service("HTTP/www.a.test"))
        .realm(Realm::new("B.TEST"))
        .trust("A.TEST", "B.TEST")
        .clock(clock())
        .seed(5)
        .build()
        .unwrap()
}

/// Passwords are made keys of once: it takes long by intent.
static SHARED: LazyLock<(Kdc, Key)> =
    LazyLock::new(|| (site(), key_of(&principal("alice@A.TEST"), "secret", AES256)));

/// The longest answer to what is no good request.
const MAX_REPLY: usize = 2000;

fn survives(kdc: &Kdc, message: &[u8]) {
    for port in [Port::Kdc, Port::Kpasswd] {
        let reply = kdc.answer(port, message);
        assert!(reply.is_none_or(|reply| reply.len() < MAX_REPLY + 2 * message.len()));
    }
}

proptest! {
    #[test]
    fn any_bytes(message in prop::collection::vec(any::<u8>(), 0..200), tag in 0x60u8..0x80) {
        let (kdc, _) = &*SHARED;
        survives(kdc, &message);
        survives(kdc, &[&[tag], message.as_slice()].concat());
    }

    #[test]
    fn good_requests_with_a_few_bytes_changed(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let (kdc, key) = &*SHARED;
        let mut client = Client { kdc, rng: TestRng::insecure(seed) };
        let tgt = Granted::from(kdc.ticket("alice@A.TEST", TGS).unwrap());
        let timestamp = client.timestamp(key, 0);
        let initial = client.as_req(&Ask::initial("alice@A.TEST").with(PaDataType::ENC_TIMESTAMP, timestamp));
        let (further, _) = client.tgs_req(&tgt, &Ask::service("HTTP/www.a.test@A.TEST"), &Proof::default());
        for mut message in [initial, further] {
            for (at, value) in &changes {
                let at = at.index(message.len());
                message[at] = *value;
            }
            survives(kdc, &message);
            message.truncate(cut.index(message.len()));
            survives(kdc, &message);
        }
    }
}

#[test]
fn lists_as_long_as_can_be() {
    let kdc = site();
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    let key = key_of(&principal("alice@A.TEST"), "secret", AES256);
    let etypes = vec![krb5_crypto::EncType(99); 1000];
    client.initial(&Ask { etypes, ..Ask::initial("alice@A.TEST") }, &key).unwrap_err();
    let tickets = vec![tgt.ticket.clone(); 100];
    client.tgs(&tgt, &Ask { tickets, ..Ask::service("HTTP/www.a.test@A.TEST") }).unwrap();
    let padata = vec![(PaDataType::FX_FAST, vec![0x30; 1000]); 100];
    client.tgs(&tgt, &Ask { padata, ..Ask::service("HTTP/www.a.test@A.TEST") }).unwrap_err();
}

#[test]
fn many_threads_at_once() {
    let kdc = site();
    std::thread::scope(|scope| {
        for seed in 0..8 {
            let kdc = &kdc;
            scope.spawn(move || {
                let mut client = Client { kdc, rng: TestRng::insecure(seed) };
                for _ in 0..20 {
                    let tgt = client.log_in();
                    client.tgs(&tgt, &Ask::service("HTTP/www.a.test@A.TEST")).unwrap();
                }
            });
        }
    });
    assert_eq!(kdc.take_history().iter().filter(|answered| answered.error.is_none()).count(), 8 * 40);
}
