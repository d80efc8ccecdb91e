//! Rules about the AP-REQ around the ticket: encodings, the authenticator's fields, its checksum, replay.

use super::refused;
use crate::forge::{Forge, checksum, framed};
use crate::world::{AES128, AES256, CLIENT, accept, config, config_with, now_plus, principal, step};
use gss_core::{ContextFlags, MajorStatus, SecurityContext, Timestamp};
use gss_krb5::authdata::AuthDataError;
use gss_krb5::checksum::ChecksumError;
use gss_krb5::replay::{MemoryReplayCache, NotReplayed, ReplayCache, ReplayEntry, ReplayError};
use gss_krb5::{Acceptor, AcceptorConfig, AcceptorError, Allow};
use krb5_asn1::{ApOptions, AuthDataType, ErrorCode, NameType};
use krb5_crypto::{ChecksumType, EncType, KeyError, KeyUsage};
use test_support::ticket::{NOW, key};

fn with(change: impl FnOnce(&mut Forge)) -> Vec<u8> {
    let mut forge = Forge::new(AES256);
    change(&mut forge);
    forge.token()
}

#[test]
fn clock_skew_in_both_directions() {
    let verdict = ("clock_skew", MajorStatus::FAILURE, Some(ErrorCode::KRB_AP_ERR_SKEW));
    let at = |seconds, micros| Timestamp::new(NOW + seconds, micros).unwrap();
    for time in [at(300, 0), at(-300, 0)] {
        accept(&config(AES256), &with(|forge| forge.time = time)).unwrap();
    }
    for time in [at(301, 0), at(-301, 0), at(300, 1), at(-301, 999_999)] {
        let error = refused(&config(AES256), &with(|forge| forge.time = time), verdict);
        assert_eq!(error, AcceptorError::Skew { client: time, now: now_plus(0), allowed: 300 });
        let direction = if time > now_plus(0) { "ahead" } else { "behind" };
        assert!(error.to_string().contains(direction), "{error}");
    }
    refused(&config(AES256).skew(0), &with(|forge| forge.time = at(1, 0)), verdict);
    accept(&config(AES256).skew(0), &with(|_| {})).unwrap();
}

#[test]
fn the_authenticator_names_the_client_of_the_ticket() {
    let verdict = ("client_mismatch", MajorStatus::DEFECTIVE_TOKEN, Some(ErrorCode::KRB_AP_ERR_BADMATCH));
    for other in ["alice@OTHER.COM", "bob@EXAMPLE.COM", "alice/admin@EXAMPLE.COM", "Alice@EXAMPLE.COM"] {
        let error = refused(&config(AES256), &with(|forge| forge.client = principal(other)), verdict);
        let expected =
            AcceptorError::ClientMismatch { ticket: principal(CLIENT), authenticator: principal(other) };
        assert_eq!(error, expected);
    }
    let name_type = |forge: &mut Forge| {
        forge.client = principal(CLIENT).with_name_type(NameType::UNKNOWN);
    };
    accept(&config(AES256), &with(name_type)).unwrap();
}

#[test]
fn the_authenticator_is_encrypted_in_the_session_key() {
    let verdict = |code| (code, MajorStatus::BAD_MIC, Some(ErrorCode::KRB_AP_ERR_BAD_INTEGRITY));
    let error = refused(
        &config(AES256),
        &with(|forge| forge.authenticator_key = key(AES256, 99)),
        verdict("authenticator_integrity"),
    );
    assert_eq!(error, AcceptorError::AuthenticatorIntegrity);
    let error = refused(
        &config(AES256),
        &with(|forge| forge.authenticator_key = key(AES128, 99)),
        verdict("authenticator_enctype"),
    );
    assert_eq!(error, AcceptorError::AuthenticatorEncType { expected: AES256, found: AES128 });
}

#[test]
fn encodings() {
    let verdict = |krb| ("malformed_message", MajorStatus::DEFECTIVE_TOKEN, krb);
    let config = config(AES256);
    refused(&config, &framed([1, 0], b"\x30\x00"), verdict(None));
    refused(&config, &framed([1, 0], b""), verdict(None));
    let good = Forge::new(AES256).message();
    let changed = |pattern: &[u8], at: usize| {
        let mut message = good.clone();
        let start = message.windows(pattern.len()).position(|part| part == pattern).unwrap();
        message[start + at] ^= 1;
        framed([1, 0], &message)
    };
    // pvno [0], msg-type [1] and tkt-vno [0].
    refused(
        &config,
        &changed(b"\xa0\x03\x02\x01\x05\xa1\x03", 4),
        verdict(Some(ErrorCode::KRB_AP_ERR_BADVERSION)),
    );
    refused(&config, &changed(b"\xa1\x03\x02\x01\x0e", 4), verdict(Some(ErrorCode::KRB_AP_ERR_MSG_TYPE)));
    refused(
        &config,
        &changed(b"\xa0\x03\x02\x01\x05\xa1\x0d", 4),
        verdict(Some(ErrorCode::KRB_AP_ERR_BADVERSION)),
    );
    // authenticator-vno, and bytes behind the authenticator.
    let version = |der: &mut Vec<u8>| {
        let start = der.windows(5).position(|part| part == b"\xa0\x03\x02\x01\x05").unwrap();
        der[start + 4] = 4;
    };
    let token = with(|forge| forge.edit = version);
    refused(&config, &token, verdict(Some(ErrorCode::KRB_AP_ERR_BADVERSION)));
    refused(&config, &with(|forge| forge.edit = |der| der.push(0)), verdict(None));
    refused(&config, &with(|forge| forge.edit = |der| der.truncate(9)), verdict(None));
    refused(&config, &with(|forge| forge.edit = Vec::clear), verdict(None));
}

#[test]
fn subkeys_fit_their_enctype() {
    let verdict = ("unusable_key", MajorStatus::FAILURE, Some(ErrorCode::KRB_ERR_GENERIC));
    for len in [0, 16, 31, 33] {
        let error =
            refused(&config(AES256), &with(|forge| forge.subkey = Some((AES256, vec![1; len]))), verdict);
        assert!(matches!(error, AcceptorError::Key(_)), "{error}");
    }
    let unknown = EncType(99);
    let error = refused(&config(AES256), &with(|forge| forge.subkey = Some((unknown, vec![1; 16]))), verdict);
    assert_eq!(error, AcceptorError::Key(KeyError::Unsupported(unknown)));
}

#[test]
fn authorization_data_of_the_authenticator() {
    let verdict = ("authorization_data", MajorStatus::UNAUTHORIZED, Some(ErrorCode::KRB_ERR_GENERIC));
    let unknown = AuthDataType(9999);
    let token = with(|forge| forge.authorization_data = vec![(unknown, b"x".to_vec())]);
    let error = refused(&config(AES256), &token, verdict);
    assert_eq!(error, AcceptorError::AuthData(AuthDataError::Unknown { ad_type: unknown }));
}

#[test]
fn gss_checksums_are_read_strictly() {
    let verdict =
        ("checksum_malformed", MajorStatus::DEFECTIVE_TOKEN, Some(ErrorCode::KRB_AP_ERR_INAPP_CKSUM));
    let content = checksum(ContextFlags::INTEGRITY, b"");
    let gss = |content: &[u8]| {
        let content = content.to_vec();
        with(|forge| forge.checksum = Some((ChecksumType::GSS, content)))
    };
    // Allowing a missing checksum does not allow a broken one.
    let config = config(AES256).allow(Allow::MISSING_CHECKSUM);
    for len in 0..content.len() {
        refused(&config, &gss(&content[..len]), verdict);
    }
    let mut wrong = content.clone();
    wrong[0] = 20;
    let error = refused(&config, &gss(&wrong), verdict);
    assert_eq!(error, AcceptorError::Checksum(ChecksumError::BindingLength { found: 20 }));
    let twice = checksum(ContextFlags::INTEGRITY, &[0; 16]);
    let error = refused(&config, &gss(&twice), verdict);
    assert_eq!(error, AcceptorError::Checksum(ChecksumError::DuplicateExtension { extension_type: 0 }));
    let unknown_extension = checksum(ContextFlags::INTEGRITY, b"\0\0\x03\xe7\0\0\0\x01x");
    accept(&config, &gss(&unknown_extension)).unwrap();
}

#[test]
fn missing_checksums_have_to_be_allowed() {
    let verdict = ("checksum_missing", MajorStatus::DEFECTIVE_TOKEN, Some(ErrorCode::KRB_AP_ERR_INAPP_CKSUM));
    let token = with(|forge| forge.checksum = None);
    assert_eq!(refused(&config(AES256), &token, verdict), AcceptorError::ChecksumMissing);
    let context = accept(&config(AES256).allow(Allow::MISSING_CHECKSUM), &token).unwrap();
    assert_eq!(context.facts().flags, ContextFlags::NONE);
}

#[test]
fn other_checksums_cover_nothing_and_have_to_be_allowed() {
    let verdict = ("checksum_type", MajorStatus::DEFECTIVE_TOKEN, Some(ErrorCode::KRB_AP_ERR_INAPP_CKSUM));
    let usage = KeyUsage::AP_REQ_AUTHENTICATOR_CHECKSUM;
    let session_key = Forge::new(AES256).maker.session_key;
    let kind = session_key.checksum(usage).checksum_type();
    let over = |data: &[u8]| session_key.checksum(usage).compute_tag(&[data]).as_bytes().to_vec();
    let token = |kind, content: Vec<u8>| {
        with(|forge| {
            forge.checksum = Some((kind, content));
            forge.options = ApOptions::MUTUAL_REQUIRED;
        })
    };
    let allowing = || config(AES256).allow(Allow::MISSING_CHECKSUM);
    let error = refused(&config(AES256), &token(kind, over(b"")), verdict);
    assert_eq!(error, AcceptorError::ChecksumType { found: kind });
    let context = accept(&allowing(), &token(kind, over(b""))).unwrap();
    let expected = ContextFlags::MUTUAL | ContextFlags::REPLAY | ContextFlags::SEQUENCE;
    assert_eq!(context.facts().flags, expected);

    let broken = ("checksum_integrity", MajorStatus::BAD_MIC, Some(ErrorCode::KRB_AP_ERR_MODIFIED));
    for content in [over(b"x"), Vec::new(), vec![0; 12], [over(b""), vec![0]].concat()] {
        assert_eq!(refused(&allowing(), &token(kind, content), broken), AcceptorError::ChecksumIntegrity);
    }
    // Unkeyed types, types of other keys and unknown types, allowed or not.
    for other in [ChecksumType(1), ChecksumType(7), ChecksumType(14), ChecksumType(15), ChecksumType(77)] {
        refused(&config(AES256), &token(other, over(b"")), verdict);
        refused(&allowing(), &token(other, over(b"")), verdict);
    }
}

#[test]
fn an_allowance_allows_one_thing() {
    let bare = Forge::new(AES256).message();
    let missing = with(|forge| forge.checksum = None);
    let weak = with(|forge| forge.subkey = Some((EncType::RC4_HMAC, vec![1; 16])));
    let code = |allow, token: &[u8]| {
        accept(&config(AES256).allow(allow), token).err().map(|error| gss_core::Diagnose::code(&error))
    };
    for (allow, expected) in [
        (Allow::NOTHING, [Some("wrong_framing"), Some("checksum_missing"), Some("weak_enctype")]),
        (Allow::BARE_AP_REQ, [None, Some("checksum_missing"), Some("weak_enctype")]),
        (Allow::MISSING_CHECKSUM, [Some("wrong_framing"), None, Some("weak_enctype")]),
    ] {
        let codes = [&bare, &missing, &weak].map(|token| code(allow, token));
        assert_eq!(codes, expected, "{allow:?}");
    }
    let codes = [&bare, &missing].map(|token| code(Allow::WEAK_ENCTYPES, token));
    assert_eq!(codes, [Some("wrong_framing"), Some("checksum_missing")]);
    assert_ne!(code(Allow::WEAK_ENCTYPES, &weak), Some("weak_enctype"));
}

#[test]
fn a_replay_cache_that_cannot_tell_refuses() {
    #[derive(Debug)]
    struct Fails(ReplayError);
    impl ReplayCache for Fails {
        fn check_and_insert(&self, _: &ReplayEntry, _: Timestamp) -> Result<NotReplayed, ReplayError> {
            Err(self.0)
        }
    }
    let generic = Some(ErrorCode::KRB_ERR_GENERIC);
    let full = ("replay_cache_full", MajorStatus::UNAVAILABLE, generic);
    for (reason, verdict) in [
        (ReplayError::Unavailable, ("replay_cache_unavailable", MajorStatus::UNAVAILABLE, generic)),
        (ReplayError::Full { capacity: 1 }, full),
        (
            ReplayError::Forgotten,
            ("replay_forgotten", MajorStatus::OLD_TOKEN, Some(ErrorCode::KRB_AP_ERR_SKEW)),
        ),
    ] {
        let config = config_with(AES256, Fails(reason));
        let error = refused(&config, &with(|_| {}), verdict);
        assert_eq!(error, AcceptorError::Replay(reason));
    }
    // A full cache of the real kind.
    let config = config_with(AES256, MemoryReplayCache::with_capacity_and_shards(1, 1));
    accept(&config, &with(|_| {})).unwrap();
    let second = with(|forge| forge.seed = 6);
    let error = refused(&config, &second, full);
    assert_eq!(error, AcceptorError::Replay(ReplayError::Full { capacity: 1 }));
}

#[test]
fn what_is_refused_takes_no_room_in_the_replay_cache() {
    let cache = alloc::sync::Arc::new(MemoryReplayCache::with_capacity(9));
    let config: AcceptorConfig = config_with(AES256, alloc::sync::Arc::clone(&cache));
    for token in [
        with(|forge| forge.checksum = None),
        with(|forge| forge.time = now_plus(301)),
        with(|forge| forge.client = principal("bob@EXAMPLE.COM")),
    ] {
        accept(&config, &token).unwrap_err();
    }
    assert_eq!(cache.statistics().entries, 0);
    accept(&config, &with(|_| {})).unwrap();
    assert_eq!(cache.statistics().entries, 1);
}

#[test]
fn who_waits_for_no_answer_gets_none() {
    let mut forge = Forge::new(AES256);
    forge.options = ApOptions::default();
    forge.time = now_plus(-301);
    let config = config(AES256);
    let (outcome, reply) = step(Acceptor::new(&config), &forge.token(), now_plus(0));
    assert!(matches!(outcome, Err(AcceptorError::Skew { .. })), "{outcome:?}");
    assert!(reply.is_empty());
}
