//! The login of one request at one side: at the origin, or at a proxy.

mod gss;

pub(crate) use self::gss::{Signed, Signing};

use self::gss::Gss;
use crate::{Bindings, Delegation, Error, LoggedIn, Login, LoginError, Mutual, Wanted, random};
use ::gss::{ChannelBindings, Initiator, Target, Timestamp};
use alloc::sync::Arc;
use gss_core::bindings::{TlsBinding, TlsChannel};
use gss_http::persistence::{PERSISTENT_AUTH, PROXY_SUPPORT, Persistence, parse_persistent_auth};
use gss_http::{
    Client, ClientError, ClientPolicy, Exchange, FinalToken, FirstOutcome, HeaderField, Outcome, Response,
    Route, Scheme, Schemes, ServerProof, Side, Version,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::sync::OnceLock;

/// The service that servers and proxies of HTTP are.
const SERVICE: &str = "HTTP";
/// Where a proxy may put its last token: squid does so.
const PROXY_AUTHENTICATION_INFO: &str = "Proxy-Authentication-Info";

/// What is known of one side of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) channel: TlsChannel,
    pub(crate) persistence: Persistence,
    /// How the last login came out.
    pub(crate) logged_in: Option<LoggedIn>,
    /// The scheme of which the side took one token and no more. All requests on a shared connection learn of it.
    known: Arc<OnceLock<Scheme>>,
}

impl Standing {
    pub(crate) fn new(channel: TlsChannel) -> Self {
        Self { channel, persistence: Persistence::new(), logged_in: None, known: Arc::default() }
    }

    /// Why the next request brings a token unasked, if it does.
    pub(crate) fn eager(&self) -> Option<Eager> {
        self.known.get().copied().map(Eager::Known)
    }
}

/// What a login goes by. It is the same for all tries of a request.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) side: Side,
    pub(crate) host: &'a str,
    pub(crate) login: Option<&'a Arc<dyn Login>>,
    pub(crate) schemes: Schemes,
    pub(crate) mutual: Mutual,
    pub(crate) delegation: Delegation,
    pub(crate) bindings: Bindings,
    /// For the scheme `GSS`, where it is used.
    pub(crate) gss: Option<Signing<'a>>,
}

/// The login of one request at one side of one connection.
pub(crate) struct Turn<'a> {
    terms: Terms<'a>,
    version: Version,
    route: Route,
    state: State,
    /// The scheme that the side is known to want: its token goes along unasked.
    pub(crate) eager: Option<Eager>,
}

/// Why a token goes along unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Eager {
    /// The caller says so, or this side asked in answer to this very request. A response without a token is no proof.
    Asked(Scheme),
    /// The side took such a token before. A response without one comes from a part that needs no login.
    Known(Scheme),
}

impl Eager {
    const fn scheme(self) -> Scheme {
        match self {
            Self::Asked(scheme) | Self::Known(scheme) => scheme,
        }
    }
}

enum State {
    /// This request has no token of ours.
    Quiet,
    /// It has, and the response to it is awaited.
    Sent { exchange: Box<Exchange<Initiator>>, field: HeaderValue, tokens: usize, eager: Option<Eager> },
    /// It has credentials of the scheme `GSS`.
    Gss { gss: Gss, field: HeaderValue },
    /// The side took it.
    Done,
}

/// What to do after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is the answer.
    Answer,
    /// Send the request again on the same connection.
    Again,
    /// Send it again over HTTP/1.1.
    Http11,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(terms: Terms<'a>, version: Version, route: Route, eager: Option<Eager>) -> Self {
        Self { terms, version, route, state: State::Quiet, eager }
    }

    /// Whether a handshake has begun and is not done.
    pub(crate) fn is_under_way(&self) -> bool {
        matches!(self.state, State::Sent { .. } | State::Gss { gss: Gss::Login(_), .. })
    }

    /// The scheme that this side asked for, for another try on another connection.
    pub(crate) fn asked(&self) -> Option<Eager> {
        match &self.state {
            // What a connection was known to want says nothing about the next one.
            State::Sent { .. } => self.eager.filter(|eager| matches!(eager, Eager::Asked(_))),
            _ => None,
        }
    }

    /// Whether the side took our credentials with this request.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Refuses an answer of a side that asked for no login, where the caller insists on one.
    pub(crate) fn insist(&self, status: StatusCode, standing: &Standing) -> Result<(), Error> {
        let insists = self.terms.mutual == Mutual::Insist && self.terms.login.is_some();
        if !insists || self.is_done() || standing.persistence.persistent() {
            return Ok(());
        }
        Err(Error::NotAsked { host: self.terms.host.to_owned(), status })
    }

    /// The name and value of the field to send.
    pub(crate) fn field(&self) -> Option<(&'static str, HeaderValue)> {
        match &self.state {
            State::Sent { field, .. } | State::Gss { field, .. } => {
                Some((self.terms.side.credentials_field(), field.clone()))
            }
            _ => None,
        }
    }

    /// Makes a token before the request is sent, if one is to go along unasked.
    pub(crate) async fn prepare(&mut self, standing: &Standing) -> Result<Next, Error> {
        if self.is_under_way() || self.sign(standing) {
            return Ok(Next::Answer);
        }
        if standing.persistence.persistent() || self.route == Route::ForwardProxy {
            return Ok(Next::Answer);
        }
        // A proxy that took a token with the request before wants another one with this.
        self.eager = self.eager.or_else(|| standing.eager());
        let (Some(eager), Some(_)) = (self.eager, self.terms.login) else { return Ok(Next::Answer) };
        let client = self.client(eager.scheme(), standing, eager).await?;
        let begun = random::with_env(self.now(), |env| client.preempt(env));
        match begun {
            Ok((field, exchange)) => {
                self.sent(field, exchange, 1, Some(eager));
                Ok(Next::Answer)
            }
            Err(error) if error.needs_http11() => Ok(Next::Http11),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Takes a response to the request.
    pub(crate) async fn receive(
        &mut self,
        status: StatusCode,
        fields: &HeaderMap,
        standing: &mut Standing,
    ) -> Result<Next, Error> {
        let challenged = status.as_u16() == self.terms.side.challenge_status();
        if challenged {
            standing.persistence.challenged();
        }
        match core::mem::replace(&mut self.state, State::Quiet) {
            State::Quiet | State::Done if challenged => self.begin(status, fields, standing).await,
            State::Sent { exchange, field, tokens, eager } => {
                self.go_on(*exchange, (field, tokens, eager), status, fields, standing).await
            }
            State::Gss { gss, field } => self.go_on_with_gss(gss, field, (status, fields), standing).await,
            done_or_quiet => {
                self.state = done_or_quiet;
                Ok(Next::Answer)
            }
        }
    }

    /// A challenge to a request without a token.
    async fn begin(
        &mut self,
        status: StatusCode,
        fields: &HeaderMap,
        standing: &Standing,
    ) -> Result<Next, Error> {
        let Some(login) = self.terms.login else { return Ok(Next::Answer) };
        if let Some(next) = self.begin_gss(fields, standing).await? {
            return Ok(next);
        }
        let Some(scheme) = self.offered(login, fields)? else {
            return Err(Error::NotOffered {
                host: self.terms.host.to_owned(),
                offered: offered(self.terms.side, fields),
            });
        };
        if scheme == Scheme::Ntlm && self.version.multiplexes() {
            return Ok(Next::Http11);
        }
        let eager = Eager::Asked(scheme);
        let client = self.client(scheme, standing, eager).await?;
        let response = self.response(status, fields);
        let outcome = random::with_env(self.now(), |env| client.receive(response, env));
        match outcome {
            Ok(FirstOutcome::SendAgain { field, exchange }) => {
                self.eager = Some(eager);
                self.sent(field, exchange, 1, Some(eager));
                Ok(Next::Again)
            }
            Ok(FirstOutcome::NotAsked(_)) => Ok(Next::Answer),
            Err(error) if error.needs_http11() => Ok(Next::Http11),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// A response to a request with a token.
    async fn go_on(
        &mut self,
        exchange: Exchange<Initiator>,
        (field, tokens, eager): (HeaderValue, usize, Option<Eager>),
        status: StatusCode,
        fields: &HeaderMap,
        standing: &mut Standing,
    ) -> Result<Next, Error> {
        let response = self.response(status, fields);
        let outcome = random::with_env(self.now(), |env| exchange.receive(response, env));
        let scheme = eager.map_or(Scheme::default(), Eager::scheme);
        match outcome {
            Ok(Outcome::SendAgain { field, exchange }) => {
                let eager = self.asks(scheme);
                self.sent(field, exchange, tokens.saturating_add(1), eager);
                Ok(Next::Again)
            }
            Ok(Outcome::Done { context, server }) => {
                if server == ServerProof::None && self.terms.mutual.is_required() {
                    let (host, scheme) = (self.terms.host.to_owned(), scheme.name());
                    return Err(Error::NotProven { host, scheme });
                }
                if !self.version.multiplexes() {
                    let persistent = match self.terms.side {
                        Side::Origin => fields.get(PERSISTENT_AUTH),
                        // A proxy forwards the origin's own field with this name.
                        Side::Proxy => None,
                    };
                    let persistent = persistent.and_then(|value| parse_persistent_auth(value.as_bytes()));
                    standing.persistence.succeeded(persistent, &context.mechanism());
                }
                standing.logged_in = Some(LoggedIn::new(&context, scheme.name(), server));
                if tokens == 1 && scheme == Scheme::Negotiate {
                    // A second one says the same.
                    let _ = standing.known.set(scheme);
                }
                self.state = State::Done;
                Ok(Next::Answer)
            }
            Ok(Outcome::Unproven) => {
                standing.logged_in = None;
                if self.terms.mutual.is_required() && matches!(eager, Some(Eager::Asked(_))) {
                    let (host, scheme) = (self.terms.host.to_owned(), scheme.name());
                    return Err(Error::NotProven { host, scheme });
                }
                Ok(Next::Answer)
            }
            Ok(Outcome::Restart(restart)) => {
                let initiator = self.initiator(scheme, standing).await?;
                let (field, exchange) = random::with_env(self.now(), |env| restart.with(initiator, env))
                    .map_err(|error| self.failed(error))?;
                let eager = self.asks(scheme);
                self.sent(field, exchange, 1, eager);
                Ok(Next::Again)
            }
            Ok(Outcome::Wait(exchange)) => {
                self.state = State::Sent { exchange: Box::new(exchange), field, tokens, eager };
                Ok(Next::Answer)
            }
            Err(error) if error.needs_http11() => Ok(Next::Http11),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// The side asks in answer to this very request: from now on a response without a token is no proof.
    fn asks(&mut self, scheme: Scheme) -> Option<Eager> {
        self.eager = Some(Eager::Asked(scheme));
        self.eager
    }

    /// The best scheme that is listed, that the login speaks and that the response offers.
    fn offered(&self, login: &Arc<dyn Login>, fields: &HeaderMap) -> Result<Option<Scheme>, Error> {
        let lines = || fields.get_all(self.terms.side.challenge_field()).iter().map(HeaderValue::as_bytes);
        for scheme in self.terms.schemes.iter().filter(|scheme| login.speaks(*scheme)) {
            let found = Schemes::only(scheme)
                .preferred(lines().collect::<Vec<_>>().iter().copied())
                .map_err(|error| self.failed(error.into()))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    async fn client(
        &self,
        scheme: Scheme,
        standing: &Standing,
        eager: Eager,
    ) -> Result<Client<Initiator>, Error> {
        // Servers may have parts that need no login; a proxy asks for all requests.
        let asked = matches!(eager, Eager::Asked(_)) || self.terms.side == Side::Proxy;
        let mutual = self.terms.mutual.is_required() && asked;
        let policy = ClientPolicy {
            side: self.terms.side,
            scheme,
            version: self.version,
            route: self.route,
            final_token: if mutual { FinalToken::Require } else { FinalToken::AllowMissing },
            ..ClientPolicy::default()
        };
        let client = Client::new(self.initiator(scheme, standing).await?, policy);
        let again = standing.persistence.authenticated();
        Ok(if again { client.on_authenticated_connection() } else { client })
    }

    async fn initiator(&self, scheme: Scheme, standing: &Standing) -> Result<Initiator, Error> {
        let bindings = match self.terms.bindings {
            Bindings::EndPoint | Bindings::Connection => {
                standing.channel.of(TlsBinding::ServerEndPoint).next()
            }
            Bindings::Never => None,
        };
        self.initiator_bound(scheme, bindings).await
    }

    async fn initiator_bound(
        &self,
        scheme: Scheme,
        bindings: Option<ChannelBindings<'_>>,
    ) -> Result<Initiator, Error> {
        let host = self.terms.host;
        let failed = |source| Error::Login { host: host.to_owned(), source: Box::new(source) };
        let login = self.terms.login.ok_or_else(|| Error::HostNotAllowed { host: host.to_owned() })?;
        let mutual = self.terms.mutual.is_required();
        if mutual && (scheme == Scheme::Ntlm || !login.identity().mechanism().proves_server()) {
            return Err(failed(LoginError::ProvesNothing));
        }
        let target =
            Target::new(SERVICE, host).map_err(|_| failed(LoginError::Host { host: host.to_owned() }))?;
        let wanted = Wanted { target, scheme, bindings, delegation: self.terms.delegation, mutual };
        login.initiator(wanted).await.map_err(failed)
    }

    fn response<'f>(&self, status: StatusCode, fields: &'f HeaderMap) -> Response<Vec<&'f [u8]>> {
        let lines = |name: &str| fields.get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>();
        let mut challenges = lines(self.terms.side.challenge_field());
        let challenged = status.as_u16() == self.terms.side.challenge_status();
        if self.terms.side == Side::Proxy && !challenged && challenges.is_empty() {
            challenges = lines(PROXY_AUTHENTICATION_INFO);
        }
        Response::new(status.as_u16(), challenges).with_proxy_support(lines(PROXY_SUPPORT))
    }

    fn sent(
        &mut self,
        field: HeaderField,
        exchange: Exchange<Initiator>,
        tokens: usize,
        eager: Option<Eager>,
    ) {
        // Base64 and a name: every byte may stand in a field.
        let mut value =
            HeaderValue::from_bytes(field.value.as_bytes()).unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        self.state = State::Sent { exchange: Box::new(exchange), field: value, tokens, eager };
    }

    fn now(&self) -> Timestamp {
        self.terms.login.map_or_else(Timestamp::now, |login| login.now())
    }

    fn failed(&self, source: ClientError<::gss::Error>) -> Error {
        if matches!(source, ClientError::Denied { .. }) {
            self.refused();
        }
        let (host, side) = (self.terms.host.to_owned(), self.terms.side);
        Error::Exchange { host, side, source: Box::new(source) }
    }

    /// Lets the login know that its token was refused.
    fn refused(&self) {
        if let (Some(login), Ok(target)) = (self.terms.login, Target::new(SERVICE, self.terms.host)) {
            login.refused(&target);
        }
    }
}

/// A field's value that is kept out of logs and of the tables of HTTP/2.
fn sensitive(field: &HeaderField) -> HeaderValue {
    // Visible ASCII and spaces: every byte may stand in a field.
    let value = HeaderValue::from_bytes(field.value.as_bytes());
    let mut value = value.unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// The names of the schemes that a response offers, as far as they can be read.
pub(crate) fn offered(side: Side, fields: &HeaderMap) -> Vec<String> {
    let lines: Vec<&[u8]> =
        fields.get_all(side.challenge_field()).iter().map(HeaderValue::as_bytes).collect();
    let found = gss_http::challenge::challenges(lines.iter().copied());
    found.filter_map(Result::ok).map(|challenge| challenge.scheme.to_owned()).take(8).collect()
}
