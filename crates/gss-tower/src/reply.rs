//! Responses of the layer itself.

use crate::body::Body;
use bytes::Bytes;
use gss_http::HeaderField;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

/// A body and its type, for 401 responses.
#[derive(Clone, Debug)]
pub struct Page {
    /// The value of `Content-Type`.
    pub content_type: HeaderValue,
    /// The body.
    pub body: Bytes,
}

impl Page {
    /// A page in HTML.
    #[must_use]
    pub fn html(body: impl Into<Bytes>) -> Self {
        Self { content_type: HeaderValue::from_static("text/html; charset=utf-8"), body: body.into() }
    }

    /// A page of text.
    #[must_use]
    pub fn text(body: impl Into<Bytes>) -> Self {
        Self { content_type: HeaderValue::from_static("text/plain; charset=utf-8"), body: body.into() }
    }
}

/// In the extensions of a response: the client can log in over HTTP/1.1 only. A server on HTTP/2 resets the stream with
/// `HTTP_1_1_REQUIRED` (RFC 9113 section 7) in place of the response, and the client tries again over HTTP/1.1;
/// [`serve`](crate::serve) does so. Any other server sends the response, which says it in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Http11Required;

/// What is sent in place of the inner service's response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) fields: Vec<HeaderField>,
    pub(crate) page: Page,
    pub(crate) http11: bool,
}

impl Reply {
    /// A response with a reason as its body.
    pub(crate) fn reason(status: StatusCode, fields: Vec<HeaderField>, reason: &str) -> Self {
        Self { status, fields, page: Page::text(format!("{reason}\n")), http11: false }
    }

    /// The same for a client of gRPC, which takes a body for a message: its status goes with the fields.
    pub(crate) fn for_grpc(self) -> Self {
        Self { page: Page { content_type: HeaderValue::from_static(GRPC), body: Bytes::new() }, ..self }
    }

    pub(crate) fn into_response<R>(self) -> Response<Body<R>> {
        let mut response = Response::new(Body::own(self.page.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if self.page.content_type == GRPC {
            headers.insert("grpc-status", HeaderValue::from_static(grpc_status(self.status)));
        }
        headers.insert(header::CONTENT_TYPE, self.page.content_type);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        append(headers, self.fields);
        if self.http11 {
            response.extensions_mut().insert(Http11Required);
        }
        response
    }
}

/// The type of messages of gRPC, and what the types of all their encodings begin with.
const GRPC: &str = "application/grpc";

/// Whether a request is a call of gRPC.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(GRPC.as_bytes()))
}

/// What gRPC calls it.
fn grpc_status(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => "16", // UNAUTHENTICATED
        StatusCode::FORBIDDEN => "7",                                                 // PERMISSION_DENIED
        StatusCode::SERVICE_UNAVAILABLE => "14",                                      // UNAVAILABLE
        _ if status.is_client_error() => "3",                                         // INVALID_ARGUMENT
        _ => "13",                                                                    // INTERNAL
    }
}

/// Adds fields, which are sensitive: not for logs, nor for HPACK's table.
pub(crate) fn append(headers: &mut HeaderMap, fields: Vec<HeaderField>) {
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        // The fields of gss-http are visible ASCII.
        if let (Ok(name), Ok(mut value)) = (name, HeaderValue::from_str(field.value.as_str())) {
            value.set_sensitive(true);
            headers.append(name, value);
        }
    }
}
