//! The layer and its service.

use crate::body::{self, Body};
use crate::builder::{Builder, Requirement, Shared};
use crate::connection::Connection;
use crate::counters::{Counters, Event};
use crate::judge::{Asked, Judged};
use crate::reply::{Reply, append, is_grpc};
use crate::{Authenticated, Manner};
use alloc::sync::Arc;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use gss::AcceptorConfig;
use gss_http::HeaderField;
use gss_http::gss::StoreUnavailable;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header};
use tower_layer::Layer;
use tower_service::Service;

/// Authenticates requests before the service inside sees them.
///
/// A request that is let in has [`Authenticated`] in its extensions, and its response gets the server's last token and
/// `Persistent-Auth` added, so that the client can check the server. All else is answered by the layer: 401 (407 as a proxy)
/// with a challenge for each scheme, 400 and 431 for what is no well-formed request, 403 for what the [authorisation
/// hook](Builder::authorize) refuses.
///
/// Calls of gRPC are refused with `grpc-status`, and without a body.
///
/// A response of the service inside with status 401 is left as it is, since clients take a token in it for another leg;
/// where authentication is optional and the client has not logged in, it gets the layer's challenges.
///
/// Clones share everything. Where two layers guard parts of one server, a login at one is none at the other, even on the
/// same connection.
#[derive(Clone, Debug)]
pub struct AuthenticationLayer(Arc<Shared>);

impl AuthenticationLayer {
    /// A layer that offers `Negotiate` and lets in everybody who logs in.
    #[must_use]
    pub fn new(config: impl Into<Arc<AcceptorConfig>>) -> Self {
        Self::builder(config).build().unwrap_or_else(|error| unreachable!("nothing is set: {error}"))
    }

    /// A layer with other settings. Keys and replay cache of the configuration are shared by all its clones.
    pub fn builder(config: impl Into<Arc<AcceptorConfig>>) -> Builder {
        Builder::new(config.into())
    }

    pub(crate) fn of(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Ends the context of the scheme `GSS` by which a client can authenticate again. A [session](crate::Sessions::end) and
    /// the login of a connection are other things.
    ///
    /// # Errors
    /// The store cannot be asked: the context can be used still.
    pub fn log_out(&self, who: &Authenticated) -> Result<(), StoreUnavailable> {
        match (&self.0.gss, who.context()) {
            (Some(gss), Some(context)) => gss.server.forget(&context),
            _ => Ok(()),
        }
    }

    /// What this layer and its clones count.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.0.counters.clone()
    }
}

impl<S> Layer<S> for AuthenticationLayer {
    type Service = Authentication<S>;

    fn layer(&self, inner: S) -> Authentication<S> {
        Authentication { shared: Arc::clone(&self.0), inner }
    }
}

/// The service that [`AuthenticationLayer`] makes of another.
#[derive(Clone, Debug)]
pub struct Authentication<S> {
    shared: Arc<Shared>,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Authentication<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: http_body::Body + Send + 'static,
    R: Send + 'static,
{
    type Response = Response<Body<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<R, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that is ready goes with the request; a clone of it may not be.
        let clone = self.inner.clone();
        let inner = core::mem::replace(&mut self.inner, clone);
        let shared = Arc::clone(&self.shared);
        ResponseFuture(Box::pin(respond(shared, inner, request)))
    }
}

/// The response of an [`Authentication`]. Dropping it half-way leaves its connection with no login that was not complete
/// before.
#[must_use]
pub struct ResponseFuture<R, E>(Pin<Box<dyn Future<Output = Responded<R, E>> + Send>>);

type Responded<R, E> = Result<Response<Body<R>>, E>;

impl<R, E> Future for ResponseFuture<R, E> {
    type Output = Responded<R, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<R, E> fmt::Debug for ResponseFuture<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}

/// In the extensions of a request whose client did not log in, and need not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unknown;

async fn respond<S, B, R>(
    shared: Arc<Shared>,
    mut inner: S,
    request: Request<B>,
) -> Result<Response<Body<R>>, S::Error>
where
    S: Service<Request<B>, Response = Response<R>>,
    B: http_body::Body,
{
    let (mut parts, body) = request.into_parts();
    let requirement = shared.requirement.as_ref().map_or(Requirement::Required, |rule| rule(&parts));
    if requirement == Requirement::None {
        let response = inner.call(Request::from_parts(parts, body)).await?;
        return Ok(response.map(Body::inner));
    }
    let connection = Connection::of(&parts.extensions);
    let grpc = is_grpc(&parts.headers);
    let send = |reply: Reply| if grpc { reply.for_grpc() } else { reply }.into_response();
    match shared.judge(&parts, connection.as_ref()).await {
        Judged::Accepted { who, fields } => {
            if let Some(reply) = refused(&shared, &who, &parts).await {
                return Ok(send(Reply { fields, ..reply }));
            }
            let cookie = shared.cookie(&who, connection.as_ref());
            parts.extensions.insert(who.clone());
            let response = inner.call(Request::from_parts(parts, body)).await?;
            Ok(known(response, &who, fields, cookie))
        }
        Judged::Unknown(asked) if requirement == Requirement::Optional => {
            shared.counters.count(Event::Anonymous);
            parts.extensions.remove::<Authenticated>();
            parts.extensions.insert(Unknown);
            let response = inner.call(Request::from_parts(parts, body)).await?;
            Ok(unknown(response, asked))
        }
        Judged::Unknown(Asked { status, fields }) => {
            shared.counters.count(Event::Challenge);
            let page = shared.page(&parts, None);
            throw_away(&parts, body).await;
            Ok(send(Reply { status, fields, page, http11: false }))
        }
        Judged::Refused(reply) => {
            throw_away(&parts, body).await;
            Ok(send(reply))
        }
    }
}

/// Reads what nobody will look at, where the connection has to live on for the next leg: on HTTP/1. Who waits to be asked
/// for the body sends none.
async fn throw_away<B: http_body::Body>(parts: &Parts, body: B) {
    if parts.version < Version::HTTP_2 && !parts.headers.contains_key(header::EXPECT) {
        body::drain(body).await;
    }
}

/// Asks the application whether the client may go on.
async fn refused(shared: &Shared, who: &Authenticated, parts: &Parts) -> Option<Reply> {
    let forbidden = shared.authorize.as_ref()?.authorize(who, parts).await.err()?;
    shared.counters.count(Event::Forbidden);
    tracing::info!(outcome = "forbidden", principal = who.principal(), reason = %forbidden, "request forbidden");
    Some(Reply::reason(StatusCode::FORBIDDEN, Vec::new(), &forbidden.to_string()))
}

/// The service's response to a client that is known.
fn known<R>(
    response: Response<R>,
    who: &Authenticated,
    fields: Vec<HeaderField>,
    cookie: Option<HeaderValue>,
) -> Response<Body<R>> {
    let mut response = response.map(Body::inner);
    if response.status() == StatusCode::UNAUTHORIZED
        || response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
    {
        return response;
    }
    let headers = response.headers_mut();
    append(headers, fields);
    if let Some(cookie) = cookie {
        // Whoever gets the cookie is its user, whatever the service says of the rest of its response.
        if !is_private(headers) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
        }
        headers.append(header::SET_COOKIE, cookie);
    } else if who.manner() != Manner::Login {
        // Only requests with `Authorization` are safe from shared caches by themselves (RFC 9111 section 3.5).
        private(headers);
    }
    response
}

/// The service's response to a client that is not known.
fn unknown<R>(response: Response<R>, asked: Asked) -> Response<Body<R>> {
    let mut response = response.map(Body::inner);
    if response.status() == asked.status {
        append(response.headers_mut(), asked.fields);
        private(response.headers_mut());
    }
    response
}

fn private(headers: &mut HeaderMap) {
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    }
}

/// Whether no shared cache may store any of the response. `private` with names of fields is about these only (RFC 9111
/// section 5.2.2.7), and what is quoted is no directive.
fn is_private(headers: &HeaderMap) -> bool {
    headers.get_all(header::CACHE_CONTROL).iter().any(|line| {
        let (mut quoted, mut escaped) = (false, false);
        let mut directives = line.as_bytes().split(|byte| {
            quoted ^= *byte == b'"' && !escaped;
            escaped = quoted && *byte == b'\\' && !escaped;
            *byte == b',' && !quoted
        });
        directives.any(|directive| {
            let directive = directive.trim_ascii();
            directive.eq_ignore_ascii_case(b"private") || directive.eq_ignore_ascii_case(b"no-store")
        })
    })
}
