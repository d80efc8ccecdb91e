//! Fields that point where they should not, and messages that end too early, through both state machines.

use crate::forge::{Forge, point, pointed};
use crate::world::{NOW, Scene, answer, client, config, negotiate, step};
use gss_core::{Diagnose, Step};
use gss_ntlm::wire::{Charset, Field, NegotiateMessage, Text, WireError};
use gss_ntlm::{Acceptor, AcceptorConfig, AcceptorError, InitiatorError};

/// A first message with both names.
fn named_negotiate() -> Vec<u8> {
    let text = |name: &'static str| Some(Text::parse(name.as_bytes(), Charset::Oem, 0).unwrap());
    let plain = negotiate(client());
    let mut message = Vec::new();
    let flags = NegotiateMessage::parse(&plain).unwrap().flags;
    NegotiateMessage { flags, domain: text("EXAMPLE"), workstation: text("DESK"), version: None }
        .write(&mut message)
        .unwrap();
    message
}

fn first(message: &[u8], config: &AcceptorConfig) -> Option<WireError> {
    match step(Acceptor::new(config), message, NOW, 1) {
        (Ok(Step::Continue(_)), _) => None,
        (Err(AcceptorError::Wire(error)), output) if output.is_empty() => Some(error),
        (result, _) => panic!("{:?}", result.map(|_| ())),
    }
}

fn second(message: &[u8]) -> Option<WireError> {
    match answer(client(), message) {
        Ok(_) => None,
        Err(InitiatorError::Wire(error)) => Some(error),
        Err(error) => panic!("{error}"),
    }
}

fn third(message: &[u8], config: &AcceptorConfig) -> Option<WireError> {
    match Scene::new(config).verdict(message) {
        Ok(_) => None,
        Err(AcceptorError::Wire(error)) => Some(error),
        Err(error) => panic!("{error}"),
    }
}

/// Where a header has which fields.
type Fields = [(usize, Field)];

const NEGOTIATE: [(usize, Field); 2] = [(16, Field::DomainName), (24, Field::Workstation)];
const CHALLENGE: [(usize, Field); 2] = [(12, Field::TargetName), (40, Field::TargetInfo)];
const AUTHENTICATE: [(usize, Field); 6] = [
    (12, Field::LmResponse),
    (20, Field::NtResponse),
    (28, Field::DomainName),
    (36, Field::UserName),
    (44, Field::Workstation),
    (52, Field::EncryptedSessionKey),
];

/// Sees that a field of a good message is refused wherever it points to beyond the end.
fn beyond(message: &[u8], fields: &Fields, parse: impl Fn(&[u8]) -> Option<WireError>) {
    assert_eq!(parse(message), None, "good until it is changed");
    for &(at, field) in fields {
        let end = u32::try_from(message.len()).unwrap();
        for (offset, len) in [
            (1 << 31, 2),
            ((1 << 31) - 1, u16::MAX),
            (u32::MAX, 1),
            (u32::MAX, 2),
            (u32::MAX, u16::MAX),
            (u32::MAX - 1, 2), // the sum wraps to 0
            (u32::MAX - 15, 16),
            (u32::MAX - 0xfffe, u16::MAX),
            (0xffff_0000, 0xfffe),
            (end, 1),
            (end - 1, 2),
            (end - 2, u16::MAX),
            (1 << 16, 2),
        ] {
            let mut changed = message.to_vec();
            point(&mut changed, at, len.into(), usize::try_from(offset).unwrap());
            let expected = WireError::FieldOutside { field, offset, len, message_len: message.len() };
            assert_eq!(parse(&changed), Some(expected), "{field} at {offset}, {len} bytes");
        }
    }
}

#[test]
fn fields_beyond_the_end() {
    let config = config();
    beyond(&named_negotiate(), &NEGOTIATE, |message| first(message, &config));
    let scene = Scene::new(&config);
    beyond(&scene.challenge, &CHALLENGE, second);
    let good = Forge::new().answer(&scene.negotiate, &scene.challenge);
    beyond(&good, &AUTHENTICATE, |message| third(message, &config));
}

/// `MaxLen` is the sender's own; only the MIC sees it.
#[test]
fn the_other_length_does_not_count() {
    let config = config();
    let changed = |message: &[u8], at: usize| {
        let mut changed = message.to_vec();
        changed[at + 2..at + 4].fill(0xff);
        changed
    };
    for (at, _) in NEGOTIATE {
        assert_eq!(first(&changed(&named_negotiate(), at), &config), None);
    }
    let scene = Scene::new(&config);
    for (at, _) in CHALLENGE {
        assert_eq!(second(&changed(&scene.challenge, at)), None);
    }
    let good = Forge::new().answer(&scene.negotiate, &scene.challenge);
    for (at, _) in AUTHENTICATE {
        assert_eq!(Scene::new(&config).refuses(&changed(&good, at)), AcceptorError::BadMic);
    }
}

#[test]
fn fields_in_the_header() {
    let config = config();
    let scene = Scene::new(&config);
    let good = Forge::new().answer(&scene.negotiate, &scene.challenge);
    let messages: [(&[u8], &Fields, u32); 3] = [
        (&named_negotiate(), &NEGOTIATE, 32),
        (&scene.challenge, &CHALLENGE, 32),
        (&good, &AUTHENTICATE, 52),
    ];
    for (index, (message, fields, least)) in messages.into_iter().enumerate() {
        for &(at, field) in fields {
            for offset in [0, 1, 8, 12, least - 2, least - 1] {
                let mut changed = message.to_vec();
                let (len, _) = pointed(message, at);
                point(&mut changed, at, len, usize::try_from(offset).unwrap());
                let error = match index {
                    0 => first(&changed, &config),
                    1 => second(&changed),
                    _ => third(&changed, &config),
                };
                let Some(WireError::FieldInHeader { field: seen, offset: at, .. }) = error else {
                    panic!("{field} at {offset}: {error:?}")
                };
                assert_eq!((seen, at), (field, offset));
            }
        }
    }
}

/// Wherever a man in the middle has a field point to, the logon ends there.
#[test]
fn fields_moved_anywhere() {
    let config = config();
    let scene = Scene::new(&config);
    let (_, good) = answer(client(), &scene.challenge).unwrap();
    for (at, field) in AUTHENTICATE {
        let (len, place) = pointed(&good, at);
        for offset in (0..=good.len()).filter(|offset| *offset != place) {
            let mut moved = good.clone();
            point(&mut moved, at, len, offset);
            let result = Scene::new(&config).verdict(&moved);
            assert!(result.is_err(), "{field} at {offset}");
        }
        for len in (0..len + 40).filter(|other| *other != len) {
            let mut resized = good.clone();
            point(&mut resized, at, len, place);
            let result = Scene::new(&config).verdict(&resized);
            assert!(result.is_err(), "{field} of {len} bytes");
        }
    }
}

/// Two fields may name the same bytes: the client's choice, as long as the proof is over what they say.
#[test]
fn fields_over_each_other() {
    let config = config();
    let scene = Scene::new(&config);
    let (_, good) = answer(client(), &scene.challenge).unwrap();
    for (at, code) in [(36, "ntlm_logon_failed"), (44, "ntlm_bad_mic")] {
        let (len, offset) = pointed(&good, 28);
        let mut overlapping = good.clone();
        point(&mut overlapping, at, len, offset);
        assert_eq!(Scene::new(&config).refuses(&overlapping).code(), code);
    }
    // LM response, NT response and session key in one place.
    let (_, nt) = pointed(&good, 20);
    for (at, len) in [(12, 24), (52, 16)] {
        let mut overlapping = good.clone();
        point(&mut overlapping, at, len, nt);
        assert_eq!(Scene::new(&config).refuses(&overlapping), AcceptorError::BadMic);
    }
}

#[test]
fn messages_that_end_too_early() {
    let config = config();
    let scene = Scene::new(&config);
    let good = Forge::new().answer(&scene.negotiate, &scene.challenge);
    for len in 0..good.len() {
        let error = third(&good[..len], &config);
        assert!(error.is_some(), "AUTHENTICATE of {len} bytes");
    }
    for len in 0..scene.challenge.len() {
        assert!(second(&scene.challenge[..len]).is_some(), "CHALLENGE of {len} bytes");
    }
    // The short forms of old clients are good, and the MIC is over what came.
    let negotiate = negotiate(client());
    for len in 0..negotiate.len() {
        let short = &negotiate[..len];
        let takes = len == 16 || len >= 32;
        assert_eq!(first(short, &config).is_none(), takes, "NEGOTIATE of {len} bytes");
        if takes {
            let scene = Scene::at(&config, short, NOW, 1);
            let (_, answer) = answer(client(), &scene.challenge).unwrap();
            let error = scene.refuses(&answer);
            // Without the flag of a version there is none in the challenge.
            assert_eq!(error, AcceptorError::BadMic, "NEGOTIATE of {len} bytes");
        }
    }
    let named = named_negotiate();
    for len in (0..named.len()).filter(|len| *len != 16) {
        assert!(first(&named[..len], &config).is_some(), "NEGOTIATE of {len} bytes");
    }
}
