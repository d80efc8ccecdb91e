use crate::connection::Connection;
use crate::turn::Signed;
use crate::{Body, Error, Origin};
use gss_http::{Side, Version};
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, EXPECT, HOST,
    HeaderName, PROXY_AUTHORIZATION, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, uri};

/// RFC 9530.
const CONTENT_DIGEST: &str = "content-digest";

/// Fields that describe the body: they go where it goes.
const OF_BODY: [HeaderName; 6] =
    [CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, TRAILER, TRANSFER_ENCODING];

/// Fields that are for the first origin alone.
const OF_ORIGIN: [HeaderName; 3] = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE];

/// A request but for its body.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) method: Method,
    pub(crate) url: Uri,
    fields: HeaderMap,
}

impl Head {
    /// A request of the caller's, without what is the client's to say.
    pub(crate) fn new(method: Method, url: Uri, mut fields: HeaderMap) -> Result<Self, Error> {
        if method == Method::CONNECT {
            return Err(Error::Unsupported { what: "method CONNECT" });
        }
        if fields.contains_key(UPGRADE) {
            return Err(Error::Unsupported { what: "an upgrade to another protocol" });
        }
        if fields.contains_key(PROXY_AUTHORIZATION) {
            return Err(Error::OwnCredentials { field: Side::Proxy.credentials_field() });
        }
        // Tokens of these schemes make a connection somebody's.
        let token = |value: &HeaderValue| {
            // Servers do not count white space in front.
            let value = value.as_bytes().trim_ascii_start();
            let scheme = value.split(|byte| matches!(byte, b' ' | b'\t' | b',')).next().unwrap_or_default();
            ["Negotiate", "NTLM", "GSS"].iter().any(|name| name.as_bytes().eq_ignore_ascii_case(scheme))
        };
        if fields.get_all(AUTHORIZATION).iter().any(token) {
            return Err(Error::OwnCredentials { field: Side::Origin.credentials_field() });
        }
        // The connection is the client's, and the host is that of the URL: the login is for it.
        for name in [CONNECTION, HOST] {
            fields.remove(name);
        }
        for name in ["keep-alive", "proxy-connection"] {
            fields.remove(name);
        }
        Ok(Self { method, url, fields })
    }

    /// Path and query. A URL may have a query and no path, and a request may not (RFC 9112 section 3.2.1).
    fn target(&self) -> String {
        match self.url.path_and_query().map_or("", PathAndQuery::as_str) {
            target if target.starts_with(['/', '*']) => target.to_owned(),
            query => format!("/{query}"),
        }
    }

    /// Whether the caller logs in on their own, for instance with a bearer token.
    pub(crate) fn has_credentials(&self) -> bool {
        self.fields.contains_key(AUTHORIZATION)
    }

    /// The same for another origin.
    pub(crate) fn without_secrets(&mut self) {
        for name in &OF_ORIGIN {
            self.fields.remove(name);
        }
    }

    /// The same without a body.
    pub(crate) fn without_body(&mut self) {
        for name in &OF_BODY {
            self.fields.remove(name);
        }
    }

    /// What asks for no more than a challenge.
    pub(super) fn probe(&self) -> Self {
        let mut head = Self { method: Method::HEAD, ..self.clone() };
        head.without_body();
        head
    }

    /// What of it is signed by the scheme `GSS`.
    pub(super) fn signed(&self, origin: &Origin) -> Signed {
        let digests: Vec<&[u8]> =
            self.fields.get_all(CONTENT_DIGEST).iter().map(HeaderValue::as_bytes).collect();
        Signed {
            method: self.method.to_string(),
            origin: format!("https://{}", origin.host_and_port()),
            target: self.target(),
            content_digest: (!digests.is_empty()).then(|| digests.join(&b", "[..])),
        }
    }

    /// The request as it goes over a connection.
    pub(super) fn request(
        &self,
        origin: &Origin,
        body: Body,
        connection: &Connection,
        credentials: [Option<(&'static str, HeaderValue)>; 2],
    ) -> Result<Request<Body>, Error> {
        let wrong = |what: &dyn core::fmt::Display| Error::Location {
            host: origin.to_string(),
            what: what.to_string(),
        };
        let authority = origin.authority();
        let mut parts = uri::Parts::default();
        parts.path_and_query = Some(PathAndQuery::try_from(self.target()).map_err(|error| wrong(&error))?);
        let http2 = connection.version() == Version::Http2;
        if http2 || connection.proxy.is_some() {
            // To a proxy that forwards in absolute form (RFC 9112 section 3.2.2), without a user's name.
            parts.scheme = self.url.scheme().cloned();
            parts.authority = Some(Authority::try_from(authority.as_str()).map_err(|error| wrong(&error))?);
        }
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = Uri::from_parts(parts).map_err(|error| wrong(&error))?;
        let mut fields = self.fields.clone();
        if !http2 {
            fields.insert(HOST, HeaderValue::try_from(authority.as_str()).map_err(|error| wrong(&error))?);
        }
        for (name, value) in credentials.into_iter().flatten() {
            fields.insert(name, value);
        }
        *request.headers_mut() = fields;
        Ok(request)
    }
}
