//! Every error has a code of its own, and says what was seen and what would have been right.
//!
//! Three cannot be reached from outside, for another check stands before them: `WeakKey` of both sides (their checks
//! of flags) and `NegotiateLength` (our message has one length). They are here for their words only.

use crate::world::{NOW, client, config, negotiate, step, users};
use alloc::collections::BTreeSet;
use gss_core::bindings::BindingFailure;
use gss_core::{Diagnose, Env, Handshake, SinkFull, SliceSink, Timestamp};
use gss_ntlm::message::WeakKey;
use gss_ntlm::wire::{AvId, NegotiateFlags, ResponseError, ResponseKind, WireError, WriteError};
use gss_ntlm::{Acceptor, AcceptorConfig, AcceptorError, InitiatorError, ServerNames};
use test_support::TestRng;

/// The error, its code, and words it has to have.
type Sample<E> = (E, &'static str, &'static [&'static str]);

fn of_acceptors() -> Vec<Sample<AcceptorError>> {
    use AcceptorError as E;
    let flags = NegotiateFlags::SIGN;
    let old = |kind| E::OldResponse { kind };
    vec![
        (E::Anonymous, "ntlm_anonymous", &["not allowed"]),
        (E::BackslashInName, "ntlm_backslash_in_name", &["backslash", "expected"]),
        (
            E::AttributeChanged { id: AvId::TIMESTAMP },
            "ntlm_attribute_changed",
            &["MsvAvTimestamp", "as it was sent"],
        ),
        (E::BadMic, "ntlm_bad_mic", &["MIC does not verify"]),
        (E::Bindings(BindingFailure::Mismatch), "bindings_mismatch", &["another channel"]),
        (E::Bindings(BindingFailure::Missing), "bindings_missing", &["required", "none"]),
        (E::Bindings(BindingFailure::NothingToCompare), "bindings_not_configured", &["required", "acceptor"]),
        (E::ChallengeExpired { age: 121, limit: 120 }, "ntlm_challenge_expired", &["121 s", "120 s"]),
        (E::ClockSkew { difference: Some(301), limit: 300 }, "ntlm_clock_skew", &["301 s", "300 s"]),
        (E::EmptyResponse, "ntlm_empty_response", &["no NT response"]),
        (E::EmptyUser, "ntlm_empty_user", &["no user"]),
        (E::LogonFailed, "ntlm_logon_failed", &["unknown", "password"]),
        (E::MicFieldMissing, "ntlm_mic_field_missing", &["no place"]),
        (E::MicMissing, "ntlm_mic_missing", &["no MIC", "allow logons without MIC"]),
        (E::NegotiateInDatagram { length: 40 }, "ntlm_negotiate_in_datagram", &["40 bytes", "speaks first"]),
        (E::NegotiateTooLong { length: 5000 }, "ntlm_negotiate_too_long", &["5000", "4096"]),
        (E::NoExtendedSessionSecurity, "ntlm_no_extended_session_security", &["required"]),
        (old(ResponseKind::Lm), "ntlm_lm_refused", &["answers with LM,", "expected NTLMv2"]),
        (old(ResponseKind::NtlmV1), "ntlm_v1_refused", &["answers with NTLMv1,", "expected NTLMv2"]),
        (old(ResponseKind::NtlmV1Session), "ntlm_v1_session_refused", &["NTLM2 session", "expected NTLMv2"]),
        (E::PassThrough { reason: "gone".into() }, "ntlm_pass_through_unavailable", &["elsewhere", "gone"]),
        (
            E::Response(ResponseError::NtLength { len: 5 }),
            "ntlm_nt_response_length",
            &["5 bytes", "expected"],
        ),
        (E::SessionKeyLength { found: 15 }, "ntlm_session_key_length", &["15", "expected 16"]),
        (E::ShortKeys { flags }, "ntlm_short_keys", &["128", "sign"]),
        (E::TargetMismatch { found: "cifs/x".into() }, "ntlm_target_mismatch", &["\"cifs/x\"", "not ours"]),
        (E::TargetMissing, "ntlm_target_missing", &["does not say which service"]),
        (E::TargetNotConfigured, "ntlm_target_not_configured", &["given no name"]),
        (E::WeakKey(WeakKey::FortyBits { flags }), "ntlm_weak_key", &["40 bits", "128 or 56"]),
        (E::Wire(WireError::UnknownType { found: 9 }), "ntlm_unknown_message_type", &["type 9", "1, 2 or 3"]),
        (E::Write(WriteError::Output(SinkFull { needed: 3 })), "output_too_small", &["3 more bytes"]),
    ]
}

fn of_initiators() -> Vec<Sample<InitiatorError>> {
    use InitiatorError as E;
    let flags = NegotiateFlags::SIGN;
    vec![
        (E::EmptyUser, "ntlm_empty_user", &["no user", "anonymous"]),
        (E::NegotiateLength { found: 39 }, "ntlm_negotiate_length", &["39 bytes"]),
        (E::NotGranted { missing: flags }, "ntlm_not_granted", &["does not grant sign"]),
        (E::ServerNamesMissing, "ntlm_server_names_missing", &["no NetBIOS names", "expected both"]),
        (
            E::Transport { datagram: true },
            "ntlm_transport",
            &["for datagrams", "expected one for a connection"],
        ),
        (E::UnexpectedInput { length: 5 }, "unexpected_input", &["5 bytes"]),
        (E::WeakKey(WeakKey::FortyBits { flags }), "ntlm_weak_key", &["40 bits", "128 or 56"]),
        (E::Wire(WireError::UnknownType { found: 9 }), "ntlm_unknown_message_type", &["type 9", "1, 2 or 3"]),
        (E::Write(WriteError::Output(SinkFull { needed: 3 })), "output_too_small", &["3 more bytes"]),
    ]
}

fn check<E: Diagnose>(samples: &[Sample<E>]) {
    let mut codes = BTreeSet::new();
    for (error, code, words) in samples {
        assert_eq!(error.code(), *code);
        assert!(codes.insert(*code), "{code} for two meanings");
        let said = error.to_string();
        for word in *words {
            assert!(said.contains(word), "{said:?} does not say {word:?}");
        }
    }
}

#[test]
fn errors_of_acceptors() {
    check(&of_acceptors());
    let beyond = AcceptorError::ClockSkew { difference: None, limit: 300 };
    assert_eq!(
        (beyond.code(), beyond.to_string()),
        ("ntlm_clock_skew", "client's time is out of all bounds".into())
    );
}

#[test]
fn errors_of_initiators() {
    check(&of_initiators());
    let connection = InitiatorError::Transport { datagram: false };
    assert!(connection.to_string().contains("for a connection, expected one for datagrams"));
}

/// Wrapped, a weak key keeps its own code.
#[test]
fn weak_keys_keep_their_codes() {
    let flags = NegotiateFlags::SIGN;
    for error in [WeakKey::FortyBits { flags }, WeakKey::NoExtendedSessionSecurity { flags }] {
        assert_eq!(AcceptorError::WeakKey(error).code(), error.code());
        assert_eq!(InitiatorError::WeakKey(error).code(), error.code());
    }
}

/// Why a server of these names sends no challenge.
fn unspeakable(names: ServerNames) -> AcceptorError {
    let config = AcceptorConfig::new(names, users());
    let (result, output) = step(Acceptor::new(&config), &negotiate(client()), NOW, 1);
    assert!(output.is_empty());
    result.map(|_| ()).unwrap_err()
}

#[test]
fn names_that_a_server_cannot_tell() {
    let long = "x".repeat(20_000);
    let error = unspeakable(ServerNames::new("SERVER").dns_computer(&long).dns_domain(&long));
    assert!(matches!(error, AcceptorError::Write(WriteError::FieldTooLong { .. })), "{error}");
    let longer = "x".repeat(40_000);
    let error = unspeakable(ServerNames::new(&longer));
    let id = AvId::NB_DOMAIN_NAME;
    assert_eq!(error, AcceptorError::Write(WriteError::ValueTooLong { id, len: 80_000 }));
    assert_eq!(unspeakable(ServerNames::new("SER\0VER")), AcceptorError::Write(WriteError::Nul));
}

/// An output that is too small holds nothing afterwards that could be sent.
#[test]
fn no_half_challenge_is_sent() {
    let config = config();
    let (_, whole) = step(Acceptor::new(&config), &negotiate(client()), NOW, 1);
    for room in 0..whole.len() {
        let mut buffer = vec![0; room];
        let mut sink = SliceSink::new(&mut buffer);
        let mut rng = TestRng::insecure(1);
        let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
        let result = Acceptor::new(&config).step(&mut negotiate(client()), &mut sink, &mut env);
        let error = result.map(|_| ()).unwrap_err();
        assert!(matches!(error, AcceptorError::Write(WriteError::Output(_))), "{error}");
        assert!(sink.into_written().is_empty());
    }
}

#[test]
fn no_half_first_message_is_sent() {
    for room in 0..40 {
        let mut buffer = vec![0; room];
        let mut sink = SliceSink::new(&mut buffer);
        let mut rng = TestRng::insecure(1);
        let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
        let error = client().step(&mut [], &mut sink, &mut env).map(|_| ()).unwrap_err();
        assert!(matches!(error, InitiatorError::Write(WriteError::Output(_))), "{error}");
        assert!(sink.into_written().is_empty());
    }
}
