//! The initiator and message protection without a heap, with an allocator that counts.

use gss_core::{
    ChannelBindings, ContextFlags, Env, Handshake, Opener, Protection, Sealer, SecurityContext, SliceSink,
    Step, Timestamp, TokenSink,
};
use gss_krb5::replay::danger::NoReplayCache;
use gss_krb5::{Acceptor, AcceptorConfig, Initiator, ServiceKeys, ServiceTicketRef, TicketTimes};
use krb5_crypto::{EncType, Key};
use test_support::TestRng;
use test_support::heap::{self, Counting};
use test_support::ticket::{NOW, TicketMaker, key};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_counter_counts() {
    assert_eq!(heap::requests_of(|| Box::new(7)).0, 1);
}

const ENCTYPES: &[EncType] = &[
    EncType::AES128_CTS_HMAC_SHA1_96,
    EncType::AES256_CTS_HMAC_SHA1_96,
    EncType::AES128_CTS_HMAC_SHA256_128,
    EncType::AES256_CTS_HMAC_SHA384_192,
    #[cfg(feature = "rc4")]
    EncType::RC4_HMAC,
    #[cfg(feature = "camellia")]
    EncType::CAMELLIA256_CTS_CMAC,
];

struct World {
    maker: TicketMaker,
    ticket: Vec<u8>,
    config: AcceptorConfig,
}

impl World {
    fn new(enctype: EncType) -> Self {
        let service_key = key(enctype, 1);
        let maker = TicketMaker {
            session_key: key(enctype, 2),
            ..TicketMaker::new("alice@EXAMPLE.COM", "HTTP/www@EXAMPLE.COM", service_key)
        };
        let mut keys = ServiceKeys::new();
        keys.add(maker.service.clone(), 2, maker.service_key.duplicate());
        let config = AcceptorConfig::new(keys, NoReplayCache).allow(gss_krb5::Allow::WEAK_ENCTYPES);
        Self { ticket: maker.ticket(), maker, config }
    }

    fn held<'w>(&'w self, session_key: &'w Key) -> ServiceTicketRef<'w> {
        let time = Timestamp::from_seconds;
        ServiceTicketRef {
            client: self.maker.client.as_borrowed(),
            server: self.maker.service.as_borrowed(),
            session_key,
            ticket: &self.ticket,
            flags: self.maker.flags,
            times: TicketTimes {
                auth: time(NOW),
                start: time(NOW),
                end: time(self.maker.end_time),
                renew_till: None,
            },
        }
    }
}

const NOW_STAMP: Timestamp = Timestamp::from_seconds(NOW);

#[test]
fn the_initiator() {
    let mutual = ContextFlags::MUTUAL;
    for &enctype in ENCTYPES {
        for flags in [ContextFlags::NONE, mutual, mutual | ContextFlags::DCE_STYLE] {
            for delegate in [false, true] {
                initiate(enctype, flags, delegate);
            }
        }
    }
}

fn initiate(enctype: EncType, flags: ContextFlags, delegate: bool) {
    let world = World::new(enctype);
    let what = format!("{enctype} {flags} delegation {delegate}");
    let session_key = world.maker.session_key.duplicate();
    let bindings = ChannelBindings::tls_exporter(&[5; 32]);
    let mut rng = TestRng::insecure(3);
    let mut buffers = [[0; 4096]; 2];
    let [first, third] = &mut buffers;
    let mut request = SliceSink::new(first);
    let step = heap::none(&what, || {
        let mut initiator = Initiator::new(world.held(&session_key))
            .flags(flags)
            .channel_bindings(&bindings)
            .allow_weak_enctypes();
        if delegate {
            initiator = initiator.delegate(world.held(&session_key));
        }
        initiator.step(&mut [], &mut request, &mut Env::new(NOW_STAMP, &mut rng))
    });
    let next = match step {
        Ok(Step::Done(context)) => {
            assert!(!flags.contains(ContextFlags::MUTUAL));
            assert!(context.secret_session_key().is_some());
            return;
        }
        Ok(Step::Continue(next)) => next,
        Err(error) => panic!("{error}"),
    };
    let mut answer = Vec::new();
    let acceptor = Acceptor::new(&world.config);
    acceptor
        .step(request.as_mut_slice(), &mut answer, &mut Env::new(NOW_STAMP, &mut rng))
        .map(|_| ())
        .unwrap();
    let mut output = SliceSink::new(third);
    let step = heap::none(&what, || next.step(&mut answer, &mut output, &mut Env::new(NOW_STAMP, &mut rng)));
    let Ok(Step::Done(mut context)) = step else { panic!("{what}: not established") };
    assert_eq!(output.is_empty(), !flags.contains(ContextFlags::DCE_STYLE));
    let mut room = [0; 256];
    heap::none(&what, || {
        let mut sink = SliceSink::new(&mut room);
        context.sealer().wrap(Protection::Confidentiality, b"message", &mut sink, &mut rng).unwrap();
        context.sealer().get_mic(b"message", &mut sink).unwrap();
        let _ = context.facts();
        let (_sealer, _opener) = context.split();
    });
}

#[test]
fn errors_of_the_initiator() {
    let world = World::new(EncType::AES256_CTS_HMAC_SHA1_96);
    let session_key = world.maker.session_key.duplicate();
    let mut rng = TestRng::insecure(3);
    let mut buffer = [0; 4096];
    for garbage in [&b""[..], b"garbage", b"\x60\x03\x06\x01\x00", &[0x7e, 0x82]] {
        let mut input = garbage.to_vec();
        heap::none("refused answer", || {
            let mut output = SliceSink::new(&mut buffer);
            let mut env = Env::new(NOW_STAMP, &mut rng);
            let initiator = Initiator::new(world.held(&session_key));
            let Ok(Step::Continue(next)) = initiator.step(&mut [], &mut output, &mut env) else {
                panic!("the first step fails");
            };
            assert!(next.step(&mut input, &mut output, &mut env).is_err());
        });
    }
}

#[test]
fn messages_both_ways() {
    for &enctype in ENCTYPES {
        let world = World::new(enctype);
        let session_key = world.maker.session_key.duplicate();
        let mut rng = TestRng::insecure(3);
        let mut env = Env::new(NOW_STAMP, &mut rng);
        let (mut request, mut answer) = (Vec::new(), Vec::new());
        let initiator = Initiator::new(world.held(&session_key)).allow_weak_enctypes();
        let Ok(Step::Continue(next)) = initiator.step(&mut [], &mut request, &mut env) else { panic!() };
        let accepted = Acceptor::new(&world.config).step(&mut request, &mut answer, &mut env);
        let Ok(Step::Done(server)) = accepted else { panic!("{accepted:?}") };
        let Ok(Step::Done(client)) = next.step(&mut answer, &mut Vec::new(), &mut env) else { panic!() };
        let (mut client, mut server) = (client.split(), server.split());
        exchange(&mut client.0, &mut server.1);
        exchange(&mut server.0, &mut client.1);
    }
}

fn exchange(sealer: &mut dyn Sealer, opener: &mut dyn Opener) {
    let mut rng = TestRng::insecure(4);
    let message = [7; 1000];
    let mut buffer = [0; 2048];
    for protection in [Protection::Confidentiality, Protection::Integrity] {
        for len in [0, 1, 15, 16, 17, 1000] {
            heap::none("messages", || {
                let mut sink = SliceSink::new(&mut buffer);
                sealer.wrap(protection, &message[..len], &mut sink, &mut rng).unwrap();
                let token = sink.into_written();
                assert_eq!(opener.unwrap(token).unwrap().message, &message[..len]);

                let mut sink = SliceSink::new(&mut buffer);
                sealer.get_mic(&message[..len], &mut sink).unwrap();
                assert!(opener.verify_mic(&message[..len], sink.as_slice()).is_ok());
                assert!(opener.verify_mic(&message[..len], b"no MIC").is_err());
            });
        }
    }
}
