//! How clients log in: schemes, sessions, and what is shared with other gateways.

use super::rules::Rules;
use crate::acceptor::Configured;
use crate::{acceptor, source, text};
use alloc::sync::Arc;
use anyhow::{Context, Result, bail, ensure};
use core::time::Duration;
use gss::Timestamp;
use gss::krb5::replay::MemoryReplayCache;
use gss_http::{Scheme, Schemes, ServerPolicy, gss as http_gss};
use gss_redis::{Redis, RedisContextStore, RedisReplayCache, SealingKey, danger};
use gss_tower::{AuthenticationLayer, Builder, GssScheme, SessionKey, Sessions};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The options about logins.
#[derive(Debug, clap::Args)]
#[group(id = "login")]
#[command(next_help_heading = "How clients log in")]
pub(super) struct Arguments {
    /// The schemes to offer, in this order; default: negotiate, and gss where --origin is given
    #[arg(long, value_delimiter = ',')]
    scheme: Vec<SchemeName>,
    /// The gateway as clients see it, which requests of the scheme GSS sign; the port may be left out where it is 443
    #[arg(long, value_name = "https://HOST:PORT")]
    origin: Vec<String>,
    /// Give out session cookies, signed with the 32 random bytes of this file; more files are of keys that signed before
    #[arg(long, value_name = "FILE")]
    session_cookie_key: Vec<PathBuf>,
    /// How long a session lasts at most
    #[arg(long, value_name = "DURATION", value_parser = text::parse_duration, default_value = "8h")]
    session_lifetime: u32,
    /// Share replay cache and contexts of GSS with other gateways, through this server, or one at redis+unix:///SOCKET. While
    /// it is away, nobody logs in
    #[arg(long, value_name = "redis://HOST:PORT")]
    redis: Option<String>,
    /// 32 random bytes that all gateways share, with which contexts of GSS are sealed
    #[arg(long, value_name = "FILE", requires = "redis")]
    redis_key: Option<PathBuf>,
    /// What the names of keys at the Redis server begin with
    #[arg(long, value_name = "TEXT", requires = "redis", default_value = "gss:")]
    redis_prefix: String,
    /// Nobody has ever logged in at this service: let clients in at once. Without it, an empty Redis server is taken for
    /// one that has forgotten logins, and nobody is let in for some minutes
    #[arg(long, requires = "redis")]
    redis_first_use: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum SchemeName {
    /// Kerberos, and NTLM where users are given
    Negotiate,
    /// Logins of several legs over any connection, and requests signed with the login's key; our own clients only
    Gss,
    /// NTLM for clients that know no Negotiate; needs users
    Ntlm,
}

impl Arguments {
    fn offers_gss(&self) -> bool {
        if self.scheme.is_empty() { !self.origin.is_empty() } else { self.scheme.contains(&SchemeName::Gss) }
    }

    fn redis(&self) -> Result<Option<Redis>> {
        let Some(url) = &self.redis else { return Ok(None) };
        let redis = Redis::builder(url).key_prefix(&self.redis_prefix).build()?;
        redis.server().context("--redis")?;
        Ok(Some(redis))
    }

    fn sessions(&self, plain: bool) -> Result<Option<Sessions>> {
        let keys: Result<Vec<_>> = self.session_cookie_key.iter().map(|path| key(path)).collect();
        let mut keys = keys?.into_iter().map(|key| SessionKey::from(*key));
        let Some(first) = keys.next() else { return Ok(None) };
        let sessions =
            keys.fold(Sessions::new(first), Sessions::previous_key).lifetime(self.session_lifetime);
        // Behind a proxy, it is the proxy that speaks https.
        Ok(Some(if plain { sessions.always_https() } else { sessions }))
    }

    /// The schemes besides `GSS`.
    fn schemes(&self) -> Result<Schemes> {
        let listed = self.scheme.iter().filter_map(|scheme| match scheme {
            SchemeName::Negotiate => Some(Scheme::Negotiate),
            SchemeName::Ntlm => Some(Scheme::Ntlm),
            SchemeName::Gss => None,
        });
        match listed.fold(None, |schemes: Option<Schemes>, scheme| {
            Some(schemes.map_or_else(|| Schemes::only(scheme), |schemes| schemes.then(scheme)))
        }) {
            Some(schemes) => Ok(schemes),
            None if self.scheme.is_empty() => Ok(Schemes::only(Scheme::Negotiate)),
            None => bail!("gss alone is not enough; list negotiate beside it"),
        }
    }
}

/// What makes the layer, which lets in whom the rules do; `plain` for one behind a proxy.
pub(super) fn layer(
    arguments: &Arguments,
    acceptor: &acceptor::Arguments,
    plain: bool,
    rules: Rules,
) -> Result<Builder> {
    let schemes = arguments.schemes()?;
    ensure!(
        !(plain && schemes.contains(Scheme::Ntlm)),
        "NTLM logins hold for a connection, which behind a proxy is the proxy's; leave ntlm or --plain out"
    );
    let redis = arguments.redis()?;
    let Configured { config, of_any_domain } = configured(arguments, acceptor, redis.clone())?;
    let mut builder = AuthenticationLayer::builder(config)
        .policy(ServerPolicy { schemes, ..ServerPolicy::default() })
        .bindings(acceptor.binding_policy());
    for channel in acceptor.channels() {
        let Some(hash) = channel.strip_prefix(b"tls-server-end-point:") else {
            bail!(
                "--channel-bindings: expected tls-server-end-point: and the hash of the proxy's certificate, in hex"
            );
        };
        builder = builder.end_point(hash);
    }
    if plain {
        builder = builder.behind_proxy();
    }
    if redis.is_some() || acceptor.asks_others() {
        builder = builder.blocking();
    }
    if let Some(sessions) = arguments.sessions(plain)? {
        builder = builder.sessions(sessions);
    }
    if arguments.offers_gss() {
        builder = builder.gss(gss_scheme(arguments, acceptor, redis)?);
    }
    if let Some(user) = of_any_domain {
        rules.suit_user_of_any_domain(&user)?;
    }
    Ok(builder.authorize(rules))
}

fn configured(
    arguments: &Arguments,
    acceptor: &acceptor::Arguments,
    redis: Option<Redis>,
) -> Result<Configured> {
    let Some(redis) = redis else { return acceptor.config_with(MemoryReplayCache::new()) };
    let cache = RedisReplayCache::new(redis).skew(Duration::from_secs(acceptor.skew().into()));
    if arguments.redis_first_use {
        danger::declare_first_use(&cache, Timestamp::now()).context("--redis-first-use")?;
    }
    acceptor.config_with(cache)
}

fn gss_scheme(
    arguments: &Arguments,
    acceptor: &acceptor::Arguments,
    redis: Option<Redis>,
) -> Result<GssScheme> {
    let mut origins = arguments.origin.iter();
    let Some(first) = origins.next() else {
        bail!(
            "the scheme GSS signs the server's origin; name it with --origin https://HOST:PORT, as clients see it"
        );
    };
    let policy = http_gss::ServerPolicy { binding: acceptor.binding_policy(), ..Default::default() };
    let mut scheme = origins.fold(GssScheme::new(first), GssScheme::origin).policy(policy);
    let before = |scheme| arguments.scheme.iter().position(|listed| *listed == scheme);
    if before(SchemeName::Gss) < before(SchemeName::Negotiate) && before(SchemeName::Gss).is_some() {
        scheme = scheme.preferred();
    }
    let Some(redis) = redis else { return Ok(scheme) };
    let Some(path) = &arguments.redis_key else {
        bail!(
            "contexts of GSS are sealed for Redis; name the file of a key with --redis-key, the same for all gateways"
        );
    };
    let sealing = SealingKey::new(&key(path)?[..])?;
    Ok(scheme.store(Arc::new(RedisContextStore::new(redis, &sealing))))
}

/// A key of 32 random bytes.
fn key(path: &Path) -> Result<Zeroizing<[u8; 32]>> {
    let bytes = source::read(path, "key")?;
    match <[u8; 32]>::try_from(bytes.as_slice()) {
        Ok(key) => Ok(Zeroizing::new(key)),
        Err(_) => bail!(
            "{} has {} bytes, expected 32 random ones: head -c 32 /dev/urandom > {0}",
            path.display(),
            bytes.len()
        ),
    }
}
