//! Servers that share a store, clients of theirs, and the requests between them.

use super::script::{Keys, Toy, ToyContext, ToyError};
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};
use gss_core::bindings::TlsChannel;
use gss_core::{Diagnose, Env, Timestamp};
use gss_http::HeaderField;
use gss_http::gss::{
    Answer, Begin, Challenge, Client, ClientPolicy, ContextStore, Exchange, Login, MemoryContextStore,
    Outcome, Request, RequestParts, Response, Server, ServerPolicy,
};
use test_support::TestRng;

pub(crate) const ORIGIN: &str = "https://www.example.com:443";
pub(crate) const START: i64 = 1_000_000;
pub(crate) const USER: u8 = 5;

pub(crate) type Store = Arc<MemoryContextStore>;
pub(crate) type TestServer<S = Store> = Server<Toy, S, u8>;
pub(crate) type TestAnswer = Answer<u8, ToyError>;

/// An environment with randomness that no other one has.
pub(crate) fn at<R>(seconds: i64, run: impl FnOnce(&mut Env<'_>) -> R) -> R {
    static SEED: AtomicU64 = AtomicU64::new(1);
    let mut rng = TestRng::insecure(SEED.fetch_add(1, Ordering::Relaxed));
    run(&mut Env::new(Timestamp::from_seconds(seconds), &mut rng))
}

/// A TLS connection to the server, one for each number.
pub(crate) fn channel(number: u8) -> TlsChannel {
    TlsChannel::none().with_exporter([number; 32]).with_end_point([0xee; 32])
}

/// A request for `/` over this connection.
pub(crate) fn get(channel: &TlsChannel) -> RequestParts<'_> {
    RequestParts { method: "GET", origin: ORIGIN, target: "/", content_digest: None, channel }
}

/// A service: what its servers share.
#[derive(Clone, Default)]
pub(crate) struct Service {
    pub(crate) store: Store,
    pub(crate) keys: Keys,
}

impl Service {
    pub(crate) fn server(&self) -> TestServer {
        self.server_with(ServerPolicy::default())
    }

    pub(crate) fn server_with(&self, policy: ServerPolicy) -> TestServer {
        Server::new(policy, Arc::clone(&self.store))
    }

    /// An acceptor that does what it is told.
    pub(crate) fn acceptor(&self, messages: u8, begin: Begin) -> Toy {
        let mut toy = Toy::acceptor(messages, &self.keys).repeating(begin.repeats);
        toy.bindings = Some(begin.bindings);
        toy
    }

    /// Gives a request to a server whose acceptors take this many messages.
    pub(crate) fn ask<S: ContextStore>(
        &self,
        server: &TestServer<S>,
        messages: u8,
        lines: &[&str],
        parts: RequestParts<'_>,
    ) -> TestAnswer {
        self.ask_at(server, START, messages, lines, parts)
    }

    pub(crate) fn ask_at<S: ContextStore>(
        &self,
        server: &TestServer<S>,
        seconds: i64,
        messages: u8,
        lines: &[&str],
        parts: RequestParts<'_>,
    ) -> TestAnswer {
        let acceptor = |begin| Ok(self.acceptor(messages, begin));
        ask_with(server, seconds, lines, parts, acceptor)
    }

    /// Logs in on this connection; the servers take turns.
    pub(crate) fn log_in(
        &self,
        servers: &[&TestServer],
        messages: u8,
        channel: &TlsChannel,
    ) -> Login<ToyContext> {
        self.log_in_with(servers, messages, channel, |toy| toy)
    }

    /// The same with initiators and acceptors that were changed.
    pub(crate) fn log_in_with(
        &self,
        servers: &[&TestServer],
        messages: u8,
        channel: &TlsChannel,
        change: impl Fn(Toy) -> Toy,
    ) -> Login<ToyContext> {
        let offered = challenge(servers[0], channel);
        let (mut field, mut exchange) = begin(&offered, messages, channel, &change);
        for server in servers.iter().cycle() {
            let acceptor = |begin| Ok(change(self.acceptor(messages, begin)));
            let answer = ask_with(server, START, &[field.value.as_str()], get(channel), acceptor);
            match respond(exchange, &answer).unwrap() {
                Outcome::SendAgain { field: next, exchange: after } => (field, exchange) = (next, after),
                Outcome::Done(login) => {
                    assert!(matches!(answer, Answer::Accepted { user, .. } if *user == USER));
                    return login;
                }
                other => panic!("{other:?}"),
            }
        }
        unreachable!("a cycle does not end")
    }
}

pub(crate) fn ask_with<S: ContextStore>(
    server: &TestServer<S>,
    seconds: i64,
    lines: &[&str],
    parts: RequestParts<'_>,
    acceptor: impl FnOnce(Begin) -> Result<Toy, ToyError>,
) -> TestAnswer {
    let request = Request { credentials: lines, parts };
    at(seconds, |env| server.receive(request, acceptor, |context| context.toy.user, env))
}

/// What a server asks for.
pub(crate) fn challenge<S: ContextStore>(server: &TestServer<S>, channel: &TlsChannel) -> Challenge {
    let reply = server.challenge(channel);
    Challenge::find(reply.fields.iter().map(|field| field.value.as_str())).unwrap().unwrap()
}

/// The first request of a client that chose its binding by the challenge.
pub(crate) fn begin(
    challenge: &Challenge,
    messages: u8,
    channel: &TlsChannel,
    change: impl Fn(Toy) -> Toy,
) -> (HeaderField, Exchange<Toy>) {
    let binding = challenge.choose(channel);
    let bindings = binding.as_ref().map(|binding| binding.channel_bindings());
    let initiator = change(Toy::initiator(messages, USER, bindings));
    let policy = ClientPolicy { max_token: 1 << 20, ..ClientPolicy::default() };
    let client = Client::new(initiator, binding, ORIGIN, policy);
    at(START, |env| client.begin(env)).unwrap()
}

/// What the client makes of an answer.
pub(crate) fn respond(
    exchange: Exchange<Toy>,
    answer: &TestAnswer,
) -> Result<Outcome<Toy>, gss_http::gss::ClientError<ToyError>> {
    let (status, fields) = match answer {
        Answer::Challenge(reply) | Answer::Continue(reply) | Answer::Reject { reply, .. } => {
            (reply.status, &reply.fields)
        }
        Answer::Accepted { fields, .. } => (200, fields),
    };
    let named = |suffix: &str| -> Vec<&str> {
        fields.iter().filter(|field| field.name.ends_with(suffix)).map(|field| field.value.as_str()).collect()
    };
    let (challenges, info) = (named("-Authenticate"), named("-Info"));
    at(START, |env| exchange.receive(Response { status, challenges, info }, env))
}

/// The status, the fields with a bar between them, and the rule broken; ids and tokens of this run as dots.
pub(crate) fn summary(answer: &TestAnswer) -> (u16, String, &str) {
    match answer {
        Answer::Challenge(reply) => (reply.status, shown(&reply.fields), "challenge"),
        Answer::Continue(reply) => (reply.status, shown(&reply.fields), "continue"),
        Answer::Accepted { fields, .. } => (200, shown(fields), "accepted"),
        Answer::Reject { reply, error } => (reply.status, shown(&reply.fields), error.code()),
    }
}

fn shown(fields: &[HeaderField]) -> String {
    let text = |field: &HeaderField| {
        let value = field.value.as_str();
        let words = value.split(", ").map(|word| match word.split_once("data=") {
            Some((before, _)) => format!("{before}data=.."),
            None => match word.split_once("ctx=") {
                Some((before, _)) => format!("{before}ctx=.."),
                None => word.to_owned(),
            },
        });
        format!("{}: {}", field.name, words.collect::<Vec<_>>().join(", "))
    };
    fields.iter().map(text).collect::<Vec<_>>().join(" | ")
}

pub(crate) fn code(answer: &TestAnswer) -> &str {
    summary(answer).2
}

/// Whether the client is told to begin again.
pub(crate) fn is_stale(answer: &TestAnswer) -> bool {
    summary(answer).1.ends_with("stale=true")
}
