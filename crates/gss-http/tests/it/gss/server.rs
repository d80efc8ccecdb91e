//! Logins: what is asked, taken and refused.

use super::script::{Toy, ToyError};
use super::world::{
    ORIGIN, START, Service, TestAnswer, USER, ask_with, begin, challenge, channel, code, get, is_stale,
    respond, summary,
};
use alloc::sync::Arc;
use gss_core::bindings::{TlsBinding, TlsChannel};
use gss_core::{BindingPolicy, ContextFlags, Diagnose, oid};
use gss_http::Side;
use gss_http::gss::{Answer, Bindings, Outcome, Proof, RequestParts, ServerPolicy};
use gss_http::legs::client::ServerProof;
use gss_http::legs::server::FailureReply;

const BOTH: &str = r#"cb="tls-exporter tls-server-end-point""#;

fn token(number: u8) -> String {
    use gss_http::{HeaderValue, Scheme};
    // A token of the script without bindings.
    let bytes = [&[number, USER][..], &[0; 24]].concat();
    let value = HeaderValue::token(Scheme::Negotiate, &bytes).into_string();
    value.strip_prefix("Negotiate ").unwrap().to_owned()
}

#[test]
fn logins_of_any_length() {
    for messages in 1..=9 {
        let service = Service::default();
        let server = service.server();
        let channel = channel(1);
        let login = service.log_in(&[&server], messages, &channel);
        let expected = if messages > 1 { ServerProof::Proven } else { ServerProof::None };
        assert_eq!(login.server, expected);
        assert!(login.can_go_on());
        assert_eq!((server.store().partial(), server.store().established()), (0, 1));
    }
}

#[test]
fn what_goes_over_the_wire() {
    let service = Service::default();
    let server =
        service.server_with(ServerPolicy { realm: Some("a \"b\"".into()), ..ServerPolicy::default() });
    let channel = channel(1);
    let answer = service.ask(&server, 4, &[], get(&channel));
    let realm = r#"realm="a \"b\"""#;
    assert_eq!(summary(&answer), (401, format!("WWW-Authenticate: GSS {realm}, {BOTH}"), "challenge"));
    let offered = challenge(&server, &channel);
    assert_eq!((offered.realm(), offered.is_stale()), (Some("a \"b\""), false));
    let (field, exchange) = begin(&offered, 4, &channel, |toy| toy);
    assert_eq!(field.name, "Authorization");
    assert!(field.value.as_str().starts_with("GSS data=\"AQ"), "{}", field.value.as_str());
    assert!(field.value.as_str().ends_with(r#", cb="tls-exporter""#));
    let answer = service.ask(&server, 4, &[field.value.as_str()], get(&channel));
    let fields = "WWW-Authenticate: GSS ctx=.., state=continue, data=..";
    assert_eq!(summary(&answer), (401, fields.to_owned(), "continue"));
    let Outcome::SendAgain { field, exchange } = respond(exchange, &answer).unwrap() else { panic!() };
    assert!(field.value.as_str().starts_with("GSS ctx="));
    let answer = service.ask(&server, 4, &[field.value.as_str()], get(&channel));
    let fields = "Authentication-Info: ctx=.., state=complete, data=..";
    assert_eq!(summary(&answer), (200, fields.to_owned(), "accepted"));
    assert!(matches!(&answer, Answer::Accepted { proof: Proof::Login, context: Some(_), .. }));
    assert!(matches!(respond(exchange, &answer), Ok(Outcome::Done(_))));
    // Nothing about tokens or ids in logs.
    let shown = format!("{answer:?} {server:?} {field:?}");
    assert!(shown.contains("Login") && !shown.contains("data=\""), "{shown}");
}

#[test]
fn a_proxy_has_names_of_its_own() {
    let service = Service::default();
    let policy = ServerPolicy { side: Side::Proxy, final_challenge: true, ..ServerPolicy::default() };
    let server = service.server_with(policy);
    let none = TlsChannel::none();
    let answer = service.ask(&server, 2, &[], get(&none));
    assert_eq!(summary(&answer), (407, "Proxy-Authenticate: GSS".to_owned(), "challenge"));
    let answer = service.ask(&server, 2, &[&format!("GSS data=\"{}\"", token(1))], get(&none));
    let fields = "Proxy-Authentication-Info: state=complete, data=.. | Proxy-Authenticate: GSS state=complete, data=..";
    assert_eq!(summary(&answer), (200, fields.to_owned(), "accepted"));
}

#[test]
fn credentials_that_are_malformed() {
    let service = Service::default();
    let server = service.server();
    let channel = channel(1);
    let id = "A".repeat(22);
    let long = "A".repeat(100_000);
    let data = token(1);
    for (lines, status, rule) in [
        (vec!["GSS".to_owned()], 400, "gss_no_params"),
        (vec![format!("GSS {data}")], 400, "gss_no_params"),
        (vec![format!("GSS data=\"{data}\""); 2], 400, "repeated_field"),
        (vec![format!("GSS data=\"{data}\", data=\"{data}\"")], 400, "duplicate_param"),
        (vec!["GSS data=\"x".to_owned()], 400, "unclosed_quote"),
        (vec!["GSS realm=x".to_owned()], 400, "gss_param_missing"),
        (vec![format!("GSS ctx={id}")], 400, "gss_param_missing"),
        (vec!["GSS data=\"\"".to_owned()], 400, "gss_param_empty"),
        (vec!["GSS data=\"AAA\"".to_owned()], 400, "base64_length"),
        (vec!["GSS data=\"AAA!\"".to_owned()], 400, "base64_character"),
        (vec!["GSS data=\"A\u{e4}A\"".to_owned()], 400, "base64_character"),
        (vec![format!("GSS data=\"{long}\"")], 431, "token_too_long"),
        (vec!["x".repeat(200_000)], 431, "field_too_long"),
        (vec![format!("GSS data=\"{data}\", ctx=short")], 400, "gss_param_not_an_id"),
        (vec![format!("GSS data=\"{data}\", ctx=\"{id}A\"")], 400, "gss_param_not_an_id"),
        (vec![format!("GSS data=\"{data}\", ctx=\"{}+\"", &id[1..])], 400, "gss_param_not_an_id"),
        (vec![format!("GSS data=\"{data}\", mic=\"AAAA\"")], 400, "gss_param_misplaced"),
        (vec![format!("GSS data=\"{data}\", nonce=1")], 400, "gss_param_misplaced"),
        (vec!["GSS mic=\"AAAA\", nonce=1".to_owned()], 400, "gss_param_missing"),
        (vec![format!("GSS ctx={id}, mic=\"AAAA\"")], 400, "gss_param_missing"),
        (vec![format!("GSS ctx={id}, nonce=1")], 400, "gss_param_missing"),
        (vec![format!("GSS ctx={id}, nonce=0, mic=\"AAAA\"")], 400, "gss_param_not_a_nonce"),
        (vec![format!("GSS ctx={id}, nonce=01, mic=\"AAAA\"")], 400, "gss_param_not_a_nonce"),
        (vec![format!("GSS ctx={id}, nonce=+1, mic=\"AAAA\"")], 400, "gss_param_not_a_nonce"),
        (vec![format!("GSS ctx={id}, nonce=\"\", mic=\"AAAA\"")], 400, "gss_param_not_a_nonce"),
        (vec![format!("GSS ctx={id}, nonce=9007199254740992, mic=\"AAAA\"")], 400, "gss_param_not_a_nonce"),
        (
            vec![format!("GSS ctx={id}, nonce=18446744073709551617, mic=\"AAAA\"")],
            400,
            "gss_param_not_a_nonce",
        ),
        (vec![format!("GSS ctx={id}, nonce=1, mic=\"{}\"", &long[..2000])], 431, "token_too_long"),
        (vec![format!("GSS ctx={id}, nonce=1, mic=\"\"")], 400, "gss_param_empty"),
        // Well-formed, and for nobody.
        (vec![format!("GSS ctx={id}, nonce=9007199254740991, mic=\"AAAA\"")], 401, "gss_unknown_context"),
        (vec![format!("GSS ctx=\"{id}\", data=\"{data}\", new=\"x\"")], 401, "gss_unknown_context"),
        (vec!["Basic eDp5".to_owned()], 401, "challenge"),
        (vec!["Negotiate".to_owned()], 401, "challenge"),
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let answer = service.ask(&server, 4, &lines, get(&channel));
        let found = summary(&answer);
        let line = &lines[0][..lines[0].len().min(80)];
        assert_eq!((found.0, found.2), (status, rule), "{line}");
        assert_eq!(found.1.is_empty(), status != 401, "{line}: a challenge with 401 and with nothing else");
        assert_eq!(is_stale(&answer), rule == "gss_unknown_context", "{line}");
        if let Answer::Reject { error, .. } = &answer {
            assert!(!error.to_string().is_empty());
            assert!(!format!("{error:?}{error}").contains("AAAAAAAA"), "{error}");
        }
    }
    assert_eq!((server.store().partial(), server.store().established()), (0, 0));
}

#[test]
fn parts_of_a_request_have_no_nul() {
    let service = Service::default();
    let server = service.server();
    let channel = channel(1);
    let whole = get(&channel);
    for parts in [
        RequestParts { method: "GET\0", ..whole },
        RequestParts { origin: "https://x\0:443", ..whole },
        RequestParts { target: "/\0", ..whole },
        RequestParts { content_digest: Some(b"sha-256=\0"), ..whole },
    ] {
        let answer = service.ask(&server, 2, &[&format!("GSS data=\"{}\"", token(1))], parts);
        assert_eq!((summary(&answer).0, code(&answer)), (400, "gss_nul_in_request"));
    }
}

/// A login of four messages that stopped in the middle: what the client sends next.
fn half_made(service: &Service, policy: &ServerPolicy, channel: &TlsChannel) -> String {
    let server = service.server_with(policy.clone());
    let (field, exchange) = begin(&challenge(&server, channel), 4, channel, |toy| toy);
    let answer = service.ask(&server, 4, &[field.value.as_str()], get(channel));
    let Outcome::SendAgain { field, .. } = respond(exchange, &answer).unwrap() else { panic!("{answer:?}") };
    field.value.into_string()
}

#[test]
fn a_login_goes_on_once_on_any_server_of_the_service() {
    let service = Service::default();
    let policy = ServerPolicy::default();
    let channel = channel(1);
    let next = half_made(&service, &policy, &channel);
    let (second, stranger) = (service.server(), Service::default().server());
    let answer = service.ask(&stranger, 4, &[&next], get(&channel));
    assert_eq!((code(&answer), is_stale(&answer)), ("gss_unknown_context", true));
    let answer = service.ask(&second, 4, &[&next], get(&channel));
    assert!(matches!(&answer, Answer::Accepted { user, .. } if **user == USER));
    for server in [&second, &service.server()] {
        let answer = service.ask(server, 4, &[&next], get(&channel));
        assert_eq!((code(&answer), is_stale(&answer)), ("gss_unknown_context", true));
    }
}

#[test]
fn of_many_threads_one_continues_a_login() {
    let service = Service::default();
    let next = half_made(&service, &ServerPolicy::default(), &channel(1));
    let servers: Vec<_> = (0..4).map(|_| service.server()).collect();
    let barrier = std::sync::Barrier::new(8);
    let accepted = std::thread::scope(|scope| {
        let ask = |index: usize| {
            let (service, servers, next, barrier) = (&service, &servers, &next, &barrier);
            scope.spawn(move || {
                barrier.wait();
                let answer = service.ask(&servers[index % 4], 4, &[next], get(&channel(1)));
                matches!(answer, Answer::Accepted { .. })
            })
        };
        let threads: Vec<_> = (0..8).map(ask).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(accepted, 1);
}

#[test]
fn a_half_made_context_stays_where_it_began() {
    let policy = ServerPolicy::default();
    let (here, there) = (channel(1), channel(2));
    let other_realm = ServerPolicy { realm: Some("other".into()), ..policy.clone() };
    let proxy = ServerPolicy { side: Side::Proxy, ..policy.clone() };
    let elsewhere = RequestParts { origin: "https://www.example.com:8443", ..get(&here) };
    for (policy_then, parts, rule) in [
        (&policy, elsewhere, "gss_other_scope"),
        (&other_realm, get(&here), "gss_other_scope"),
        (&proxy, get(&here), "gss_other_scope"),
        (&policy, get(&there), "gss_other_channel"),
        (&policy, get(&TlsChannel::none()), "gss_other_channel"),
    ] {
        let service = Service::default();
        let next = half_made(&service, &policy, &here);
        let answer = service.ask(&service.server_with(policy_then.clone()), 4, &[&next], parts);
        assert_eq!((code(&answer), is_stale(&answer)), (rule, false));
        // And is forgotten.
        let answer = service.ask(&service.server(), 4, &[&next], get(&here));
        assert_eq!(code(&answer), "gss_unknown_context", "after {rule}");
    }
    let service = Service::default();
    let next = half_made(&service, &policy, &here).replace("tls-exporter", "tls-server-end-point");
    assert_eq!(code(&service.ask(&service.server(), 4, &[&next], get(&here))), "gss_other_binding");
    // Not to name it again is no change.
    let next = half_made(&service, &policy, &here).replace(", cb=\"tls-exporter\"", "");
    assert_eq!(code(&service.ask(&service.server(), 4, &[&next], get(&here))), "accepted");
}

#[test]
fn by_the_certificate_a_login_may_change_connections() {
    let service = Service::default();
    let policy =
        ServerPolicy { bindings: Bindings::NONE.with(TlsBinding::ServerEndPoint), ..ServerPolicy::default() };
    let next = half_made(&service, &policy, &channel(1));
    let answer = service.ask(&service.server_with(policy.clone()), 4, &[&next], get(&channel(2)));
    assert_eq!(code(&answer), "accepted");
    let next = half_made(&service, &policy, &channel(1));
    let other = TlsChannel::none().with_exporter([1; 32]).with_end_point([0xdd; 32]);
    let answer = service.ask(&service.server_with(policy), 4, &[&next], get(&other));
    assert_eq!(code(&answer), "gss_other_channel");
}

#[test]
fn half_made_contexts_expire() {
    let service = Service::default();
    let policy = ServerPolicy { partial_lifetime: 60, ..ServerPolicy::default() };
    for (seconds, rule) in [
        (START + 59, "accepted"),
        (START + 60, "gss_unknown_context"),
        (START + 1_000, "gss_unknown_context"),
        (START - 1, "gss_unknown_context"),
    ] {
        let next = half_made(&service, &policy, &channel(1));
        let server = service.server_with(policy.clone());
        let answer = service.ask_at(&server, seconds, 4, &[&next], get(&channel(1)));
        assert_eq!(code(&answer), rule, "{seconds}");
    }
}

#[test]
fn bindings_that_are_named_are_held_to() {
    let exporter = Bindings::NONE.with(TlsBinding::Exporter);
    let both = channel(1);
    let bare = TlsChannel::none();
    let end_point = TlsChannel::none().with_end_point([0xee; 32]);
    let verify = BindingPolicy::VerifyIfPresent;
    let require = BindingPolicy::Require;
    let data = token(1);
    for (bindings, binding, named, channel, status, rule) in [
        (Bindings::ALL, verify, "tls-unique", &both, 401, "gss_binding_not_offered"),
        (Bindings::ALL, verify, "", &both, 401, "gss_binding_not_offered"),
        (Bindings::ALL, verify, "tls-exporter tls-server-end-point", &both, 401, "gss_binding_not_offered"),
        (exporter, verify, "tls-server-end-point", &both, 401, "gss_binding_not_offered"),
        (Bindings::ALL, verify, "tls-exporter", &end_point, 401, "gss_binding_not_there"),
        (Bindings::ALL, verify, "tls-exporter", &bare, 401, "gss_binding_not_there"),
        (Bindings::ALL, verify, "tls-exporter", &both, 401, "toy_binding"),
        (Bindings::ALL, BindingPolicy::Ignore, "tls-exporter", &both, 401, "toy_binding"),
        (Bindings::ALL, require, "-", &both, 401, "gss_binding_required"),
        (Bindings::ALL, require, "-", &bare, 401, "gss_binding_required"),
        (Bindings::ALL, verify, "-", &both, 200, "accepted"),
        (Bindings::ALL, verify, "-", &bare, 200, "accepted"),
    ] {
        let service = Service::default();
        let server = service.server_with(ServerPolicy { bindings, binding, ..ServerPolicy::default() });
        let cb = if named == "-" { String::new() } else { format!(", cb=\"{named}\"") };
        let answer = service.ask(&server, 2, &[&format!("GSS data=\"{data}\"{cb}")], get(channel));
        assert_eq!((summary(&answer).0, code(&answer)), (status, rule), "{named} {channel:?}");
        // Without a binding nothing can be used again.
        assert_eq!(server.store().established(), 0);
        if let Answer::Accepted { context, .. } = answer {
            assert!(context.is_none());
        }
    }
}

#[test]
fn bindings_that_are_not_named_are_compared_all_the_same() {
    let (ours, theirs) = (channel(1), channel(2));
    for (binding, rule) in
        [(BindingPolicy::VerifyIfPresent, "toy_binding"), (BindingPolicy::Ignore, "accepted")]
    {
        let service = Service::default();
        let server = service.server_with(ServerPolicy { binding, ..ServerPolicy::default() });
        // A token for another connection, passed on without its `cb`.
        let (field, _) = begin(&challenge(&server, &theirs), 2, &theirs, |toy| toy);
        let line = field.value.as_str().replace(", cb=\"tls-exporter\"", "");
        assert_eq!(code(&service.ask(&server, 2, &[&line], get(&ours))), rule);
    }
}

#[test]
fn any_of_several_certificates_will_do() {
    let service = Service::default();
    let server = service.server();
    let hashes: Vec<[u8; 32]> = (1..=8).map(|byte| [byte; 32]).collect();
    let all = hashes.iter().fold(TlsChannel::none(), |channel, hash| channel.with_end_point(*hash));
    for hash in &hashes {
        let seen = TlsChannel::none().with_end_point(*hash);
        let (field, _) = begin(&challenge(&server, &all), 2, &seen, |toy| toy);
        assert!(field.value.as_str().ends_with("cb=\"tls-server-end-point\""));
        assert_eq!(code(&service.ask(&server, 2, &[field.value.as_str()], get(&all))), "accepted");
    }
    let more = all.with_end_point([9; 32]);
    let (field, _) = begin(&challenge(&server, &more), 2, &more, |toy| toy);
    let answer = service.ask(&server, 2, &[field.value.as_str()], get(&more));
    assert_eq!((summary(&answer).0, code(&answer)), (500, "too_many_bindings"));
}

/// The answer to a first token when the acceptor is changed.
fn first(server: &super::world::TestServer, service: &Service, change: impl Fn(Toy) -> Toy) -> TestAnswer {
    let channel = channel(1);
    let (field, _) = begin(&challenge(server, &channel), 4, &channel, |toy| toy);
    let acceptor = |begin| Ok(change(service.acceptor(4, begin)));
    ask_with(server, START, &[field.value.as_str()], get(&channel), acceptor)
}

#[test]
fn acceptors_that_misbehave() {
    let service = Service::default();
    let server = service.server();
    let answer = first(&server, &service, |toy| Toy { silent: true, ..toy });
    let fields = format!("WWW-Authenticate: GSS {BOTH}, state=error");
    assert_eq!(summary(&answer), (401, fields, "gss_nothing_to_send"));
    // It takes no bindings, and lets the client in that is bound.
    let answer = first(&server, &service, |toy| Toy { bindings: None, messages: 2, ..toy });
    assert_eq!(summary(&answer), (500, String::new(), "gss_not_bound"));
    // It draws more than a transcript has room for.
    let answer = first(&server, &service, |toy| Toy { draws: 5_000, ..toy });
    assert_eq!((summary(&answer).0, code(&answer)), (401, "gss_too_long"));
    let channel = channel(1);
    let answer = ask_with(&server, START, &[&format!("GSS data=\"{}\"", token(1))], get(&channel), |_| {
        Err(ToyError::Output)
    });
    assert_eq!(summary(&answer), (500, String::new(), "toy_output"));
    assert_eq!((server.store().partial(), server.store().established()), (0, 0));
}

#[test]
fn exchanges_end_somewhere() {
    let service = Service::default();
    let policy = ServerPolicy { max_legs: 2, max_token: 1 << 20, ..ServerPolicy::default() };
    let server = service.server_with(policy);
    let channel = channel(1);
    for (messages, padding, rule) in [
        (3, 0, "accepted"),
        (4, 0, "accepted"),
        (5, 0, "gss_too_many_legs"),
        (8, 80_000, "gss_too_many_legs"),
    ] {
        assert_eq!(run(&service, &server, &channel, messages, padding), rule);
    }
    let server = service.server_with(ServerPolicy { max_token: 1 << 20, ..ServerPolicy::default() });
    assert_eq!(run(&service, &server, &channel, 6, 80_000), "accepted");
    assert_eq!(run(&service, &server, &channel, 10, 80_000), "gss_too_long");
    // What is too long to be kept is let in, if it needs not be kept before.
    assert_eq!(run(&service, &server, &channel, 7, 80_000), "accepted");
    assert_eq!(server.store().partial(), 0);
}

fn run(
    service: &Service,
    server: &super::world::TestServer,
    channel: &TlsChannel,
    messages: u8,
    padding: usize,
) -> String {
    let (mut field, mut exchange) =
        begin(&challenge(server, channel), messages, channel, |toy| Toy { padding, ..toy });
    loop {
        let answer = service.ask(server, messages, &[field.value.as_str()], get(channel));
        if !matches!(answer, Answer::Continue(_)) {
            return code(&answer).to_owned();
        }
        let Outcome::SendAgain { field: next, exchange: after } = respond(exchange, &answer).unwrap() else {
            panic!("{answer:?}")
        };
        (field, exchange) = (next, after);
    }
}

#[test]
fn a_refusal_shows_what_the_policy_says() {
    for (failure, shown) in [(FailureReply::Bare, ""), (FailureReply::ErrorToken, ", data=..")] {
        let service = Service::default();
        let server = service.server_with(ServerPolicy { failure, ..ServerPolicy::default() });
        let channel = channel(1);
        let line = format!("GSS data=\"{}\"", token(3));
        let answer = service.ask(&server, 4, &[&line], get(&channel));
        let fields = format!("WWW-Authenticate: GSS {BOTH}, state=error{shown}");
        assert_eq!(summary(&answer), (401, fields, "toy_token"));
    }
}

#[test]
fn tokens_are_taken_once_by_all_servers_together() {
    let service = Service::default();
    let servers = [service.server(), service.server()];
    let channel = channel(1);
    let (field, _) = begin(&challenge(&servers[0], &channel), 2, &channel, |toy| toy);
    assert_eq!(code(&service.ask(&servers[0], 2, &[field.value.as_str()], get(&channel))), "accepted");
    for server in &servers {
        assert_eq!(code(&service.ask(server, 2, &[field.value.as_str()], get(&channel))), "toy_replayed");
    }
}

#[test]
fn what_cannot_be_used_again_gets_no_name() {
    let policy = ServerPolicy::default();
    let fields = "Authentication-Info: state=complete, data=..".to_owned();
    type Change = fn(Toy) -> Toy;
    let changes: [(ServerPolicy, Change); 5] = [
        (policy.clone(), |toy| Toy { flags: ContextFlags::NONE, ..toy }),
        (policy.clone(), |toy| Toy { mechanism: oid::NTLMSSP, ..toy }),
        (policy.clone(), |toy| Toy { expires: Some(START), ..toy }),
        (ServerPolicy { again: false, ..policy.clone() }, |toy| toy),
        (ServerPolicy { context_lifetime: 0, ..policy }, |toy| toy),
    ];
    for (policy, change) in changes {
        let service = Service::default();
        let server = service.server_with(policy);
        let answer = first(&server, &service, |toy| change(Toy { messages: 2, ..toy }));
        assert_eq!(summary(&answer), (200, fields.clone(), "accepted"));
        assert_eq!(server.store().established(), 0);
    }
}

#[test]
fn errors_say_who_is_at_fault() {
    let service = Service::default();
    let server = service.server();
    let answer = service.ask(&server, 4, &[&format!("GSS data=\"{}\"", token(3))], get(&channel(1)));
    let Answer::Reject { error, .. } = answer else { panic!() };
    assert_eq!((error.major(), error.minor()), (ToyError::Token.major(), Some(7)));
    assert_eq!(error.to_string(), "toy refuses: Token");
    assert!(Arc::strong_count(&service.store) > 1, "servers share it");
    assert_eq!(ORIGIN.matches(':').count(), 2);
}
