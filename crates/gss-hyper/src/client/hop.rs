//! One request to one origin: as many times as the logins take, on as few connections as can be.

mod payload;
mod request;

pub(super) use payload::Payload;
pub(super) use request::Head;

use super::answer::{Answer, Lease, drain};
use super::{Shared, Who};
use crate::connect::{Connected, Forwarding, Offer};
use crate::connection::{Connection, SendFailure};
use crate::deadline::Deadline;
use crate::pool::Key;
use crate::turn::{Eager, Next, Signed, Signing, Standing, Terms, Turn};
use crate::{Body, Error, Login, Origin};
use alloc::sync::Arc;
use gss_http::{Route, Scheme, Schemes, Side, Version};
use http::{HeaderValue, Response, StatusCode};
use hyper::body::Incoming;

/// How often one request is sent on one connection at most. A login has at most ten legs, and there may be two.
const MAX_SENDS: usize = 24;
/// How many connections one request may take: the server may have closed the first one long ago, the second when it
/// asked for a login, and each version of HTTP may need its own.
const MAX_TRIES: usize = 4;

/// A request to one origin.
pub(super) struct Hop<'a> {
    pub(super) shared: &'a Shared,
    pub(super) origin: &'a Origin,
    pub(super) who: Who<'a>,
    pub(super) deadline: Deadline,
    pub(super) key: Key,
}

/// What the tries of one request know of each other.
#[derive(Default)]
struct Tries {
    count: usize,
    http1: bool,
    /// Not a connection from the pool: others of it may be closed too.
    fresh: bool,
    /// A connection broke once, which must do.
    broken: bool,
    /// What to send unasked on the next connection.
    origin: Option<Eager>,
    proxy: Option<Eager>,
}

/// The answer, and the connection it came over; `None` for once more, on another connection.
type Tried = Option<(Response<Incoming>, Connection)>;

/// The logins of one request on one connection.
struct Turns<'a> {
    origin: Turn<'a>,
    /// At a proxy that forwards.
    proxy: Option<Turn<'a>>,
}

impl<'a> Hop<'a> {
    pub(super) fn new(shared: &'a Shared, origin: &'a Origin, who: Who<'a>, deadline: Deadline) -> Self {
        let proxy = shared
            .connector
            .proxy(origin)
            .map(|proxy| (proxy.origin.clone(), proxy.login.as_ref().map(|login| login.identity().clone())));
        let owner = match who {
            Who::Login(login) => Some(login.identity().clone()),
            Who::Nobody | Who::NotAllowed => None,
        };
        let key = Key { origin: origin.clone(), proxy, owner, delegation: shared.delegation(origin) };
        Self { shared, origin, who, deadline, key }
    }

    /// Sends the request. The response is one that can be handed out.
    pub(super) async fn send(
        &self,
        head: &Head,
        payload: &mut Payload,
    ) -> Result<(Response<Incoming>, Lease), Error> {
        let http1 = self.shared.http1 || self.shared.pool.needs_http1(&self.key);
        let mut tries = Tries { http1, ..Tries::default() };
        if self.shared.preemptive
            && self.shared.sessions.is_none()
            && self.origin.is_https()
            && self.login().is_some()
        {
            let negotiate = self.shared.schemes.contains(Scheme::Negotiate);
            tries.origin = negotiate.then_some(Eager::Asked(Scheme::Negotiate));
        }
        let mut ready = None;
        if payload.is_once() {
            ready = self.probe(head, &mut tries).await?;
        }
        let (response, connection) = self.exchange(head, payload, &mut tries, ready).await?;
        let lease = Lease { connection, key: self.key.clone(), pool: Arc::clone(&self.shared.pool) };
        Ok((response, lease))
    }

    /// The response as the caller gets it.
    pub(super) fn hand_out(&self, response: Response<Incoming>, lease: Lease) -> Response<Body> {
        response.map(|incoming| Body::stream(Answer::new(incoming, lease, self.deadline)))
    }

    async fn exchange(
        &self,
        head: &Head,
        payload: &mut Payload,
        tries: &mut Tries,
        mut ready: Option<Connection>,
    ) -> Result<(Response<Incoming>, Connection), Error> {
        while tries.count < MAX_TRIES {
            tries.count = tries.count.saturating_add(1);
            match self.attempt(head, payload, tries, ready.take()).await? {
                Some(answer) => return Ok(answer),
                None if payload.is_there() => {}
                None => return Err(self.not_replayable()),
            }
        }
        Err(Error::ConnectionLost { host: self.origin.to_string(), tries: MAX_TRIES })
    }

    /// Before a body that can be sent once, finds out with `HEAD` whether the server wants a login, and makes it. Gives the
    /// connection on which that was.
    async fn probe(&self, head: &Head, tries: &mut Tries) -> Result<Option<Connection>, Error> {
        let proxy = self.shared.connector.proxy(self.origin).filter(|_| !self.origin.is_https());
        let proxy_login = proxy.is_some_and(|proxy| proxy.login.is_some());
        if self.login().is_none() && !proxy_login {
            return Ok(None);
        }
        let connection = self.checkout(tries).await?;
        let settled = |standing: &Standing| standing.persistence.persistent() || standing.eager().is_some();
        let origin_settled = tries.origin.is_some() || settled(&connection.origin);
        if origin_settled && (!proxy_login || connection.proxy.as_ref().is_some_and(settled)) {
            return Ok(Some(connection));
        }
        let mut nothing = Payload::new(Body::empty());
        let (response, mut connection) =
            self.exchange(&head.probe(), &mut nothing, tries, Some(connection)).await?;
        tries.count = 0;
        if let Some(Eager::Known(scheme)) = connection.origin.eager() {
            tries.origin = Some(Eager::Asked(scheme));
        }
        tries.proxy = connection.proxy.as_ref().and_then(Standing::eager);
        Ok((drain(response).await && connection.ready().await).then_some(connection))
    }

    /// The request on one connection.
    async fn attempt(
        &self,
        head: &Head,
        payload: &mut Payload,
        tries: &mut Tries,
        ready: Option<Connection>,
    ) -> Result<Tried, Error> {
        let mut connection = match ready {
            Some(connection) => connection,
            None => self.checkout(tries).await?,
        };
        let signed = head.signed(self.origin);
        let mut turns = self.turns(&connection, tries, &signed);
        for _ in 0..MAX_SENDS {
            if turns.prepare(&connection).await? == Next::Http11 {
                return Ok(self.with_http1(tries));
            }
            let body = payload.next().ok_or_else(|| self.not_replayable())?;
            let (origin, proxy) = (turns.origin.field(), turns.proxy.as_ref().and_then(Turn::field));
            let request = head.request(self.origin, body, &connection, [origin, proxy])?;
            let mut response = match connection.send(request).await {
                Ok(response) => response,
                Err(failure) => return self.broken(head, payload, tries, &connection, &turns, failure),
            };
            match self.receive(&mut response, &mut connection, &mut turns).await? {
                Next::Answer => return Ok(Some((response, connection))),
                Next::Http11 => return Ok(self.with_http1(tries)),
                Next::Again if !payload.is_there() => return Err(self.not_replayable()),
                Next::Again if connection.version() == Version::Http2 => {}
                Next::Again => {
                    // What is still on its way out would take as long as it likes.
                    if !connection.is_sent() || !drain(response).await || !connection.ready().await {
                        tries.remember(&turns);
                        return Ok(None);
                    }
                }
            }
        }
        Err(Error::TooManySends { limit: MAX_SENDS })
    }

    /// What a response means for the logins.
    async fn receive(
        &self,
        response: &mut Response<Incoming>,
        connection: &mut Connection,
        turns: &mut Turns<'_>,
    ) -> Result<Next, Error> {
        let status = response.status();
        let fields = response.headers();
        let by_proxy = status == StatusCode::PROXY_AUTHENTICATION_REQUIRED;
        let proxy_login_needed = || Error::ProxyLoginNeeded {
            proxy: self.key.proxy.as_ref().map_or(self.origin, |(proxy, _)| proxy).to_string(),
        };
        if let (Some(turn), Some(standing)) = (&mut turns.proxy, &mut connection.proxy) {
            let next = turn.receive(status, fields, standing).await?;
            if by_proxy {
                // The origin has not seen the request, and its token is sent again.
                return if next == Next::Again { Ok(next) } else { Err(proxy_login_needed()) };
            }
            turn.insist(status, standing)?;
        }
        let next = turns.origin.receive(status, fields, &mut connection.origin).await?;
        if next != Next::Answer {
            return Ok(next);
        }
        if turns.origin.is_under_way() {
            // 407 where no proxy is: it says nothing about the login.
            return Err(proxy_login_needed());
        }
        if status == StatusCode::UNAUTHORIZED && matches!(self.who, Who::NotAllowed) {
            let lines = fields.get_all(Side::Origin.challenge_field()).iter().map(HeaderValue::as_bytes);
            let lines: Vec<&[u8]> = lines.collect();
            if let Ok(Some(_)) = Schemes::preferred(self.shared.schemes, lines.iter().copied()) {
                return Err(Error::HostNotAllowed { host: self.origin.to_string() });
            }
        }
        let logged_in = turns.origin.is_done() || connection.origin.persistence.persistent();
        match connection.origin.logged_in.as_ref().filter(|_| logged_in) {
            Some(logged_in) => {
                response.extensions_mut().insert(logged_in.clone());
            }
            None => turns.origin.insist(status, &connection.origin)?,
        }
        Ok(Next::Answer)
    }

    /// The connection broke, or the server refused to go on with it.
    fn broken(
        &self,
        head: &Head,
        payload: &mut Payload,
        tries: &mut Tries,
        connection: &Connection,
        turns: &Turns<'_>,
        failure: SendFailure,
    ) -> Result<Tried, Error> {
        if failure.needs_http11() && !tries.http1 {
            return Ok(self.with_http1(tries));
        }
        let untouched = failure.unsent.is_some() || failure.is_refused_stream();
        if let Some(body) = failure.unsent {
            payload.put_back(body);
        }
        // Otherwise the server may have done what was asked for (RFC 9110 section 9.2.2).
        let harmless = untouched || head.method.is_idempotent();
        let expected = connection.reused || turns.are_under_way() || untouched;
        if !harmless || !expected || tries.broken || !payload.is_there() {
            return Err(Error::Http { host: self.origin.to_string(), source: failure.error });
        }
        tries.broken = true;
        tries.remember(turns);
        Ok(None)
    }

    fn with_http1(&self, tries: &mut Tries) -> Tried {
        tries.http1 = true;
        self.shared.pool.set_needs_http1(&self.key);
        None
    }

    /// A connection that was opened for this user and this origin.
    async fn checkout(&self, tries: &Tries) -> Result<Connection, Error> {
        while !tries.fresh
            && let Some(mut connection) = self.shared.pool.take(&self.key, tries.http1)
        {
            if connection.ready().await {
                return Ok(connection);
            }
        }
        let offer = if tries.http1 { Offer::Http1 } else { Offer::Any };
        let Connected { stream, channel, is_http2, forwarding } =
            self.shared.connector.connect(self.origin, offer).await?;
        let failed = |source| Error::Http { host: self.origin.to_string(), source };
        let max_head = self.shared.connector.head_limit();
        let origin = Standing::new(channel);
        if is_http2 {
            let connection = Connection::over_http2(stream, max_head, origin).await.map_err(failed)?;
            if let Some(shared) = connection.share() {
                self.shared.pool.put(&self.key, shared);
            }
            return Ok(connection);
        }
        let proxy = forwarding.map(|Forwarding { channel, .. }| Standing::new(channel));
        Connection::over_http1(stream, max_head, origin, proxy).await.map_err(failed)
    }

    fn turns<'t>(&'t self, connection: &Connection, tries: &Tries, request: &'t Signed) -> Turns<'t> {
        let Shared { schemes, mutual, bindings, connector, sessions, .. } = self.shared;
        let signing = |sessions| Signing { sessions, key: &self.key, request };
        let terms = Terms {
            side: Side::Origin,
            host: self.origin.host(),
            login: self.login(),
            schemes: *schemes,
            mutual: *mutual,
            delegation: self.key.delegation,
            bindings: *bindings,
            gss: sessions.as_ref().map(signing),
        };
        let forwarded = connection.proxy.as_ref().and_then(|_| connector.proxy(self.origin));
        let route = if forwarded.is_some() { Route::ForwardProxy } else { Route::Direct };
        let origin = Turn::new(terms, connection.version(), route, tries.origin);
        let proxy = forwarded
            .map(|proxy| Turn::new(connector.proxy_terms(proxy), Version::Http1, Route::Direct, tries.proxy));
        Turns { origin, proxy }
    }

    fn login(&self) -> Option<&Arc<dyn Login>> {
        match &self.who {
            Who::Login(login) => Some(login),
            Who::Nobody | Who::NotAllowed => None,
        }
    }

    fn not_replayable(&self) -> Error {
        Error::BodyNotReplayable { host: self.origin.to_string() }
    }
}

impl Turns<'_> {
    async fn prepare(&mut self, connection: &Connection) -> Result<Next, Error> {
        if let (Some(turn), Some(standing)) = (&mut self.proxy, &connection.proxy) {
            turn.prepare(standing).await?;
        }
        self.origin.prepare(&connection.origin).await
    }

    fn are_under_way(&self) -> bool {
        self.origin.is_under_way() || self.proxy.as_ref().is_some_and(Turn::is_under_way)
    }
}

impl Tries {
    fn remember(&mut self, turns: &Turns<'_>) {
        self.fresh = true;
        self.origin = turns.origin.asked().or(self.origin);
        self.proxy = turns.proxy.as_ref().and_then(Turn::asked).or(self.proxy);
    }
}
