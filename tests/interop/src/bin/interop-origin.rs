//! A server on axum that greets whoever logs in, for the tests in `tests/live/web`: `gss-tower` with its loop, and what
//! several such processes share on Redis.

extern crate alloc;

use alloc::sync::Arc;
use core::time::Duration;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::extract::{Extension, Request};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use clap::Parser;
use gss::krb5::replay::{MemoryReplayCache, ReplayCache};
use gss::krb5::{self, service_keys};
use gss::ntlm::{self, MemoryUsers, ServerNames};
use gss::{AcceptorConfig, BindingPolicy, Framing, Timestamp};
use gss_redis::{Redis, RedisContextStore, RedisReplayCache, SealingKey, danger};
use gss_rustls::ServerEndPoints;
use gss_tower::serve::{Event, Server};
use gss_tower::{Authenticated, AuthenticationLayer, Connection, GssScheme, Page};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The options.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: String,
    #[arg(long)]
    keytab: PathBuf,
    /// Users of NTLM, lines like DOMAIN:user:password
    #[arg(long)]
    ntlm_users: Option<PathBuf>,
    /// Certificate chain in PEM
    #[arg(long, requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    #[arg(long, requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Speaks no HTTP/2
    #[arg(long, requires = "tls_cert")]
    http1: bool,
    /// Refuses clients without channel bindings
    #[arg(long)]
    require_bindings: bool,
    /// Offers the scheme GSS for this origin
    #[arg(long)]
    origin: Option<String>,
    /// Shares replay cache and contexts there
    #[arg(long, requires = "redis_key")]
    redis: Option<String>,
    /// The key that contexts are sealed with
    #[arg(long, requires = "redis")]
    redis_key: Option<PathBuf>,
    /// Nobody has logged in before
    #[arg(long, requires = "redis")]
    redis_first_use: bool,
    /// By how many seconds clients' clocks are ahead at most, and how many are added to that
    #[arg(long, requires = "redis", num_args = 2)]
    redis_clocks: Option<Vec<u64>>,
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_ansi(false).without_time().with_target(false).init();
    let arguments = Arguments::parse();
    let app = Router::new().fallback(greet).layer(layer(&arguments)?).layer(middleware::from_fn(log));
    let mut server = Server::bind(&arguments.listen).await?.on_event(|event| {
        // Whose TLS failed stands in the log beside the requests; that connections come and go does not.
        if matches!(event, Event::NoTls { .. }) {
            println!("{event}");
        }
    });
    if let (Some(certificate), Some(key)) = (&arguments.tls_cert, &arguments.tls_key) {
        let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
        let end_points = ServerEndPoints::new(chain.first())?;
        let mut config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_no_client_auth()
                .with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
        if arguments.http1 {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
        }
        server = server.tls(config, end_points);
    }
    server.serve(app).await;
    Ok(())
}

fn layer(arguments: &Arguments) -> Result<AuthenticationLayer> {
    let redis = arguments.redis.as_deref().map(connect).transpose()?;
    let config = match &redis {
        None => acceptor(arguments, MemoryReplayCache::new())?,
        Some(redis) => acceptor(arguments, replay_cache(arguments, redis.clone())?)?,
    };
    let policy =
        if arguments.require_bindings { BindingPolicy::Require } else { BindingPolicy::VerifyIfPresent };
    let mut builder = AuthenticationLayer::builder(config)
        .bindings(policy)
        .page(|_, reason| Page::html(format!("<h1>Sign in</h1>\n<p>{}</p>\n", reason.unwrap_or_default())));
    if let Some(origin) = &arguments.origin {
        let mut scheme = GssScheme::new(origin);
        if let (Some(redis), Some(path)) = (&redis, &arguments.redis_key) {
            let key = SealingKey::new(&fs::read(path).context("sealing key")?)?;
            scheme = scheme.store(Arc::new(RedisContextStore::new(redis.clone(), &key)));
        }
        builder = builder.gss(scheme);
    }
    if redis.is_some() {
        builder = builder.blocking();
    }
    Ok(builder.build()?)
}

/// With patience: the machine may be busy.
fn connect(url: &str) -> Result<Redis> {
    let patience = Duration::from_secs(5);
    Ok(Redis::builder(url).connect_timeout(patience).response_timeout(patience).build()?)
}

fn replay_cache(arguments: &Arguments, redis: Redis) -> Result<RedisReplayCache> {
    redis.server()?;
    let mut cache = RedisReplayCache::new(redis);
    match arguments.redis_clocks.as_deref() {
        None => {}
        Some(&[lead, margin]) => {
            cache = cache.client_lead(Duration::from_secs(lead)).margin(Duration::from_secs(margin));
        }
        Some(other) => bail!("--redis-clocks: {other:?}"),
    }
    if arguments.redis_first_use {
        danger::declare_first_use(&cache, Timestamp::now())?;
    }
    Ok(cache)
}

fn acceptor(
    arguments: &Arguments,
    cache: impl ReplayCache + Send + Sync + 'static,
) -> Result<AcceptorConfig> {
    let keys = service_keys(&fs::read(&arguments.keytab).context("keytab")?)?;
    let mut config = AcceptorConfig::krb5(krb5::AcceptorConfig::new(keys, cache));
    if let Some(path) = &arguments.ntlm_users {
        let users = MemoryUsers::from_user_file(&fs::read(path).context("users of NTLM")?)?;
        config = config.with_ntlm(ntlm::AcceptorConfig::new(ServerNames::new("ORIGIN"), users));
    }
    Ok(config.framing(Framing::SpnegoOrRaw))
}

/// The page, which `interop::web::Greeting` reads. Its user goes into the log with the response.
async fn greet(who: Authenticated) -> Response {
    let bound = if who.is_channel_bound() { "yes" } else { "no" };
    let page = format!(
        "<h1>You are {who}</h1>\n<table>\n\
         <tr><th>Bound to the channel</th><td>{bound}</td></tr>\n\
         <tr><th>Delegated tickets</th><td>{}</td></tr>\n\
         <tr><th>Manner</th><td>{:?}</td></tr>\n</table>\n",
        who.delegated().len(),
        who.manner()
    );
    (Extension(who), Html(page)).into_response()
}

/// Writes a line like `127.0.0.1:40000 GET / 200, alice@EXAMPLE.TEST, HTTP/1.1, Login`.
async fn log(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Connection>().and_then(Connection::peer);
    let peer = peer.map_or_else(|| "-".into(), |peer| peer.to_string());
    let said = format!("{peer} {} {}", request.method(), request.uri().path());
    let version = request.version();
    let silent = !request.headers().contains_key("authorization");
    let response = next.run(request).await;
    let status = response.status().as_u16();
    match response.extensions().get::<Authenticated>() {
        Some(who) => println!("{said} {status}, {who}, {version:?}, {:?}", who.manner()),
        None if silent => println!("{said} {status}, no credentials"),
        None => println!("{said} {status}, refused, {version:?}"),
    }
    response
}
