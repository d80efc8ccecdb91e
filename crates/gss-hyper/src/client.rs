//! The client.

mod answer;
mod builder;
mod hop;
mod redirect;

pub(crate) use answer::drain;
pub use builder::ClientBuilder;

use crate::connect::Connector;
use crate::deadline::Deadline;
use crate::pool::Pool;
use crate::sessions::Sessions;
use crate::{Bindings, Body, Delegation, Error, Hosts, Login, Mutual, Origin};
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use gss_http::Schemes;
use http::{Request, Response};
use tower_service::Service;

/// A client. Clones are the same one, with the same connections. See the [crate's documentation](crate).
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    connector: Connector,
    pool: Arc<Pool>,
    login: Option<Arc<dyn Login>>,
    /// Where `login` logs in by itself.
    hosts: Hosts,
    delegation: Delegation,
    delegate_to: Hosts,
    schemes: Schemes,
    mutual: Mutual,
    bindings: Bindings,
    preemptive: bool,
    /// For the scheme `GSS`, if it is used.
    sessions: Option<Sessions>,
    http1: bool,
    max_redirects: usize,
    timeout: Option<Duration>,
}

/// Who makes a request, in place of the client's login: an extension of the request. It holds for the origin of the
/// request's URL, and after redirects for hosts on the client's list.
#[derive(Clone, Debug)]
pub struct LoginAs(Option<Arc<dyn Login>>);

impl LoginAs {
    /// This login. Keep it for the next request: connections are kept for it, and for no other login of the same user.
    #[must_use]
    pub fn new(login: Arc<dyn Login>) -> Self {
        Self(Some(login))
    }

    /// Nobody: no login, whatever the server asks for.
    #[must_use]
    pub const fn nobody() -> Self {
        Self(None)
    }
}

/// A limit for one request, in place of the client's: an extension of the request.
#[derive(Clone, Copy, Debug)]
pub struct Timeout(pub Duration);

/// The URL that a response came from, after redirects: an extension of the response.
#[derive(Clone, Debug)]
pub struct FinalUrl(pub http::Uri);

/// Who logs in at an origin.
#[derive(Clone, Copy)]
enum Who<'a> {
    Nobody,
    /// There is a login, and it is not for this host.
    NotAllowed,
    Login(&'a Arc<dyn Login>),
}

impl Client {
    /// A client to be configured. Without a login it is a plain client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// Sends a request and gives the response; that of the last server after redirects. The URL is absolute.
    ///
    /// Extensions of the request that count are [`LoginAs`] and [`Timeout`]; those of the response are
    /// [`LoggedIn`](crate::LoggedIn) and [`FinalUrl`].
    ///
    /// # Errors
    /// There is no response, or none that can be handed out.
    pub async fn request(&self, request: Request<Body>) -> Result<Response<Body>, Error> {
        let timeout = request.extensions().get::<Timeout>().map(|timeout| timeout.0);
        let deadline = Deadline::after(timeout.or(self.shared.timeout));
        // The state of a request is large, and callers put it into theirs.
        deadline.run(Box::pin(self.shared.follow(request, deadline))).await
    }

    /// As [`request`](Self::request), as somebody.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub async fn request_as(
        &self,
        login: &Arc<dyn Login>,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Error> {
        request.extensions_mut().insert(LoginAs::new(Arc::clone(login)));
        self.request(request).await
    }
}

impl Shared {
    /// Who logs in at `origin` for a request that was made for `first`.
    fn who<'a>(&'a self, given: Option<&'a LoginAs>, first: &Origin, origin: &Origin) -> Who<'a> {
        let listed = self.hosts.contains(origin.host());
        match (given, &self.login) {
            (Some(LoginAs(Some(login))), _) if listed || first == origin => Who::Login(login),
            (Some(LoginAs(Some(_))), _) => Who::NotAllowed,
            (Some(LoginAs(None)), _) | (None, None) => Who::Nobody,
            (None, Some(login)) if listed => Who::Login(login),
            (None, Some(_)) => Who::NotAllowed,
        }
    }

    fn delegation(&self, origin: &Origin) -> Delegation {
        if self.delegate_to.contains(origin.host()) { self.delegation } else { Delegation::Never }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { login, hosts, pool, .. } = &*self.shared;
        f.debug_struct("Client")
            .field("login", login)
            .field("hosts", hosts)
            .field("pool", pool)
            .finish_non_exhaustive()
    }
}

impl Service<Request<Body>> for Client {
    type Response = Response<Body>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let client = self.clone();
        Box::pin(async move { client.request(request).await })
    }
}
