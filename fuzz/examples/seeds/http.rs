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
