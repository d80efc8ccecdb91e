use gss_core::Diagnose;
use gss_http::challenge::{Authorization, Credentials, challenges};
use gss_http::legs::{Offer, decode_token};
use gss_http::{Scheme, Schemes, base64, persistence};
use proptest::prelude::*;

/// A challenge as a list of facts, and one of the ways to write it.
#[derive(Clone, Debug)]
struct Written {
    scheme: String,
    data: Option<String>,
    params: Vec<(String, Vec<u8>)>,
    text: Vec<u8>,
}

const TOKEN: &str = "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}";

fn space() -> impl Strategy<Value = String> {
    "[ \t]{0,2}"
}

fn param() -> impl Strategy<Value = (String, Vec<u8>, Vec<u8>)> {
    let value = prop_oneof![
        TOKEN.prop_map(|token| (token.clone().into_bytes(), token.into_bytes())),
        proptest::collection::vec(
            (prop_oneof![Just(b'\t'), 0x20..=0x7eu8, 0x80..=0xffu8], any::<bool>()),
            0..12
        )
        .prop_map(|bytes| {
            let mut quoted = vec![b'"'];
            for (byte, escape) in &bytes {
                if *escape || *byte == b'"' || *byte == b'\\' {
                    quoted.push(b'\\');
                }
                quoted.push(*byte);
            }
            quoted.push(b'"');
            (bytes.into_iter().map(|(byte, _)| byte).collect(), quoted)
        }),
    ];
    (TOKEN, space(), space(), value).prop_map(|(name, before, after, (value, written))| {
        let mut text = format!("{name}{before}={after}").into_bytes();
        text.extend(written);
        (name, value, text)
    })
}

fn challenge() -> impl Strategy<Value = Written> {
    let body = prop_oneof![
        Just((None, Vec::new())),
        "[A-Za-z0-9._~+/-]{1,20}={0,3}".prop_map(|data| (Some(data), Vec::new())),
        proptest::collection::vec(param(), 1..5).prop_map(|params| (None, params)),
    ];
    (TOKEN, " {1,3}", body, proptest::collection::vec("[ \t]{0,2},[ \t]{0,2}", 5)).prop_map(
        |(scheme, spaces, (data, mut params), commas)| {
            let mut names = Vec::new();
            params.retain(|(name, ..)| {
                let name = name.to_ascii_lowercase();
                let fresh = !names.contains(&name);
                names.push(name);
                fresh
            });
            let mut text = scheme.clone().into_bytes();
            if let Some(data) = &data {
                text.extend(spaces.bytes());
                text.extend(data.bytes());
            }
            for (index, (_, _, written)) in params.iter().enumerate() {
                text.extend(if index == 0 { spaces.bytes() } else { commas[index].bytes() });
                text.extend(written);
            }
            let params = params.into_iter().map(|(name, value, _)| (name, value)).collect();
            Written { scheme, data, params, text }
        },
    )
}

fn same(found: Credentials<'_>, written: &Written) -> bool {
    match found {
        Credentials::None => written.data.is_none() && written.params.is_empty(),
        Credentials::Token68(data) => written.data.as_deref() == Some(data),
        Credentials::Params(params) => {
            !written.params.is_empty()
                && params
                    .map(|param| (param.name.to_owned(), param.value.bytes().collect::<Vec<_>>()))
                    .eq(written.params.iter().cloned())
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_found(
        all in proptest::collection::vec((challenge(), any::<bool>(), "[ \t,]{0,3}"), 0..6),
    ) {
        let mut lines = vec![Vec::new()];
        for (written, new_line, separator) in &all {
            if *new_line {
                lines.push(Vec::new());
            }
            let line = lines.last_mut().unwrap();
            line.extend(separator.bytes());
            if !line.is_empty() {
                line.push(b',');
            }
            line.extend(&written.text);
        }
        let found = challenges(&lines).collect::<Result<Vec<_>, _>>().unwrap();
        prop_assert_eq!(found.len(), all.len());
        for (found, (written, ..)) in found.iter().zip(&all) {
            prop_assert_eq!(found.scheme, &written.scheme);
            prop_assert!(same(found.credentials, written), "{:?} {:?}", found, written);
            let mut again = Vec::new();
            found.write_to(&mut again).unwrap();
            let again = challenges([&again]).collect::<Result<Vec<_>, _>>().unwrap();
            prop_assert_eq!(again.len(), 1);
            prop_assert!(same(again[0].credentials, written), "{:?}", again);
        }
    }

    #[test]
    fn credentials_are_read_like_one_challenge(written in challenge()) {
        let found = Authorization::parse(&written.text).unwrap();
        prop_assert_eq!(found.scheme, &written.scheme);
        prop_assert!(same(found.credentials, &written));
        let mut again = Vec::new();
        found.write_to(&mut again).unwrap();
        prop_assert!(same(Authorization::parse(&again).unwrap().credentials, &written));
    }

    #[test]
    fn any_bytes_are_taken_without_panic(
        lines in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..40),
                "[a =,\"\\\\\t/N]{0,40}".prop_map(String::into_bytes),
            ],
            0..4,
        ),
    ) {
        for challenge in challenges(&lines) {
            match challenge {
                Ok(challenge) => {
                    // What was read can be written, and is read as the same.
                    let mut again = Vec::new();
                    challenge.write_to(&mut again).unwrap();
                    let again = challenges([&again]).next().unwrap().unwrap();
                    prop_assert_eq!(format!("{challenge:?}"), format!("{again:?}"));
                }
                Err(error) => {
                    prop_assert!(error.line < lines.len());
                    prop_assert!(error.offset <= lines[error.line].len(), "{}", error);
                    prop_assert!(!error.code().is_empty());
                }
            }
        }
        let _ = Offer::find(Scheme::Negotiate, &lines);
        let _ = Schemes::only(Scheme::Ntlm).then(Scheme::Negotiate).preferred(&lines);
        let _ = Authorization::from_lines(&lines);
        let _ = persistence::supports_session_based(&lines);
        for line in &lines {
            let _ = Authorization::parse(line);
            let _ = persistence::parse_persistent_auth(line);
        }
    }

    #[test]
    fn base64_has_one_text_for_each_token(token in proptest::collection::vec(any::<u8>(), 0..70)) {
        let mut text = Vec::new();
        base64::encode(&token, &mut text).unwrap();
        prop_assert_eq!(Some(text.len()), base64::encoded_len(token.len()));
        let mut back = Vec::new();
        decode_token(core::str::from_utf8(&text).unwrap(), token.len(), &mut back).unwrap();
        prop_assert_eq!(back, token);
    }

    #[test]
    fn base64_that_decodes_is_canonical(text in "[A-Z=/+]{0,12}") {
        let mut token = Vec::new();
        if base64::decode(&text, &mut token).is_ok() {
            let mut again = Vec::new();
            base64::encode(&token, &mut again).unwrap();
            prop_assert_eq!(again, text.into_bytes());
        }
    }
}
