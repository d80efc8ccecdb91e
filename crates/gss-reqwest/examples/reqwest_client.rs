//! Fetches pages with reqwest's requests, and with the tickets of the credential cache:
//!
//! ```text
//! cargo run --example reqwest_client -- https://www.example.com/ https://intranet.example.com/report
//! ```

use gss_hyper::{ClientBuilder, Hosts, KerberosLogin, LoggedIn};
use gss_reqwest::{Client, SendAuthenticated};
use krb5_net::Network;
use krb5_net::cache::{Cache, CacheOptions};
use krb5_net::credentials::Credentials;
use krb5_net::places::Places;
use std::io::Write;

type AnyError = Box<dyn core::error::Error + Send + Sync>;

/// Fetches the pages, one after the other, and writes them out. `builder` has what else there is to set, such as TLS.
pub(crate) async fn fetch(
    urls: &[String],
    credentials: Credentials,
    builder: ClientBuilder,
    output: &mut impl Write,
) -> Result<(), AnyError> {
    let requests = reqwest::Client::new();
    // The user named the pages, so their hosts may have a login; none that they redirect to.
    let urls = urls.iter().map(|url| url.parse()).collect::<Result<Vec<reqwest::Url>, _>>()?;
    let hosts = Hosts::new(urls.iter().filter_map(reqwest::Url::host_str))?;
    let client: Client = builder.login(KerberosLogin::new("me", credentials), hosts).build()?.into();
    for url in urls {
        let response = requests.get(url).send_authenticated(&client).await?;
        let login = response.extensions().get::<LoggedIn>();
        let server = login.and_then(LoggedIn::server).unwrap_or("a server that did not ask");
        eprintln!("{}: {} from {server}", response.url(), response.status());
        output.write_all(&response.error_for_status()?.bytes().await?)?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), AnyError> {
    let urls: Vec<String> = std::env::args().skip(1).collect();
    if urls.is_empty() {
        return Err("expected URLs of pages".into());
    }
    let places = Places::of_process();
    let config = places.config()?;
    let cache = Cache::resolve(&places.cache(&config)?, &CacheOptions::from_config(&config))?;
    let credentials = Credentials::from_cache(cache, Network::new(config));
    fetch(&urls, credentials, gss_hyper::Client::builder(), &mut std::io::stdout()).await
}
