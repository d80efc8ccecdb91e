//! The grammar of fields.

use crate::input::check_error;
use ::gss_http::challenge::{Authorization, Challenge, Credentials, challenges};
use ::gss_http::legs::{Offer, TokenPlace, decode_token};
use ::gss_http::{Scheme, Schemes, base64, persistence};

/// Lines end at line feeds. What was read can be written, and is read as the same; errors name a place in a line.
pub fn parse(input: &[u8]) {
    let lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    for challenge in challenges(&lines) {
        match challenge {
            Ok(challenge) => check_challenge(&challenge),
            Err(error) => {
                check_error(&error);
                assert!(error.offset <= lines[error.line].len());
            }
        }
    }
    for scheme in [Scheme::Negotiate, Scheme::Ntlm] {
        let offer = Offer::find(scheme, &lines);
        if let Ok(Offer::Token(text)) = offer {
            check_token(text.as_bytes());
        }
        let found = matches!(offer, Ok(Offer::Bare | Offer::Token(_)));
        assert_eq!(Schemes::only(scheme).preferred(&lines) == Ok(Some(scheme)), found);
    }
    if let Ok(Some(found)) = Authorization::from_lines(&lines) {
        let _ = format!("{found:?}");
    }
    let _ = persistence::supports_session_based(&lines);
    for line in &lines {
        if let Ok(found) = Authorization::parse(line) {
            let mut written = Vec::new();
            found.write_to(&mut written).expect("a Vec has room");
            let again = Authorization::parse(&written).expect("what was written parses");
            assert_eq!(again.scheme, found.scheme);
            assert!(same(again.credentials, found.credentials));
        }
        if let Some(persistent) = persistence::parse_persistent_auth(line) {
            let value = persistence::persistent_auth_value(persistent);
            assert_eq!(persistence::parse_persistent_auth(value.as_bytes()), Some(persistent));
        }
        check_token(line);
    }
}

fn check_challenge(challenge: &Challenge<'_>) {
    let mut written = Vec::new();
    challenge.write_to(&mut written).expect("a Vec has room");
    let lines = [&written];
    let mut again = challenges(lines);
    let first = again.next().expect("what was written is a challenge").expect("a valid one");
    assert_eq!(first.scheme, challenge.scheme);
    assert!(same(first.credentials, challenge.credentials));
    assert!(again.next().is_none(), "one challenge became two");
    let _ = format!("{challenge:?}");
}

fn same(a: Credentials<'_>, b: Credentials<'_>) -> bool {
    match (a, b) {
        (Credentials::None, Credentials::None) => true,
        (Credentials::Token68(a), Credentials::Token68(b)) => a == b,
        (Credentials::Params(mut a), Credentials::Params(mut b)) => loop {
            match (a.next(), b.next()) {
                (None, None) => return true,
                (Some(a), Some(b)) if a.name == b.name && a.value.bytes().eq(b.value.bytes()) => {}
                _ => return false,
            }
        },
        _ => false,
    }
}

/// A token has one text only.
fn check_token(text: &[u8]) {
    let Ok(text) = core::str::from_utf8(text) else { return };
    let mut token = Vec::new();
    match decode_token(text, 1 << 16, &mut token) {
        Ok(()) => {
            assert_eq!(token.len(), base64::decoded_len(text));
            let _ = TokenPlace::of(&token);
            let mut again = Vec::new();
            base64::encode(&token, &mut again).expect("a Vec has room");
            assert_eq!(again, text.as_bytes());
        }
        Err(error) => {
            assert!(token.is_empty());
            assert!(!error.to_string().is_empty() && !error.code().is_empty());
        }
    }
}
