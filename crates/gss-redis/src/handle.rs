//! The handle that a program shares.

use crate::link::Link;
use crate::{Error, Server};
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::time::Duration;
use redis::{Client, FromRedisValue, Script, ScriptInvocation};
use std::sync::mpsc;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// How much longer a caller waits than what it waits for may take, so that the better of two errors arrives.
const GRACE: Duration = Duration::from_millis(250);

/// A Redis server, for any number of caches and stores of a program. Cloning is cheap: all clones share one connection.
///
/// Nothing is connected before it is needed; [`server`](Self::server) does it at once. A connection that is lost, or
/// does not answer in time, is given up, and the next call makes a new one. After a failure to connect, calls within
/// the next 25 ms (up to 500 ms after further failures) fail at once with the same error.
///
/// All calls wait for the answer, at most for connect and response time-out together. They block: inside of
/// asynchronous code, call them on a thread that may (`spawn_blocking` of tokio). The connection itself is served by a
/// thread of its own, so calls from any thread of any runtime do not wait for each other.
///
/// One server is meant, or the primary behind one address (Sentinel with a virtual address, a proxy for TCP). The
/// scripts use several keys, which Redis Cluster does not allow.
#[derive(Clone)]
pub struct Redis(Arc<Shared>);

struct Shared {
    link: Arc<Link>,
    prefix: String,
    response_timeout: Duration,
    patience: Duration,
    runtime: Option<Runtime>, // INVARIANT: there until drop
}

impl Redis {
    /// To a server, as `redis://[user:password@]host[:port][/database]` or
    /// `redis+unix:///path/of/socket[?db=..&user=..&pass=..]`.
    ///
    /// There is no TLS here. To a server on another machine that is not on a network of its own, go through a tunnel
    /// (stunnel), and see the crate's documentation for what depends on it.
    #[must_use]
    pub fn builder(url: &str) -> RedisBuilder {
        RedisBuilder {
            url: url.into(),
            prefix: "gss:".into(),
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_secs(1),
            trusts_server: false,
        }
    }

    /// Asks the server who it is: at the start of a program, or for a health check.
    ///
    /// # Errors
    /// [`Error`] if it cannot be reached, does not answer, or is not one to rely on as a [`crate::RedisReplayCache`]
    /// does.
    pub fn server(&self) -> Result<Server, Error> {
        let link = self.0.link.clone();
        let after = self.0.response_timeout;
        self.wait(async move {
            let mut connected = link.connected().await?;
            let ping = redis::cmd("PING");
            let asked = timeout(after, ping.query_async::<()>(&mut connected.connection)).await;
            link.settle(&connected, asked, after)?;
            if !link.trusts_server() {
                connected.server.keeps_entries()?;
            }
            Ok((*connected.server).clone())
        })
    }

    /// The key of this name.
    pub(crate) fn key(&self, kind: &str, id: &str) -> String {
        [self.0.prefix.as_str(), kind, id].concat()
    }

    /// Where it is, without user and password.
    pub(crate) fn address(&self) -> &str {
        &self.0.link.address
    }

    /// Runs a script on a server that meets `demand`. Its first argument is the server's run id, the others and the
    /// keys are added by `add`.
    pub(crate) fn run<T: FromRedisValue + Send + 'static>(
        &self,
        script: &'static Script,
        demand: Demand,
        add: impl FnOnce(&mut ScriptInvocation<'_>) + Send + 'static,
    ) -> Result<T, Error> {
        let link = self.0.link.clone();
        let after = self.0.response_timeout;
        self.wait(async move {
            let mut connected = link.connected().await?;
            if demand == Demand::KeepsEntries && !link.trusts_server() {
                connected.server.keeps_entries()?;
            }
            let mut invocation = script.prepare_invoke();
            invocation.arg(link.run_id(&connected.server));
            add(&mut invocation);
            let asked = timeout(after, invocation.invoke_async::<T>(&mut connected.connection)).await;
            link.settle(&connected, asked, after)
        })
    }

    /// Waits for what another thread does, for a bounded time. Not for a runtime's own: this works anywhere.
    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let after = self.0.patience;
        let late = || Error::TimedOut { after };
        let (sender, receiver) = mpsc::sync_channel(1);
        self.0.runtime.as_ref().ok_or_else(late)?.spawn(async move {
            // Nobody waits any more: nothing to be done.
            let _ = sender.send(work.await);
        });
        receiver.recv_timeout(after.saturating_add(GRACE)).unwrap_or_else(|_| Err(late()))
    }
}

/// What a script needs of the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// That it drops nothing before its time.
    KeepsEntries,
    /// Nothing: what it drops is missed, and no more.
    Nothing,
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Without waiting, which asynchronous code must not.
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("address", &self.address())
            .field("prefix", &self.0.prefix)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`Redis`].
pub struct RedisBuilder {
    url: String,
    prefix: String,
    connect_timeout: Duration,
    response_timeout: Duration,
    trusts_server: bool,
}

impl RedisBuilder {
    /// What all keys begin with. Services that do not share their keys need different ones. Default: `gss:`.
    #[must_use]
    pub fn key_prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The longest time to connect, to log in and to be told who the server is. Default: 1 s.
    #[must_use]
    pub fn connect_timeout(mut self, longest: Duration) -> Self {
        self.connect_timeout = longest;
        self
    }

    /// The longest time for an answer. Default: 1 s.
    #[must_use]
    pub fn response_timeout(mut self, longest: Duration) -> Self {
        self.response_timeout = longest;
        self
    }

    /// Relies on the operator in place of `INFO`, for servers that do not permit it, or that really lose nothing.
    ///
    /// The operator states that the server **drops no entry** when memory runs short, and that **whatever it has
    /// acknowledged survives** its restarts and failovers (`appendfsync always`, and no failover to a replica that may
    /// be behind). Where that is not so, tokens and requests that were used shortly before a restart can be used again.
    #[must_use]
    pub fn danger_trust_server(mut self) -> Self {
        self.trusts_server = true;
        self
    }

    /// Starts the thread that serves the connection.
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::Thread`].
    pub fn build(self) -> Result<Redis, Error> {
        let client = Client::open(self.url).map_err(Error::Url)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(2) // for names of servers
            .thread_name("gss-redis")
            .enable_all()
            .build()
            .map_err(|error| Error::Thread(Arc::new(error)))?;
        Ok(Redis(Arc::new(Shared {
            link: Arc::new(Link::new(client, self.connect_timeout, self.trusts_server)),
            prefix: self.prefix,
            response_timeout: self.response_timeout,
            patience: self.connect_timeout.saturating_add(self.response_timeout),
            runtime: Some(runtime),
        })))
    }
}

/// Without the URL, which may have a password.
impl fmt::Debug for RedisBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBuilder").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
