//! Messages that come a second time, back to their sender, or out of order.

use crate::world::{NOW, Scene, answer, client, config, names, negotiate, step, users};
use gss_core::{Diagnose, Step};
use gss_ntlm::wire::{AvId, MessageType, WireError};
use gss_ntlm::{Acceptor, AcceptorConfig, AcceptorError, InitiatorError, MAX_NEGOTIATE, ServerNames};

/// An answer that the server took once.
fn taken(config: &AcceptorConfig) -> [Vec<u8>; 3] {
    let scene = Scene::new(config);
    let (negotiate, challenge) = (scene.negotiate.clone(), scene.challenge.clone());
    let (_, answer) = answer(client(), &challenge).unwrap();
    assert!(scene.verdict(&answer).is_ok());
    [negotiate, challenge, answer]
}

#[test]
fn an_answer_on_another_connection() {
    let config = config();
    let [negotiate, _, answer] = taken(&config);
    // At the same time the challenges differ, later the times do too.
    let at_once = Scene::at(&config, &negotiate, NOW, 99);
    assert_eq!(at_once.refuses(&answer), AcceptorError::LogonFailed);
    let later = Scene::at(&config, &negotiate, NOW + 1, 99);
    assert_eq!(later.refuses(&answer), AcceptorError::AttributeChanged { id: AvId::TIMESTAMP });
    // Even if the server's randomness came again.
    let same_challenge = Scene::at(&config, &negotiate, NOW + 1, 1);
    assert_eq!(same_challenge.refuses(&answer), AcceptorError::AttributeChanged { id: AvId::TIMESTAMP });
}

#[test]
fn an_answer_to_another_server() {
    let [negotiate, _, answer] = taken(&config());
    for (names, id) in [
        (names().domain("OTHER"), AvId::NB_DOMAIN_NAME),
        (names().dns_computer("other.example.com"), AvId::DNS_COMPUTER_NAME),
        (names().dns_domain("example.org"), AvId::DNS_DOMAIN_NAME),
        (names().dns_tree("example.org"), AvId::DNS_TREE_NAME),
        (ServerNames::new("OTHER").domain("EXAMPLE"), AvId::NB_COMPUTER_NAME),
    ] {
        let other = AcceptorConfig::new(names, users());
        let scene = Scene::at(&other, &negotiate, NOW, 1);
        assert_eq!(scene.refuses(&answer), AcceptorError::AttributeChanged { id });
    }
}

#[test]
fn the_client_is_sent_its_own_message() {
    let error = answer(client(), &negotiate(client())).unwrap_err();
    assert_eq!(error, InitiatorError::Wire(other(MessageType::Challenge, MessageType::Negotiate)));
    let [_, _, authenticate] = taken(&config());
    let error = answer(client(), &authenticate).unwrap_err();
    assert_eq!(error, InitiatorError::Wire(other(MessageType::Challenge, MessageType::Authenticate)));
}

#[test]
fn the_server_is_sent_its_own_message() {
    let config = config();
    let [_, challenge, _] = taken(&config);
    let error = step(Acceptor::new(&config), &challenge, NOW, 1).0.unwrap_err();
    assert_eq!(error, AcceptorError::Wire(other(MessageType::Negotiate, MessageType::Challenge)));
    let scene = Scene::new(&config);
    let own = scene.challenge.clone();
    let error = scene.refuses(&own);
    assert_eq!(error, AcceptorError::Wire(other(MessageType::Authenticate, MessageType::Challenge)));
}

#[test]
fn the_third_message_first() {
    let config = config();
    let [_, _, authenticate] = taken(&config);
    let error = step(Acceptor::new(&config), &authenticate, NOW, 1).0.unwrap_err();
    assert_eq!(error, AcceptorError::Wire(other(MessageType::Negotiate, MessageType::Authenticate)));
}

#[test]
fn the_first_message_twice() {
    let config = config();
    let scene = Scene::new(&config);
    let negotiate = scene.negotiate.clone();
    let error = scene.refuses(&negotiate);
    assert_eq!(error, AcceptorError::Wire(other(MessageType::Authenticate, MessageType::Negotiate)));
}

#[test]
fn garbage() {
    let config = config();
    for (garbage, code) in [
        (&b""[..], "ntlm_truncated_header"),
        (b"NTLMSSP", "ntlm_truncated_header"),
        (b"NTLMSSP\0\x01", "ntlm_truncated_header"),
        (b"NTLMSSP\0\x01\0\0\0", "ntlm_truncated_header"),
        (b"NTLMSSP\0\x04\0\0\0", "ntlm_unknown_message_type"),
        (b"NTLMSSP\0\x01\0\0\x80", "ntlm_unknown_message_type"),
        (b"NTLMSSP \x01\0\0\0", "ntlm_signature"),
        (b"\x60\x48\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x3e", "ntlm_signature"),
        (b"ntlmssp\0\x01\0\0\0", "ntlm_signature"),
    ] {
        let (first, output) = step(Acceptor::new(&config), garbage, NOW, 1);
        assert_eq!((first.map(|_| ()).unwrap_err().code(), output.len()), (code, 0));
        // The beginning of a first message is another message to those who wait for a later one.
        let code = if garbage == b"NTLMSSP\0\x01\0\0\0" { "ntlm_other_message_type" } else { code };
        assert_eq!(Scene::new(&config).refuses(garbage).code(), code, "{garbage:x?}");
        assert_eq!(answer(client(), garbage).unwrap_err().code(), code, "{garbage:x?}");
    }
}

#[test]
fn input_where_the_client_begins() {
    let (result, output) = step(client(), b"token", NOW, 1);
    assert_eq!(result.map(|_| ()).unwrap_err(), InitiatorError::UnexpectedInput { length: 5 });
    assert!(output.is_empty());
}

#[test]
fn a_first_message_without_end() {
    let config = config();
    let mut long = negotiate(client());
    long.resize(MAX_NEGOTIATE, 0);
    let (longest, _) = step(Acceptor::new(&config), &long, NOW, 1);
    assert!(matches!(longest, Ok(Step::Continue(_))));
    long.push(0);
    let (result, output) = step(Acceptor::new(&config), &long, NOW, 1);
    let error = result.map(|_| ()).unwrap_err();
    assert_eq!(error, AcceptorError::NegotiateTooLong { length: MAX_NEGOTIATE + 1 });
    assert!(output.is_empty());
}

fn other(expected: MessageType, found: MessageType) -> WireError {
    WireError::OtherType { expected, found }
}
