//! Tunnels through proxies (`CONNECT`, RFC 9110 section 9.3.6), with the login at the proxy.

use super::{Connected, Connector, Stream};
use crate::client::drain;
use crate::connection::{Outgoing, http1};
use crate::turn::{Eager, Next, Standing, Turn};
use crate::{Body, Error, Origin, Proxy};
use alloc::sync::Arc;
use gss_http::{Route, Version};
use http::header::HOST;
use http::uri::Authority;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, uri};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;

/// How many connections one tunnel may take: a proxy may close the first one when it asks for a login, and the second
/// one breaks off for some reason.
const MAX_TRIES: usize = 3;
/// Most requests for one tunnel on one connection. A login has at most ten legs.
const MAX_SENDS: usize = 16;

enum Dug {
    Through(Stream),
    /// The proxy closed the connection, having asked for this.
    Closed(Option<Eager>),
}

impl Connector {
    /// A tunnel to the origin.
    pub(super) async fn tunnel(&self, proxy: &Arc<Proxy>, origin: &Origin) -> Result<Stream, Error> {
        let mut eager = None;
        for _ in 0..MAX_TRIES {
            match self.dig(proxy, origin, eager).await? {
                Dug::Through(stream) => return Ok(stream),
                Dug::Closed(asked) => eager = asked.or(eager),
            }
        }
        Err(Error::ConnectionLost { host: proxy.origin.to_string(), tries: MAX_TRIES })
    }

    /// One connection to the proxy, and all legs of the login on it.
    async fn dig(&self, proxy: &Proxy, origin: &Origin, eager: Option<Eager>) -> Result<Dug, Error> {
        let name = || proxy.origin.to_string();
        let failed = |source| Error::Http { host: name(), source };
        let Connected { stream, channel, .. } = self.reach(proxy).await?;
        let mut sender = http1(stream, self.max_head, true).await.map_err(failed)?;
        let mut standing = Standing::new(channel);
        let mut turn = Turn::new(self.proxy_terms(proxy), Version::Http1, Route::Direct, eager);
        for _ in 0..MAX_SENDS {
            turn.prepare(&standing).await?;
            let mut response = match sender.try_send_request(connect(origin, &turn)?).await {
                Ok(response) => response,
                Err(_) if turn.is_under_way() => return Ok(Dug::Closed(turn.asked())),
                Err(failure) => return Err(failed(failure.into_error())),
            };
            let status = response.status();
            let upgrade = hyper::upgrade::on(&mut response);
            match turn.receive(status, response.headers(), &mut standing).await? {
                Next::Again => {
                    if !drain(response).await || sender.ready().await.is_err() {
                        return Ok(Dug::Closed(turn.asked()));
                    }
                }
                Next::Http11 | Next::Answer if status.is_success() => {
                    turn.insist(status, &standing)?;
                    let upgraded = upgrade.await.map_err(failed)?;
                    return Ok(Dug::Through(Stream::new(TokioIo::new(upgraded))));
                }
                Next::Http11 | Next::Answer => return Err(refused(proxy, &response)),
            }
        }
        Err(Error::TooManySends { limit: MAX_SENDS })
    }
}

fn refused(proxy: &Proxy, response: &Response<Incoming>) -> Error {
    let proxy = proxy.origin.to_string();
    match response.status() {
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Error::ProxyLoginNeeded { proxy },
        status => Error::Tunnel { proxy, status },
    }
}

fn connect(origin: &Origin, turn: &Turn<'_>) -> Result<Request<Outgoing>, Error> {
    let authority = origin.host_and_port();
    let wrong =
        |what: &dyn core::fmt::Display| Error::Location { host: authority.clone(), what: what.to_string() };
    let mut request = Request::new(Outgoing::new(Body::empty()));
    *request.method_mut() = Method::CONNECT;
    let mut parts = uri::Parts::default();
    parts.authority = Some(Authority::try_from(authority.as_str()).map_err(|error| wrong(&error))?);
    *request.uri_mut() = Uri::from_parts(parts).map_err(|error| wrong(&error))?;
    let host = HeaderValue::try_from(authority.as_str()).map_err(|error| wrong(&error))?;
    request.headers_mut().insert(HOST, host);
    if let Some((name, value)) = turn.field() {
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}
