//! From a request's fields to who sent it.

mod gss_step;

use crate::authenticated::{Authenticated, Manner};
use crate::builder::Shared;
use crate::connection::{Connection, Login};
use crate::counters::Event;
use crate::gss_scheme::{Signed, is_gss};
use crate::reply::{Page, Reply};
use alloc::sync::Arc;
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use gss::{AcceptableBindings, Acceptor, ChannelBindings, Diagnose, Env, Framing, oid};
use gss_core::bindings::{TlsBinding, TlsChannel};
use gss_http::{
    Answer, Continuation, HeaderField, Need, Request, Scheme, ServerConnection, ServerError, ServerPolicy,
    Version,
};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use tracing::Span;
use tracing::field::Empty;

/// What a request comes to.
pub(crate) enum Judged {
    /// Its client is known. The fields go with the response.
    Accepted { who: Authenticated, fields: Vec<HeaderField> },
    /// It has no credentials of ours.
    Unknown(Asked),
    /// It is answered without the inner service.
    Refused(Reply),
}

/// What asks for credentials.
pub(crate) struct Asked {
    pub(crate) status: StatusCode,
    pub(crate) fields: Vec<HeaderField>,
}

/// The part of a request that is judged, with nothing borrowed.
struct Judgeable {
    credentials: Vec<HeaderValue>,
    version: Version,
    via: bool,
    /// If the credentials are those of the scheme `GSS`.
    gss: Option<Signed>,
}

/// What the steps of a handshake come to.
enum Stepped {
    Accepted { who: Authenticated, fields: Vec<HeaderField> },
    Asked(gss_http::Reply),
    Continued(gss_http::Reply),
    Refused { reply: gss_http::Reply, reason: Option<String>, http11: bool },
}

impl Shared {
    /// Judges a request.
    pub(crate) async fn judge(self: &Arc<Self>, parts: &Parts, connection: Option<&Connection>) -> Judged {
        let request = self.judgeable(parts, connection);
        let channel = connection.map_or_else(TlsChannel::none, |connection| connection.channel().clone());
        let stepped = match connection {
            // Nothing is bound to the connection, so that requests need not wait for each other.
            Some(_) if request.version.multiplexes() => self.once(self.policy, request, channel).await,
            Some(connection) => {
                let mut logins = connection.logins().await;
                let login = logins.take(self.id);
                let login = login.unwrap_or_else(|| Login::new(ServerConnection::new(self.policy)));
                let (login, stepped) = self.run(login, request, channel).await;
                if let Some(login) = login {
                    logins.put(self.id, login);
                }
                stepped
            }
            None => {
                let policy = ServerPolicy { continuation: Continuation::Never, ..self.policy };
                self.once(policy, request, channel).await
            }
        };
        self.judged(stepped, parts, connection)
    }

    fn judgeable(&self, parts: &Parts, connection: Option<&Connection>) -> Judgeable {
        let via = self.behind_proxy || parts.headers.contains_key(header::VIA);
        let field = self.policy.side.credentials_field();
        let credentials: Vec<_> = parts.headers.get_all(field).iter().cloned().collect();
        let gss = self.gss.as_ref().filter(|_| is_gss(&credentials));
        Judgeable {
            gss: gss.map(|gss| gss.signed(parts)),
            credentials,
            version: match parts.version {
                http::Version::HTTP_2 => Version::Http2,
                http::Version::HTTP_3 => Version::Http3,
                _ => Version::Http1,
            },
            via: connection.map_or(via, |connection| connection.via(via)),
        }
    }

    /// A request by itself.
    async fn once(
        self: &Arc<Self>,
        policy: ServerPolicy,
        request: Judgeable,
        channel: TlsChannel,
    ) -> Stepped {
        self.run(Login::new(ServerConnection::new(policy)), request, channel).await.1
    }

    /// Takes the step here, or where it may block.
    async fn run(
        self: &Arc<Self>,
        mut login: Login,
        request: Judgeable,
        channel: TlsChannel,
    ) -> (Option<Login>, Stepped) {
        // Requests without credentials ask nobody.
        if !self.blocking || request.credentials.is_empty() {
            let stepped = self.step(&mut login, &request, &channel);
            return (Some(login), stepped);
        }
        let shared = Arc::clone(self);
        let span = Span::current();
        let task = tokio::task::spawn_blocking(move || {
            let _in = span.entered();
            let stepped = shared.step(&mut login, &request, &channel);
            (login, stepped)
        });
        match task.await {
            Ok((login, stepped)) => (Some(login), stepped),
            Err(error) => {
                tracing::error!(%error, "handshake step failed");
                self.counters.reject("step_failed");
                (None, Stepped::failed())
            }
        }
    }

    fn step(&self, login: &mut Login, request: &Judgeable, channel: &TlsChannel) -> Stepped {
        let channel = self
            .end_points
            .of(TlsBinding::ServerEndPoint)
            .fold(channel.clone(), |channel, end_point| channel.with_end_point(end_point.application_data));
        let _in = tracing::debug_span!(
            "authentication",
            scheme = scheme_name(&request.credentials),
            mechanism = Empty,
            outcome = Empty,
            principal = Empty,
        )
        .entered();
        let mut rng = UnwrapErr(SysRng);
        let mut env = Env::new((self.clock)(), &mut rng);
        let stepped = self.negotiate(login, request, &channel, &mut env);
        login.follow(&self.counters);
        let Some(gss) = &self.gss else { return stepped };
        match &request.gss {
            // What the connection had before is over all the same.
            Some(signed) => self.gss_step(gss, request, signed, &channel, &mut env),
            None => stepped.with_offer(gss, &channel),
        }
    }

    /// A step of `Negotiate` and `NTLM`.
    fn negotiate(
        &self,
        login: &mut Login,
        request: &Judgeable,
        channel: &TlsChannel,
        env: &mut Env<'_>,
    ) -> Stepped {
        let any_of: Vec<ChannelBindings<'_>> = channel.bindings().collect();
        let acceptable = AcceptableBindings { policy: self.bindings, any_of: &any_of };
        let acceptor = match Acceptor::new(Arc::clone(&self.config)).channel_bindings(&acceptable) {
            Ok(acceptor) => acceptor,
            Err(error) => {
                tracing::error!(%error, "connection has too many bindings");
                self.counters.reject("too_many_bindings");
                return Stepped::failed();
            }
        };
        let make = |scheme| {
            Ok(match scheme {
                Scheme::Negotiate => acceptor,
                Scheme::Ntlm => acceptor.framing(Framing::Raw),
            })
        };
        let judged =
            Request { credentials: &request.credentials, version: request.version, via: request.via };
        match login.server.receive(judged, make, env) {
            // They are another scheme's.
            _ if request.gss.is_some() => Stepped::failed(),
            answer => self.stepped(answer, request.credentials.is_empty()),
        }
    }

    /// `silent` says that the request has no credentials.
    fn stepped(&self, answer: Answer<'_, Acceptor>, silent: bool) -> Stepped {
        match answer {
            Answer::Challenge(reply) => Stepped::Asked(reply),
            Answer::Continue(reply) => self.continued(reply),
            Answer::Accepted { context, fields } => {
                let manner = if silent { Manner::Connection } else { Manner::Login };
                let who = Authenticated::of_context(&context, manner);
                self.accepted(&who);
                Stepped::Accepted { who, fields }
            }
            Answer::Reject { reply, error } => {
                self.rejected(&error, reply.status);
                let http11 = error.needs_http11() && self.would_do_over_http11(&error);
                Stepped::Refused { reply, reason: may_be_told(&error), http11 }
            }
        }
    }

    fn continued(&self, reply: gss_http::Reply) -> Stepped {
        self.counters.count(Event::Continued);
        Span::current().record("outcome", "continued");
        tracing::debug!("handshake takes another leg");
        Stepped::Continued(reply)
    }

    fn rejected(&self, error: &(impl Diagnose + core::fmt::Display), status: u16) {
        let code = error.code();
        self.counters.reject(code);
        Span::current().record("outcome", code);
        tracing::info!(code, %error, status, "credentials refused");
    }

    fn accepted(&self, who: &Authenticated) {
        let (mechanism, principal) = (who.mechanism_name(), who.principal());
        let (event, outcome) = match who.manner() {
            Manner::Connection => (Event::ByConnection, "connection"),
            Manner::Reauthentication => (Event::Reauthentication, "reauthentication"),
            Manner::Session(_) => (Event::SessionUsed, "session"),
            Manner::Login if who.mechanism() == oid::NTLMSSP => (Event::LoginNtlm, "login"),
            Manner::Login if oid::same_mechanism(&who.mechanism(), &oid::KRB5) => (Event::LoginKrb5, "login"),
            Manner::Login => (Event::LoginOther, "login"),
        };
        self.counters.count(event);
        let span = Span::current();
        span.record("outcome", outcome).record("mechanism", mechanism).record("principal", principal);
        if who.manner() == Manner::Login {
            tracing::info!(mechanism, principal, bound = who.is_channel_bound(), "logged in");
        } else {
            tracing::debug!(outcome, mechanism, principal, "request of a client that logged in before");
        }
    }

    /// Whether there is a mechanism for the client on a connection of its own.
    fn would_do_over_http11<E>(&self, error: &ServerError<E>) -> bool {
        match error {
            ServerError::Unbound { need: Need::Ntlm, .. } => {
                self.config.mechanisms().any(|mechanism| mechanism == oid::NTLMSSP)
            }
            _ => true,
        }
    }

    fn judged(&self, stepped: Stepped, parts: &Parts, connection: Option<&Connection>) -> Judged {
        match stepped {
            Stepped::Accepted { who, fields } => Judged::Accepted { who, fields },
            Stepped::Asked(reply) => match self.session(parts, connection) {
                Some(who) => Judged::Accepted { who, fields: Vec::new() },
                None => Judged::Unknown(Asked { status: status(reply.status), fields: reply.fields }),
            },
            Stepped::Continued(reply) => Judged::Refused(self.reply(reply, parts, None, false)),
            Stepped::Refused { reply, reason, http11 } => {
                Judged::Refused(self.reply(reply, parts, reason.as_deref(), http11))
            }
        }
    }

    /// The session of a request without credentials.
    fn session(&self, parts: &Parts, connection: Option<&Connection>) -> Option<Authenticated> {
        let sessions = self.sessions.as_ref()?;
        if !sessions.may_use(connection.is_some_and(Connection::is_https)) {
            return None;
        }
        match sessions.read(&parts.headers, (self.clock)()) {
            Ok(found) => {
                let who = found?;
                self.accepted(&who);
                Some(who)
            }
            Err(error) => {
                self.counters.count(Event::SessionRefused);
                tracing::info!(outcome = error.code(), "session cookie refused");
                None
            }
        }
    }

    /// The cookie for a login.
    pub(crate) fn cookie(&self, who: &Authenticated, connection: Option<&Connection>) -> Option<HeaderValue> {
        let sessions = self.sessions.as_ref()?;
        if who.manner() != Manner::Login || !sessions.may_use(connection.is_some_and(Connection::is_https)) {
            return None;
        }
        let cookie = sessions.issue(who, (self.clock)(), &mut UnwrapErr(SysRng))?;
        self.counters.count(Event::SessionBegun);
        Some(cookie)
    }

    fn reply(&self, reply: gss_http::Reply, parts: &Parts, reason: Option<&str>, http11: bool) -> Reply {
        let status = status(reply.status);
        let page = if reply.status == self.policy.side.challenge_status() {
            self.page(parts, reason)
        } else {
            Page::text(format!("{}\n", reason.unwrap_or("the server is not ready")))
        };
        Reply { status, fields: reply.fields, page, http11 }
    }

    /// The body of a response that asks for credentials.
    pub(crate) fn page(&self, parts: &Parts, reason: Option<&str>) -> Page {
        if let Some(rule) = &self.page {
            return rule(parts, reason);
        }
        let mut names: Vec<_> = self.policy.schemes.iter().map(Scheme::name).collect();
        if let Some(gss) = &self.gss {
            names.insert(if gss.preferred { 0 } else { names.len() }, gss_http::gss::NAME);
        }
        let mut text = format!("Log in with {}", names.join(" or "));
        text.push_str(", for instance: kinit, then curl --negotiate --user : URL\n");
        if let Some(reason) = reason {
            text.push_str("What came was refused: ");
            text.push_str(reason);
            text.push('\n');
        }
        Page::text(text)
    }
}

impl Stepped {
    fn failed() -> Self {
        let reply = gss_http::Reply { status: 500, fields: Vec::new() };
        Self::Refused { reply, reason: None, http11: false }
    }
}

/// What is wrong with the request itself. Why a mechanism refuses a token is for the log.
fn may_be_told<E: core::fmt::Display>(error: &ServerError<E>) -> Option<String> {
    match error {
        ServerError::Handshake(_) | ServerError::NoAcceptor(_) | ServerError::WrongMechanism => None,
        other => Some(other.to_string()),
    }
}

/// The scheme that the client uses, if it is one of ours: all else may be a password.
fn scheme_name(credentials: &[HeaderValue]) -> Option<&'static str> {
    if is_gss(credentials) {
        return Some(gss_http::gss::NAME);
    }
    let line = credentials.first()?.to_str().ok()?;
    Scheme::parse(line.split(' ').next()?).map(Scheme::name)
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
