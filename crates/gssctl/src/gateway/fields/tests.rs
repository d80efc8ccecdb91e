use super::*;
use clap::Parser;
use proptest::prelude::*;

#[derive(Parser)]
struct Options {
    #[command(flatten)]
    identity: crate::gateway::identity::Arguments,
}

fn naming(options: &[&str]) -> Naming {
    let options = Options::try_parse_from([&["gateway"], options].concat()).unwrap();
    Naming::new(&options.identity).unwrap()
}

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    fields.iter().map(field).collect()
}

/// The lines of a field.
fn lines<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    headers.get_all(name).iter().map(|line| line.to_str().unwrap()).collect()
}

fn sent_on(options: &[&str], fields: &[(&str, &str)]) -> HeaderMap {
    let mut headers = headers(fields);
    let host = HeaderValue::from_static("www.example.com:8443");
    let peer = Some("192.0.2.1:4000".parse().unwrap());
    let origin = Origin { peer, https: true, version: Version::HTTP_11, host: &host };
    of_request(&mut headers, &naming(options), &origin);
    headers
}

fn answered(status: u16, fields: &[(&str, &str)]) -> HeaderMap {
    let mut headers = headers(fields);
    of_response(&mut headers, StatusCode::from_u16(status).unwrap());
    headers
}

#[test]
fn what_is_for_one_hop_or_for_us_stays_here() {
    let sent = sent_on(
        &[],
        &[
            ("accept", "*/*"),
            ("authorization", "Negotiate YII="),
            ("connection", "keep-alive, X-Mine"),
            ("connection", "upgrade"),
            ("cookie", "a=b"),
            ("expect", "100-continue"),
            ("http2-settings", "AAM"),
            ("keep-alive", "timeout=5"),
            ("proxy", "http://evil.example"),
            ("proxy-authorization", "Basic eDp5"),
            ("proxy-connection", "keep-alive"),
            ("te", "trailers"),
            ("trailer", "X-Remote-User"),
            ("upgrade", "h2c"),
            ("x-mine", "1"),
            ("x-yours", "2"),
        ],
    );
    let mut names: Vec<_> = sent.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    let ours = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];
    let mut expected = [&["accept", "cookie", "expect", "x-yours"][..], &ours].concat();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn a_length_does_not_stand_beside_chunks() {
    let sent = sent_on(&[], &[("content-length", "5")]);
    assert_eq!(lines(&sent, "content-length"), ["5"]);
    let sent = sent_on(&[], &[("content-length", "5"), ("transfer-encoding", "chunked")]);
    assert!(!sent.contains_key("content-length") && !sent.contains_key("transfer-encoding"));
    let answered = answered(200, &[("content-length", "5"), ("transfer-encoding", "chunked")]);
    assert!(answered.is_empty(), "{answered:?}");
}

#[test]
fn other_spellings_of_fields_with_a_job_stay_here() {
    let names = [
        "Content_Length",
        "content.type",
        "Transfer_Encoding",
        "transfer~encoding",
        "Keep_Alive",
        "HTTP2_Settings",
        "Proxy_Authorization",
        "proxy_anything-else",
    ];
    for name in names {
        let sent = sent_on(&[], &[(name, "gone"), ("content-length", "5"), ("content-type", "text/plain")]);
        assert!(sent.values().all(|value| value != "gone"), "{name}: {sent:?}");
        assert_eq!(
            (lines(&sent, "content-length"), lines(&sent, "content-type")),
            (vec!["5"], vec!["text/plain"])
        );
    }
    // Other names are no business of ours.
    for name in ["x_content_length", "content_length2", "x-proxy_y"] {
        assert_eq!(lines(&sent_on(&[], &[(name, "kept")]), name), ["kept"]);
    }
}

#[test]
fn the_service_is_told_where_a_request_comes_from() {
    let client = [
        ("forwarded", "for=10.0.0.1;proto=http"),
        ("via", "1.1 proxy"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-for", "10.0.0.2"),
        ("x-forwarded-host", "inner"),
        ("x-forwarded-port", "1"),
        ("x-forwarded-proto", "ftp"),
        ("x-real-ip", "10.0.0.1"),
        ("x_forwarded_for", "10.0.0.3"),
    ];
    let sent = sent_on(&[], &client);
    assert_eq!(lines(&sent, "forwarded"), ["for=192.0.2.1;host=\"www.example.com:8443\";proto=https"]);
    assert_eq!(lines(&sent, "via"), ["1.1 proxy, 1.1 gssctl"]);
    assert_eq!(lines(&sent, "x-forwarded-for"), ["192.0.2.1"]);
    assert_eq!(lines(&sent, "x-forwarded-host"), ["www.example.com:8443"]);
    assert_eq!(lines(&sent, "x-forwarded-proto"), ["https"]);
    assert_eq!(sent.len(), 5);

    let sent = sent_on(&["--trust-forwarded"], &client);
    let own = "for=10.0.0.1;proto=http, for=192.0.2.1;host=\"www.example.com:8443\";proto=https";
    assert_eq!(lines(&sent, "forwarded"), [own]);
    assert_eq!(lines(&sent, "x-forwarded-for"), ["10.0.0.1, 10.0.0.2, 192.0.2.1"]);
    assert_eq!(lines(&sent, "x-forwarded-host"), ["inner"]);
    assert_eq!(lines(&sent, "x-forwarded-proto"), ["ftp"]);
    assert_eq!(lines(&sent, "x-real-ip"), ["10.0.0.1"]);
}

#[test]
fn addresses_of_ipv6_are_quoted() {
    let mut headers = HeaderMap::new();
    let host = HeaderValue::from_static("h");
    for (peer, said) in
        [("[2001:db8::1]:1", "for=\"[2001:db8::1]\""), ("[::ffff:192.0.2.1]:1", "for=192.0.2.1")]
    {
        let peer = Some(peer.parse().unwrap());
        of_request(
            &mut headers,
            &naming(&[]),
            &Origin { peer, https: false, version: Version::HTTP_2, host: &host },
        );
        assert_eq!(lines(&headers, "forwarded"), [format!("{said};host=\"h\";proto=http")]);
        assert_eq!(headers.get("x-forwarded-proto").unwrap(), "http");
    }
    assert_eq!(lines(&headers, "via"), ["2.0 gssctl, 2.0 gssctl"]);
}

#[test]
fn the_service_does_not_get_our_session() {
    for (cookies, left) in [
        (&["a=b; __Host-gss-session=x; c=d"][..], &["a=b; c=d"][..]),
        (&["__Host-gss-session=x"], &[]),
        (&[" __Host-gss-session = x ;", "a=b"], &["a=b"]),
        (&["__Host-gss-session"], &[]),
        // All others stay as they are, odd ones too.
        (&["a=b;c=d;", "=;;"], &["a=b;c=d;", "=;;"]),
        (&["a=__Host-gss-session; __Host-gss-session2=x"], &["a=__Host-gss-session; __Host-gss-session2=x"]),
    ] {
        let fields: Vec<_> = cookies.iter().map(|cookie| ("cookie", *cookie)).collect();
        assert_eq!(lines(&sent_on(&[], &fields), "cookie"), left, "{cookies:?}");
    }
}

#[test]
fn the_service_does_not_speak_for_us() {
    let fields = [
        ("authentication-info", "ctx=x"),
        ("connection", "x-hop"),
        ("content-type", "text/plain"),
        ("persistent-auth", "true"),
        ("proxy-authenticate", "Negotiate"),
        ("proxy-support", "Session-Based-Authentication"),
        ("set-cookie", "a=b"),
        ("set-cookie", "__Host-gss-session=x; Path=/"),
        ("upgrade", "h2c"),
        ("www-authenticate", "Basic realm=x"),
        ("x-hop", "1"),
    ];
    let said = answered(200, &fields);
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(lines(&said, "set-cookie"), ["a=b"]);
    assert_eq!(lines(&said, "content-type"), ["text/plain"]);
    // Its own challenge is for the client.
    assert_eq!(lines(&answered(401, &fields), "www-authenticate"), ["Basic realm=x"]);
}

#[test]
fn names_are_for_one_thing_each() {
    let options = ["gateway", "--user-header", "X-User", "--sids-header", "x_user"];
    let options = Options::try_parse_from(options).unwrap();
    assert!(Naming::new(&options.identity).unwrap_err().to_string().contains("two things"));
}

/// A name that some service may take for this one.
fn spelling(name: &'static str) -> impl Strategy<Value = String> {
    let spell = |char: char, upper: bool, other: u8| {
        if char == '-' {
            // All that a name may have besides letters and digits.
            char::from(b"-_.!#$%&'*+^`|~"[usize::from(other) % 15])
        } else if upper {
            char.to_ascii_uppercase()
        } else {
            char
        }
    };
    let choices = prop::collection::vec(any::<(bool, u8)>(), name.len());
    choices.prop_map(move |choices| {
        name.chars().zip(choices).map(|(char, (upper, other))| spell(char, upper, other)).collect()
    })
}

proptest! {
    #[test]
    fn nobody_says_who_they_are(
        name in prop_oneof![
            spelling("x-remote-user"), spelling("x-mechanism"), spelling("x-sids"), spelling("x-admin"),
        ],
        others in prop::collection::vec("[a-z]{1,8}", 0..5),
    ) {
        let naming = [
            "--mechanism-header", "X-Mechanism", "--sids-header", "X_SIDs", "--drop-header", "X-Admin",
        ];
        for extra in [&[][..], &["--trust-forwarded"]] {
            let mut fields: Vec<_> = others.iter().map(|other| (other.as_str(), "v")).collect();
            fields.insert(fields.len() / 2, (&name, "root@EXAMPLE.COM"));
            let sent = sent_on(&[&naming, extra].concat(), &fields);
            let forged = sent.values().any(|value| value == "root@EXAMPLE.COM");
            prop_assert!(!forged, "{sent:?}");
        }
    }
}
