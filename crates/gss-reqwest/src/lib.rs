//! The authenticating HTTP client of gss-hyper with the requests and responses of reqwest.
//!
//! A program that has reqwest keeps its requests, its bodies and its responses, and sends them with a [`Client`] that logs
//! in:
//!
//! ```no_run
//! use gss_reqwest::{Client, SendAuthenticated};
//! use gss_hyper::{Hosts, KerberosLogin};
//! # use krb5_net::{Network, cache::Cache, credentials::Credentials, places::Places};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! # let places = Places::of_process();
//! # let config = places.config()?;
//! # let cache = Cache::resolve(&places.cache(&config)?, &Default::default())?;
//! let me = Credentials::from_cache(cache, Network::new(config));
//! let login = KerberosLogin::new("me", me);
//! let client: Client = gss_hyper::Client::builder().login(login, Hosts::new([".example.com"])?).build()?.into();
//!
//! let http = reqwest::Client::new();
//! let page = http.get("https://www.example.com/").send_authenticated(&client).await?.text().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What of reqwest counts
//! Method, URL, headers, body and the time-out of the request. What was set on a `reqwest::Client` does **not**, except for
//! what it writes into the request as it is built, which is nothing but `json`, `form`, `query` and the like: default headers,
//! TLS, proxies, the pool, redirects, cookies, decompression, look-up of names and versions of HTTP are those of
//! [`gss_hyper::ClientBuilder`]. So a `reqwest::Client` with settings to keep a program safe keeps nothing safe here.
//!
//! # Bodies
//! A request that `try_clone` can copy is sent as often as the login takes. One with a stream is sent once, after a `HEAD`
//! request that makes the login; see [`gss_hyper`]. Bodies of responses are streams too.
//!
//! # Responses
//! The response has the extension [`gss_hyper::LoggedIn`] if the server took our credentials; its URL is the one after
//! redirects.

#![forbid(unsafe_code)]

extern crate alloc;

mod error;

pub use error::Error;

use alloc::sync::Arc;
use core::future::Future;
use gss_hyper::{FinalUrl, Login, LoginAs, Timeout};
use http_body_util::BodyExt;
use reqwest::{Body, Request, RequestBuilder, Response, ResponseBuilderExt};
use url::Url;

/// A client. Clones are the same one, with the same connections.
#[derive(Clone, Debug)]
pub struct Client(gss_hyper::Client);

impl Client {
    /// A client that sends by this one.
    #[must_use]
    pub const fn new(client: gss_hyper::Client) -> Self {
        Self(client)
    }

    /// Sends a request.
    ///
    /// # Errors
    /// There is no response, or none that can be handed out.
    pub async fn execute(&self, request: Request) -> Result<Response, Error> {
        self.send(request, None).await
    }

    /// Sends a request as somebody; see [`gss_hyper::Client::request_as`].
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    pub async fn execute_as(&self, login: &Arc<dyn Login>, request: Request) -> Result<Response, Error> {
        self.send(request, Some(LoginAs::new(Arc::clone(login)))).await
    }

    /// Sends a request as nobody, whatever the server asks for.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    pub async fn execute_anonymously(&self, request: Request) -> Result<Response, Error> {
        self.send(request, Some(LoginAs::nobody())).await
    }

    async fn send(&self, request: Request, login: Option<LoginAs>) -> Result<Response, Error> {
        let timeout = request.timeout().copied();
        let request: http::Request<Body> = request.try_into().map_err(Error::Request)?;
        let (parts, body) = request.into_parts();
        let mut request = http::Request::from_parts(parts, into_hyper(body).await?);
        if let Some(timeout) = timeout {
            request.extensions_mut().insert(Timeout(timeout));
        }
        if let Some(login) = login {
            request.extensions_mut().insert(login);
        }
        let response = self.0.request(request).await.map_err(Error::Send)?;
        let url = response.extensions().get::<FinalUrl>().and_then(|url| Url::parse(&url.0.to_string()).ok());
        let (mut parts, body) = response.into_parts();
        // What reqwest keeps the URL in can only be made by its builder.
        if let Some(url) = url
            && let Ok(carrier) = http::Response::builder().url(url).body(())
        {
            parts.extensions.extend(carrier.into_parts().0.extensions);
        }
        Ok(http::Response::from_parts(parts, Body::wrap(body)).into())
    }
}

impl From<gss_hyper::Client> for Client {
    fn from(client: gss_hyper::Client) -> Self {
        Self::new(client)
    }
}

/// Bytes stay bytes, so that they can be sent again.
async fn into_hyper(body: Body) -> Result<gss_hyper::Body, Error> {
    if body.as_bytes().is_some() {
        // They are there: this neither waits nor copies.
        return Ok(body.collect().await.map_err(Error::Request)?.to_bytes().into());
    }
    Ok(gss_hyper::Body::stream(body))
}

/// Sending what reqwest built by a client that logs in.
pub trait SendAuthenticated {
    /// As [`RequestBuilder::send`], by `client`. Settings of the `reqwest::Client` do not count; see the
    /// [crate's documentation](crate).
    fn send_authenticated(self, client: &Client) -> impl Future<Output = Result<Response, Error>> + Send;

    /// As [`send_authenticated`](Self::send_authenticated), as somebody.
    fn send_as(
        self,
        login: &Arc<dyn Login>,
        client: &Client,
    ) -> impl Future<Output = Result<Response, Error>> + Send;
}

impl SendAuthenticated for RequestBuilder {
    async fn send_authenticated(self, client: &Client) -> Result<Response, Error> {
        client.execute(self.build().map_err(Error::Request)?).await
    }

    async fn send_as(self, login: &Arc<dyn Login>, client: &Client) -> Result<Response, Error> {
        client.execute_as(login, self.build().map_err(Error::Request)?).await
    }
}
