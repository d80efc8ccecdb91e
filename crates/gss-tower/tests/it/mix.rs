//! Users who share everything that can be shared: connections of a pool, streams of one connection, handshakes that
//! others leave half made. No request is ever answered as somebody else's.

use crate::serving::{Client, Running, Tls};
use crate::support::{Begun, USERS, both_schemes, credentials, env, kerberos_and_ntlm, login, ntlm};
use alloc::sync::Arc;
use core::net::SocketAddr;
use core::sync::atomic::{AtomicU64, Ordering};
use getrandom::rand_core::Rng;
use gss::{ContextSealer, Initiator, Target, Timestamp};
use gss_core::bindings::TlsChannel;
use gss_http::Scheme;
use gss_http::gss::RequestParts;
use gss_http::gss::client::{Challenge, Client as GssClient, ClientPolicy, Outcome, Response, Session};
use gss_tower::{AuthenticationLayer, GssScheme, SessionKey, Sessions};
use std::sync::Mutex;
use test_support::TestRng;
use tokio::net::TcpStream;

/// Requests of each of the ten tests, over both versions of HTTP: 100,000 in all.
const REQUESTS: u64 = 10_000;

/// Tasks on each version.
const TASKS: u64 = 8;

/// Connections in the pool of HTTP/1.
const POOL: usize = 12;

const ORIGIN: &str = "https://www.example.com:443";

/// What all tasks share.
struct Stage {
    address: SocketAddr,
    sent: AtomicU64,
    /// Cookies of the users' sessions.
    cookies: Vec<String>,
    pool: Mutex<Vec<Pooled>>,
}

/// A connection, and who is logged in on it.
struct Pooled {
    client: Client,
    user: Option<usize>,
}

/// Choices that repeat from run to run.
struct Dice(TestRng);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes) as usize % limit
    }
}

impl Stage {
    fn goes_on(&self) -> bool {
        self.sent.load(Ordering::Relaxed) < REQUESTS
    }

    async fn connect(&self) -> Pooled {
        Pooled { client: Client::http1(TcpStream::connect(self.address).await.unwrap()).await, user: None }
    }

    async fn send(
        &self,
        client: &mut Client,
        fields: &[(&str, &str)],
    ) -> (u16, String, crate::support::Seen) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let request =
            fields.iter().fold(client.get("/"), |request, (name, value)| request.header(*name, *value));
        let seen = client.send(request).await.unwrap();
        (seen.status, seen.text.clone(), seen)
    }

    /// One thing that a client may do on a connection of the pool.
    async fn on_http1(&self, mut pooled: Pooled, dice: &mut Dice) -> Pooled {
        let user = dice.below(USERS.len());
        let client = &mut pooled.client;
        match dice.below(20) {
            0..2 => {
                let (_, text, _) = self.send(client, &[("authorization", &login(USERS[user]).value)]).await;
                assert_eq!(text, format!("{}@EXAMPLE.COM \"login\"", USERS[user]));
                pooled.user = None;
            }
            2 => {
                let begun = self.half(client, user).await;
                let (_, text, _) = self.send(client, &[("authorization", &begun.value)]).await;
                assert_eq!(text, format!("EXAMPLE\\{} \"login\"", USERS[user]));
                pooled.user = Some(user);
            }
            // Given up half-way, on a connection that lives on.
            3 => {
                self.half(client, user).await;
                assert_eq!(self.send(client, &[]).await.0, 401);
                pooled.user = None;
            }
            // The connection is killed half-way, and the client goes on over another.
            4 => {
                let begun = self.half(client, user).await;
                pooled = self.connect().await;
                assert_eq!(self.send(&mut pooled.client, &[("authorization", &begun.value)]).await.0, 401);
            }
            5..9 => {
                let (_, text, _) = self.send(client, &[("cookie", &self.cookies[user])]).await;
                let expected = pooled.user.map(|user| format!("EXAMPLE\\{} \"connection\"", USERS[user]));
                assert_eq!(
                    text,
                    expected.unwrap_or_else(|| format!("{}@EXAMPLE.COM \"session\"", USERS[user]))
                );
            }
            _ => {
                let (status, text, _) = self.send(client, &[]).await;
                match pooled.user {
                    Some(user) => assert_eq!(text, format!("EXAMPLE\\{} \"connection\"", USERS[user])),
                    None => assert_eq!(status, 401),
                }
            }
        }
        pooled
    }

    /// The last message of a login by NTLM, not yet sent.
    async fn half(&self, client: &mut Client, user: usize) -> Begun {
        let begun = ntlm(Scheme::Ntlm, USERS[user]);
        let (status, _, seen) = self.send(client, &[("authorization", &begun.value)]).await;
        assert_eq!(status, 401);
        begun.go_on(&seen)
    }

    /// One thing that a client may do on a connection which all share.
    async fn on_http2(&self, client: &mut Client, shared: &Shared, dice: &mut Dice) {
        let user = dice.below(USERS.len());
        match dice.below(12) {
            0 => {
                let (_, text, _) = self.send(client, &[("authorization", &login(USERS[user]).value)]).await;
                assert_eq!(text, format!("{}@EXAMPLE.COM \"login\"", USERS[user]));
            }
            1..4 => {
                let (_, text, _) = self.send(client, &[("cookie", &self.cookies[user])]).await;
                assert_eq!(text, format!("{}@EXAMPLE.COM \"session\"", USERS[user]));
            }
            4..6 => assert_eq!(self.send(client, &[]).await.0, 401),
            _ => {
                let value = shared.sign(user);
                let (_, text, _) = self.send(client, &[("authorization", &value)]).await;
                assert_eq!(text, format!("{}@EXAMPLE.COM \"mic\"", USERS[user]));
            }
        }
    }
}

/// One connection of HTTP/2 over TLS, and the users' contexts on it.
struct Shared {
    channel: TlsChannel,
    sessions: Vec<Mutex<Session<ContextSealer>>>,
}

impl Shared {
    fn sign(&self, user: usize) -> String {
        let parts = RequestParts {
            method: "GET",
            origin: ORIGIN,
            target: "/",
            content_digest: None,
            channel: &self.channel,
        };
        let field = self.sessions[user].lock().unwrap().authorize(&parts, Timestamp::now()).unwrap();
        field.value.as_str().to_owned()
    }

    async fn log_in(client: &mut Client, channel: TlsChannel) -> Self {
        let mut sessions = Vec::new();
        for user in USERS {
            let request = client.get("/");
            let asked = client.send(request).await.unwrap();
            let binding = Challenge::find(asked.challenges()).unwrap().unwrap().choose(&channel).unwrap();
            let target = Target::new("HTTP", "www.example.com").unwrap();
            let initiator = Initiator::krb5(&credentials(user), &target).unwrap();
            let initiator = initiator.channel_bindings(&binding.channel_bindings());
            let gss = GssClient::new(initiator, Some(binding), ORIGIN, ClientPolicy::default());
            let (field, exchange) = env(|env| gss.begin(env)).unwrap();
            let request = client.get("/").header("authorization", field.value.as_str());
            let seen = client.send(request).await.unwrap();
            let (challenges, info) = (seen.challenges(), seen.lines("authentication-info"));
            let response = Response { status: seen.status, challenges, info };
            let Outcome::Done(login) = env(|env| exchange.receive(response, env)).unwrap() else {
                panic!("{seen:?}")
            };
            sessions.push(Mutex::new(login.into_session().unwrap()));
        }
        Self { channel, sessions }
    }
}

/// Ten tests of 10,000 requests, each by another sequence of choices.
macro_rules! mixes {
    ($($name:ident: $seed:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                mix($seed).await;
            }
        )*
    };
}

mixes! {
    nobody_is_answered_as_somebody_else_0: 0;
    nobody_is_answered_as_somebody_else_1: 1000;
    nobody_is_answered_as_somebody_else_2: 2000;
    nobody_is_answered_as_somebody_else_3: 3000;
    nobody_is_answered_as_somebody_else_4: 4000;
    nobody_is_answered_as_somebody_else_5: 5000;
    nobody_is_answered_as_somebody_else_6: 6000;
    nobody_is_answered_as_somebody_else_7: 7000;
    nobody_is_answered_as_somebody_else_8: 8000;
    nobody_is_answered_as_somebody_else_9: 9000;
}

async fn mix(seed: u64) {
    let builder = AuthenticationLayer::builder(kerberos_and_ntlm()).policy(both_schemes());
    let builder = builder.sessions(Sessions::new(SessionKey::from([1; 32])).always_https());
    let layer = builder.gss(GssScheme::new("https://www.example.com")).build().unwrap();
    let tls = Tls::new(b"h2");
    let plain = Running::start(&layer, |server| server).await;
    let secure = Running::start(&layer, |server| tls.on(server)).await;

    let (mut client, channel) = tls.connect(secure.address).await;
    let shared = Arc::new(Shared::log_in(&mut client, channel).await);
    let mut cookies = Vec::new();
    for user in USERS {
        let seen = client.with(&login(user)).await.unwrap();
        cookies.push(seen.lines("set-cookie")[0].split(';').next().unwrap().to_owned());
    }
    let (sent, pool) = (AtomicU64::new(0), Mutex::default());
    let stage = Arc::new(Stage { address: plain.address, sent, cookies, pool });
    for _ in 0..POOL {
        let pooled = stage.connect().await;
        stage.pool.lock().unwrap().push(pooled);
    }

    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..TASKS {
        let on_http1 = Arc::clone(&stage);
        tasks.spawn(async move {
            let (stage, mut dice) = (on_http1, Dice(TestRng::insecure(seed + task)));
            while stage.goes_on() {
                let pooled = {
                    let mut pool = stage.pool.lock().unwrap();
                    let place = dice.below(pool.len());
                    pool.swap_remove(place)
                };
                let pooled = stage.on_http1(pooled, &mut dice).await;
                stage.pool.lock().unwrap().push(pooled);
            }
        });
        let (on_http2, shared) = (Arc::clone(&stage), Arc::clone(&shared));
        let Client::Http2(sender) = &client else { panic!("ALPN gave no h2") };
        let mut client = Client::Http2(sender.clone());
        tasks.spawn(async move {
            let (stage, mut dice) = (on_http2, Dice(TestRng::insecure(seed + 100 + task)));
            while stage.goes_on() {
                stage.on_http2(&mut client, &shared, &mut dice).await;
            }
        });
    }
    tasks.join_all().await;

    let logged_in = stage.pool.lock().unwrap().iter().filter(|pooled| pooled.user.is_some()).count() as u64;
    let counted = layer.counters().snapshot();
    assert_eq!((counted.live, counted.half_open), (logged_in, 0), "{counted:?}");
    assert!(counted.logins_krb5 > REQUESTS / 50 && counted.logins_ntlm > REQUESTS / 50, "{counted:?}");
    assert!(
        counted.reauthentications > REQUESTS / 10 && counted.by_connection > REQUESTS / 20,
        "{counted:?}"
    );
    drop((client, stage));
    plain.stop().await;
    secure.stop().await;
    assert_eq!(layer.counters().snapshot().live, 0);
}
