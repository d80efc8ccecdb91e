//! Contexts that are used again: by a MIC over each request, once.

use super::script::{Half, Toy};
use super::world::{
    ORIGIN, START, Service, TestServer, USER, ask_with, at, channel, code, get, is_stale, summary,
};
use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use gss_core::bindings::TlsChannel;
use gss_core::{ContextFlags, Timestamp};
use gss_http::Side;
use gss_http::gss::{
    Answer, Bindings, ContextId, ContextStore, NONCE_WINDOW, Nonce, NonceError, NonceFresh, Proof,
    RequestParts, Server, ServerPolicy, Session, StoreUnavailable, Transcript,
};
use std::sync::Mutex;
use zeroize::Zeroizing;

const MESSAGES: u8 = 4;

fn session(service: &Service, server: &TestServer, channel: &TlsChannel) -> Session<Half> {
    service.log_in(&[server], MESSAGES, channel).into_session().unwrap()
}

fn sign(session: &mut Session<Half>, parts: &RequestParts<'_>) -> String {
    let field = session.authorize(parts, Timestamp::from_seconds(START)).unwrap();
    assert_eq!(field.name, "Authorization");
    field.value.into_string()
}

#[test]
fn every_server_of_the_service_takes_it_and_each_request_once() {
    for messages in 1..=6 {
        let service = Service::default();
        let servers = [service.server(), service.server()];
        let channel = channel(1);
        let login = service.log_in(&[&servers[0], &servers[1]], messages, &channel);
        let mut session = login.into_session().unwrap();
        for round in 0..4_u64 {
            for (index, server) in servers.iter().enumerate() {
                let line = sign(&mut session, &get(&channel));
                let answer = service.ask(server, messages, &[&line], get(&channel));
                let nonce = Nonce::new(2 * round + index as u64 + 1).unwrap();
                let Answer::Accepted { user, proof, fields, context } = answer else { panic!("{answer:?}") };
                assert_eq!((*user, proof, fields.len()), (USER, Proof::Again(nonce), 0));
                assert!(context.is_some());
                for server in &servers {
                    let answer = service.ask(server, messages, &[&line], get(&channel));
                    assert_eq!((code(&answer), is_stale(&answer)), ("gss_nonce_replayed", false));
                }
            }
        }
    }
}

#[test]
fn requests_overtake_each_other_within_the_window() {
    let service = Service::default();
    let server = service.server();
    let channel = channel(1);
    let mut session = session(&service, &server, &channel);
    let lines: Vec<String> = (0..NONCE_WINDOW + 3).map(|_| sign(&mut session, &get(&channel))).collect();
    let ask = |line: &String| service.ask(&server, MESSAGES, &[line], get(&channel));
    let (last, others) = lines.split_last().unwrap();
    assert_eq!(code(&ask(last)), "accepted");
    for (place, line) in others.iter().enumerate().rev() {
        let expected = if place < 2 { "gss_nonce_replayed" } else { "accepted" };
        assert_eq!(code(&ask(line)), expected, "{place}");
    }
    assert!(lines.iter().all(|line| code(&ask(line)) == "gss_nonce_replayed"));
}

#[test]
fn of_many_threads_with_one_nonce_one_wins() {
    let service = Service::default();
    let servers = [service.server(), service.server(), service.server()];
    let mut session = session(&service, &servers[0], &channel(1));
    for _ in 0..20 {
        let line = sign(&mut session, &get(&channel(1)));
        let barrier = std::sync::Barrier::new(6);
        let codes: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6)
                .map(|index| {
                    let (service, server, line, barrier) = (&service, &servers[index % 3], &line, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        code(&service.ask(server, MESSAGES, &[line], get(&channel(1)))).to_owned()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(codes.iter().filter(|code| *code == "accepted").count(), 1, "{codes:?}");
        assert_eq!(codes.iter().filter(|code| *code == "gss_nonce_replayed").count(), 5, "{codes:?}");
    }
}

#[test]
fn what_was_changed_is_refused_and_uses_no_nonce() {
    let service = Service::default();
    let servers = [service.server(), service.server()];
    let channel = channel(1);
    let mut session = session(&service, &servers[0], &channel);
    let signed = RequestParts { method: "PUT", content_digest: Some(b"sha-256=:x:"), ..get(&channel) };
    let line = sign(&mut session, &signed);
    let other_nonce = line.replace("nonce=1", "nonce=2");
    assert_ne!(other_nonce, line);
    let at_mic = line.find("mic=\"").unwrap() + 5;
    let other_mic = format!("{}////{}", &line[..at_mic], &line[at_mic + 4..]);
    assert_ne!(other_mic, line);
    for server in &servers {
        for (line, parts) in [
            (&line, RequestParts { method: "GET", ..signed }),
            (&line, RequestParts { target: "/admin", ..signed }),
            (&line, RequestParts { target: "//", ..signed }),
            (&line, RequestParts { content_digest: Some(b"sha-256=:y:"), ..signed }),
            (&line, RequestParts { content_digest: None, ..signed }),
            (&other_nonce, signed),
            (&other_mic, signed),
        ] {
            let answer = service.ask(server, MESSAGES, &[line], parts);
            assert_eq!((summary(&answer).0, code(&answer), is_stale(&answer)), (401, "gss_mic", false));
        }
    }
    let shorter = format!("{}\"", &line[..at_mic + 4]);
    assert_eq!(code(&service.ask(&servers[0], MESSAGES, &[&shorter], signed)), "gss_mic");
    // An empty digest and none are the same: a field without a value says nothing.
    assert_eq!(code(&service.ask(&servers[1], MESSAGES, &[&line], signed)), "accepted");
}

#[test]
fn a_context_is_good_where_it_was_made() {
    let service = Service::default();
    let policy = ServerPolicy::default();
    let proxy = ServerPolicy { side: Side::Proxy, ..policy.clone() };
    let realm = ServerPolicy { realm: Some("other".into()), ..policy.clone() };
    let servers = [service.server(), service.server()];
    let (here, there) = (channel(1), channel(2));
    let mut session = session(&service, &servers[0], &here);
    let line = sign(&mut session, &get(&here));
    let elsewhere = RequestParts { origin: "https://www.example.com:8443", ..get(&here) };
    for server in &servers {
        assert_eq!(code(&service.ask(server, MESSAGES, &[&line], elsewhere)), "gss_other_scope");
        let answer = service.ask(server, MESSAGES, &[&line], get(&there));
        assert_eq!((code(&answer), is_stale(&answer)), ("gss_other_channel", false));
        let answer = service.ask(server, MESSAGES, &[&line], get(&TlsChannel::none()));
        assert_eq!(code(&answer), "gss_other_channel");
        let renamed = line.replace("tls-exporter", "tls-server-end-point");
        assert_eq!(code(&service.ask(server, MESSAGES, &[&renamed], get(&here))), "gss_other_binding");
        let unknown = line.replace("tls-exporter", "tls-unique");
        assert_eq!(code(&service.ask(server, MESSAGES, &[&unknown], get(&here))), "gss_binding_not_offered");
    }
    for policy in [proxy, realm] {
        let server = service.server_with(policy);
        assert_eq!(code(&service.ask(&server, MESSAGES, &[&line], get(&here))), "gss_other_scope");
    }
    // None of that used it up.
    assert_eq!(code(&service.ask(&servers[1], MESSAGES, &[&line], get(&here))), "accepted");
}

#[test]
fn an_id_alone_is_worth_nothing() {
    let service = Service::default();
    let server = service.server();
    let channel = channel(1);
    let (mut alice, mut mallory) =
        (session(&service, &server, &channel), session(&service, &server, &channel));
    let (hers, his) = (sign(&mut alice, &get(&channel)), sign(&mut mallory, &get(&channel)));
    // His MIC for her context, and the other way round.
    let id = |line: &str| line[8..8 + ContextId::LEN].to_owned();
    let forged = his.replace(&id(&his), &id(&hers));
    assert_eq!(code(&service.ask(&server, MESSAGES, &[&forged], get(&channel))), "gss_mic");
    let login = format!("GSS ctx={}, data=\"AQUAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"", id(&hers));
    assert_eq!(code(&service.ask(&server, MESSAGES, &[&login], get(&channel))), "gss_unknown_context");
    assert_eq!(code(&service.ask(&server, MESSAGES, &[&hers], get(&channel))), "accepted");
}

#[test]
fn contexts_end() {
    let channel = channel(1);
    for (expires, lifetime, last) in
        [(Some(START + 100), 1_000, START + 99), (None, 50, START + 49), (Some(START + 100), 50, START + 49)]
    {
        let service = Service::default();
        let policy = ServerPolicy { context_lifetime: lifetime, ..ServerPolicy::default() };
        let servers = [service.server_with(policy.clone()), service.server_with(policy)];
        let change = |toy| Toy { expires, ..toy };
        let login = service.log_in_with(&[&servers[0]], MESSAGES, &channel, change);
        let mut session = login.into_session().unwrap();
        for (seconds, rule) in [(last, "accepted"), (last + 1, "gss_unknown_context")] {
            for server in &servers {
                let line = sign(&mut session, &get(&channel));
                let acceptor = |begin| Ok(change(service.acceptor(MESSAGES, begin)));
                let answer = ask_with(server, seconds, &[&line], get(&channel), acceptor);
                assert_eq!((code(&answer), is_stale(&answer)), (rule, rule != "accepted"), "{seconds}");
            }
        }
    }
}

#[test]
fn who_logged_out_is_out_everywhere() {
    let service = Service::default();
    let servers = [service.server(), service.server()];
    let channel = channel(1);
    let mut session = session(&service, &servers[0], &channel);
    let mut id = None;
    for server in &servers {
        let line = sign(&mut session, &get(&channel));
        let answer = service.ask(server, MESSAGES, &[&line], get(&channel));
        let Answer::Accepted { context, .. } = answer else { panic!("{answer:?}") };
        id = context;
    }
    servers[0].forget(&id.unwrap()).unwrap();
    // The second one has the context ready still.
    for server in servers.iter().rev() {
        let line = sign(&mut session, &get(&channel));
        let answer = service.ask(server, MESSAGES, &[&line], get(&channel));
        assert_eq!((code(&answer), is_stale(&answer)), ("gss_unknown_context", true));
    }
}

#[test]
fn a_user_is_described_once_and_only_when_proven() {
    let service = Service::default();
    let channel = channel(1);
    let calls = AtomicUsize::new(0);
    let mut session = session(&service, &service.server(), &channel);
    let server = service.server();
    let ask = |line: &str| {
        let request = gss_http::gss::Request { credentials: &[line][..], parts: get(&channel) };
        let user = |context: &super::script::ToyContext| {
            calls.fetch_add(1, Ordering::Relaxed);
            context.toy.user
        };
        at(START, |env| server.receive(request, |begin| Ok(service.acceptor(MESSAGES, begin)), user, env))
    };
    let line = sign(&mut session, &get(&channel));
    assert_eq!(code(&ask(&line.replace("nonce=1", "nonce=3"))), "gss_mic");
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    let Answer::Accepted { user: first, .. } = ask(&line) else { panic!() };
    for _ in 0..3 {
        let Answer::Accepted { user, .. } = ask(&sign(&mut session, &get(&channel))) else { panic!() };
        assert!(Arc::ptr_eq(&user, &first));
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn a_server_without_room_rebuilds_each_time() {
    let service = Service::default();
    let server = service.server_with(ServerPolicy { ready_contexts: 0, ..ServerPolicy::default() });
    let channel = channel(1);
    let mut session = session(&service, &server, &channel);
    for _ in 0..3 {
        let line = sign(&mut session, &get(&channel));
        assert_eq!(code(&service.ask(&server, MESSAGES, &[&line], get(&channel))), "accepted");
        assert_eq!(code(&service.ask(&server, MESSAGES, &[&line], get(&channel))), "gss_nonce_replayed");
    }
}

#[test]
fn what_leads_elsewhere_is_not_used() {
    let service = Service::default();
    let channel = channel(1);
    let mut session = session(&service, &service.server(), &channel);
    let line = sign(&mut session, &get(&channel));
    let keys = super::script::Keys { secret: 77, ..service.keys.clone() };
    type Change<'c> = &'c dyn Fn(Toy) -> Toy;
    let changes: [(Change<'_>, &str); 8] = [
        (&|toy| Toy { draws: 9, ..toy }, "gss_diverged"),
        (&|toy| Toy { draws: 7, ..toy }, "gss_diverged"),
        (&|toy| Toy { messages: 2, ..toy }, "gss_diverged"),
        (&|toy| Toy { messages: 6, ..toy }, "gss_diverged"),
        (&|toy| Toy { flags: ContextFlags::NONE, ..toy }, "gss_diverged"),
        (&|toy| Toy { bindings: None, ..toy }, "gss_diverged"),
        // The factory forgets to say that tokens repeat.
        (&|toy| toy.repeating(0), "gss_refused_again"),
        // Other keys: nothing in the tokens shows it, and the MIC does.
        (&|toy| Toy { bindings: toy.bindings, ..Toy::acceptor(MESSAGES, &keys).repeating(2) }, "gss_mic"),
    ];
    for (change, rule) in changes {
        let acceptor = |begin| Ok(change(service.acceptor(MESSAGES, begin)));
        let answer = ask_with(&service.server(), START, &[&line], get(&channel), acceptor);
        assert_eq!((code(&answer), is_stale(&answer)), (rule, rule != "gss_mic"));
    }
    assert_eq!(code(&service.ask(&service.server(), MESSAGES, &[&line], get(&channel))), "accepted");
}

/// A store that does what a test says.
#[derive(Default)]
struct Odd {
    inner: super::world::Store,
    /// The operation that fails.
    away: Mutex<&'static str>,
    /// What is given out in place of a transcript.
    instead: Mutex<Option<Vec<u8>>>,
}

impl Odd {
    fn check(&self, operation: &str) -> Result<(), StoreUnavailable> {
        if *self.away.lock().unwrap() == operation { Err(StoreUnavailable::new("cable cut")) } else { Ok(()) }
    }

    fn given(&self, kept: Option<Zeroizing<Vec<u8>>>) -> Option<Zeroizing<Vec<u8>>> {
        let instead = self.instead.lock().unwrap().clone();
        instead.map(Zeroizing::new).or(kept)
    }
}

impl ContextStore for &Odd {
    fn park(
        &self,
        id: &ContextId,
        kept: &[u8],
        end: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreUnavailable> {
        self.check("park")?;
        self.inner.park(id, kept, end, now)
    }

    fn resume(&self, id: &ContextId, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, StoreUnavailable> {
        self.check("resume")?;
        Ok(self.given(self.inner.resume(id, now)?))
    }

    fn establish(
        &self,
        id: &ContextId,
        kept: &[u8],
        end: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreUnavailable> {
        self.check("establish")?;
        self.inner.establish(id, kept, end, now)
    }

    fn load(&self, id: &ContextId, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, StoreUnavailable> {
        self.check("load")?;
        Ok(self.given(self.inner.load(id, now)?))
    }

    fn use_nonce(&self, id: &ContextId, nonce: Nonce, now: Timestamp) -> Result<NonceFresh, NonceError> {
        self.check("use_nonce")?;
        self.inner.use_nonce(id, nonce, now)
    }

    fn remove(&self, id: &ContextId) -> Result<(), StoreUnavailable> {
        self.check("remove")?;
        self.inner.remove(id)
    }
}

#[test]
fn nobody_gets_in_while_the_store_is_away() {
    let odd = Odd::default();
    let service = Service { store: Arc::clone(&odd.inner), ..Service::default() };
    let fresh = || -> TestServer<&Odd> { Server::new(ServerPolicy::default(), &odd) };
    let channel = channel(1);
    let server = fresh();
    let unavailable = |server: &TestServer<&Odd>, messages, line: &str| {
        let answer = service.ask(server, messages, &[line], get(&channel));
        assert_eq!(summary(&answer), (503, String::new(), "gss_store_unavailable"));
        let Answer::Reject { error, .. } = answer else { panic!() };
        assert!(error.to_string().contains("cable cut"), "{error}");
    };
    let away = |operation| *odd.away.lock().unwrap() = operation;
    let first = |messages| {
        super::world::begin(&super::world::challenge(&server, &channel), messages, &channel, |toy| toy)
            .0
            .value
    };
    away("park");
    unavailable(&server, 4, first(4).as_str());
    away("establish");
    unavailable(&server, 2, first(2).as_str());
    away("resume");
    unavailable(&server, 4, &format!("GSS ctx={}, data=\"AAAA\"", "A".repeat(22)));
    away("");
    let mut session = session(&service, &service.server(), &channel);
    let line = sign(&mut session, &get(&channel));
    away("load");
    unavailable(&server, 4, &line);
    away("use_nonce");
    unavailable(&server, 4, &line);
    away("");
    assert_eq!(code(&service.ask(&server, 4, &[&line], get(&channel))), "accepted");
    // Even a context that is ready waits for the store.
    let line = sign(&mut session, &get(&channel));
    away("use_nonce");
    unavailable(&server, 4, &line);
    away("remove");
    let mut rng = test_support::TestRng::insecure(1);
    assert!(server.forget(&ContextId::random(&mut rng)).is_err());
}

#[test]
fn what_a_store_makes_up_is_not_believed() {
    let odd = Odd::default();
    let service = Service { store: Arc::clone(&odd.inner), ..Service::default() };
    let channel = channel(1);
    let mut session = session(&service, &service.server(), &channel);
    let line = sign(&mut session, &get(&channel));
    let id: String = line[8..8 + ContextId::LEN].to_owned();
    let resume = format!("GSS ctx={id}, data=\"AAAA\"");
    for made_up in [&b""[..], b"\x01", b"\x02rest", &[0; 300]] {
        *odd.instead.lock().unwrap() = Some(made_up.to_vec());
        let server: TestServer<&Odd> = Server::new(ServerPolicy::default(), &odd);
        for line in [&line, &resume] {
            let answer = service.ask(&server, MESSAGES, &[line], get(&channel));
            assert_eq!((code(&answer), is_stale(&answer)), ("gss_unreadable_context", true));
        }
    }
    assert!(Transcript::from_bytes(b"\x02rest").unwrap_err().to_string().contains("version 2, expected 1"));
}

#[test]
fn with_several_certificates_any_of_them_signs() {
    let service = Service::default();
    let end_point = Bindings::NONE.with(gss_core::bindings::TlsBinding::ServerEndPoint);
    let policy = ServerPolicy { bindings: end_point, ..ServerPolicy::default() };
    let server = service.server_with(policy);
    let all = TlsChannel::none().with_end_point([1; 32]).with_end_point([2; 32]);
    for byte in [1, 2] {
        let seen = TlsChannel::none().with_end_point([byte; 32]);
        let (field, exchange) =
            super::world::begin(&super::world::challenge(&server, &all), 2, &seen, |toy| toy);
        let answer = service.ask(&server, 2, &[field.value.as_str()], get(&all));
        let Ok(gss_http::gss::Outcome::Done(login)) = super::world::respond(exchange, &answer) else {
            panic!()
        };
        let mut session = login.into_session().unwrap();
        let line = sign(&mut session, &get(&seen));
        assert_eq!(code(&service.ask(&server, 2, &[&line], get(&all))), "accepted");
        // Where one of them is gone, nobody knows which it was.
        let line = sign(&mut session, &get(&seen));
        assert_eq!(code(&service.ask(&server, 2, &[&line], get(&seen))), "gss_other_channel");
    }
    assert_eq!(ORIGIN, get(&all).origin);
}
