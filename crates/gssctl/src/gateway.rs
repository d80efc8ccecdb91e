//! `gssctl gateway`: a login in front of any HTTP service.
//!
//! A request goes through `front`, which logs it, the layer of `gss-tower`, which authenticates it and asks `rules`, and
//! `forward`, which sends it to the service without what only we may say (`fields`), and with who the client is
//! (`identity`).

mod body;
mod connector;
mod fields;
mod forward;
mod front;
mod identity;
mod limits;
mod login;
mod pulse;
mod rules;
mod signals;
mod tunnel;
mod upstream;

use crate::tls::{self, ClientTls};
use crate::{acceptor, text};
use anyhow::{Context, Result};
use clap::ArgGroup;
use connector::Connector;
use core::net::SocketAddr;
use core::time::Duration;
use forward::{Forward, Settings};
use front::{Front, Log};
use gss_tower::serve::{Ended, Event, Server};
use gss_tower::{AuthenticationLayer, Requirement};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use identity::Naming;
use rules::Rules;
use signals::Signals;
use std::io::{self, Write};
use std::path::PathBuf;
use tower_layer::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tunnel::{Owner, Protocol, Tunnels};
use upstream::Upstream;

/// Guards any HTTP service: lets in who logs in with Kerberos (or NTLM) and may, and tells the service who it is in a header
/// field that clients cannot forge.
///
/// Speaks HTTP/1.1 and HTTP/2 over TLS with clients, binds their logins to the connection, and HTTP/1.1 with the service.
/// WebSockets are passed on once their request was let in. The service must be reachable through the gateway only: whoever
/// comes to it another way can say who they are. It must not want a login of its own: its challenges are passed on, the
/// answers to them are not.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("transport").args(["tls_cert", "plain"]).required(true)))]
pub struct Arguments {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: String,
    /// The service to guard; what stands in the path is put before each request's
    #[arg(long, value_name = "http://HOST:PORT")]
    upstream: Upstream,
    /// Believe the authorities in this PEM file, and no others, about an https service
    #[arg(long, value_name = "FILE")]
    upstream_cacert: Option<PathBuf>,
    #[command(flatten)]
    tls: tls::Arguments,
    /// Speak http, behind a proxy that speaks https with clients; --channel-bindings says what they are bound to
    #[arg(long, conflicts_with = "tls_key")]
    plain: bool,
    /// Answer 200 at this path to anybody, without asking the service
    #[arg(long, value_name = "PATH", value_parser = parse_path)]
    health_path: Option<String>,
    /// Protocols besides HTTP that connections may change to, by Upgrade
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "websocket")]
    upgrade: Vec<Protocol>,
    /// How long requests that have begun may take when the gateway is told to end (SIGTERM, SIGINT); at a second signal it
    /// ends at once
    #[arg(long, value_name = "DURATION", value_parser = text::parse_duration, default_value = "30s")]
    drain: u32,
    #[command(flatten)]
    limits: limits::Arguments,
    #[command(flatten)]
    rules: rules::Arguments,
    #[command(flatten)]
    identity: identity::Arguments,
    #[command(flatten)]
    login: login::Arguments,
    #[command(flatten)]
    acceptor: acceptor::Arguments,
}

fn parse_path(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    if text.starts_with('/') && text.bytes().all(plain) {
        Ok(text.into())
    } else {
        Err(format!("{text:?} is no plain path, expected one like /healthz"))
    }
}

/// Serves until the process is told to end.
///
/// # Errors
/// A file cannot be read, the options do not fit together, or the address is not free.
pub fn run(arguments: &Arguments) -> Result<()> {
    tell_of_refusals();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let mut signals = Signals::new()?;
        let gateway = Gateway::bind(arguments).await?;
        println!("listening on {}://{}", gateway.scheme(), gateway.address()?);
        io::stdout().flush()?;
        let (stop, first) = tokio::sync::oneshot::channel::<()>();
        let drain = text::length(arguments.drain.into());
        let second = async {
            signals.next().await;
            eprintln!("ending; requests that have begun may take {drain}");
            drop(stop);
            signals.next().await;
        };
        let stopped = async {
            // The sender says it by going away.
            let _ = first.await;
        };
        tokio::select! {
            ended = gateway.serve(stopped) => {
                if ended.left > 0 {
                    eprintln!("{} connections did not end in time", ended.left);
                }
            }
            () = second => eprintln!("ended at once"),
        }
        Ok(())
    });
    // What waits for others is not waited for.
    runtime.shutdown_background();
    result
}

/// Writes to standard error why credentials were refused, and what is wrong with the gateway's own helpers. Who logged in is
/// in the line of each request.
fn tell_of_refusals() {
    let tells = filter_fn(|about| {
        *about.level() <= LevelFilter::WARN || about.is_span() || about.fields().field("error").is_some()
    });
    let lines =
        tracing_subscriber::fmt::layer().with_writer(|| front::Stderr).with_ansi(false).without_time();
    // Where a subscriber is set already, lines go there.
    let _ = tracing_subscriber::registry()
        .with(lines.with_target(false).with_filter(tells).with_filter(LevelFilter::INFO))
        .try_init();
}

/// A gateway that listens.
pub struct Gateway {
    server: Server,
    https: bool,
    layer: AuthenticationLayer,
    forward: Forward,
    tunnels: Owner,
    drain: Duration,
    log: Log,
}

impl Gateway {
    /// Listens where the arguments say.
    ///
    /// # Errors
    /// A file cannot be read, the options do not fit together, or the address is not free.
    pub async fn bind(arguments: &Arguments) -> Result<Self> {
        let naming = Naming::new(&arguments.identity)?;
        let health_path = arguments.health_path.clone();
        let healthy = health_path.clone();
        let rules = Rules::new(&arguments.rules);
        let layer = login::layer(&arguments.login, &arguments.acceptor, arguments.plain, rules)?
            .requirement(move |parts| {
                let is_health = healthy.as_deref() == Some(parts.uri.path());
                if is_health { Requirement::None } else { Requirement::Required }
            })
            .build()?;

        let limits = &arguments.limits;
        let authorities = || match &arguments.upstream_cacert {
            Some(path) => ClientTls::from_pem_file(path),
            None => ClientTls::of_system(),
        };
        let connector = Connector::new(&arguments.upstream, authorities, limits.connect())?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(limits::UPSTREAM_IDLE)
            .pool_max_idle_per_host(limits::UPSTREAM_MAX_IDLE)
            .set_host(false)
            .build(connector);
        let (open, tunnels) = Tunnels::new(limits.tunnel_idle());
        let settings = Settings {
            upstream: arguments.upstream.clone(),
            naming,
            health_path,
            protocols: arguments.upgrade.clone(),
            max_body: limits.max_body(),
            client_patience: limits.client(),
            upstream_patience: limits.upstream(),
        };
        let forward = Forward::new(settings, client, open);

        let log = front::to_stderr();
        let tell = log.clone();
        let tls = arguments.tls.load()?;
        let https = tls.is_some();
        let mut server = Server::bind(&*arguments.listen)
            .await
            .with_context(|| {
                format!("cannot listen on {:?}, an address and port like 127.0.0.1:8443", arguments.listen)
            })?
            .limits(limits.of_server())
            .on_event(move |event| {
                if !matches!(event, Event::Accepted { .. } | Event::Closed { .. }) {
                    tell(&event.to_string());
                }
            });
        if let Some(tls) = tls {
            let (config, end_points) = tls.into_parts();
            server = server.tls(config, end_points);
        }
        let drain = Duration::from_secs(arguments.drain.into());
        Ok(Self { server, https, layer, forward, tunnels, drain, log })
    }

    /// Gives the lines of the log to this, in place of standard error.
    #[must_use]
    pub fn log(self, log: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { log: alloc::sync::Arc::new(log), ..self }
    }

    /// `http` or `https`.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.server.local_addr()
    }

    /// Serves until `stop` ends, and then until requests that have begun and connections that were upgraded have ended, or
    /// the time for that is over.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Ended {
        let Self { server, https: _, layer, forward, tunnels, drain, log } = self;
        let service = Front { inner: layer.layer(forward), log };
        let ended = server.shutdown(stop, drain).serve(service).await;
        tunnels.cut().await;
        ended
    }
}

impl core::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Gateway")
            .field("server", &self.server)
            .field("layer", &self.layer)
            .finish_non_exhaustive()
    }
}
