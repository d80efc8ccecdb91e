//! Our own clients, gss-hyper with gss-reqwest on top, with the tickets that MIT's `kinit` got.
//!
//! | module | what it covers |
//! | --- | --- |
//! | `apache` | Apache with mod_auth_gssapi over TLS |
//! | `axum` | our own server: the scheme `GSS`, and two users at once |
//! | `squid` | logins at a proxy, at a server behind it, and at both |

mod apache;
mod axum;
mod squid;

use alloc::sync::Arc;
use core::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use gss_hyper::{Body, Client, ClientBuilder, Hosts, KerberosLogin, LoggedIn};
use http::Request;
use interop::web::{OTHER, PROXY};
use krb5_client::Policy;
use krb5_net::Network;
use krb5_net::cache::{Cache, CacheName, CacheOptions};
use krb5_net::credentials::Credentials;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::*;

/// Most bytes of a page.
const PAGE_LIMIT: usize = 1 << 20;

/// Runs a test's asynchronous part.
pub(super) fn run<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(future)
}

/// The tickets of a user whom `kinit` logs in.
pub(super) fn credentials(world: &World, user: &str) -> Result<(Credentials, Network)> {
    let ccache = world.login(user)?;
    let network = Network::new(krb5_net::source::load(&[world.krb5_conf().display().to_string()])?);
    let cache = Cache::resolve(&CacheName::parse(&ccache.display().to_string())?, &CacheOptions::default())?;
    Ok((Credentials::from_cache(cache, network.clone()), network))
}

/// A login that can delegate, if the client lets it.
fn login(world: &World, user: &str) -> Result<KerberosLogin> {
    let (credentials, network) = credentials(world, user)?;
    Ok(KerberosLogin::new(user, credentials).forwarding(network, Policy::default()))
}

/// Who believes the authority of the test's servers, and nobody else.
pub(super) fn tls(target: &Target) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(target.authority())?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// A client without a login, for whom all hosts are this machine.
fn plain_client(target: &Target) -> Result<ClientBuilder> {
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let builder = Client::builder().tls(tls(target)?).timeout(interop::peer::PATIENCE);
    Ok([WWW, OTHER, PROXY].iter().fold(builder, |builder, host| builder.resolve(host, [here])))
}

/// A client of a user's, who logs in at [`WWW`] and nowhere else.
pub(super) fn client(world: &World, target: &Target, user: &str) -> Result<ClientBuilder> {
    Ok(plain_client(target)?.login(login(world, user)?, Hosts::new([WWW])?))
}

/// A response.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) page: String,
    logged_in: Option<LoggedIn>,
}

impl Got {
    /// Scheme, whether the server proved itself, and whether the login is bound to the channel.
    fn login(&self) -> Option<(&'static str, bool, bool)> {
        self.logged_in.as_ref().map(|login| (login.scheme(), login.is_mutual(), login.is_bound()))
    }
}

pub(super) async fn get(client: &Client, url: &str) -> Result<Got> {
    let response = client.request(Request::get(url).body(Body::empty())?).await?;
    let logged_in = response.extensions().get::<LoggedIn>().cloned();
    let status = response.status().as_u16();
    let body = response.into_body().bytes(PAGE_LIMIT).await.map_err(anyhow::Error::from_boxed)?;
    Ok(Got { status, page: String::from_utf8_lossy(&body).into_owned(), logged_in })
}

/// Why the client has no response.
fn refusal(outcome: Result<Got>) -> Result<gss_hyper::Error> {
    match outcome {
        Ok(got) => anyhow::bail!("a response: {got:?}"),
        Err(error) => error.downcast(),
    }
}
