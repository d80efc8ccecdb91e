//! An axum server on https://localhost:8443 that knows its users by their Kerberos tickets.
//!
//! ```text
//! gssctl kdc --help            # a realm with a user and the service HTTP/localhost, and its keytab
//! cargo run --example axum_server --features axum -- KEYTAB CERTIFICATE.pem KEY.pem [ADDRESS]
//! kinit alice; curl --negotiate --user : --cacert CERTIFICATE.pem https://localhost:8443/
//! ```

extern crate alloc;

use alloc::sync::Arc;
use axum::Router;
use axum::routing::get;
use core::time::Duration;
use gss::{AcceptorConfig, Framing};
use gss_rustls::ServerEndPoints;
use gss_tower::serve::Server;
use gss_tower::{Authenticated, AuthenticationLayer, Forbidden, Requirement};
use http::request::Parts;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

type BoxError = Box<dyn core::error::Error + Send + Sync>;

/// The pages. Everything but `/health` needs a login, and `/admin` is for principals of the realm's administrators.
pub(crate) fn app(keytab: &[u8]) -> Result<Router, BoxError> {
    let config = AcceptorConfig::from_keytab(keytab)?.framing(Framing::SpnegoOrRaw);
    let layer = AuthenticationLayer::builder(config)
        .requirement(|request| match request.uri.path() {
            "/health" => Requirement::None,
            _ => Requirement::Required,
        })
        .authorize(|who: &Authenticated, request: &Parts| {
            let admin =
                who.krb5_principal().is_some_and(|principal| principal.to_string().contains("/admin@"));
            let allowed = admin || request.uri.path() != "/admin";
            async move { if allowed { Ok(()) } else { Err(Forbidden::new("for administrators only")) } }
        })
        .build()?;
    Ok(Router::new()
        .route("/", get(hello))
        .route("/admin", get(async || "welcome to the engine room\n"))
        .route("/health", get(async || "ok\n"))
        .layer(layer))
}

async fn hello(who: Authenticated) -> String {
    let bound =
        if who.is_channel_bound() { "bound to this connection" } else { "not bound to this connection" };
    format!("hello {who}, by {}, {bound}\n", who.mechanism_name())
}

/// Certificate and key for TLS, and what logins are bound to.
pub(crate) fn tls(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<(rustls::ServerConfig, ServerEndPoints), BoxError> {
    let end_points = ServerEndPoints::new(chain.first())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok((config, end_points))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let (Some(keytab), Some(certificate), Some(key)) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: axum_server KEYTAB CERTIFICATE.pem KEY.pem [ADDRESS]".into());
    };
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8443".into());
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    let (config, end_points) = tls(chain, PrivateKeyDer::from_pem_file(key)?)?;
    let app = app(&std::fs::read(keytab)?)?;
    let interrupted = async { drop(tokio::signal::ctrl_c().await) };
    let server =
        Server::bind(address).await?.tls(config, end_points).shutdown(interrupted, Duration::from_secs(10));
    println!("listening on https://{}", server.local_addr()?);
    server.serve(app).await;
    Ok(())
}
