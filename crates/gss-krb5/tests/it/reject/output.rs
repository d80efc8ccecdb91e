//! Outputs without enough room: an error, nothing left behind, no panic.

use crate::forge::Forge;
use crate::world::{AES256, Outcome, config_with, held, initiator, maker, now_plus};
use gss_core::{ContextFlags, Diagnose, Env, Handshake, MajorStatus, SliceSink, TokenSink};
use gss_krb5::replay::danger::NoReplayCache;
use gss_krb5::{Acceptor, AcceptorError, InitiatorError};
use test_support::TestRng;

/// Steps with room for `room` bytes behind those that are there already.
fn step_into<H: Handshake>(side: H, token: &[u8], room: usize) -> Outcome<H> {
    const BEFORE: &[u8] = b"what the caller wrote";
    let mut buffer = vec![0; BEFORE.len() + room];
    let mut sink = SliceSink::new(&mut buffer);
    sink.put(BEFORE).unwrap();
    let mut input = token.to_vec();
    let result = side.step(&mut input, &mut sink, &mut Env::new(now_plus(0), &mut TestRng::insecure(1)));
    let written = sink.into_written().to_vec();
    let (before, token) = written.split_at(BEFORE.len());
    assert_eq!(before, BEFORE);
    if result.is_err() {
        let left: Vec<u8> = buffer[BEFORE.len() + token.len()..].to_vec();
        assert!(left.iter().all(|byte| *byte == 0), "what was written is wiped");
    }
    (result, token.to_vec())
}

/// The least room that a step succeeds with. Below it every step fails with an empty output.
#[track_caller]
fn least_room<H: Handshake>(
    make: impl Fn() -> H,
    token: &[u8],
    is_output: impl Fn(&H::Error) -> bool,
) -> usize {
    for room in 0.. {
        match step_into(make(), token, room) {
            (Ok(_), _) => {
                for more in room..room + 40 {
                    assert!(step_into(make(), token, more).0.is_ok(), "{more} bytes, but {room} will do");
                }
                return room;
            }
            (Err(error), output) => {
                assert!(is_output(&error), "{error}");
                assert_eq!((error.code(), error.major()), ("buffer_too_small", MajorStatus::FAILURE));
                assert!(output.is_empty(), "{room}: {} bytes left behind", output.len());
            }
        }
    }
    unreachable!()
}

#[test]
fn first_token() {
    let needed = |make: &dyn Fn() -> gss_krb5::Initiator<_>| {
        least_room(make, b"", |error| matches!(error, InitiatorError::Output(_)))
    };
    let plain = needed(&|| initiator(AES256));
    let dce = needed(&|| initiator(AES256).flags(ContextFlags::DCE_STYLE));
    let with_ticket = needed(&|| initiator(AES256).delegate(held(&maker(AES256))));
    assert!(dce <= plain && plain < with_ticket, "{dce} {plain} {with_ticket}");
}

#[test]
fn third_token() {
    let dce = || {
        let initiator = initiator(AES256).flags(ContextFlags::DCE_STYLE);
        crate::world::waiting(initiator, now_plus(0)).0
    };
    let answer = crate::forge::Reply { time: now_plus(0), subkey: None, sequence: Some(1) };
    let answer = answer.message(&maker(AES256).session_key);
    least_room(dce, &answer, |error| matches!(error, InitiatorError::Output(_)));
}

#[test]
fn answer() {
    let config = config_with(AES256, NoReplayCache);
    let mutual = Forge::new(AES256).asking(ContextFlags::MUTUAL, b"");
    let output = |error: &AcceptorError| matches!(error, AcceptorError::Output(_));
    let framed = least_room(|| Acceptor::new(&config), &mutual.token(), output);
    let dce = Forge::new(AES256).asking(ContextFlags::DCE_STYLE, b"");
    let bare = least_room(|| Acceptor::new(&config), &dce.message(), output);
    assert!(0 < bare && bare <= framed);
    // Nothing to say, nothing needed.
    assert_eq!(least_room(|| Acceptor::new(&config), &Forge::new(AES256).token(), output), 0);
}

#[test]
fn a_krb_error_without_room_is_not_sent() {
    let config = config_with(AES256, NoReplayCache);
    let mut forge = Forge::new(AES256);
    forge.checksum = None;
    let mut sent = 0;
    for room in 0..200 {
        let (result, output) = step_into(Acceptor::new(&config), &forge.token(), room);
        assert_eq!(result.unwrap_err(), AcceptorError::ChecksumMissing, "the reason stays what it is");
        assert!(output.is_empty() || output.len() <= room);
        sent += usize::from(!output.is_empty());
    }
    assert!(0 < sent && sent < 200, "{sent}");
}
