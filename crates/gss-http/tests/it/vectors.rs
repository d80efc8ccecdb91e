use gss_core::Diagnose;
use gss_http::challenge::{Authorization, Challenge, Credentials, FieldError, challenges};
use test_support::vectors::{self, Record};

#[test]
fn challenge_lists() {
    for file in ["http/rfc9110-challenges.txt", "http/challenge-pitfalls.txt"] {
        for record in vectors::load(file).records_of("challenge-list") {
            let lines = record.all("line");
            let mut found = Vec::new();
            for challenge in challenges(&lines) {
                match challenge {
                    Ok(challenge) => describe(challenge.scheme, challenge.credentials, &mut found),
                    Err(error) => found.push(describe_error(error)),
                }
            }
            compare(file, record, found);
        }
    }
}

#[test]
fn credentials() {
    let file = "http/credentials.txt";
    for record in vectors::load(file).records_of("credentials") {
        let mut found = Vec::new();
        match Authorization::parse(&record.hex("line")) {
            Ok(credentials) => describe(credentials.scheme, credentials.credentials, &mut found),
            Err(error) => found.push(describe_error(error)),
        }
        compare(file, record, found);
    }
}

#[test]
fn a_second_line_of_credentials_is_refused() {
    assert!(Authorization::from_lines::<str, _>([]).unwrap().is_none());
    assert!(Authorization::from_lines(["Negotiate abcd"]).unwrap().is_some());
    let twice = Authorization::from_lines(["Negotiate abcd", "Negotiate abcd"]).unwrap_err();
    assert_eq!((twice.line, twice.code()), (1, "repeated_field"));
}

#[test]
fn limits_of_the_field_are_exact() {
    use gss_http::challenge::{MAX_CHALLENGES, MAX_FIELD_BYTES, MAX_PARAMS};
    fn count(lines: &[String]) -> Vec<Result<Challenge<'_>, &'static str>> {
        challenges(lines).map(|one| one.map_err(|error| error.code())).collect()
    }

    let long = "a".repeat(MAX_FIELD_BYTES);
    assert!(count(core::slice::from_ref(&long))[0].is_ok());
    let lines = ["b".into(), long, "c".into()];
    let over = count(&lines);
    assert!(over[0].is_ok());
    assert_eq!(over[1].as_ref().unwrap_err(), &"field_too_long");
    assert_eq!(over.len(), 2, "nothing follows");

    let many = |n: usize| vec!["x"; n].join(",");
    assert_eq!(count(&[many(MAX_CHALLENGES)]).len(), MAX_CHALLENGES);
    let lines = [many(MAX_CHALLENGES), many(2)];
    let over = count(&lines);
    assert_eq!(over.len(), MAX_CHALLENGES + 1);
    assert_eq!(over.last().unwrap().as_ref().unwrap_err(), &"too_many_challenges");

    let params = |n: usize| {
        format!("X {}, Negotiate", (0..n).map(|i| format!("p{i}=v")).collect::<Vec<_>>().join(","))
    };
    assert!(count(&[params(MAX_PARAMS)]).iter().all(Result::is_ok));
    let lines = [params(MAX_PARAMS + 1)];
    let over = count(&lines);
    assert_eq!(over[0].as_ref().unwrap_err(), &"too_many_params");
    assert!(over[1].as_ref().unwrap().is("negotiate"), "the next challenge follows");
}

#[test]
fn errors_and_secrets_in_text() {
    let error = challenges(["NTLM, X a=\x01"]).nth(1).unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        r"'\x01' where a token or a quoted string was expected (field line 0, byte 10)"
    );
    let challenge = challenges([r#"X a="secret", b=hidden"#]).next().unwrap().unwrap();
    let shown = format!("{challenge:?}");
    assert_eq!(shown, r#"Challenge { scheme: "X", credentials: Params([a=[6 bytes], b=[6 bytes]]) }"#);
    let challenge = challenges(["X c2VjcmV0"]).next().unwrap().unwrap();
    assert_eq!(format!("{challenge:?}"), r#"Challenge { scheme: "X", credentials: Token68([8 bytes]) }"#);
}

#[test]
fn values_compare_without_their_escapes() {
    let challenge = challenges([r#"X a="A\"\\B", b=Tok"#]).next().unwrap().unwrap();
    let Credentials::Params(params) = challenge.credentials else { panic!("{challenge:?}") };
    let a = params.find("A").unwrap();
    assert!(a.is("A\"\\B") && a.is_ignoring_case("a\"\\b") && !a.is("a\"\\b") && !a.is(r#"A\"\\B"#));
    assert!(a.is_quoted());
    assert_eq!(a.as_written(), br#"A\"\\B"#);
    let b = params.find("b").unwrap();
    assert!(b.is("Tok") && !b.is_quoted());
    assert!(params.find("c").is_none());
}

fn describe(scheme: &str, credentials: Credentials<'_>, found: &mut Vec<Vec<u8>>) {
    found.push(format!("scheme {scheme}").into_bytes());
    match credentials {
        Credentials::None => {}
        Credentials::Token68(data) => found.push(format!("token68 {data}").into_bytes()),
        Credentials::Params(params) => found.extend(params.map(|param| {
            let mut text = format!("param {} ", param.name).into_bytes();
            text.extend(param.value.bytes());
            text
        })),
    }
}

fn describe_error(error: FieldError) -> Vec<u8> {
    format!("error {} {} {}", error.line, error.offset, error.code()).into_bytes()
}

#[track_caller]
fn compare(file: &str, record: &Record, found: Vec<Vec<u8>>) {
    let text = |all: &[Vec<u8>]| all.iter().map(|one| one.escape_ascii().to_string()).collect::<Vec<_>>();
    let expected = record.all("parse");
    assert_eq!(text(&found), text(&expected), "vectors/{file}:{} {}", record.line(), record.name());
}
