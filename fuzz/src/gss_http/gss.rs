//! The scheme `GSS`.

/// A mechanism with keys, bindings and MICs of its own.
#[path = "../../../crates/gss-http/tests/it/gss/script.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod script;

use self::script::{Half, Keys, Toy};
use super::lines;
use crate::input::{Input, check_error};
use ::gss_core::bindings::{TlsBinding, TlsChannel};
use ::gss_core::{Env, Timestamp};
use ::gss_http::challenge::{Authorization, Credentials, challenges};
use ::gss_http::gss::{
    Answer, Begin, Binding, Challenge, Client, ClientMessage, ClientPolicy, ContextId, ContextStore,
    Exchange, MemoryContextStore, NAME, Nonce, NonceError, NonceFresh, Outcome, Proof, Request, RequestParts,
    Response, Server, ServerMessage, ServerPolicy, Session, StoreUnavailable, Transcript,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

const MAX_TOKEN: usize = 1 << 16;
const MAX_REQUESTS: usize = 12;
const MESSAGES: u8 = 4;
const USER: u8 = 5;
const ORIGIN: &str = "https://www.example.com:443";

/// Lines end at line feeds, and are taken for both sides'. What was read can be written, and is read as the same.
pub fn messages(input: &[u8]) {
    let lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    match Challenge::find(&lines) {
        Ok(Some(challenge)) => {
            let channel = TlsChannel::none().with_end_point([1; 32]);
            assert!(challenge.choose(&channel).is_none_or(|binding| binding.is_on(&channel)));
        }
        Ok(None) => {}
        Err(error) => assert!(!error.to_string().is_empty() && !error.code().is_empty()),
    }
    for challenge in challenges(&lines).flatten().filter(|challenge| challenge.is(NAME)) {
        let Credentials::Params(params) = challenge.credentials else { continue };
        match ServerMessage::parse(params, MAX_TOKEN) {
            Ok(message) => check_server(&message),
            Err(error) => assert!(!error.to_string().is_empty() && !error.code().is_empty()),
        }
    }
    for line in &lines {
        let Ok(Authorization { credentials: Credentials::Params(params), .. }) = Authorization::parse(line)
        else {
            continue;
        };
        match ClientMessage::parse(params, MAX_TOKEN) {
            Ok(message) => check_client(&message),
            Err(error) => assert!(!error.to_string().is_empty() && !error.code().is_empty()),
        }
    }
}

fn check_server(message: &ServerMessage) {
    let text = message.to_challenge();
    let mut found = challenges([&text]);
    let challenge = found.next().expect("what was written is a challenge").expect("a valid one");
    assert!(challenge.is(NAME) && found.next().is_none());
    let again = match challenge.credentials {
        Credentials::Params(params) => {
            ServerMessage::parse(params, MAX_TOKEN).expect("what was written parses")
        }
        Credentials::None => ServerMessage::default(),
        Credentials::Token68(_) => panic!("parameters became token68"),
    };
    // A realm loses what is not visible ASCII.
    let realm = |message: &ServerMessage| message.realm.as_ref().filter(|realm| realm.is_ascii()).cloned();
    if realm(message).is_none_or(|realm| !realm.contains('\t')) && realm(message) == message.realm {
        assert_eq!(&again, message);
    }
    assert_eq!(again.to_challenge(), text);
}

fn check_client(message: &ClientMessage) {
    let text = message.to_text();
    let found = Authorization::parse(text.as_bytes()).expect("what was written is one set of credentials");
    let Credentials::Params(params) = found.credentials else { panic!("no parameters") };
    let again = ClientMessage::parse(params, MAX_TOKEN).expect("what was written parses");
    // A kind of binding that is not known is not written.
    assert_eq!(again.to_text(), text);
    let _ = format!("{message:?}");
}

/// A transcript has one text only.
pub fn transcript(input: &[u8]) {
    match Transcript::from_bytes(input) {
        Ok(transcript) => {
            let written = transcript.to_bytes().expect("what was read can be written");
            assert_eq!(&written[..], input);
            let _ = format!("{transcript:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A store that shows what it keeps.
#[derive(Clone, Default)]
struct Glass {
    inner: Arc<MemoryContextStore>,
    kept: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl ContextStore for Glass {
    fn park(
        &self,
        id: &ContextId,
        kept: &[u8],
        end: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreUnavailable> {
        self.kept.lock().expect("one thread").push(kept.to_vec());
        self.inner.park(id, kept, end, now)
    }

    fn resume(&self, id: &ContextId, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, StoreUnavailable> {
        self.inner.resume(id, now)
    }

    fn establish(
        &self,
        id: &ContextId,
        kept: &[u8],
        end: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreUnavailable> {
        self.kept.lock().expect("one thread").push(kept.to_vec());
        self.inner.establish(id, kept, end, now)
    }

    fn load(&self, id: &ContextId, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, StoreUnavailable> {
        self.inner.load(id, now)
    }

    fn use_nonce(&self, id: &ContextId, nonce: Nonce, now: Timestamp) -> Result<NonceFresh, NonceError> {
        self.inner.use_nonce(id, nonce, now)
    }

    fn remove(&self, id: &ContextId) -> Result<(), StoreUnavailable> {
        self.inner.remove(id)
    }
}

/// A server, and a client that logged in.
struct World {
    server: Server<Toy, Glass, u8>,
    keys: Keys,
    channel: TlsChannel,
    rng: test_support::TestRng,
}

type Answered = Answer<u8, script::ToyError>;

impl World {
    fn new() -> Self {
        let server = Server::new(ServerPolicy::default(), Glass::default());
        let channel = TlsChannel::none().with_exporter([7; 32]).with_end_point([8; 32]);
        Self { server, keys: Keys::default(), channel, rng: test_support::TestRng::insecure(1) }
    }

    fn ask(&mut self, lines: &[&[u8]], target: &str, channel: &TlsChannel, now: Timestamp) -> Answered {
        let parts = RequestParts { method: "GET", origin: ORIGIN, target, content_digest: None, channel };
        let keys = &self.keys;
        let acceptor = |begin: Begin| {
            let mut toy = Toy::acceptor(MESSAGES, keys).repeating(begin.repeats);
            toy.bindings = Some(begin.bindings);
            Ok(toy)
        };
        let mut env = Env::new(now, &mut self.rng);
        self.server.receive(
            Request { credentials: lines, parts },
            acceptor,
            |context| context.toy.user,
            &mut env,
        )
    }

    fn begin(&mut self) -> (String, Exchange<Toy>) {
        let binding = Binding::of(&self.channel, TlsBinding::Exporter).next().expect("an exporter");
        let initiator = Toy::initiator(MESSAGES, USER, Some(binding.channel_bindings()));
        let client = Client::new(initiator, Some(binding), ORIGIN, ClientPolicy::default());
        let mut env = Env::new(Timestamp::from_seconds(0), &mut self.rng);
        let (field, exchange) = client.begin(&mut env).expect("a first token");
        (field.value.into_string(), exchange)
    }

    fn respond(&mut self, exchange: Exchange<Toy>, answer: &Answered) -> Outcome<Toy> {
        let (status, fields) = match answer {
            Answer::Continue(reply) => (reply.status, &reply.fields),
            Answer::Accepted { fields, .. } => (200, fields),
            Answer::Challenge(_) | Answer::Reject { .. } => panic!("{answer:?}"),
        };
        let lines: Vec<&str> = fields.iter().map(|field| field.value.as_str()).collect();
        let (challenges, info) = if status == 401 { (&lines[..], &[][..]) } else { (&[][..], &lines[..]) };
        let mut env = Env::new(Timestamp::from_seconds(0), &mut self.rng);
        exchange
            .receive(Response { status, challenges, info }, &mut env)
            .expect("a server that can be believed")
    }

    fn log_in(&mut self) -> Session<Half> {
        let (mut line, mut exchange) = self.begin();
        let channel = self.channel.clone();
        loop {
            let answer = self.ask(&[line.as_bytes()], "/", &channel, Timestamp::from_seconds(0));
            match self.respond(exchange, &answer) {
                Outcome::SendAgain { field, exchange: after } => {
                    (line, exchange) = (field.value.into_string(), after)
                }
                Outcome::Done(login) => return login.into_session().expect("a bound context"),
                other => panic!("{other:?}"),
            }
        }
    }
}

/// What a store keeps of a login, half-made and whole.
pub fn transcripts() -> Vec<Vec<u8>> {
    let mut world = World::new();
    let _ = world.log_in();
    let kept = world.server.store().kept.lock().expect("one thread").clone();
    kept
}

/// Any requests, and those of a client with something changed in them. Nobody is let in on a MIC but by the client's own
/// over this very request, and by each of them once.
pub fn requests(input: &[u8]) {
    let mut input = Input::new(input);
    let mut world = World::new();
    let mut session = world.log_in();
    let mut now = Timestamp::from_seconds(0);
    let other = TlsChannel::none().with_exporter([9; 32]).with_end_point([8; 32]);
    let targets = ["/", "/other"];
    let mut signed: Vec<(Nonce, &str)> = Vec::new();
    let mut used = BTreeSet::new();
    for count in 1..=MAX_REQUESTS as u64 {
        if input.is_empty() {
            return;
        }
        let choices = input.byte();
        now = now.saturating_add_seconds(i64::from(input.byte()));
        let target = targets[usize::from(choices >> 7)];
        let channel = if choices & 0x40 == 0 { world.channel.clone() } else { other.clone() };
        let mut made;
        let lines: Vec<&[u8]> = match choices & 3 {
            0 => lines(&mut input),
            1 => {
                made = world.begin().0.into_bytes();
                change(&mut made, &mut input);
                vec![&made]
            }
            _ => {
                let seen = targets[usize::from(choices >> 5 & 1)];
                let own = world.channel.clone();
                let parts = RequestParts {
                    method: "GET",
                    origin: ORIGIN,
                    target: seen,
                    content_digest: None,
                    channel: &own,
                };
                made =
                    session.authorize(&parts, now).expect("a good session").value.into_string().into_bytes();
                signed.push((Nonce::new(signed.len() as u64 + 1).expect("a nonce"), seen));
                change(&mut made, &mut input);
                if choices & 4 == 0 { vec![&made] } else { vec![&made, &made] }
            }
        };
        let answer = world.ask(&lines, target, &channel, now);
        let _ = format!("{answer:?} {count}");
        match answer {
            Answer::Accepted { user, proof: Proof::Again(nonce), fields, .. } => {
                assert_eq!((*user, fields.len()), (USER, 0));
                assert!(channel == world.channel, "on another channel");
                assert!(signed.contains(&(nonce, target)), "never signed");
                assert!(used.insert(nonce), "used before");
            }
            Answer::Accepted { proof: Proof::Login, .. } => panic!("four tokens in one"),
            Answer::Challenge(reply) | Answer::Continue(reply) => assert_eq!(reply.status, 401),
            Answer::Reject { reply, error } => {
                check_error(&error);
                assert_eq!(reply.status == 401, !reply.fields.is_empty());
            }
        }
    }
}

/// Changes a byte or none.
fn change(line: &mut [u8], input: &mut Input<'_>) {
    let (place, change) = (usize::from(input.u16()), input.byte());
    if let Some(byte) = line.get_mut(place) {
        *byte ^= change;
    }
}
