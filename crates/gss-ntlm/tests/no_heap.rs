//! The initiator and message protection without a heap, with an allocator that counts.

use gss_core::{
    ChannelBindings, ContextFlags, Env, Handshake, Opener, Protection, Sealer, SecurityContext, SliceSink,
    Step, Timestamp, TokenSink,
};
use gss_ntlm::{
    Acceptor, AcceptorConfig, Allow, Identity, Initiator, LogonRef, MemoryUsers, NtHash, NtlmV2Hash,
    ServerNames,
};
use test_support::TestRng;
use test_support::heap::{self, Counting};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_counter_counts() {
    let (count, boxed) = heap::requests_of(|| vec![0_u8; 100]);
    assert_eq!((count, boxed.len()), (1, 100));
}

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

const PROTECTED: ContextFlags = ContextFlags::INTEGRITY.with(ContextFlags::CONFIDENTIALITY);

fn config() -> AcceptorConfig {
    let mut users = MemoryUsers::new();
    users.add("alice", "EXAMPLE", "correct horse");
    let names = ServerNames::new("SERVER").domain("EXAMPLE").dns_computer("server.example.com");
    AcceptorConfig::new(names, users).allow(Allow::ANONYMOUS)
}

fn v2_hash() -> NtlmV2Hash {
    NtHash::of_password("correct horse").v2("alice".chars(), "EXAMPLE".chars())
}

fn logon(v2_hash: &NtlmV2Hash) -> LogonRef<'_> {
    LogonRef {
        identity: Identity::User { user: "alice", domain: "EXAMPLE", v2_hash },
        workstation: "DESK",
        target: Some("HTTP/server.example.com"),
    }
}

#[test]
fn the_initiator() {
    let hash = heap::none("hashing a password", v2_hash);
    let anonymous = LogonRef { identity: Identity::Anonymous, ..logon(&hash) };
    for (logon, flags) in [
        (logon(&hash), PROTECTED),
        (logon(&hash), ContextFlags::INTEGRITY),
        (logon(&hash), ContextFlags::NONE),
        (anonymous, ContextFlags::NONE),
    ] {
        for datagram in [false, true] {
            initiate(logon, flags, datagram);
        }
    }
}

fn initiate(logon: LogonRef<'_>, flags: ContextFlags, datagram: bool) {
    let what = format!("{logon} {flags} datagram {datagram}");
    let config = if datagram { config().datagram() } else { config() };
    let bindings = ChannelBindings::tls_exporter(&[5; 32]);
    let mut rng = TestRng::insecure(3);
    let mut buffers = [[0; 1024]; 2];
    let [first, third] = &mut buffers;
    let mut negotiate = SliceSink::new(first);
    let step = heap::none(&what, || {
        let initiator = Initiator::new(logon).flags(flags).channel_bindings(&bindings);
        let initiator = if datagram { initiator.datagram() } else { initiator };
        initiator.step(&mut [], &mut negotiate, &mut Env::new(NOW, &mut rng))
    });
    let Ok(Step::Continue(waiting)) = step else { panic!("{what}: the first step fails") };
    let mut challenge = Vec::new();
    let mut env = Env::new(NOW, &mut rng);
    let step = Acceptor::new(&config).step(negotiate.as_mut_slice(), &mut challenge, &mut env);
    let Ok(Step::Continue(acceptor)) = step else { panic!("{what}: no challenge") };
    let mut output = SliceSink::new(third);
    let step = heap::none(&what, || waiting.step(&mut challenge, &mut output, &mut Env::new(NOW, &mut rng)));
    let Ok(Step::Done(mut context)) = step else { panic!("{what}: not established") };
    let step = acceptor.step(output.as_mut_slice(), &mut Vec::new(), &mut Env::new(NOW, &mut rng));
    assert!(matches!(step, Ok(Step::Done(_))), "{what}: refused");
    let mut room = [0; 256];
    heap::none(&what, || {
        let mut sink = SliceSink::new(&mut room);
        let protected = context.sealer().get_mic(b"message", &mut sink);
        assert_eq!(protected.is_ok(), flags != ContextFlags::NONE);
        let _ = (context.facts(), context.secret_session_key());
        let (_sealer, _opener) = context.split();
    });
}

#[test]
fn errors_of_the_initiator() {
    let hash = v2_hash();
    let mut rng = TestRng::insecure(3);
    let mut buffer = [0; 1024];
    for garbage in [&b""[..], b"garbage", b"NTLMSSP\0\x02\0\0\0", &[0x7e; 200]] {
        let mut input = garbage.to_vec();
        heap::none("refused challenge", || {
            let mut output = SliceSink::new(&mut buffer);
            let mut env = Env::new(NOW, &mut rng);
            let Ok(Step::Continue(waiting)) =
                Initiator::new(logon(&hash)).step(&mut [], &mut output, &mut env)
            else {
                panic!("the first step fails");
            };
            assert!(waiting.step(&mut input, &mut output, &mut env).is_err());
        });
    }
}

/// What an acceptor asks the heap for: the names it will tell, the messages it keeps, the user it looks up.
#[test]
fn the_acceptor_is_modest() {
    let (hash, config) = (v2_hash(), config());
    let mut rng = TestRng::insecure(3);
    let mut env = Env::new(NOW, &mut rng);
    let mut buffers = [[0; 1024]; 3];
    let [negotiate, challenge, authenticate] = &mut buffers;
    let [mut negotiate, mut challenge, mut authenticate] =
        [negotiate, challenge, authenticate].map(|buffer| SliceSink::new(buffer));
    let Ok(Step::Continue(client)) = Initiator::new(logon(&hash)).step(&mut [], &mut negotiate, &mut env)
    else {
        panic!("the first step fails")
    };
    let (first, step) =
        heap::requests_of(|| Acceptor::new(&config).step(negotiate.as_mut_slice(), &mut challenge, &mut env));
    let Ok(Step::Continue(server)) = step else { panic!("no challenge") };
    let Ok(Step::Done(_)) = client.step(challenge.as_mut_slice(), &mut authenticate, &mut env) else {
        panic!("no answer")
    };
    let (second, step) = heap::requests_of(|| {
        server.step(authenticate.as_mut_slice(), &mut SliceSink::new(&mut []), &mut env)
    });
    let Ok(Step::Done(context)) = step else { panic!("refused") };
    let (facts, _) = heap::requests_of(|| context.facts());
    assert!(first <= MOST_FOR_CHALLENGE && second <= MOST_FOR_ANSWER, "{first} and {second}");
    assert_eq!(facts, 0);
}

const MOST_FOR_CHALLENGE: u64 = 2;
const MOST_FOR_ANSWER: u64 = 6;

#[test]
fn messages_both_ways() {
    let (hash, config) = (v2_hash(), config());
    for flags in [PROTECTED, ContextFlags::INTEGRITY] {
        let mut rng = TestRng::insecure(3);
        let mut env = Env::new(NOW, &mut rng);
        let (mut first, mut second, mut third) = (Vec::new(), Vec::new(), Vec::new());
        let client = Initiator::new(logon(&hash)).flags(flags);
        let Ok(Step::Continue(client)) = client.step(&mut [], &mut first, &mut env) else { panic!() };
        let server = Acceptor::new(&config).step(&mut first, &mut second, &mut env);
        let Ok(Step::Continue(server)) = server else { panic!() };
        let Ok(Step::Done(mut client)) = client.step(&mut second, &mut third, &mut env) else { panic!() };
        let Ok(Step::Done(mut server)) = server.step(&mut third, &mut Vec::new(), &mut env) else { panic!() };
        let mut mic = [0; 16];
        heap::none("mechListMIC", || {
            let mut sink = SliceSink::new(&mut mic);
            client.mech_list_mic(b"list", &mut sink).unwrap();
            server.verify_mech_list_mic(b"list", sink.as_slice()).unwrap();
        });
        let (mut client, mut server) = (client.split(), server.split());
        exchange(&mut client.0, &mut server.1, flags);
        exchange(&mut server.0, &mut client.1, flags);
    }
}

fn exchange(sealer: &mut dyn Sealer, opener: &mut dyn Opener, flags: ContextFlags) {
    let mut rng = TestRng::insecure(4);
    let message = [7; 1000];
    let mut buffer = [0; 2048];
    let protection = if flags.contains(ContextFlags::CONFIDENTIALITY) {
        Protection::Confidentiality
    } else {
        Protection::Integrity
    };
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
    heap::none("in place", || {
        let buffer = &mut buffer[..116];
        sealer.wrap_in_place(protection, buffer, &mut rng).unwrap();
        assert!(opener.unwrap(buffer).is_ok());
    });
}
