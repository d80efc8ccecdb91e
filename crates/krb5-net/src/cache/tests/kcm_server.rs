//! A daemon that says what it is told to say.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::thread;

use super::*;
use krb5_files::CcacheVersion;

/// The name of a cache that does not exist, as a daemon gives it.
const NO_CACHE: i32 = -1_765_328_189;
const INTERNAL: i32 = -1_765_328_188;

/// Bytes of a reply: its length, the transport's state, the operation's state, the content.
fn reply(status: i32, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 4).unwrap().to_be_bytes();
    [&length[..], &[0; 4], &status.to_be_bytes(), content].concat()
}

/// Answers one connection with these replies, then closes it. Gives the requests.
fn scripted<T>(replies: Vec<Vec<u8>>, run: impl FnOnce(&CacheOptions) -> T) -> (T, Vec<Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let options = CacheOptions { kcm_socket: Some(socket), kcm_timeout: Duration::from_secs(5), ..options() };
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut requests = Vec::new();
        for reply in replies {
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            let mut request = vec![0; u32::from_be_bytes(length).try_into().unwrap()];
            stream.read_exact(&mut request).unwrap();
            requests.push(request);
            stream.write_all(&reply).unwrap();
        }
        requests
    });
    let outcome = run(&options);
    (outcome, server.join().unwrap())
}

fn load(replies: Vec<Vec<u8>>) -> Result<Ccache, CacheError> {
    scripted(replies, |options| resolve("KCM:x", options).load()).0
}

fn kcm_error(replies: Vec<Vec<u8>>) -> KcmError {
    match load(replies) {
        Err(CacheError::Kcm(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn alice_bytes() -> Vec<u8> {
    CcacheVersion::V4.principal_to_bytes(&alice()).unwrap().to_vec()
}

fn ticket_bytes() -> Vec<u8> {
    credential(HTTP, 5).to_bytes(CcacheVersion::V4).unwrap().to_vec()
}

/// A list of credentials as MIT's extension has it.
fn list(count: u32, length: u32) -> Vec<u8> {
    [&count.to_be_bytes()[..], &length.to_be_bytes(), &ticket_bytes()].concat()
}

fn ticket_length() -> u32 {
    ticket_bytes().len().try_into().unwrap()
}

#[test]
fn request_has_length_version_operation_and_name() {
    let (outcome, requests) =
        scripted(vec![reply(NO_CACHE, &[])], |options| resolve("KCM:x", options).load());
    assert!(matches!(outcome, Err(CacheError::NotFound { name }) if name == "KCM:x"));
    assert_eq!(requests, [b"\x02\x00\x00\x08x\0".to_vec()]);
}

#[test]
fn all_credentials_come_at_once_from_a_daemon_that_can() {
    let content = load(vec![
        reply(0, &alice_bytes()),
        reply(0, &list(1, ticket_length())),
        reply(0, &7_i32.to_be_bytes()),
    ])
    .unwrap();
    assert_eq!(content.default_principal, alice());
    assert_eq!(content.find(&principal(HTTP)).unwrap().times.endtime, 5);
    assert_eq!(content.kdc_offset().unwrap().seconds, 7);
}

#[test]
fn credentials_come_one_by_one_from_others() {
    for unsupported in [INTERNAL, -1_765_328_191, -1_765_328_137] {
        let content = load(vec![
            reply(0, &alice_bytes()),
            reply(unsupported, &[]),
            reply(0, &[1; 32]),
            reply(0, &ticket_bytes()),
            // The second is gone by now.
            reply(-1_765_328_242, &[]),
            reply(unsupported, &[]),
        ])
        .unwrap();
        assert_eq!(content.entries.len(), 1);
        assert_eq!(content.kdc_offset(), None);
    }
}

#[test]
fn replacing_falls_back_to_single_steps() {
    let mut content = Ccache::new(alice());
    content.entries.push(credential(HTTP, 5));
    let replies = vec![reply(INTERNAL, &[]), reply(0, &[]), reply(0, &[])];
    let (outcome, requests) = scripted(replies, |options| resolve("KCM:x", options).replace(&content));
    outcome.unwrap();
    let operations: Vec<_> = requests.iter().map(|request| request[2..4].to_vec()).collect();
    assert_eq!(operations, [13_002_u16, 4, 6].map(|number| number.to_be_bytes().to_vec()));
    // Name, offset, principal, count, length, credential.
    let expected = [b"x\0".to_vec(), vec![0; 4], alice_bytes(), list(1, ticket_length())].concat();
    assert_eq!(requests[0][4..], expected);
}

#[test]
fn reply_that_claims_too_much_is_refused_before_it_is_read() {
    let length = u32::try_from(MAX_CACHE).unwrap() + 1;
    for length in [length, u32::MAX] {
        let claim = length.to_be_bytes().to_vec();
        assert!(
            matches!(kcm_error(vec![claim]), KcmError::ReplyTooLong { length: seen, .. } if seen == length)
        );
    }
}

#[test]
fn reply_without_a_state_is_refused() {
    for length in 0..4_u32 {
        let claim = [&length.to_be_bytes()[..], &[0; 8]].concat();
        assert!(
            matches!(kcm_error(vec![claim]), KcmError::ReplyTooShort { length: seen, .. } if seen == length)
        );
    }
}

#[test]
fn reply_that_ends_early_is_an_error_wherever_it_ends() {
    let whole = reply(0, &alice_bytes());
    for length in 0..whole.len() {
        let error = kcm_error(vec![whole[..length].to_vec()]);
        assert!(matches!(error, KcmError::Io { .. }), "{length}: {error}");
    }
}

#[test]
fn unknown_states_are_given_as_they_are() {
    for status in [1, -1, i32::MIN, 22] {
        let error = kcm_error(vec![reply(status, &[])]);
        assert!(matches!(error, KcmError::Status { status: seen, .. } if seen == status));
        assert!(error.to_string().contains(&status.to_string()), "{error}");
        // The transport's state comes before everything else.
        let transport = [&8_u32.to_be_bytes()[..], &status.to_be_bytes()].concat();
        assert!(
            matches!(kcm_error(vec![transport]), KcmError::Status { status: seen, .. } if seen == status)
        );
    }
}

#[test]
fn principal_that_breaks_the_format_is_refused() {
    let whole = alice_bytes();
    for bytes in [&whole[..whole.len() - 1], &[&whole[..], &[0]].concat(), &[0xff; 12]] {
        assert!(matches!(kcm_error(vec![reply(0, bytes)]), KcmError::Format { .. }));
    }
    // Heimdal's answer for a cache that has no client yet.
    assert!(matches!(load(vec![reply(0, &[])]), Err(CacheError::NotFound { .. })));
}

#[test]
fn list_that_claims_more_or_less_than_there_is_is_refused() {
    let length = ticket_length();
    for (count, claimed) in [(0, length), (2, length), (u32::MAX, length), (1, u32::MAX), (1, length + 1)] {
        let error = kcm_error(vec![reply(0, &alice_bytes()), reply(0, &list(count, claimed))]);
        assert!(matches!(error, KcmError::Malformed { .. }), "{count} {claimed}: {error}");
    }
    let error = kcm_error(vec![reply(0, &alice_bytes()), reply(0, &list(1, length - 1))]);
    assert!(matches!(error, KcmError::Format { .. }), "{error}");
}

#[test]
fn identifiers_of_another_length_are_refused() {
    for length in [1, 15, 17] {
        let error =
            kcm_error(vec![reply(0, &alice_bytes()), reply(INTERNAL, &[]), reply(0, &vec![0; length])]);
        assert!(matches!(error, KcmError::Malformed { .. }), "{length}: {error}");
    }
}

#[test]
fn more_identifiers_than_are_followed_are_refused() {
    let ids = vec![0; ((1 << 14) + 1) * 16];
    let error = kcm_error(vec![reply(0, &alice_bytes()), reply(INTERNAL, &[]), reply(0, &ids)]);
    assert!(matches!(error, KcmError::TooMany { .. }), "{error}");
}

#[test]
fn name_without_an_end_or_with_more_behind_it_is_refused() {
    for name in [b"x".as_slice(), b"", b"\0", b"x\0y\0", b"x\0y", b"\xff\0"] {
        let resolved = |options: &CacheOptions| Cache::resolve(&CacheName::KcmPrimary, options);
        let (outcome, _) = scripted(vec![reply(0, name)], resolved);
        assert!(matches!(outcome, Err(CacheError::Kcm(KcmError::Malformed { .. }))), "{name:?}");
    }
}

#[test]
fn offset_of_another_length_is_refused() {
    for length in [0, 3, 5] {
        let replies =
            vec![reply(0, &alice_bytes()), reply(0, &0_u32.to_be_bytes()), reply(0, &vec![0; length])];
        assert!(matches!(kcm_error(replies), KcmError::Malformed { .. }), "{length}");
    }
}

#[test]
fn daemon_that_says_nothing_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    // The connection waits in the queue for ever.
    let _listener = UnixListener::bind(&socket).unwrap();
    let options =
        CacheOptions { kcm_socket: Some(socket), kcm_timeout: Duration::from_millis(20), ..options() };
    let error = resolve("KCM:x", &options).load().unwrap_err();
    assert!(matches!(error, CacheError::Kcm(KcmError::Io { .. })), "{error}");
}
