//! Requests on their way to the service, and responses on their way back.

use super::body::{Download, Passage, ResponseBody, Upload, UploadError, text};
use super::connector::{ConnectError, Connector};
use super::fields::{self, Origin};
use super::front::Note;
use super::identity::Naming;
use super::tunnel::{self, Protocol, Tunnels};
use super::upstream::Upstream;
use alloc::sync::Arc;
use core::convert::Infallible;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use gss_tower::{Authenticated, Connection};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::client::legacy::{self, Client};
use tower_service::Service;

/// What is passed on, and how.
pub(super) struct Settings {
    pub(super) upstream: Upstream,
    pub(super) naming: Naming,
    /// The path that is answered here, to anybody.
    pub(super) health_path: Option<String>,
    pub(super) protocols: Vec<Protocol>,
    /// Bytes of a request's body.
    pub(super) max_body: u64,
    /// How long a client may pause in its request's body.
    pub(super) client_patience: Duration,
    /// How long the service may think, and pause in its response.
    pub(super) upstream_patience: Duration,
}

/// The service inside the authentication: whoever comes here has logged in, or asks for the health path.
#[derive(Clone)]
pub(super) struct Forward(Arc<Inner>);

struct Inner {
    settings: Settings,
    client: Client<Connector, Upload>,
    tunnels: Tunnels,
}

/// A request that does not come to a response of the service.
struct Refusal {
    status: StatusCode,
    /// For the client.
    told: String,
    /// For the log.
    reason: String,
}

impl Refusal {
    fn new(status: StatusCode, told: impl ToString) -> Self {
        let told = told.to_string();
        Self { status, reason: told.clone(), told }
    }

    /// Where the client has no need to know.
    fn of_service(status: StatusCode, told: &str, reason: impl ToString) -> Self {
        Self { status, told: format!("the service behind this gateway {told}"), reason: reason.to_string() }
    }
}

impl Forward {
    pub(super) fn new(settings: Settings, client: Client<Connector, Upload>, tunnels: Tunnels) -> Self {
        Self(Arc::new(Inner { settings, client, tunnels }))
    }
}

impl Service<Request<Incoming>> for Forward {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let note = request.extensions().get::<Note>().cloned().unwrap_or_default();
            Ok(inner.respond(request, &note).await.unwrap_or_else(|refusal| {
                note.reason(refusal.reason);
                own(refusal.status, &refusal.told)
            }))
        })
    }
}

/// A response of our own.
fn own(status: StatusCode, told: &str) -> Response<ResponseBody> {
    let mut response = Response::new(text(format!("{told}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Inner {
    async fn respond(
        &self,
        mut request: Request<Incoming>,
        note: &Note,
    ) -> Result<Response<ResponseBody>, Refusal> {
        if self.settings.health_path.as_deref() == Some(request.uri().path()) {
            note.silence();
            return Ok(own(StatusCode::OK, "ready"));
        }
        let on_upgrade = hyper::upgrade::on(&mut request);
        let (parts, body) = request.into_parts();
        let outgoing = self.outgoing(parts, &body)?;
        let passage = Passage::new();
        let upload = if body.is_end_stream() {
            Upload::none(Arc::clone(&passage))
        } else {
            let settings = &self.settings;
            Upload::new(body, settings.max_body, settings.client_patience, Arc::clone(&passage))
        };
        let response = self.send(&outgoing, upload, &passage).await?;
        self.incoming(response, outgoing.protocol, on_upgrade)
    }

    /// What to send for a request.
    fn outgoing(&self, mut parts: Parts, body: &Incoming) -> Result<Outgoing, Refusal> {
        let settings = &self.settings;
        let bad = |told: &str| Refusal::new(StatusCode::BAD_REQUEST, told);
        // Only the layer puts it there.
        let Some(who) = parts.extensions.get::<Authenticated>() else {
            return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the request was not authenticated"));
        };
        let uri = settings
            .upstream
            .target(&parts.uri)
            .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error))?;
        let codings = parts.headers.get_all(header::TRANSFER_ENCODING).iter();
        if codings.into_iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
            let told = "the request's transfer coding is not known here, only chunked is";
            return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, told));
        }
        if body.size_hint().lower() > settings.max_body {
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, UploadError::TooLong));
        }
        let host = host(&parts, &settings.upstream).ok_or_else(|| bad("the request has no usable Host"))?;
        // Whoever changes the protocol has no body to send before.
        let protocol = tunnel::wanted(&parts, &settings.protocols).filter(|_| body.is_end_stream());
        let connection = parts.extensions.get::<Connection>();
        let origin = Origin {
            peer: connection.and_then(Connection::peer),
            https: connection.is_some_and(Connection::is_https),
            version: parts.version,
            host: &host,
        };
        fields::of_request(&mut parts.headers, &settings.naming, &origin);
        settings.naming.describe(who, &mut parts.headers);
        let host = if settings.naming.upstream_host {
            HeaderValue::from_str(settings.upstream.authority()).map_err(|_| bad("no name of the service"))?
        } else {
            host
        };
        parts.headers.insert(header::HOST, host);
        // Without this, a body of unknown length is left out where bodies are rare: with GET and HEAD.
        if !body.is_end_stream()
            && body.size_hint().exact().is_none()
            && !parts.headers.contains_key(header::CONTENT_LENGTH)
        {
            parts.headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        if let Some(protocol) = &protocol {
            tunnel::add_fields(&mut parts.headers, protocol.clone());
        }
        Ok(Outgoing { method: parts.method, uri, headers: parts.headers, protocol })
    }

    /// Sends a request, a second time if that can do no harm: the service closes connections when it likes, and a request
    /// that has no body and changes nothing may meet with that (RFC 9110 section 9.2.2).
    async fn send(
        &self,
        outgoing: &Outgoing,
        upload: Upload,
        passage: &Passage,
    ) -> Result<Response<Incoming>, Refusal> {
        let again = outgoing.may_be_repeated() && upload.is_end_stream();
        match self.send_once(outgoing, upload, passage).await {
            Err(Failed::Broken(_)) if again => {
                let passage = Passage::new();
                let upload = Upload::none(Arc::clone(&passage));
                self.send_once(outgoing, upload, &passage).await.map_err(|failed| failed.refusal(&passage))
            }
            sent => sent.map_err(|failed| failed.refusal(passage)),
        }
    }

    async fn send_once(
        &self,
        outgoing: &Outgoing,
        upload: Upload,
        passage: &Passage,
    ) -> Result<Response<Incoming>, Failed> {
        let patience = self.settings.upstream_patience;
        tokio::select! {
            sent = self.client.request(outgoing.request(upload)) => sent.map_err(Failed::of),
            () = passage.pulse.silent_for(patience) => Err(Failed::TooSlow(patience)),
        }
    }

    /// The service's response, as the client gets it.
    fn incoming(
        &self,
        mut response: Response<Incoming>,
        wanted: Option<HeaderValue>,
        client: OnUpgrade,
    ) -> Result<Response<ResponseBody>, Refusal> {
        let status = response.status();
        let bad = |reason| Refusal::of_service(StatusCode::BAD_GATEWAY, "does not answer properly", reason);
        if status == StatusCode::SWITCHING_PROTOCOLS {
            let Some(protocol) = wanted.filter(|wanted| tunnel::granted(response.headers(), wanted)) else {
                return Err(bad("service changes to a protocol that was not asked for"));
            };
            self.tunnels.open(client, hyper::upgrade::on(&mut response));
            let (mut parts, _) = response.into_parts();
            fields::of_response(&mut parts.headers, status);
            tunnel::add_fields(&mut parts.headers, protocol);
            return Ok(Response::from_parts(parts, text("")));
        }
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(bad("service wants a login as a proxy does"));
        }
        let (mut parts, body) = response.into_parts();
        parts.version = Version::HTTP_11;
        fields::of_response(&mut parts.headers, status);
        let body = Download::new(body, self.settings.upstream_patience).boxed_unsync();
        Ok(Response::from_parts(parts, body))
    }
}

/// A request to the service, without its body.
struct Outgoing {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    /// What to change the connection to.
    protocol: Option<HeaderValue>,
}

impl Outgoing {
    fn request(&self, body: Upload) -> Request<Upload> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }

    fn may_be_repeated(&self) -> bool {
        self.method.is_safe() && self.protocol.is_none()
    }
}

/// Why there is no response.
enum Failed {
    Unreachable(legacy::Error),
    /// A connection that ended, or that was not HTTP.
    Broken(legacy::Error),
    TooSlow(Duration),
}

impl Failed {
    fn of(error: legacy::Error) -> Self {
        if error.is_connect() { Self::Unreachable(error) } else { Self::Broken(error) }
    }

    fn refusal(self, passage: &Passage) -> Refusal {
        // What the client did wrong comes first: its broken body breaks the request to the service too.
        if let Some(fault) = passage.fault.get() {
            let status = match fault {
                UploadError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
                UploadError::TooSlow => StatusCode::REQUEST_TIMEOUT,
                UploadError::Broken => StatusCode::BAD_REQUEST,
            };
            return Refusal::new(status, fault);
        }
        match self {
            Self::Unreachable(error) => {
                let slow = matches!(find(&error), Some(ConnectError::TimedOut(_)));
                let status = if slow { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY };
                Refusal::of_service(status, "cannot be reached", chain(&error))
            }
            Self::Broken(error) => {
                Refusal::of_service(StatusCode::BAD_GATEWAY, "does not answer properly", chain(&error))
            }
            Self::TooSlow(after) => {
                let reason = format!("no response of the service after {after:?}");
                Refusal::of_service(StatusCode::GATEWAY_TIMEOUT, "does not answer in time", reason)
            }
        }
    }
}

fn causes<'e>(
    error: &'e (dyn core::error::Error + 'static),
) -> impl Iterator<Item = &'e (dyn core::error::Error + 'static)> {
    core::iter::successors(Some(error), |error| error.source())
}

fn find<'e, E: core::error::Error + 'static>(error: &'e (dyn core::error::Error + 'static)) -> Option<&'e E> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// An error with its causes.
fn chain(error: &(dyn core::error::Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The host that the client asked for (RFC 9112 section 3.2): that of its target, or the only `Host`. HTTP/1.0 needs none.
fn host(parts: &Parts, upstream: &Upstream) -> Option<HeaderValue> {
    let mut lines = parts.headers.get_all(header::HOST).iter();
    let host = match (parts.uri.authority(), lines.next(), lines.next()) {
        (Some(authority), _, None) => HeaderValue::from_str(authority.as_str()).ok()?,
        (None, Some(host), None) => host.clone(),
        (None, None, None) if parts.version < Version::HTTP_11 => {
            HeaderValue::from_str(upstream.authority()).ok()?
        }
        _ => return None,
    };
    let authority: Authority = host.to_str().ok()?.parse().ok()?;
    (!authority.as_str().contains('@')).then_some(host)
}
