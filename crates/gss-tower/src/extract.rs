//! [`Authenticated`] as an extractor of axum, and [`Connection`] as its connect info.

use crate::layer::Unknown;
use crate::{Authenticated, Connection};
use axum::extract::connect_info::Connected;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Response};
use axum::serve::IncomingStream;
use core::fmt;
use http::StatusCode;
use http::request::Parts;
use tokio::net::TcpListener;

/// Why a handler does not get an [`Authenticated`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotAuthenticated {
    /// Authentication is optional for the request, and it had none. As a response: 401, to which the layer adds its
    /// challenges.
    Anonymous,
    /// No layer looked at the request: the handler's route is outside of it, or exempt from it. As a response: 500.
    NoLayer,
}

impl fmt::Display for NotAuthenticated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "log in first",
            Self::NoLayer => "no AuthenticationLayer looked at the request; put the route inside of it",
        })
    }
}

impl core::error::Error for NotAuthenticated {}

impl IntoResponse for NotAuthenticated {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Anonymous => StatusCode::UNAUTHORIZED,
            Self::NoLayer => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, format!("{self}\n")).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Authenticated {
    type Rejection = NotAuthenticated;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NotAuthenticated> {
        match parts.extensions.get::<Self>() {
            Some(who) => Ok(who.clone()),
            None if parts.extensions.get::<Unknown>().is_some() => Err(NotAuthenticated::Anonymous),
            None => Err(NotAuthenticated::NoLayer),
        }
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Authenticated {
    type Rejection = NotAuthenticated;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, NotAuthenticated> {
        match <Self as FromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(who) => Ok(Some(who)),
            Err(NotAuthenticated::Anonymous) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// For `axum::serve` with `into_make_service_with_connect_info::<Connection>()`. There is no TLS, so there are no
/// channel bindings.
impl Connected<IncomingStream<'_, TcpListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self::http(Some(*stream.remote_addr()))
    }
}
