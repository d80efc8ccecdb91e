//! NTLM: the messages of the vectors, and logons of our own.

use crate::Seeds;
use fuzz_targets::gss_ntlm::NOW_TIME;
use fuzz_targets::gss_ntlm::acceptor::Settings;
use fuzz_targets::gss_ntlm::initiator::Wishes;
use fuzz_targets::input::{Input, Output, rng};
use gss_core::{Env, Handshake, Protection, Sealer as _, Step};
use gss_ntlm::message::{Parameters, halves};
use gss_ntlm::wire::{AuthenticateMessage, ChallengeMessage, Charset, NegotiateFlags};
use gss_ntlm::{Acceptor, SessionKey};
use test_support::vectors::load;

pub fn add(seeds: &mut Seeds) {
    recordings(seeds);
    logons(seeds);
    tokens(seeds);
    let unknown = [&[99, 0, 3, 0, 1, 2, 3][..], &[0; 8]].concat();
    seeds.add("gss_ntlm_av_pairs", "unknown", unknown);
    let host = [&[8, 0, 48, 0, 48, 0, 0, 0][..], &[7; 44], &[0; 4]].concat();
    seeds.add("gss_ntlm_av_pairs", "single host", host);
}

fn recordings(seeds: &mut Seeds) {
    let mut messages = Vec::new();
    for path in ["ntlm/messages.txt", "ntlm/messages-derived.txt"] {
        for record in load(path).records() {
            let (name, message) = (record.name().to_owned(), record.hex("message"));
            message_seed(seeds, &name, &record.text("kind"), &message);
            messages.push((name, message));
        }
    }
    // Each answer to each challenge: what does not belong together is a seed too.
    let of = |kind: u8| messages.iter().filter(move |(_, message)| message[8] == kind);
    for (_, negotiate) in of(1) {
        for (left, challenge) in of(2) {
            for (right, answer) in of(3) {
                let input =
                    Output::new().byte(7).byte(2 | 2 << 2).chunk(negotiate).chunk(challenge).chunk(answer);
                seeds.add("gss_ntlm_acceptor", &format!("{left} {right}"), input.finish());
            }
        }
    }
}

/// A message for those that parse it.
fn message_seed(seeds: &mut Seeds, name: &str, kind: &str, message: &[u8]) {
    seeds.add(&format!("gss_ntlm_{kind}"), name, message);
    seeds.add("gssctl_inspect", &format!("ntlm {name}"), message);
    if kind == "challenge" {
        for wishes in [0, 3] {
            let input = Output::new().byte(wishes).rest(message).finish();
            seeds.add("gss_ntlm_initiator", &format!("{name} {wishes}"), input);
        }
        let parsed = ChallengeMessage::parse(message).expect("a challenge");
        if let Some(pairs) = parsed.target_info {
            seeds.add("gss_ntlm_av_pairs", name, pairs.as_bytes());
        }
    }
}

/// What the client wants, and the server's settings.
const LOGONS: [(&str, u8, [u8; 2]); 8] = [
    ("sealed", 0, [0, 0]),
    ("signed", 1, [0, 0]),
    ("identify", 2, [0, 0]),
    ("anonymous", 3 | 4, [2, 0]),
    ("bound", 8 | 16, [0, 1 | 1 << 2]),
    ("untrusted", 16 | 32, [0, 0x40]),
    ("weak keys", 64, [4, 0]),
    ("datagram", 128, [0, 0x20]),
];

fn logons(seeds: &mut Seeds) {
    for (name, wishes, settings) in LOGONS {
        let config = Settings::take(&mut Input::new(&settings)).config();
        let client = Wishes::take(&mut Input::new(&[wishes])).client();
        let (mut client_rng, mut server_rng) = (rng(), rng());
        let (mut negotiate, mut challenge, mut answer) = (Vec::new(), Vec::new(), Vec::new());
        let mut env = Env::new(NOW_TIME, &mut client_rng);
        let Ok(Step::Continue(client)) = client.step(&mut [], &mut negotiate, &mut env) else {
            panic!("{name}: no beginning")
        };
        // The oracle's acceptor makes the same challenge, so that the answer fits.
        let mut server_env = Env::new(NOW_TIME, &mut server_rng);
        let server = Acceptor::new(&config).step(&mut negotiate.clone(), &mut challenge, &mut server_env);
        let Ok(Step::Continue(server)) = server else { panic!("{name}: no challenge") };
        let done = client.step(&mut challenge.clone(), &mut answer, &mut env);
        assert!(matches!(done, Ok(Step::Done(_))), "{name}: no answer");
        let done = server.step(&mut answer.clone(), &mut Vec::new(), &mut server_env);
        assert!(matches!(done, Ok(Step::Done(_))), "{name}: refused");

        let input = Output::new().rest(&settings).chunk(&negotiate).chunk(b"").chunk(&answer).finish();
        seeds.add("gss_ntlm_acceptor", name, input);
        let input = Output::new().byte(wishes).rest(&challenge).finish();
        seeds.add("gss_ntlm_initiator", name, input);
        if !negotiate.is_empty() {
            seeds.add("gss_ntlm_negotiate", name, negotiate);
        }
        seeds.add("gss_ntlm_challenge", name, challenge);
        let parsed = AuthenticateMessage::parse(&answer, Charset::Unicode).expect("our answer");
        if let Some(list) = parsed.nt_response.get(16 + 28..) {
            seeds.add("gss_ntlm_av_pairs", &format!("answer {name}"), list);
        }
        seeds.add("gss_ntlm_authenticate", name, answer.clone());
    }
}

fn tokens(seeds: &mut Seeds) {
    let strong = NegotiateFlags::EXTENDED_SESSION_SECURITY | NegotiateFlags::KEY_128;
    let exchange = NegotiateFlags::KEY_EXCHANGE;
    for (name, flags) in [
        ("nothing", NegotiateFlags::NONE),
        ("sign", strong | NegotiateFlags::SIGN | exchange),
        ("sign without exchange", strong | NegotiateFlags::SIGN),
        ("seal", strong | NegotiateFlags::SIGN | NegotiateFlags::SEAL | exchange),
        ("datagram", strong | NegotiateFlags::SEAL | NegotiateFlags::DATAGRAM | exchange),
        ("weak", NegotiateFlags::SEAL | NegotiateFlags::KEY_56 | NegotiateFlags::EXTENDED_SESSION_SECURITY),
        ("too weak", NegotiateFlags::SEAL),
    ] {
        for (choices, role) in [(0, gss_core::Role::Acceptor), (1, gss_core::Role::Initiator)] {
            let mut input = Output::new().byte(choices).u32(flags.bits()).rest(&[0x55; 16]);
            let key = SessionKey::from_bytes([0x55; 16]);
            if let Ok((mut sealer, _)) = halves(&Parameters { role, key: &key, flags }) {
                for message in [&b"first message"[..], b"", b"second"] {
                    let (mut token, mut mic) = (Vec::new(), Vec::new());
                    let _ = sealer.wrap(Protection::Integrity, message, &mut token, &mut rng());
                    let _ = sealer.get_mic(message, &mut mic);
                    input = input.byte(0).chunk(&token).byte(1).chunk(message).chunk(&mic);
                }
            }
            for operation in 2..5 {
                input = input.byte(operation).chunk(b"a message of our own");
            }
            let input = input.byte(5).u32(7).chunk(b"out of order").finish();
            seeds.add("gss_ntlm_message", &format!("{name} {choices}"), input);
        }
    }
}
