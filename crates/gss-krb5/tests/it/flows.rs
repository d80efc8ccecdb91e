//! Recorded exchanges of MIT krb5: our acceptor and our initiator stand in for its own, with its random numbers.
//!
//! The records are described in the headers of `vectors/flows/mit/*.txt`. Keys and times come from the recording,
//! and what was random is read out of the recorded messages and scripted, so that both sides must come to exactly
//! the context that MIT's sides had, and say the same in their messages.

mod recording;

use crate::forge::{Reply, unframed};
use gss_core::bindings::BindingCheck;
use gss_core::{
    AcceptableBindings, BindingOutcome, BindingPolicy, ChannelBindings, ContextFlags, Env, Handshake, Opener,
    Protection, Role, Sealer, SecurityContext, SequenceStatus, Step,
};
use gss_krb5::message::{Parameters, halves};
use gss_krb5::{AcceptorError, Initiator, InitiatorError};
use krb5_asn1::ErrorCode;
use krb5_crypto::EncType;
use recording::{Message, Recording};
use test_support::vectors::root;

/// Recordings of another layer, and where they are played back.
const ELSEWHERE: [(&str, &str); 1] = [("spnego-", "SPNEGO around Kerberos: gss-spnego has the negotiation")];

fn recordings() -> Vec<Recording> {
    let mut names: Vec<String> = std::fs::read_dir(root().join("flows/mit"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !ELSEWHERE.iter().any(|(prefix, _)| name.starts_with(prefix)))
        .collect();
    names.sort();
    assert!(names.len() >= 15, "there are fewer recordings than there were: {names:?}");
    let all = names.iter().map(|name| Recording::load(name));
    // What this build lacks is played back by CI's build with all features.
    all.filter(|recording| recording.session_enctype().is_supported()).collect()
}

/// Takes MIT's tokens as acceptor. Returns the context and our answer.
fn accept(recording: &Recording) -> (impl SecurityContext + use<>, Vec<u8>) {
    let name = &recording.name;
    let config = recording.acceptor_config();
    let mut acceptor = gss_krb5::Acceptor::new(&config);
    let bindings = recording.bindings.as_deref().map(ChannelBindings::new);
    if let Some(bindings) = &bindings {
        let own =
            AcceptableBindings { policy: BindingPolicy::Require, any_of: core::slice::from_ref(bindings) };
        acceptor = acceptor.channel_bindings(BindingCheck::new(&own).unwrap());
    }
    let mut rng = recording.acceptor_randomness();
    let mut answer = Vec::new();
    let mut env = Env::new(recording.now, &mut rng);
    let first = acceptor.step(&mut recording.token(0), &mut answer, &mut env);
    let context = match first.unwrap_or_else(|error| panic!("{name}: {error}")) {
        Step::Done(context) => context,
        Step::Continue(next) => {
            let mut nothing = Vec::new();
            match next.step(&mut recording.token(2), &mut nothing, &mut env) {
                Ok(Step::Done(context)) if nothing.is_empty() => context,
                other => panic!("{name}: {other:?}, {} bytes", nothing.len()),
            }
        }
    };

    let facts = context.facts();
    assert_eq!(facts.peer.unwrap().to_string(), recording.client, "{name}");
    assert_eq!(facts.local.unwrap().to_string(), recording.principal, "{name}");
    let bound = recording.bindings.is_some();
    let expected = if bound { BindingOutcome::Bound } else { BindingOutcome::NotChecked };
    assert_eq!(facts.binding, expected, "{name}");
    assert_eq!(facts.flags.without(ContextFlags::CHANNEL_BOUND), recording.flags, "{name}");
    assert_eq!(facts.flags.contains(ContextFlags::CHANNEL_BOUND), bound, "{name}");
    let delegated = context.parties().delegated();
    assert_eq!(delegated.len(), usize::from(recording.flags.contains(ContextFlags::DELEGATION)), "{name}");
    for ticket in delegated {
        assert_eq!(ticket.client.to_string(), recording.client);
        assert_eq!(ticket.server.to_string(), "krbtgt/INTEROP.TEST@INTEROP.TEST");
        assert!(ticket.times.end > recording.now, "a fresh ticket");
    }
    assert_eq!(context.secret_session_key().unwrap(), recording.key.secret_bytes(), "{name}");
    (context, answer)
}

/// Asks as initiator, at MIT's time and with its random numbers, and takes MIT's answer.
fn initiate(recording: &Recording) -> impl SecurityContext + use<> {
    let name = &recording.name;
    let sent = recording.authenticator();
    let mut rng = recording.initiator_randomness();
    let mut env = Env::new(sent.time, &mut rng);
    let initiator = Initiator::new(recording.service_ticket()).flags(recording.flags).allow_weak_enctypes();
    let mut request = Vec::new();
    let first = initiator.step(&mut [], &mut request, &mut env);
    let context = match first.unwrap_or_else(|error| panic!("{name}: {error}")) {
        Step::Done(context) => context,
        Step::Continue(next) => {
            let mut third = Vec::new();
            let context = match next.step(&mut recording.token(1), &mut third, &mut env) {
                Ok(Step::Done(context)) => context,
                Ok(Step::Continue(_)) => panic!("{name}: wants another token"),
                Err(error) => panic!("{name}: {error}"),
            };
            if recording.flags.contains(ContextFlags::DCE_STYLE) {
                let ours = Reply::open(&recording.session_key(), &third);
                let theirs = Reply::open(&recording.session_key(), &recording.token(2));
                assert_eq!((ours.sequence, &ours.subkey), (theirs.sequence, &None), "{name}");
                assert_eq!(theirs.subkey, None, "{name}");
            }
            context
        }
    };
    let facts = context.facts();
    let mutual = recording.flags.contains(ContextFlags::MUTUAL);
    assert_eq!(facts.peer.is_some(), mutual, "{name}");
    assert_eq!(facts.local.unwrap().to_string(), recording.client, "{name}");
    assert_eq!(context.secret_session_key().unwrap(), recording.key.secret_bytes(), "{name}");
    context
}

/// Opens all recorded messages from the other side, in the order in which they were sent.
fn open_all(recording: &Recording, opener: &mut dyn Opener, from: Role) {
    let mut seen = 0;
    for message in recording.messages.iter().filter(|message| message.from == from) {
        let name = format!("{}: {}", recording.name, message.name);
        let mut token = message.token.clone();
        match message.protection {
            Some(protection) => {
                let opened = opener.unwrap(&mut token).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(*opened.message, message.data, "{name}");
                assert_eq!((opened.protection, opened.sequence), (protection, SequenceStatus::Ok), "{name}");
            }
            None => {
                assert_eq!(opener.verify_mic(&message.data, &token), Ok(SequenceStatus::Ok), "{name}");
            }
        }
        seen += 1;
    }
    assert!(seen > 10, "{}: {seen} messages from the {from:?}", recording.name);
}

/// Makes the messages that have no confounder, which must come out bit for bit as MIT made them.
fn seal_alike(recording: &Recording, sealer: &mut dyn Sealer, from: Role) {
    let mut rng = test_support::TestRng::insecure(1);
    for Message { name, protection, data, token, .. } in
        recording.messages.iter().filter(|message| message.from == from)
    {
        let mut ours = Vec::new();
        match protection {
            None => sealer.get_mic(data, &mut ours).unwrap(),
            Some(protection) => sealer.wrap(*protection, data, &mut ours, &mut rng).unwrap(),
        }
        let cfx = recording.key.enctype().uses_cfx();
        match protection {
            None => assert_eq!(ours, *token, "{}: {name}", recording.name),
            Some(Protection::Integrity) if cfx => assert_eq!(ours, *token, "{}: {name}", recording.name),
            // Only what lies in front of the encrypted part.
            Some(_) if cfx => assert_eq!(ours[..16], token[..16], "{}: {name}", recording.name),
            Some(_) => assert_eq!(ours.len(), token.len(), "{}: {name}", recording.name),
        }
    }
}

fn play(recording: &Recording) {
    let (mut accepted, _) = accept(recording);
    open_all(recording, accepted.opener(), Role::Initiator);
    seal_alike(recording, accepted.sealer(), Role::Acceptor);
    let mut initiated = initiate(recording);
    open_all(recording, initiated.opener(), Role::Acceptor);
    seal_alike(recording, initiated.sealer(), Role::Initiator);
}

#[test]
fn both_sides_come_to_the_context_that_mit_had() {
    let recordings = recordings();
    let with_context: Vec<_> = recordings.iter().filter(|recording| recording.has_context()).collect();
    assert!(with_context.len() >= 9, "{} recordings", with_context.len());
    for recording in with_context {
        play(recording);
    }
}

#[test]
fn our_answer_says_what_that_of_mit_said() {
    for recording in recordings().iter().filter(|recording| recording.has_context()) {
        let (_, answer) = accept(recording);
        if !recording.flags.contains(ContextFlags::MUTUAL) {
            assert!(answer.is_empty(), "{}", recording.name);
            continue;
        }
        let message = if answer[0] == 0x60 { unframed(&answer).1 } else { &answer };
        let mut theirs = recording.reply();
        if !recording.acceptor_subkey {
            // With RC4 MIT returns the initiator's subkey. RFC 4757 has no use for one, and ours has none.
            let (enctype, key) = theirs.subkey.take().unwrap();
            assert_eq!((enctype, &*key), (EncType::RC4_HMAC, recording.key.secret_bytes()));
        }
        assert_eq!(Reply::open(&recording.session_key(), message), theirs, "{}", recording.name);
    }
}

#[test]
fn an_exported_context_carries_on() {
    for recording in recordings().iter().filter(|recording| recording.has_context()) {
        for role in [Role::Initiator, Role::Acceptor] {
            let (ours, theirs) = (recording.sequence(role), recording.sequence(other(role)));
            let (mut sealer, mut opener) = halves(&Parameters {
                role,
                key: &recording.key,
                acceptor_subkey: recording.acceptor_subkey,
                send_sequence: ours,
                receive_sequence: theirs,
                flags: recording.flags,
            })
            .unwrap();
            open_all(recording, &mut opener, other(role));
            seal_alike(recording, &mut sealer, role);
        }
    }
}

fn other(role: Role) -> Role {
    match role {
        Role::Initiator => Role::Acceptor,
        Role::Acceptor => Role::Initiator,
    }
}

#[test]
fn the_replayed_request() {
    let recording = Recording::load("krb5-replayed-18.txt");
    let config = recording.acceptor_config();
    let accept = || crate::world::step(gss_krb5::Acceptor::new(&config), &recording.token(0), recording.now);
    assert!(accept().0.is_ok());
    let error = accept().0.unwrap_err();
    assert!(matches!(error, AcceptorError::Replay(_)), "{error}");
    // What MIT's acceptor said to it the second time.
    let initiator = Initiator::new(recording.service_ticket());
    let (initiator, _) = crate::world::waiting(initiator, recording.now);
    match crate::world::step(initiator, &recording.token(2), recording.now).0 {
        Err(InitiatorError::Refused(refusal)) => assert_eq!(refusal.code, ErrorCode::KRB_AP_ERR_REPEAT),
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[test]
fn other_bindings_than_those_recorded_are_refused() {
    let recording = Recording::load("krb5-bound-18.txt");
    let config = recording.acceptor_config();
    let other = [ChannelBindings::new(b"tls-server-end-point:another server's")];
    let own = AcceptableBindings { policy: BindingPolicy::VerifyIfPresent, any_of: &other };
    let acceptor = gss_krb5::Acceptor::new(&config).channel_bindings(BindingCheck::new(&own).unwrap());
    let error = crate::world::step(acceptor, &recording.token(0), recording.now).0.unwrap_err();
    assert_eq!(error, AcceptorError::Bindings(gss_core::bindings::BindingFailure::Mismatch));
}

#[test]
fn recordings_age() {
    let recording = Recording::load("krb5-mutual-18.txt");
    for (seconds, code) in
        [(-86_400, "ticket_not_yet_valid"), (400, "clock_skew"), (864_000, "ticket_expired")]
    {
        let config = recording.acceptor_config();
        let now = recording.now.saturating_add_seconds(seconds);
        let error =
            crate::world::step(gss_krb5::Acceptor::new(&config), &recording.token(0), now).0.unwrap_err();
        assert_eq!(gss_core::Diagnose::code(&error), code, "{error}");
    }
}

#[test]
fn a_recording_of_another_key_is_refused() {
    let mut recording = Recording::load("krb5-mutual-18.txt");
    let other = Recording::load("krb5-mutual-17.txt");
    recording.keytab = other.keytab;
    let config = recording.acceptor_config();
    let result = crate::world::step(gss_krb5::Acceptor::new(&config), &recording.token(0), recording.now).0;
    assert!(matches!(result, Err(AcceptorError::NoKey { .. })), "{result:?}");
}
