//! Names and attributes in the client's answer that are not what they seem.

use crate::forge::{Forge, Mic, Pairs, set, utf16};
use crate::world::{NOW, Scene, answer, config, names, refused_forgery, users};
use gss_core::{Diagnose, SecurityContext, Timestamp};
use gss_ntlm::wire::{
    AvError, AvErrorKind, AvId, Field, FileTime, ResponseError, TextError, TextErrorKind, WireError,
};
use gss_ntlm::{AcceptorConfig, AcceptorError, Allow, Initiator, Logon};

fn refused(forge: &Forge<'_>) -> AcceptorError {
    let error = refused_forgery(forge, &config());
    assert_eq!(error, refused_forgery(forge, &config().allow(Allow::WITHOUT_MIC)));
    error
}

fn attribute_error(change: impl Fn(&mut Pairs)) -> AvErrorKind {
    match refused(&Forge::new().pairs(change)) {
        AcceptorError::Response(ResponseError::AvPairs(AvError { kind, .. })) => kind,
        other => panic!("{other}"),
    }
}

#[test]
fn names_that_cannot_be_read() {
    let broken = [
        (&b"\x00\xd8"[..], TextErrorKind::UnpairedSurrogate { unit: 0xd800 }),
        (b"a\0\x00\xdc", TextErrorKind::UnpairedSurrogate { unit: 0xdc00 }),
        (b"\x00\xdc\x00\xd8", TextErrorKind::UnpairedSurrogate { unit: 0xdc00 }),
        (b"a\0\0\0b\0", TextErrorKind::Nul),
        (b"a\0b\0\0\0", TextErrorKind::Nul),
        (b"a\0b", TextErrorKind::OddLength { len: 3 }),
    ];
    for (bytes, kind) in broken {
        for field in [Field::UserName, Field::DomainName, Field::Workstation] {
            let error = refused(&Forge::new().parts(|parts| {
                let name = match field {
                    Field::UserName => &mut parts.user,
                    Field::DomainName => &mut parts.domain,
                    _ => &mut parts.workstation,
                };
                *name = bytes.to_vec();
            }));
            let AcceptorError::Wire(WireError::Text { field: seen, error: TextError { kind: found, .. } }) =
                error
            else {
                panic!("{error}")
            };
            assert_eq!((seen, found), (field, kind));
        }
        for id in [1, 2, 3, 4, 5, 9].map(AvId) {
            let found = attribute_error(|pairs| set(pairs, id, bytes));
            let AvErrorKind::Text { id: seen, error } = found else { panic!("{found:?}") };
            assert_eq!((seen, error.kind), (id, kind));
        }
    }
}

/// A name cut by a NUL would be another user to programs in C.
#[test]
fn a_longer_name_is_another_user() {
    for user in ["alice ", " alice", "alice\u{200b}", "alic\u{435}", "alice@EXAMPLE"] {
        let forge = Forge::new().user(user, "EXAMPLE", "correct horse");
        assert_eq!(refused(&forge), AcceptorError::LogonFailed, "{user:?}");
    }
}

/// Such a name would print as another one does.
#[test]
fn names_with_a_backslash() {
    let mut users = users();
    users.add("EXAMPLE\\alice", "", "another password");
    let config = AcceptorConfig::new(names(), users);
    for (user, domain) in
        [("EXAMPLE\\alice", ""), ("alice", "EXAMPLE\\X"), ("\\", ""), ("alice\\", "EXAMPLE")]
    {
        let forge = Forge::new().user(user, domain, "another password");
        assert_eq!(refused_forgery(&forge, &config), AcceptorError::BackslashInName, "{domain}\\{user}");
    }
}

/// User and domain are hashed one behind the other, so moving letters between them leaves the proof as it is.
#[test]
fn the_border_between_user_and_domain() {
    for (user, domain) in
        [("ALICEE", "XAMPLE"), ("ALIC", "EEXAMPLE"), ("ALICEEXAMPLE", ""), ("A", "LICEEXAMPLE")]
    {
        let moved = Forge::new().parts(|parts| (parts.user, parts.domain) = (utf16(user), utf16(domain)));
        assert_eq!(refused(&moved), AcceptorError::LogonFailed, "{domain}\\{user}");
    }
}

#[test]
fn names_that_sound_like_nobody() {
    for user in
        ["guest", "Guest", "GUEST", "anonymous", "ANONYMOUS LOGON", "nobody", "-", "$", "SERVER$", "/", "@"]
    {
        for (domain, password) in [("EXAMPLE", ""), ("", ""), ("SERVER", "guest"), ("NT AUTHORITY", "")] {
            let forge = Forge::new().user(user, domain, password);
            assert_eq!(refused(&forge), AcceptorError::LogonFailed, "{domain}\\{user}");
        }
    }
    // A user of that name is a user.
    let mut users = users();
    users.add("anonymous", "EXAMPLE", "password");
    let config = AcceptorConfig::new(names(), users);
    let forge = Forge::new().user("anonymous", "EXAMPLE", "password");
    let context = Scene::new(&config).forged(&forge).unwrap();
    assert!(!context.parties().is_anonymous());
    assert_eq!(context.facts().peer.unwrap().to_string(), "EXAMPLE\\anonymous");
}

#[test]
fn attributes_twice() {
    for (id, value) in [
        (AvId::FLAGS, &[2, 0, 0, 0][..]),
        (AvId::FLAGS, &[0; 4]),
        (AvId::TIMESTAMP, &[0; 8]),
        (AvId::TARGET_NAME, b"a\0"),
        (AvId::CHANNEL_BINDINGS, &[0; 16]),
        (AvId::NB_COMPUTER_NAME, b"a\0"),
        (AvId::NB_DOMAIN_NAME, b""),
        (AvId::DNS_COMPUTER_NAME, b""),
    ] {
        for first in [false, true] {
            let kind = attribute_error(|pairs| {
                if !pairs.iter().any(|(known, _)| *known == id) {
                    pairs.push((id, value.to_vec()));
                }
                let at = if first { 0 } else { pairs.len() };
                pairs.insert(at, (id, value.to_vec()));
            });
            assert_eq!(kind, AvErrorKind::Duplicate { id });
        }
    }
}

#[test]
fn attributes_of_another_length() {
    for (id, lens, expected) in [
        (AvId::FLAGS, &[0, 3, 5, 8][..], 4),
        (AvId::TIMESTAMP, &[0, 7, 9, 4], 8),
        (AvId::CHANNEL_BINDINGS, &[0, 15, 17, 32], 16),
    ] {
        for &len in lens {
            let kind = attribute_error(|pairs| set(pairs, id, &vec![0; len]));
            assert_eq!(kind, AvErrorKind::ValueLength { id, len, expected });
        }
    }
    let kind = attribute_error(|pairs| set(pairs, AvId::SINGLE_HOST, &[7; 7]));
    assert_eq!(kind, AvErrorKind::SingleHostShort { len: 7 });
    let kind = attribute_error(|pairs| set(pairs, AvId::SINGLE_HOST, &[0; 48]));
    assert_eq!(kind, AvErrorKind::SingleHostSize { size: 0, len: 48 });
}

#[test]
fn too_many_attributes() {
    let many = |count| move |pairs: &mut Pairs| pairs.resize(count, (AvId(99), vec![1]));
    let config = config();
    assert!(Scene::new(&config).forged(&Forge::new().pairs(many(64))).is_ok());
    assert_eq!(attribute_error(many(65)), AvErrorKind::TooMany);
}

/// All that the challenge says comes back unchanged, or the answer is to another one.
#[test]
fn attributes_of_the_server_changed() {
    for id in [1, 2, 3, 4, 5, 7].map(AvId) {
        let value = if id == AvId::TIMESTAMP { [0; 8].to_vec() } else { utf16("OTHER") };
        let swapped = Forge::new().pairs(|pairs| set(pairs, id, &value));
        assert_eq!(refused(&swapped), AcceptorError::AttributeChanged { id });
        let removed = Forge::new().pairs(|pairs| pairs.retain(|(known, _)| *known != id));
        assert_eq!(refused(&removed), AcceptorError::AttributeChanged { id });
        let hidden = Forge::new().pairs(|pairs| pairs.insert(0, (AvId::EOL, Vec::new())));
        assert_eq!(refused(&hidden), AcceptorError::AttributeChanged { id: AvId::NB_DOMAIN_NAME });
    }
    // Names in another case are other names.
    let lower = Forge::new().pairs(|pairs| set(pairs, AvId::NB_COMPUTER_NAME, &utf16("server")));
    assert_eq!(refused(&lower), AcceptorError::AttributeChanged { id: AvId::NB_COMPUTER_NAME });
}

/// The time in the head of the blob is the client's own word.
#[test]
fn a_time_out_of_bounds() {
    let limited = config().max_time_difference(300);
    let with = |seconds: i64| {
        let time = FileTime::from_timestamp(Timestamp::from_seconds(seconds));
        Forge::new().blob(move |blob| blob[8..16].copy_from_slice(&time.0.to_le_bytes()))
    };
    for (difference, good) in [(300, true), (301, false), (-300, true), (-301, false)] {
        let result = Scene::new(&limited).forged(&with(NOW + difference));
        match result {
            Ok(_) => assert!(good, "{difference}"),
            Err(error) => {
                let expected = AcceptorError::ClockSkew { difference: Some(difference), limit: 300 };
                assert!(!good);
                assert_eq!(error, expected);
            }
        }
    }
    let beyond = Forge::new().blob(|blob| blob[8..16].fill(0xff));
    let error = refused_forgery(&beyond, &limited);
    assert_eq!(error, AcceptorError::ClockSkew { difference: None, limit: 300 });
}

/// A client that leaves the domain out of its proof leaves it to its MIC, and without one to nobody.
#[test]
fn the_domain_of_a_client_that_does_not_hash_it() {
    let config = config();
    let forge = Forge::new().user("bob", "", "battery staple");
    let scene = Scene::new(&config);
    let answer = forge.answer(&scene.negotiate, &scene.challenge);
    assert!(scene.verdict(&answer).is_ok());
    let elsewhere = Forge::new().user("bob", "EXAMPLE", "battery staple").hashed_domain("");
    let context = Scene::new(&config).forged(&elsewhere).unwrap();
    assert_eq!(context.parties().domain(), Some("EXAMPLE"));
    let lenient = crate::world::config().allow(Allow::WITHOUT_MIC);
    let context = Scene::new(&lenient).forged(&elsewhere.without_mic()).unwrap();
    assert_eq!((context.parties().user(), context.parties().domain()), (Some("bob"), Some("")));
    // Said in the message on the way only.
    let scene = Scene::new(&config);
    let changed = Forge::new()
        .user("bob", "", "battery staple")
        .parts(|parts| parts.domain = utf16("EVIL"))
        .mic(Mic::Bytes([0; 16]));
    assert_eq!(scene.forged(&changed).unwrap_err(), AcceptorError::BadMic);
}

#[test]
fn a_logon_without_user_or_with_nul_is_not_sent() {
    let config = config();
    let scene = Scene::new(&config);
    for (user, domain, code) in [
        ("", "EXAMPLE", "ntlm_empty_user"),
        ("", "", "ntlm_empty_user"),
        ("ali\0ce", "EXAMPLE", "ntlm_nul_in_name"),
        ("alice", "EX\0", "ntlm_nul_in_name"),
    ] {
        let client = Initiator::new(Logon::with_password(user, domain, "correct horse"));
        let error = answer(client, &scene.challenge).unwrap_err();
        assert_eq!(error.code(), code);
    }
}
