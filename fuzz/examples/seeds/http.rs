//! Fields, requests and responses.

use crate::Seeds;
use fuzz_targets::input::Output;
use gss_http::HeaderValue;
use test_support::vectors::load;

pub fn add(seeds: &mut Seeds) {
    for path in ["challenge-pitfalls", "credentials", "rfc9110-challenges"] {
        for record in load(&format!("http/{path}.txt")).records() {
            seeds.add(
                "gss_http_fields",
                &format!("{path} {}", record.name()),
                record.all("line").join(&b'\n'),
            );
        }
    }
    for (name, line) in [
        ("persistent-auth", "true"),
        ("proxy-support", "Session-Based-Authentication"),
        ("token", "YIIB+w=="),
    ] {
        seeds.add("gss_http_fields", name, line);
    }
    for messages in 1..=5 {
        seeds.add("gss_http_server", &format!("{messages} messages"), server(messages));
        seeds.add("gss_http_client", &format!("{messages} messages"), client(messages));
    }
    gss(seeds);
}

/// The scheme `GSS`.
fn gss(seeds: &mut Seeds) {
    let id = "A".repeat(22);
    for (name, line) in [
        ("challenge", r#"GSS realm="x \" y", cb="tls-exporter tls-server-end-point""#.to_owned()),
        ("first", r#"GSS data="YIIB", cb="tls-exporter""#.to_owned()),
        ("continue", format!(r#"GSS ctx={id}, state=continue, data="oQIB""#)),
        ("next", format!(r#"GSS ctx="{id}", data="oQIB""#)),
        ("error", r#"GSS state=error, data="oQIB""#.to_owned()),
        ("stale", "GSS stale=true".to_owned()),
        ("again", format!(r#"GSS ctx={id}, nonce=7, mic="BAQE""#)),
        ("info", format!(r#"GSS ctx={id}, state=complete, data="oQIB""#)),
    ] {
        seeds.add("gss_http_gss_messages", name, line.as_bytes());
        let request = Output::new().byte(0).byte(0).byte(1).chunk(line.as_bytes());
        seeds.add("gss_http_gss_server", name, request.finish());
    }
    // Signed requests: as they are, for another target, over another connection, twice, and with a byte changed.
    for (name, choices, change) in
        [("signed", 2, 0), ("target", 0x82, 0), ("channel", 0x42, 0), ("two lines", 6, 0), ("changed", 2, 1)]
    {
        let mut input = Output::new();
        for place in [0, 40] {
            input = input.byte(choices).byte(1).byte(0).byte(place).byte(change);
        }
        seeds.add("gss_http_gss_server", name, input.finish());
    }
    seeds.add("gss_http_gss_server", "login", Output::new().byte(1).byte(0).byte(0).byte(9).byte(0).finish());
    for (number, transcript) in fuzz_targets::gss_http::gss::transcripts().into_iter().enumerate() {
        seeds.add("gss_http_gss_transcript", &format!("{number}"), transcript);
    }
}

/// The scripted mechanism's token of this number, as a field value.
fn token(number: u8) -> String {
    HeaderValue::token(gss_http::Scheme::Negotiate, &[if number == 1 { 0x60 } else { 0xa1 }, number, 5])
        .into_string()
}

/// A request without credentials, then a whole handshake.
fn server(messages: u8) -> Vec<u8> {
    // Four legs at most, and as many messages in all.
    let mut input = Output::new().byte(choices(messages, 0xc0)).byte(0).byte(0);
    for number in (1..=messages).step_by(2) {
        input = input.byte(1).byte(1).chunk(token(number).as_bytes());
    }
    input.finish()
}

/// A challenge, then a whole handshake.
fn client(messages: u8) -> Vec<u8> {
    let mut input = Output::new().byte(choices(messages, 0xc0)).byte(0);
    input = input.byte(0).byte(2).chunk(b"Negotiate").chunk(b"NTLM").byte(0);
    for number in (2..=messages).step_by(2) {
        let last = number + 1 >= messages && messages.is_multiple_of(2);
        input = input.byte(if last { 2 } else { 0 }).byte(1).chunk(token(number).as_bytes());
    }
    input.byte(2).byte(0).finish()
}

/// A byte with these bits and, by its rest modulo 5, this many messages; the bits between stay clear if they can.
fn choices(messages: u8, bits: u8) -> u8 {
    (0..8)
        .map(|low| bits | low)
        .find(|choices| choices % 5 == messages - 1)
        .expect("eight numbers have all rests")
}
