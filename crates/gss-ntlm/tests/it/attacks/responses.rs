//! Responses that prove nothing: empty ones, old ones, broken ones.

use crate::forge::{Forge, Mic, Parts};
use crate::world::{Scene, config, refused_forgery, target};
use gss_core::bindings::BindingFailure;
use gss_core::{BindingPolicy, ChannelBindings, Diagnose, SecurityContext};
use gss_ntlm::wire::{AvErrorKind, NegotiateFlags, ResponseError, ResponseKind};
use gss_ntlm::{AcceptorConfig, AcceptorError, Allow};

/// The most lenient server.
fn lenient() -> AcceptorConfig {
    config().allow(Allow::WITHOUT_MIC | Allow::ANONYMOUS | Allow::KEYS_OF_56_BITS)
}

fn refused(change: impl Fn(&mut Parts)) -> AcceptorError {
    let strict = refused_forgery(&Forge::new().parts(&change), &config());
    let lenient = refused_forgery(&Forge::new().parts(&change), &lenient());
    assert_eq!(strict, lenient, "it does not matter what is allowed");
    strict
}

/// The client's challenge of an NTLM2 session, in the place of an answer.
const SESSION_LM: [u8; 24] = *b"\x77\x77\x77\x77\x77\x77\x77\x77\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

#[test]
fn a_user_without_response() {
    for lm in [&b""[..], &[0]] {
        let error = refused(|parts| (parts.nt, parts.lm) = (Vec::new(), lm.to_vec()));
        assert_eq!(error, AcceptorError::EmptyResponse);
    }
    // Whatever LM holds, the client's challenge of an NTLM2 session above all.
    for lm in [SESSION_LM, [0; 24], [0xff; 24]] {
        let error = refused(|parts| (parts.nt, parts.lm) = (Vec::new(), lm.to_vec()));
        assert_eq!(error, AcceptorError::OldResponse { kind: ResponseKind::Lm });
    }
    for len in [2, 8, 16, 23, 25, 100] {
        let error = refused(|parts| (parts.nt, parts.lm) = (Vec::new(), vec![0; len]));
        assert_eq!(error, AcceptorError::Response(ResponseError::LmLength { len, offset: 0 }));
    }
    let error = refused(|parts| (parts.nt, parts.lm) = (Vec::new(), vec![1]));
    assert_eq!(error, AcceptorError::Response(ResponseError::LmLength { len: 1, offset: 0 }));
}

#[test]
fn a_response_without_user() {
    assert_eq!(refused(|parts| parts.user.clear()), AcceptorError::EmptyUser);
    let error = refused(|parts| {
        parts.user.clear();
        parts.domain.clear();
    });
    assert_eq!(error, AcceptorError::EmptyUser);
    // A proof made for the empty name is none either.
    let nobody = Forge::new().user("", "", "");
    assert_eq!(refused_forgery(&nobody, &lenient()), AcceptorError::EmptyUser);
    // Old responses of nobody are old responses.
    let error = refused(|parts| {
        parts.user.clear();
        (parts.nt, parts.lm) = (vec![2; 24], vec![1; 24]);
    });
    assert_eq!(error, AcceptorError::OldResponse { kind: ResponseKind::NtlmV1 });
}

#[test]
fn nobody_at_all() {
    let anonymous = || {
        Forge::new().parts(|parts| {
            parts.user.clear();
            parts.nt.clear();
            parts.lm = vec![0];
            parts.flags |= NegotiateFlags::ANONYMOUS;
        })
    };
    assert_eq!(refused_forgery(&anonymous(), &config()), AcceptorError::Anonymous);
    // Let in, nobody has a name, a key or protection, whatever was negotiated.
    let lenient = lenient();
    let mut context = Scene::new(&lenient).forged(&anonymous()).unwrap();
    assert!(context.facts().peer.is_none() && context.secret_session_key().is_none());
    assert!(context.sealer().get_mic(b"message", &mut Vec::new()).is_err());
    // Nobody proves no channel and no target.
    let channel = ChannelBindings::new(b"channel");
    let bound = crate::world::bindings(BindingPolicy::Require, &[channel]);
    let bound = config().allow(Allow::ANONYMOUS).channel_bindings(bound);
    let error = refused_forgery(&anonymous(), &bound);
    assert_eq!(error, AcceptorError::Bindings(BindingFailure::Missing));
    let aimed =
        config().allow(Allow::ANONYMOUS).accept_target(&target()).target_policy(BindingPolicy::Require);
    assert_eq!(refused_forgery(&anonymous(), &aimed), AcceptorError::TargetMissing);
    // The flag alone makes nobody of a user, and no user of nobody.
    let flagged = Forge::new().parts(|parts| parts.flags |= NegotiateFlags::ANONYMOUS);
    let context = Scene::new(&lenient).forged(&flagged).unwrap();
    assert_eq!(context.parties().user(), Some("alice"));
    let named = Forge::new().parts(|parts| {
        parts.nt.clear();
        parts.lm = vec![0];
        parts.flags |= NegotiateFlags::ANONYMOUS;
    });
    assert_eq!(refused_forgery(&named, &lenient), AcceptorError::EmptyResponse);
}

#[test]
fn old_responses() {
    for (lm, kind, code) in [
        (vec![], ResponseKind::NtlmV1, "ntlm_v1_refused"),
        (vec![1; 24], ResponseKind::NtlmV1, "ntlm_v1_refused"),
        (SESSION_LM.to_vec(), ResponseKind::NtlmV1Session, "ntlm_v1_session_refused"),
    ] {
        let error = refused(|parts| (parts.nt, parts.lm) = (vec![2; 24], lm.clone()));
        assert_eq!((&error, error.code()), (&AcceptorError::OldResponse { kind }, code));
    }
    let error = refused(|parts| (parts.nt, parts.lm) = (Vec::new(), vec![1; 24]));
    assert_eq!(error.code(), "ntlm_lm_refused");
}

#[test]
fn responses_of_no_version() {
    for len in [1, 16, 23] {
        let error = refused(|parts| parts.nt.truncate(len));
        assert_eq!(error, AcceptorError::Response(ResponseError::NtLength { len }));
    }
    for len in [25, 44, 47] {
        let error = refused(|parts| parts.nt.truncate(len));
        let AcceptorError::Response(ResponseError::TooShort { len: found, .. }) = error else {
            panic!("{error}")
        };
        assert_eq!(found, len);
    }
    for (version, highest) in [(0, 1), (1, 0), (2, 1), (1, 2), (2, 2)] {
        let error = refused(|parts| (parts.nt[16], parts.nt[17]) = (version, highest));
        let AcceptorError::Response(ResponseError::Version { version: seen, highest: seen_highest, .. }) =
            error
        else {
            panic!("{error}")
        };
        assert_eq!((seen, seen_highest), (version, highest));
    }
}

#[test]
fn responses_cut_anywhere() {
    let config = lenient();
    let whole = Scene::new(&config);
    let message = Forge::new().answer(&whole.negotiate, &whole.challenge);
    let (nt_len, _) = crate::forge::pointed(&message, 20);
    for len in 0..nt_len {
        let error = refused(|parts| parts.nt.truncate(len));
        // What follows the list is free by its form, but the proof is over it.
        let expected = match len {
            0 => "ntlm_lm_refused",
            24 => "ntlm_v1_session_refused",
            1..24 => "ntlm_nt_response_length",
            25..48 => "ntlm_v2_response_too_short",
            _ if len >= nt_len - 4 => "ntlm_logon_failed",
            _ => "ntlm_attribute",
        };
        assert!(error.code().starts_with(expected), "{len}: {error}");
    }
}

#[test]
fn a_list_without_end_or_too_long() {
    let without_end = Forge::new().blob(|blob| blob.truncate(blob.len() - 8)).mic(Mic::Right);
    let error = refused_forgery(&without_end, &config());
    let AcceptorError::Response(ResponseError::AvPairs(error)) = error else { panic!("{error}") };
    assert_eq!(error.kind, AvErrorKind::NoEnd { rest: 0 });
}
