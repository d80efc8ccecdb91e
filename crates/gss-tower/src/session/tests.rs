use super::*;
use crate::authenticated::{Facts, Name};
use gss::krb5::pac::Sid;
use gss::{ContextFlags, oid};
use test_support::TestRng;

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

fn sid(rid: u32) -> Sid {
    Sid::new(5, &[21, 1, 2, 3, rid]).unwrap()
}

fn alice(sids: u32) -> Facts {
    Facts {
        principal: "alice@EXAMPLE.COM".into(),
        name: Name::Krb5("alice@EXAMPLE.COM".parse().unwrap()),
        mechanism: oid::KRB5,
        flags: ContextFlags::MUTUAL,
        bound: true,
        user_sid: (sids > 0).then(|| sid(1104)),
        sids: (0..sids).map(|number| sid(1104 + number)).collect(),
        expires: None,
    }
}

fn bob() -> Facts {
    Facts {
        principal: "EXAMPLE\\bob".into(),
        name: Name::Ntlm { domain: "EXAMPLE".into(), user: "bob".into() },
        mechanism: oid::NTLMSSP,
        bound: false,
        ..alice(0)
    }
}

fn who(facts: Facts) -> Authenticated {
    Authenticated::of_session(facts, SessionId([0; 16]))
}

fn sessions(key: u8) -> Sessions {
    Sessions::new(SessionKey::from([key; 32])).lifetime(600)
}

fn issue(sessions: &Sessions, facts: Facts) -> Option<String> {
    let value = sessions.issue(&who(facts), NOW, &mut TestRng::insecure(1))?;
    assert!(value.is_sensitive() && value.len() <= MAX_COOKIE);
    let text = value.to_str().unwrap();
    Some(text.strip_prefix("__Host-gss-session=").unwrap().split(';').next().unwrap().into())
}

fn read(sessions: &Sessions, text: &str, seconds: i64) -> Result<Facts, SessionError> {
    sessions.verify(text, NOW.saturating_add_seconds(seconds)).map(|who| who.facts().clone())
}

#[test]
fn what_is_written_is_read() {
    for facts in [alice(0), alice(5), bob()] {
        let text = issue(&sessions(1), facts.clone()).unwrap();
        let expires = Some(NOW.saturating_add_seconds(600));
        assert_eq!(read(&sessions(1), &text, 0), Ok(Facts { expires, ..facts }));
    }
}

#[test]
fn a_session_ends_with_its_login_at_the_latest() {
    let text = issue(&sessions(1), alice(0)).unwrap();
    assert!(read(&sessions(1), &text, 599).is_ok());
    assert_eq!(read(&sessions(1), &text, 600), Err(SessionError::Expired));
    // From a clock that is wrong.
    assert!(read(&sessions(1), &text, -300).is_ok());
    assert_eq!(read(&sessions(1), &text, -301), Err(SessionError::Expired));
    let soon = Facts { expires: Some(NOW.saturating_add_seconds(10)), ..alice(0) };
    let text = issue(&sessions(1), soon).unwrap();
    assert_eq!(read(&sessions(1), &text, 10), Err(SessionError::Expired));
    let over = Facts { expires: Some(NOW), ..alice(0) };
    assert_eq!(issue(&sessions(1), over), None);
}

#[test]
fn keys_roll_over() {
    let text = issue(&sessions(1), alice(1)).unwrap();
    assert_eq!(read(&sessions(2), &text, 0), Err(SessionError::BadMac));
    let rolled = sessions(2).previous_key(SessionKey::from([1; 32]));
    assert!(read(&rolled, &text, 0).is_ok());
    // The new key signs.
    let text = issue(&rolled, alice(1)).unwrap();
    assert!(read(&sessions(2), &text, 0).is_ok());
    assert_eq!(read(&sessions(1), &text, 0), Err(SessionError::BadMac));
}

#[test]
fn every_byte_counts() {
    let sessions = sessions(1);
    let text = issue(&sessions, alice(2)).unwrap();
    for place in 0..text.len() {
        for other in [b'A', b'B', b'z', b'_', b'=', b'\n'] {
            let mut bytes = text.clone().into_bytes();
            if bytes[place] == other {
                continue;
            }
            bytes[place] = other;
            let changed = String::from_utf8(bytes).unwrap();
            let error = read(&sessions, &changed, 0).unwrap_err();
            assert!(matches!(error, SessionError::BadMac | SessionError::Malformed), "{place} {error:?}");
        }
        assert!(read(&sessions, &text[..place], 0).is_err());
    }
    assert!(read(&sessions, &format!("{text}A"), 0).is_err());
    assert!(read(&sessions, &format!("{text}AAAA"), 0).is_err());
    assert_eq!(read(&sessions, &"A".repeat(MAX_COOKIE + 1), 0), Err(SessionError::Malformed));
}

#[test]
fn there_is_no_session_for_these() {
    let nobody = Facts { name: Name::Anonymous, principal: String::new(), ..bob() };
    assert_eq!(issue(&sessions(1), nobody), None);
    assert!(issue(&sessions(1), alice(90)).is_some());
    assert_eq!(issue(&sessions(1), alice(150)), None);
    let other = Facts { mechanism: oid::IAKERB, ..alice(0) };
    assert_eq!(issue(&sessions(1), other), None);
}

#[test]
fn two_cookies_are_none() {
    let text = issue(&sessions(1), alice(0)).unwrap();
    let mut headers = HeaderMap::new();
    assert!(sessions(1).read(&headers, NOW).unwrap().is_none());
    headers.append("cookie", format!("x=y; {SESSION_COOKIE}={text}").parse().unwrap());
    assert!(sessions(1).read(&headers, NOW).unwrap().is_some());
    headers.append("cookie", format!("{SESSION_COOKIE}={text}").parse().unwrap());
    assert_eq!(sessions(1).read(&headers, NOW).unwrap_err(), SessionError::Ambiguous);
}

/// Signed bytes that are no session, as another version might have written them.
#[test]
fn signed_nonsense_is_malformed() {
    let sessions = sessions(1);
    let payload = Payload { id: SessionId([1; 16]), issued: 0, expires: i64::MAX };
    let good = payload.encode(&alice(1)).unwrap();
    for cut in 0..good.len() {
        // A session without SIDs is one too.
        if Payload::decode(&good[..cut]).is_some() {
            continue;
        }
        let mut bytes = good[..cut].to_vec();
        let tag = mac(&sessions.keys[0], &bytes).finalize().into_bytes();
        bytes.extend_from_slice(&tag);
        let text = <base64ct::Base64UrlUnpadded as base64ct::Encoding>::encode_string(&bytes);
        assert_eq!(read(&sessions, &text, 0), Err(SessionError::Malformed), "{cut}");
    }
    let mut other = good.clone();
    other[0] = 2;
    assert_eq!(Payload::decode(&other), None);
}
