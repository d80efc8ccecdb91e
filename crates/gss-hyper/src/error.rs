//! Why there is no response.

use crate::{LoginError, OriginError};
use core::fmt;
use core::time::Duration;
use gss_http::{ClientError, Side};
use http::StatusCode;
use std::io;

/// Why there is no response, or none that can be handed out.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Nothing can be sent to the URL.
    Url(OriginError),
    /// The request has credentials of the caller's own in a field that belongs to the client.
    OwnCredentials {
        /// The field.
        field: &'static str,
    },
    /// The request's method is `CONNECT`, or asks for another protocol.
    Unsupported {
        /// What was asked for.
        what: &'static str,
    },
    /// No connection to a server or proxy.
    Connect {
        /// Which one.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// No TLS with a server or proxy.
    Tls {
        /// Which one.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// A channel cannot be bound to.
    Channel {
        /// Whose channel.
        host: String,
        /// Why.
        source: gss_rustls::ChannelError,
    },
    /// Something took too long.
    TimedOut {
        /// What.
        what: &'static str,
        /// How long it may take.
        limit: Duration,
    },
    /// The connection broke, or what came is no HTTP.
    Http {
        /// With whom.
        host: String,
        /// Why.
        source: hyper::Error,
    },
    /// The connection closes in every try before the login is done.
    ConnectionLost {
        /// With whom.
        host: String,
        /// How often a login was begun.
        tries: usize,
    },
    /// The proxy asks for a login, and has none of ours.
    ProxyLoginNeeded {
        /// The proxy.
        proxy: String,
    },
    /// The proxy makes no tunnel.
    Tunnel {
        /// The proxy.
        proxy: String,
        /// What it answers.
        status: StatusCode,
    },
    /// The server asks for a login, and the host is not on the list.
    HostNotAllowed {
        /// The host.
        host: String,
    },
    /// Server or proxy offer no scheme that is listed and that the login has tokens for.
    NotOffered {
        /// Who.
        host: String,
        /// What it offers, names only.
        offered: Vec<String>,
    },
    /// There is nothing to log in with.
    Login {
        /// Where.
        host: String,
        /// Why.
        source: Box<LoginError>,
    },
    /// The login failed: refused by the server, or the server's tokens are wrong, or it did not prove who it is.
    Exchange {
        /// At whom.
        host: String,
        /// As what it asked.
        side: Side,
        /// Why.
        source: Box<ClientError<gss::Error>>,
    },
    /// The login by the scheme `GSS`, or a request that was signed after it, failed.
    GssExchange {
        /// At whom.
        host: String,
        /// Why.
        source: Box<gss_http::gss::ClientError<gss::Error>>,
    },
    /// A login was made by a mechanism that proves nothing about the server, which is required to.
    NotProven {
        /// Who.
        host: String,
        /// By which scheme.
        scheme: &'static str,
    },
    /// No login was asked for, and [`Mutual::Insist`](crate::Mutual::Insist) insists on one.
    NotAsked {
        /// By whom.
        host: String,
        /// What it answered.
        status: StatusCode,
    },
    /// The server asks for credentials, and the body cannot be sent again.
    BodyNotReplayable {
        /// Who.
        host: String,
    },
    /// One request takes too many tries.
    TooManySends {
        /// How many it may take.
        limit: usize,
    },
    /// More redirects than are followed.
    TooManyRedirects {
        /// How many are.
        limit: usize,
    },
    /// A redirect leads from HTTPS to HTTP.
    Downgrade {
        /// Where to.
        to: String,
    },
    /// A redirect leads nowhere.
    Location {
        /// From where.
        host: String,
        /// What is wrong.
        what: String,
    },
}

impl Error {
    /// What became of the login at a server or proxy, if that is what failed.
    #[must_use]
    pub fn exchange(&self) -> Option<&ClientError<gss::Error>> {
        match self {
            Self::Exchange { source, .. } => Some(&**source),
            _ => None,
        }
    }

    /// Whether server or proxy refused our credentials.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        use gss_http::gss::ClientError as GssError;

        match self {
            Self::Exchange { source, .. } => matches!(**source, ClientError::Denied { .. }),
            Self::GssExchange { source, .. } => matches!(**source, GssError::Denied { .. }),
            _ => false,
        }
    }

    /// Whether the server did not prove who it is, so that its response was dropped.
    #[must_use]
    pub fn is_unproven(&self) -> bool {
        use gss_http::gss::ClientError as GssError;

        match self {
            Self::NotProven { .. } | Self::NotAsked { .. } => true,
            Self::Exchange { source, .. } => {
                matches!(**source, ClientError::MissingFinalToken | ClientError::Incomplete)
            }
            Self::GssExchange { source, .. } => {
                matches!(**source, GssError::MissingFinalToken | GssError::Incomplete)
            }
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => error.fmt(f),
            Self::OwnCredentials { field } => write!(
                f,
                "request has {field} of its own, for a connection that may be another's; use a login in place of it"
            ),
            Self::Unsupported { what } => write!(f, "{what} is not supported"),
            Self::Connect { host, source } => write!(f, "no connection to {host}: {source}"),
            Self::Tls { host, source } => write!(f, "no TLS with {host}: {source}"),
            Self::Channel { host, source } => write!(f, "nothing to bind to with {host}: {source}"),
            Self::TimedOut { what, limit } => write!(f, "{what} takes longer than {limit:?}"),
            Self::Http { host, source } => write!(f, "HTTP with {host} failed: {}", Chain(source)),
            Self::ConnectionLost { host, tries } => {
                write!(f, "{host} closed the connection in the middle of the login, {tries} times")
            }
            Self::ProxyLoginNeeded { proxy } => {
                write!(f, "proxy {proxy} asks for a login; give it one (Proxy::login)")
            }
            Self::Tunnel { proxy, status } => write!(f, "proxy {proxy} makes no tunnel: status {status}"),
            Self::HostNotAllowed { host } => write!(
                f,
                "{host} asks for a login and is not on the list; add it (ClientBuilder::login), or use request_as"
            ),
            Self::NotOffered { host, offered } => {
                let offered = if offered.is_empty() { "nothing".to_owned() } else { offered.join(", ") };
                write!(f, "{host} offers {offered}, none of which is listed and can be done with this login")
            }
            Self::Login { host, source } => write!(f, "cannot log in at {host}: {source}"),
            Self::Exchange { host, source, .. } => write!(f, "login at {host} failed: {source}"),
            Self::GssExchange { host, source } => write!(f, "login by GSS at {host} failed: {source}"),
            Self::NotProven { host, scheme } => write!(
                f,
                "{host} took the login by {scheme} and proved nothing; \
                 use Mutual::Optional only if the server need not be known"
            ),
            Self::NotAsked { host, status } => {
                write!(f, "{host} answers with status {status} and asks for no login, so it proves nothing")
            }
            Self::BodyNotReplayable { host } => write!(
                f,
                "{host} asks for credentials after the body was sent, which is a stream; send bytes, or log in before"
            ),
            Self::TooManySends { limit } => write!(f, "the request was sent {limit} times and is not done"),
            Self::TooManyRedirects { limit } => write!(f, "more than {limit} redirects"),
            Self::Downgrade { to } => write!(f, "redirect from HTTPS to {to}, which is not followed"),
            Self::Location { host, what } => write!(f, "redirect of {host} leads nowhere: {what}"),
        }
    }
}

/// An error and its causes in a line: hyper's do not name theirs.
struct Chain<'a>(&'a (dyn core::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0, f)?;
        self.0.source().map_or(Ok(()), |source| write!(f, ": {}", Chain(source)))
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Url(error) => Some(error),
            Self::Connect { source, .. } | Self::Tls { source, .. } => Some(source),
            Self::Channel { source, .. } => Some(source),
            Self::Http { source, .. } => Some(source),
            Self::Login { source, .. } => Some(&**source),
            Self::Exchange { source, .. } => Some(&**source),
            Self::GssExchange { source, .. } => Some(&**source),
            _ => None,
        }
    }
}

impl From<OriginError> for Error {
    fn from(error: OriginError) -> Self {
        Self::Url(error)
    }
}
