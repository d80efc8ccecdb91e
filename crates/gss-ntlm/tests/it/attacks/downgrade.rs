//! Protection taken out of the negotiation, by a man in the middle or by a server.

use crate::forge::Forge;
use crate::world::{NOW, Scene, answer, client, config, negotiate, step};
use gss_core::{ContextFlags, SecurityContext};
use gss_ntlm::wire::{
    AuthenticateMessage, ChallengeMessage, Charset, NegotiateFlags, NegotiateMessage, WireError,
};
use gss_ntlm::{Acceptor, AcceptorError, Allow, InitiatorError};

/// A challenge of ours with other flags.
fn with_flags(change: impl Fn(u32) -> u32) -> Vec<u8> {
    let config = config();
    let mut challenge = Scene::new(&config).challenge;
    let flags = change(u32::from_le_bytes(challenge[20..24].try_into().unwrap()));
    challenge[20..24].copy_from_slice(&flags.to_le_bytes());
    challenge
}

fn without(flags: NegotiateFlags) -> Vec<u8> {
    with_flags(|bits| bits & !flags.bits())
}

fn first_message(flags: NegotiateFlags) -> Vec<u8> {
    let mut message = Vec::new();
    NegotiateMessage { flags, domain: None, workstation: None, version: None }.write(&mut message).unwrap();
    message
}

/// CVE-2016-2110: each of these, taken away, ends the logon before anything is answered.
#[test]
fn what_the_client_requires_is_taken_away() {
    for missing in [
        NegotiateFlags::SIGN,
        NegotiateFlags::SEAL,
        NegotiateFlags::KEY_128,
        NegotiateFlags::EXTENDED_SESSION_SECURITY,
        NegotiateFlags::SIGN | NegotiateFlags::SEAL,
        NegotiateFlags::SEAL | NegotiateFlags::KEY_128 | NegotiateFlags::EXTENDED_SESSION_SECURITY,
    ] {
        let error = answer(client(), &without(missing)).unwrap_err();
        assert_eq!(error, InitiatorError::NotGranted { missing });
    }
}

#[test]
fn protection_that_was_not_asked_for_is_not_missed() {
    let nothing = || client().flags(ContextFlags::NONE);
    let keys = NegotiateFlags::SIGN | NegotiateFlags::SEAL | NegotiateFlags::KEY_128;
    assert!(answer(nothing(), &without(keys)).is_ok());
    let missing = NegotiateFlags::EXTENDED_SESSION_SECURITY;
    let error = answer(nothing(), &without(missing)).unwrap_err();
    assert_eq!(error, InitiatorError::NotGranted { missing });
    // Nor can a server force it on.
    let forced = with_flags(|bits| bits | keys.bits() | NegotiateFlags::LM_KEY.bits());
    let (context, _) = answer(nothing(), &forced).unwrap();
    assert_eq!(context.facts().flags, ContextFlags::NONE);
}

#[test]
fn keys_of_56_bits_are_no_substitute() {
    let weak = with_flags(|bits| bits & !NegotiateFlags::KEY_128.bits() | NegotiateFlags::KEY_56.bits());
    let missing = NegotiateFlags::KEY_128;
    assert_eq!(answer(client(), &weak).unwrap_err(), InitiatorError::NotGranted { missing });
    assert!(answer(client().allow_56_bit_keys(), &weak).is_ok());
    // Who takes 56 bits takes no 40.
    let weaker = without(NegotiateFlags::KEY_128 | NegotiateFlags::KEY_56);
    let error = answer(client().allow_56_bit_keys(), &weaker).unwrap_err();
    assert_eq!(error, InitiatorError::NotGranted { missing });
}

#[test]
fn oem_in_place_of_unicode() {
    let oem = with_flags(|bits| bits & !NegotiateFlags::UNICODE.bits() | NegotiateFlags::OEM.bits());
    let error = answer(client(), &oem).unwrap_err();
    // The target's name is UTF-16 still, so its zero bytes tell first.
    assert!(matches!(error, InitiatorError::Wire(WireError::Text { .. })), "{error}");

    // A server that really knows OEM only.
    let config = config();
    let all =
        NegotiateFlags::from_bits(u32::MAX) - NegotiateFlags::UNICODE - NegotiateFlags::OEM_DOMAIN_SUPPLIED;
    let scene = Scene::at(&config, &first_message(all - NegotiateFlags::OEM_WORKSTATION_SUPPLIED), NOW, 1);
    let error = answer(client(), &scene.challenge).unwrap_err();
    assert_eq!(error, InitiatorError::NotGranted { missing: NegotiateFlags::UNICODE });

    // Neither of them.
    let neither = without(NegotiateFlags::UNICODE);
    let error = answer(client(), &neither).unwrap_err();
    assert!(matches!(error, InitiatorError::Wire(WireError::NoCharset { .. })), "{error}");
}

#[test]
fn a_challenge_for_datagrams_and_the_other_way_round() {
    let datagram = with_flags(|bits| bits | NegotiateFlags::DATAGRAM.bits());
    assert_eq!(answer(client(), &datagram).unwrap_err(), InitiatorError::Transport { datagram: true });
    let connection = with_flags(|bits| bits);
    let error = answer(client().datagram(), &connection).unwrap_err();
    assert_eq!(error, InitiatorError::Transport { datagram: false });
}

/// The server does not fall for a client that asks for datagrams over a connection.
#[test]
fn datagrams_are_not_granted_to_who_asks() {
    let config = config();
    let asking = first_message(
        NegotiateFlags::UNICODE | NegotiateFlags::EXTENDED_SESSION_SECURITY | NegotiateFlags::DATAGRAM,
    );
    let scene = Scene::at(&config, &asking, NOW, 1);
    let sent = ChallengeMessage::parse(&scene.challenge).unwrap();
    assert!(!sent.flags.contains(NegotiateFlags::DATAGRAM));
    let datagram = config.datagram();
    let (result, output) = step(Acceptor::new(&datagram), &asking, NOW, 1);
    let error = result.map(|_| ()).unwrap_err();
    assert_eq!(error, AcceptorError::NegotiateInDatagram { length: asking.len() });
    assert!(output.is_empty());
}

#[test]
fn what_the_server_requires_is_not_offered() {
    let config = config();
    let refuse = |flags: NegotiateFlags| {
        let (result, output) = step(Acceptor::new(&config), &first_message(flags), NOW, 1);
        assert!(output.is_empty(), "no challenge is sent");
        result.map(|_| ()).unwrap_err()
    };
    let unicode = NegotiateFlags::UNICODE;
    assert_eq!(refuse(unicode), AcceptorError::NoExtendedSessionSecurity);
    // The flag of LM sessions is no way around it.
    assert_eq!(refuse(unicode | NegotiateFlags::LM_KEY), AcceptorError::NoExtendedSessionSecurity);
    for protection in [NegotiateFlags::SIGN, NegotiateFlags::SEAL] {
        for keys in [NegotiateFlags::NONE, NegotiateFlags::KEY_56] {
            let flags = unicode | NegotiateFlags::EXTENDED_SESSION_SECURITY | protection | keys;
            assert_eq!(refuse(flags), AcceptorError::ShortKeys { flags });
        }
    }
}

/// Offered in the first message and taken back in the third.
#[test]
fn what_the_server_requires_is_taken_back() {
    let config = config().allow(Allow::WITHOUT_MIC);
    let forged = |drop: NegotiateFlags| {
        let forge = Forge::new().parts(|parts| parts.flags = parts.flags - drop);
        Scene::new(&config).forged(&forge).map(|context| context.facts().flags)
    };
    let error = forged(NegotiateFlags::EXTENDED_SESSION_SECURITY).unwrap_err();
    assert_eq!(error, AcceptorError::NoExtendedSessionSecurity);
    let error = forged(NegotiateFlags::KEY_128).unwrap_err();
    assert!(matches!(error, AcceptorError::ShortKeys { .. }), "{error}");
    // Less protection is the client's choice, and the server is told.
    let flags = forged(NegotiateFlags::SIGN | NegotiateFlags::SEAL | NegotiateFlags::KEY_128).unwrap();
    assert_eq!(flags, ContextFlags::NONE);
}

#[test]
fn every_flag_of_a_challenge_alone_or_missing() {
    // Whatever the flags, the client answers within what it asked for, or not at all.
    let asked = NegotiateMessage::parse(&negotiate(client())).unwrap().flags;
    for bit in 0..32 {
        for challenge in [with_flags(|bits| bits ^ (1 << bit)), with_flags(|_| 1 << bit)] {
            let Ok((_, answer)) = answer(client(), &challenge) else { continue };
            let sent = AuthenticateMessage::parse(&answer, Charset::Unicode).unwrap();
            let about_server = NegotiateFlags::TARGET_INFO
                | NegotiateFlags::TARGET_TYPE_DOMAIN
                | NegotiateFlags::TARGET_TYPE_SERVER;
            let beyond = sent.flags.unwrap() - asked - about_server;
            assert!(beyond.is_empty(), "bit {bit}: {beyond}");
        }
    }
}
