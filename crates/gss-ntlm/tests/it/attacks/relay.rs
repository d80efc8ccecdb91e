//! Relays: somebody in the middle has a client log on to him and hands its answers to another server, or back to the
//! machine they came from.

use crate::forge::{Forge, set, utf16};
use crate::world::{NOW, Scene, answer, bindings, client, config, negotiate, refused_forgery, target};
use gss_core::bindings::{BindingDigest, BindingFailure};
use gss_core::{BindingPolicy, ChannelBindings, SecurityContext, Target};
use gss_ntlm::wire::{AvFlags, AvId, AvPairs, ChallengeMessage, put_av_pair};
use gss_ntlm::{AcceptorConfig, AcceptorError, Allow, Initiator, Logon};

fn for_service(target: &Target<'_>) -> Initiator<Logon> {
    Initiator::new(Logon::with_password("alice", "EXAMPLE", "correct horse").target(target))
}

/// A client that logs on to `target`, with all its messages handed to this server.
fn relayed(target: &Target<'_>, config: &AcceptorConfig) -> Result<String, AcceptorError> {
    let scene = Scene::at(config, &negotiate(for_service(target)), NOW, 1);
    let (_, answer) = answer(for_service(target), &scene.challenge).unwrap();
    scene.verdict(&answer).map(|context| context.facts().peer.unwrap().to_string())
}

/// What a machine's own client answers to the machine's own server is a relay like any other: the client meant
/// somebody else (CVE-2025-33073), or another protocol of the same server.
#[test]
fn our_own_challenge_answered_by_our_own_client_for_another_service() {
    let ours = config().accept_target(&target());
    for (service, host) in [
        ("cifs", "server.example.com"),
        ("ldap", "server.example.com"),
        ("HTTP", "attacker.example.com"),
        ("HTTP", "server.example.com.attacker.example"),
        ("HTTP", "server"),
    ] {
        let meant = Target::new(service, host).unwrap();
        let found = format!("{service}/{host}");
        assert_eq!(relayed(&meant, &ours), Err(AcceptorError::TargetMismatch { found }));
    }
    assert_eq!(relayed(&target(), &ours).as_deref(), Ok("EXAMPLE\\alice"));
}

/// What remains: a server that neither knows its own name nor asks for channel bindings cannot tell a relay from a
/// client. Nothing else in NTLM says whom the client meant to talk to. What the relay does not get is the session key,
/// so messages that are signed or sealed stop it.
#[test]
fn without_name_and_bindings_a_relay_succeeds() {
    let meant = Target::new("cifs", "attacker.example.com").unwrap();
    assert_eq!(relayed(&meant, &config()).as_deref(), Ok("EXAMPLE\\alice"));
    let ours = ChannelBindings::new(b"tls-server-end-point:ours");
    let bound = config().channel_bindings(bindings(BindingPolicy::Require, &[ours]));
    assert_eq!(relayed(&meant, &bound), Err(AcceptorError::Bindings(BindingFailure::Missing)));
}

#[test]
fn the_name_of_the_service_swapped_on_the_way() {
    let ours = config().accept_target(&target()).allow(Allow::WITHOUT_MIC);
    let meant = Target::new("HTTP", "suffix.example.com").unwrap();
    let scene = Scene::at(&ours, &negotiate(for_service(&meant)), NOW, 1);
    let (_, mut answer) = answer(for_service(&meant), &scene.challenge).unwrap();
    // Same length, so nothing else changes.
    let (from, to) = (utf16("HTTP/suffix.example.com"), utf16("HTTP/server.example.com"));
    let at = answer.windows(from.len()).position(|bytes| bytes == from).unwrap();
    answer[at..at + to.len()].copy_from_slice(&to);
    assert_eq!(scene.refuses(&answer), AcceptorError::LogonFailed);
}

/// Flags in the challenge that make a client disown its target would let the relay past the check.
#[test]
fn a_challenge_that_disowns_the_target() {
    for policy in [BindingPolicy::VerifyIfPresent, BindingPolicy::Require] {
        let ours = config().accept_target(&target()).target_policy(policy);
        let meant = Target::new("cifs", "attacker.example.com").unwrap();
        let scene = Scene::at(&ours, &negotiate(for_service(&meant)), NOW, 1);
        let disowning =
            with_pair(&scene.challenge, AvId::FLAGS, &AvFlags::UNTRUSTED_SPN.bits().to_le_bytes());
        let (_, answer) = answer(for_service(&meant), &disowning).unwrap();
        let found = "cifs/attacker.example.com".into();
        assert_eq!(scene.refuses(&answer), AcceptorError::TargetMismatch { found });
    }
}

/// A target in the challenge is not repeated in the place of the client's own.
#[test]
fn a_challenge_that_names_the_target() {
    let ours = config().accept_target(&target()).target_policy(BindingPolicy::Require);
    let nameless = || Initiator::new(Logon::with_password("alice", "EXAMPLE", "correct horse"));
    let scene = Scene::at(&ours, &negotiate(nameless()), NOW, 1);
    let naming = with_pair(&scene.challenge, AvId::TARGET_NAME, &utf16("HTTP/server.example.com"));
    let (_, answer) = answer(nameless(), &naming).unwrap();
    assert_eq!(scene.refuses(&answer), AcceptorError::TargetMissing);
}

/// The same with bindings.
#[test]
fn a_challenge_that_names_the_bindings() {
    let ours = ChannelBindings::new(b"tls-server-end-point:ours");
    let digest = BindingDigest::of(&ours);
    let config = config().channel_bindings(bindings(BindingPolicy::Require, &[ours]));
    let scene = Scene::new(&config);
    let naming = with_pair(&scene.challenge, AvId::CHANNEL_BINDINGS, &digest.0);
    let (_, answer) = answer(client(), &naming).unwrap();
    assert_eq!(scene.refuses(&answer), AcceptorError::Bindings(BindingFailure::Missing));
}

#[test]
fn an_empty_target_is_none() {
    let ours = config().accept_target(&target()).target_policy(BindingPolicy::Require);
    let empty = Forge::new().pairs(|pairs| set(pairs, AvId::TARGET_NAME, b""));
    assert_eq!(refused_forgery(&empty, &ours), AcceptorError::TargetMissing);
}

/// A challenge with one attribute more, or another value of it.
fn with_pair(challenge: &[u8], id: AvId, value: &[u8]) -> Vec<u8> {
    let message = ChallengeMessage::parse(challenge).unwrap();
    let mut list = Vec::new();
    for pair in message.target_info.unwrap().iter().filter(|pair| pair.id != id) {
        put_av_pair(&mut list, pair.id, pair.value).unwrap();
    }
    put_av_pair(&mut list, id, value).unwrap();
    put_av_pair(&mut list, AvId::EOL, b"").unwrap();
    let mut changed = Vec::new();
    let target_info = Some(AvPairs::parse(&list, 0).unwrap());
    ChallengeMessage { target_info, ..message }.write(&mut changed).unwrap();
    changed
}
