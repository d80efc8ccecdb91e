//! Fetches a page through a proxy that asks for a login, with the tickets of the credential cache:
//!
//! ```text
//! cargo run --example proxy_client -- https://www.example.com/ http://proxy.example.com:3128
//! ```
//!
//! The proxy and the server may both ask; each gets a ticket of its own, over TLS bound to its own certificate.

use gss_hyper::{Body, Client, ClientBuilder, Error, Hosts, KerberosLogin, LoggedIn, Proxies, Proxy};
use krb5_net::Network;
use krb5_net::cache::{Cache, CacheOptions};
use krb5_net::credentials::Credentials;
use krb5_net::places::Places;
use std::io::Write;

/// Longest page, in bytes.
const MAX_PAGE: usize = 64 * 1024 * 1024;

type AnyError = Box<dyn core::error::Error + Send + Sync>;

/// What [`fetch`] needs to know.
#[derive(Debug)]
pub(crate) struct Job {
    /// The page.
    pub(crate) url: String,
    /// The proxy, like `http://proxy.example.com:3128`.
    pub(crate) proxy: String,
    /// What to log in with, at both.
    pub(crate) credentials: Credentials,
}

/// Fetches the page and writes it out. `builder` has what else there is to set, such as TLS.
pub(crate) async fn fetch(job: Job, builder: ClientBuilder, output: &mut impl Write) -> Result<(), AnyError> {
    let Job { url, proxy, credentials } = job;
    let request = http::Request::get(url).body(Body::empty())?;
    // The user named the page, so its host may have a login; none that it redirects to.
    let hosts = Hosts::new([request.uri().host().unwrap_or_default()])?;
    let proxy =
        Proxy::new(&proxy.parse()?)?.login(KerberosLogin::new("me at the proxy", credentials.clone()));
    let client =
        builder.login(KerberosLogin::new("me", credentials), hosts).proxies(Proxies::all(proxy)).build()?;
    let response = client.request(request).await.inspect_err(explain)?;
    let login = response.extensions().get::<LoggedIn>();
    let server = login.and_then(LoggedIn::server).unwrap_or("a server that did not ask");
    eprintln!("{} from {server}", response.status());
    output.write_all(&response.into_body().bytes(MAX_PAGE).await?)?;
    Ok(())
}

/// What a user can do about an error.
fn explain(error: &Error) {
    if let Error::Login { .. } = error {
        eprintln!("is there a ticket? see `gssctl klist`, and log in with `gssctl kinit`");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), AnyError> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(proxy)) = (arguments.next(), arguments.next()) else {
        return Err("expected the URL of a page and that of a proxy".into());
    };
    let places = Places::of_process();
    let config = places.config()?;
    let cache = Cache::resolve(&places.cache(&config)?, &CacheOptions::from_config(&config))?;
    let credentials = Credentials::from_cache(cache, Network::new(config));
    fetch(Job { url, proxy, credentials }, Client::builder(), &mut std::io::stdout()).await
}
