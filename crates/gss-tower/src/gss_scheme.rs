//! The scheme `GSS` beside the others.

use crate::authenticated::Authenticated;
use crate::builder::BuildError;
use alloc::sync::Arc;
use core::fmt;
use gss::{Acceptor, Timestamp};
use gss_core::bindings::TlsChannel;
use gss_http::gss::{
    ContextId, ContextStore, MemoryContextStore, NAME, Nonce, NonceError, NonceFresh, RequestParts, Server,
    ServerError, ServerPolicy, StoreUnavailable,
};
use gss_http::{HeaderField, Side};
use http::request::Parts;
use http::uri::{Authority, Uri};
use http::{HeaderValue, Method, header};
use zeroize::Zeroizing;

/// Offers the scheme `GSS` ([`gss_http::gss`]): logins of several legs over any connection, HTTP/2 included, and
/// re-authentication by a MIC, which costs less than a login.
///
/// Half-made and established contexts are in a [`ContextStore`]: by default in this process's memory, 10,000 and 100,000 of
/// them at most. A store that waits for a network needs [`Builder::blocking`](crate::Builder::blocking).
///
/// The MIC covers the `Content-Digest` of a request, not its body: whoever relies on the body compares the two.
#[derive(Debug)]
#[must_use]
pub struct GssScheme {
    pub(crate) policy: ServerPolicy,
    store: AnyStore,
    origins: Vec<String>,
    pub(crate) preferred: bool,
}

impl GssScheme {
    /// For this origin, as clients see it: `https://www.example.com`, with a port where it is not the scheme's own.
    pub fn new(origin: impl Into<String>) -> Self {
        let store = AnyStore(Arc::new(MemoryContextStore::new()));
        Self { policy: ServerPolicy::default(), store, origins: vec![origin.into()], preferred: false }
    }

    /// One more origin that clients may mean. Which one it is, `Host` and `:authority` say; what is none of these counts as
    /// the first.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// What the scheme insists on. Its side is that of the layer.
    pub fn policy(self, policy: ServerPolicy) -> Self {
        Self { policy, ..self }
    }

    /// Where contexts are between two requests.
    pub fn store(self, store: Arc<impl ContextStore + Send + Sync + 'static>) -> Self {
        Self { store: AnyStore(store), ..self }
    }

    /// Offered before the other schemes; behind them by default.
    pub fn preferred(self) -> Self {
        Self { preferred: true, ..self }
    }

    pub(crate) fn build(self, side: Side) -> Result<GssServer, BuildError> {
        let Self { policy, store, origins, preferred } = self;
        let origins = origins.iter().map(|origin| Origin::parse(origin)).collect::<Result<_, _>>()?;
        let server = Server::new(ServerPolicy { side, ..policy }, store);
        Ok(GssServer { server, origins, preferred })
    }
}

/// The scheme, ready to take requests.
#[derive(Debug)]
pub(crate) struct GssServer {
    pub(crate) server: Server<Acceptor, AnyStore, Authenticated>,
    origins: Vec<Origin>,
    pub(crate) preferred: bool,
}

impl GssServer {
    /// The scheme's challenge.
    pub(crate) fn offer(&self, channel: &TlsChannel) -> Vec<HeaderField> {
        self.server.challenge(channel).fields
    }

    /// What a MIC covers of a request.
    pub(crate) fn signed(&self, parts: &Parts) -> Signed {
        let mut digests =
            parts.headers.get_all("content-digest").iter().map(HeaderValue::as_bytes).peekable();
        let digest = digests.peek().is_some().then(|| digests.collect::<Vec<_>>().join(&b", "[..]));
        Signed { method: parts.method.clone(), origin: self.origin_of(parts), target: target(parts), digest }
    }

    fn origin_of(&self, parts: &Parts) -> String {
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let asked = parts.uri.authority().map(Authority::as_str).or(host);
        let found = asked.and_then(|asked| self.origins.iter().find(|origin| origin.is_asked_as(asked)));
        found.or(self.origins.first()).map(Origin::to_string).unwrap_or_default()
    }
}

/// Whether credentials are of the scheme.
pub(crate) fn is_gss(credentials: &[HeaderValue]) -> bool {
    match credentials {
        [line] => line.as_bytes().split(|byte| *byte == b' ').next().is_some_and(is_name),
        _ => false,
    }
}

fn is_name(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(NAME.as_bytes())
}

/// What a MIC covers of a request, with nothing borrowed.
pub(crate) struct Signed {
    method: Method,
    origin: String,
    target: String,
    digest: Option<Vec<u8>>,
}

impl Signed {
    pub(crate) fn parts<'s>(&'s self, channel: &'s TlsChannel) -> RequestParts<'s> {
        RequestParts {
            method: self.method.as_str(),
            origin: &self.origin,
            target: &self.target,
            content_digest: self.digest.as_deref(),
            channel,
        }
    }
}

/// The request target as the client sent it.
fn target(parts: &Parts) -> String {
    let uri = original_uri(parts);
    if parts.method == Method::CONNECT {
        return uri.authority().map(ToString::to_string).unwrap_or_default();
    }
    // HTTP/1 has the absolute form to proxies; on HTTP/2 that is made of pseudo-header fields.
    if parts.version <= http::Version::HTTP_11 && uri.scheme().is_some() {
        return uri.to_string();
    }
    uri.path_and_query().map_or_else(|| String::from("/"), ToString::to_string)
}

/// Routers that are nested cut the path off that they stand under.
#[cfg(feature = "axum")]
fn original_uri(parts: &Parts) -> &Uri {
    parts.extensions.get::<axum::extract::OriginalUri>().map_or(&parts.uri, |original| &original.0)
}

#[cfg(not(feature = "axum"))]
fn original_uri(parts: &Parts) -> &Uri {
    &parts.uri
}

/// Scheme, host in lower case, and port.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    fn parse(text: &str) -> Result<Self, BuildError> {
        let malformed = || BuildError::Origin { found: text.into() };
        let uri: Uri = text.parse().map_err(|_| malformed())?;
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return Err(malformed()) };
        let port = uri.port_u16().or(default_port(scheme)).ok_or_else(malformed)?;
        Ok(Self { scheme: scheme.into(), host: host.to_ascii_lowercase(), port })
    }

    /// Whether a client that asks this authority means us: it leaves the scheme's own port out.
    fn is_asked_as(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else { return false };
        let port = authority.port_u16().or(default_port(&self.scheme));
        authority.host().eq_ignore_ascii_case(&self.host) && port == Some(self.port)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// A store of any kind.
#[derive(Clone)]
pub(crate) struct AnyStore(Arc<dyn ContextStore + Send + Sync>);

impl fmt::Debug for AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyStore")
    }
}

impl ContextStore for AnyStore {
    fn park(
        &self,
        id: &ContextId,
        transcript: &[u8],
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreUnavailable> {
        self.0.park(id, transcript, expires, now)
    }

    fn resume(&self, id: &ContextId, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, StoreUnavailable> {
        self.0.resume(id, now)
    }

    fn establish(
        &self,
        id: &ContextId,
        transcript: &[u8],
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreUnavailable> {
        self.0.establish(id, transcript, expires, now)
    }

    fn load(&self, id: &ContextId, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, StoreUnavailable> {
        self.0.load(id, now)
    }

    fn use_nonce(&self, id: &ContextId, nonce: Nonce, now: Timestamp) -> Result<NonceFresh, NonceError> {
        self.0.use_nonce(id, nonce, now)
    }

    fn remove(&self, id: &ContextId) -> Result<(), StoreUnavailable> {
        self.0.remove(id)
    }
}

/// What is wrong with the request itself. All else is for the log.
pub(crate) fn may_be_told<E: fmt::Display>(error: &ServerError<E>) -> Option<String> {
    match error {
        ServerError::BindingNotOffered { .. }
        | ServerError::BindingRequired
        | ServerError::Field(_)
        | ServerError::NoParams
        | ServerError::Nul(_)
        | ServerError::OtherChannel
        | ServerError::OtherBinding { .. }
        | ServerError::Param(_)
        | ServerError::Replayed
        | ServerError::TooManyLegs { .. }
        | ServerError::UnknownContext => Some(error.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    #[test]
    fn origins_are_those_of_the_configuration() {
        let scheme = GssScheme::new("https://WWW.example.com").origin("https://other.example.com:8443");
        let server = scheme.build(Side::Origin).unwrap();
        for (host, origin) in [
            ("www.example.com", "https://www.example.com:443"),
            ("Www.Example.Com:443", "https://www.example.com:443"),
            ("other.example.com:8443", "https://other.example.com:8443"),
            ("other.example.com", "https://www.example.com:443"),
            ("evil.example.com", "https://www.example.com:443"),
            ("[", "https://www.example.com:443"),
        ] {
            let (parts, ()) = Request::get("/path?query").header("host", host).body(()).unwrap().into_parts();
            let signed = server.signed(&parts);
            assert_eq!((signed.origin.as_str(), signed.target.as_str()), (origin, "/path?query"), "{host}");
        }
        for wrong in ["www.example.com", "gopher://x", "", "https://"] {
            let error = GssScheme::new(wrong).build(Side::Origin).unwrap_err();
            assert_eq!(error, BuildError::Origin { found: wrong.into() });
        }
    }

    #[test]
    fn digests_are_joined() {
        let server = GssScheme::new("https://www.example.com").build(Side::Origin).unwrap();
        let request = Request::post("/").header("content-digest", "a=:b:").header("content-digest", "c=:d:");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        assert_eq!(server.signed(&parts).digest.as_deref(), Some(&b"a=:b:, c=:d:"[..]));
        let (parts, ()) = Request::post("/").body(()).unwrap().into_parts();
        assert_eq!(server.signed(&parts).digest, None);
    }

    #[test]
    fn credentials_of_the_scheme_are_known_by_its_name() {
        for (lines, found) in [
            (&["GSS data=\"x\""][..], true),
            (&["gss ctx=x"], true),
            (&["GSS"], true),
            (&["GSSAPI x"], false),
            (&["Negotiate GSS"], false),
            (&["GSS a=b", "GSS a=b"], false),
            (&[], false),
        ] {
            let lines: Vec<_> = lines.iter().map(|line| HeaderValue::from_static(line)).collect();
            assert_eq!(is_gss(&lines), found, "{lines:?}");
        }
    }
}
