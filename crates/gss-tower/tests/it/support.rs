//! Users with tickets and passwords, a service that says who it saw, and requests to it.

use alloc::sync::Arc;
use bytes::Bytes;
use core::convert::Infallible;
use core::pin::Pin;
use gss::krb5::Credentials;
use gss::krb5::pac::{ClientInfo, FileTime, GroupMembership, List, LogonInfo, PacBuilder, SigningKeys};
use gss::ntlm::{self, Logon, MemoryUsers, ServerNames};
use gss::{
    AcceptorConfig, ChannelBindings, Context, Env, Framing, Handshake, Initiator, Step, Target, Timestamp,
};
use gss_core::bindings::TlsChannel;
use gss_http::{HeaderValue, Scheme, Schemes, ServerPolicy};
use gss_tower::{Authenticated, Authentication, AuthenticationLayer, Body, Connection};
use http::{Request, Response, Version, request};
use http_body_util::{BodyExt, Full};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};
use test_support::ticket::{TicketMaker, key};
use tower::{Service, ServiceExt};
use tower_layer::Layer;

pub(crate) const HOST: &str = "www.example.com";

/// A ticket for our service that holds now.
pub(crate) fn ticket(user: &str) -> TicketMaker {
    let service_key = key(gss::krb5::EncType::AES256_CTS_HMAC_SHA1_96, 2);
    let mut maker =
        TicketMaker::new(&format!("{user}@EXAMPLE.COM"), "HTTP/www.example.com@EXAMPLE.COM", service_key);
    let now = Timestamp::now().seconds();
    maker.session_key = key(gss::krb5::EncType::AES256_CTS_HMAC_SHA1_96, user.bytes().map(u64::from).sum());
    (maker.auth_time, maker.start_time, maker.end_time) = (now - 3600, Some(now - 3600), now + 9 * 3600);
    maker
}

/// A user's tickets, made once.
pub(crate) fn credentials(user: &str) -> Arc<Credentials> {
    static MADE: LazyLock<Mutex<HashMap<String, Arc<Credentials>>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap();
    let new = || Arc::new(Credentials::from_ccache(&ticket(user).ccache()).unwrap());
    Arc::clone(made.entry(user.into()).or_insert_with(new))
}

pub(crate) fn kerberos() -> AcceptorConfig {
    AcceptorConfig::from_keytab(&ticket("alice").keytab()).unwrap().framing(Framing::SpnegoOrRaw)
}

pub(crate) fn kerberos_and_ntlm() -> AcceptorConfig {
    let mut users = MemoryUsers::new();
    for user in USERS {
        users.add(user, "EXAMPLE", &password(user));
    }
    kerberos().with_ntlm(ntlm::AcceptorConfig::new(ServerNames::new("WWW"), users))
}

pub(crate) const USERS: [&str; 4] = ["alice", "bob", "carol", "dave"];

fn password(user: &str) -> String {
    format!("the password of {user}")
}

/// Both schemes, NTLM last.
pub(crate) fn both_schemes() -> ServerPolicy {
    ServerPolicy { schemes: Schemes::default().then(Scheme::Ntlm), ..ServerPolicy::default() }
}

pub(crate) fn ntlm_layer() -> AuthenticationLayer {
    AuthenticationLayer::builder(kerberos_and_ntlm()).policy(both_schemes()).build().unwrap()
}

/// An initiator that has begun: what it goes on with, or the context if that is all.
pub(crate) struct Begun {
    pub(crate) scheme: Scheme,
    pub(crate) next: Step<Initiator, Context>,
    /// The value of `Authorization`.
    pub(crate) value: String,
}

pub(crate) fn env<R>(run: impl FnOnce(&mut Env<'_>) -> R) -> R {
    let mut rng = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
    run(&mut Env::new(Timestamp::now(), &mut rng))
}

impl Begun {
    fn new(scheme: Scheme, initiator: Initiator) -> Self {
        Self::step(scheme, initiator, &mut [])
    }

    fn step(scheme: Scheme, initiator: Initiator, token: &mut [u8]) -> Self {
        let mut output = Vec::new();
        let next = env(|env| initiator.step(token, &mut output, env)).unwrap();
        Self { scheme, next, value: HeaderValue::token(scheme, &output).into_string() }
    }

    /// Goes on with the server's token.
    pub(crate) fn go_on(self, reply: &Seen) -> Self {
        let Step::Continue(initiator) = self.next else { panic!("the client is done") };
        let mut token = reply.token(self.scheme).expect("a challenge with a token");
        Self::step(self.scheme, initiator, &mut token)
    }
}

fn initiator(user: &str) -> Initiator {
    Initiator::krb5(&credentials(user), &Target::new("HTTP", HOST).unwrap()).unwrap()
}

/// A Kerberos login's first token, which is all of it without mutual authentication.
pub(crate) fn login(user: &str) -> Begun {
    Begun::new(Scheme::Negotiate, initiator(user))
}

pub(crate) fn login_bound(user: &str, bindings: &ChannelBindings<'_>) -> Begun {
    Begun::new(Scheme::Negotiate, initiator(user).channel_bindings(bindings))
}

pub(crate) fn login_delegating(user: &str) -> Begun {
    let mut tgt = ticket(user);
    tgt.service = "krbtgt/EXAMPLE.COM@EXAMPLE.COM".parse().unwrap();
    let tgt = Credentials::from_ccache(&tgt.ccache()).unwrap().ticket_granting_ticket().unwrap();
    Begun::new(Scheme::Negotiate, initiator(user).delegate(tgt))
}

/// A login with an anonymous ticket.
pub(crate) fn login_anonymous() -> Begun {
    let mut maker = ticket("alice");
    maker.client = "WELLKNOWN/ANONYMOUS@EXAMPLE.COM".parse().unwrap();
    maker.flags = maker.flags | krb5_asn1::TicketFlags::ANONYMOUS;
    let credentials = Credentials::from_ccache(&maker.ccache()).unwrap();
    Begun::new(Scheme::Negotiate, Initiator::krb5(&credentials, &Target::new("HTTP", HOST).unwrap()).unwrap())
}

/// A login with a ticket in which a Windows domain says what groups the user is in.
pub(crate) fn login_of_domain(user: &str, rid: u32, groups: &[u32]) -> Begun {
    let mut maker = ticket(user);
    let memberships: Vec<_> = groups.iter().copied().map(GroupMembership::new).collect();
    let logon = LogonInfo {
        effective_name: user.into(),
        logon_domain_name: "EXAMPLE".into(),
        logon_domain_id: Some("S-1-5-21-1-2-3".parse().unwrap()),
        user_id: rid,
        primary_group_id: 513,
        groups: List::from(&memberships[..]),
        ..LogonInfo::default()
    };
    let client = ClientInfo { auth_time: FileTime::from_unix(maker.auth_time), name: user.into() };
    let pac = PacBuilder::minimal(&client).unwrap().logon_info(&logon).unwrap();
    let pac = pac.sign(&SigningKeys::new(&maker.service_key, &maker.service_key)).unwrap();
    maker.authorization_data = vec![(krb5_asn1::AuthDataType::WIN2K_PAC, pac)];
    let credentials = Credentials::from_ccache(&maker.ccache()).unwrap();
    let initiator = Initiator::krb5(&credentials, &Target::new("HTTP", HOST).unwrap()).unwrap();
    Begun::new(Scheme::Negotiate, initiator)
}

pub(crate) fn ntlm(scheme: Scheme, user: &str) -> Begun {
    ntlm_with(scheme, user, &password(user))
}

pub(crate) fn ntlm_with(scheme: Scheme, user: &str, password: &str) -> Begun {
    let target = Target::new("HTTP", HOST).unwrap();
    let initiator =
        Initiator::ntlm(Arc::new(Logon::with_password(user, "EXAMPLE", password).target(&target)));
    let initiator = if scheme == Scheme::Ntlm { initiator.raw() } else { initiator };
    Begun::new(scheme, initiator)
}

pub(crate) type Echoed = Pin<Box<dyn Future<Output = Answered> + Send>>;

type Answered = Result<Response<Full<Bytes>>, Infallible>;

/// Says who it saw, and answers with the status that the path asks for.
pub(crate) fn echo<B>(request: Request<B>) -> Echoed {
    let who = request.extensions().get::<Authenticated>();
    let text = who.map_or_else(|| String::from("nobody"), |who| format!("{who} {:?}", kind(who)));
    let status = request.uri().path().trim_start_matches('/').parse().unwrap_or(200);
    Box::pin(
        async move { Ok(Response::builder().status(status).body(Full::new(Bytes::from(text))).unwrap()) },
    )
}

/// The manner without its number.
pub(crate) fn kind(who: &Authenticated) -> &'static str {
    match who.manner() {
        gss_tower::Manner::Login => "login",
        gss_tower::Manner::Connection => "connection",
        gss_tower::Manner::Reauthentication => "mic",
        gss_tower::Manner::Session(_) => "session",
        _ => "other",
    }
}

pub(crate) type Echo<B> = fn(Request<B>) -> Echoed;

pub(crate) type Guarded = Authentication<tower::util::ServiceFn<Echo<Full<Bytes>>>>;

/// The layer around [`echo`].
pub(crate) fn guard(layer: &AuthenticationLayer) -> Guarded {
    layer.layer(tower::service_fn(echo as Echo<Full<Bytes>>))
}

/// A response, read.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) head: http::response::Parts,
    pub(crate) text: String,
}

impl Seen {
    pub(crate) async fn of<B>(response: Response<B>) -> Self
    where
        B: http_body::Body,
        B::Error: core::fmt::Debug,
    {
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Self { status: head.status.as_u16(), head, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(crate) fn lines(&self, field: &str) -> Vec<&str> {
        self.head.headers.get_all(field).iter().map(|value| value.to_str().unwrap()).collect()
    }

    pub(crate) fn challenges(&self) -> Vec<&str> {
        self.lines("www-authenticate")
    }

    /// The token of a scheme's challenge.
    pub(crate) fn token(&self, scheme: Scheme) -> Option<Vec<u8>> {
        let found = self
            .challenges()
            .into_iter()
            .find_map(|line| line.strip_prefix(scheme.name())?.strip_prefix(' '))?;
        let mut token = Vec::new();
        gss_http::legs::decode_token(found, 1 << 20, &mut token).unwrap();
        Some(token)
    }
}

/// A request in the making.
pub(crate) fn get(path: &str) -> request::Builder {
    Request::get(path).header("host", HOST)
}

/// Sends a request to a service.
pub(crate) async fn send<S, R>(
    service: &S,
    request: request::Builder,
    connection: Option<&Connection>,
) -> Seen
where
    S: Service<Request<Full<Bytes>>, Response = Response<Body<R>>, Error = Infallible> + Clone,
    R: http_body::Body<Data = Bytes>,
    R::Error: core::fmt::Debug,
{
    let mut request = request.body(Full::default()).unwrap();
    if let Some(connection) = connection {
        request.extensions_mut().insert(connection.clone());
    }
    let Ok(response) = service.clone().oneshot(request).await;
    Seen::of(response).await
}

/// A connection with TLS, made up.
pub(crate) fn tls(number: u8) -> (Connection, TlsChannel) {
    let channel = TlsChannel::none().with_exporter([number; 32]).with_end_point([9; 32]);
    (Connection::https(None, channel.clone()), channel)
}

pub(crate) fn plain() -> Connection {
    Connection::http(None)
}

/// Logs a user in on a connection with NTLM.
pub(crate) async fn log_in<S, R>(service: &S, connection: &Connection, scheme: Scheme, user: &str) -> Seen
where
    S: Service<Request<Full<Bytes>>, Response = Response<Body<R>>, Error = Infallible> + Clone,
    R: http_body::Body<Data = Bytes>,
    R::Error: core::fmt::Debug,
{
    let begun = ntlm(scheme, user);
    let seen = send(service, get("/").header("authorization", &begun.value), Some(connection)).await;
    assert_eq!(seen.status, 401, "{seen:?}");
    let begun = begun.go_on(&seen);
    send(service, get("/").header("authorization", &begun.value), Some(connection)).await
}

pub(crate) fn h2(request: request::Builder) -> request::Builder {
    request.version(Version::HTTP_2)
}
