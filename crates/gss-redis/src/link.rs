//! The connection: made when it is needed, and made anew when it is lost.

use crate::{Error, Server, Unfit};
use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, ServerErrorKind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

/// After a failure nobody tries again for this long; each further failure in a row doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

pub(crate) struct Link {
    client: Client,
    /// For messages: without user and password.
    pub(crate) address: String,
    connect_timeout: Duration,
    trusts_server: bool,
    state: Mutex<State>,
    /// Held while a connection is made, so that callers wait for one attempt and not each for its own.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    connected: Option<Connected>,
    /// How many connections there have been.
    count: u64,
    failed: Option<Failed>,
}

struct Failed {
    error: Error,
    times: u32,
    until: Instant,
}

/// A connection, and who is at its other end.
#[derive(Clone)]
pub(crate) struct Connected {
    pub(crate) connection: MultiplexedConnection,
    pub(crate) server: Arc<Server>,
    number: u64,
}

impl Link {
    pub(crate) fn new(client: Client, connect_timeout: Duration, trusts_server: bool) -> Self {
        Self {
            address: client.get_connection_info().addr().to_string(),
            client,
            connect_timeout,
            trusts_server,
            state: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        }
    }

    /// The connection there is, or a new one. Within the pause after a failure: that failure.
    pub(crate) async fn connected(&self) -> Result<Connected, Error> {
        if let Some(connected) = self.present()? {
            return Ok(connected);
        }
        let _guard = self.connecting.lock().await;
        // Somebody else may have connected, or failed to, in the meantime.
        if let Some(connected) = self.present()? {
            return Ok(connected);
        }
        let after = self.connect_timeout;
        let outcome = timeout(after, self.connect()).await;
        let address = self.address.clone();
        match outcome.unwrap_or(Err(Error::ConnectTimedOut { address, after })) {
            Ok((connection, server)) => {
                let mut state = self.state();
                state.count = state.count.saturating_add(1);
                state.failed = None;
                let connected = Connected { connection, server: Arc::new(server), number: state.count };
                state.connected = Some(connected.clone());
                let version = connected.server.version.as_deref();
                info!(address = self.address, version, connection = state.count, "connected to Redis");
                Ok(connected)
            }
            Err(error) => {
                warn!(address = self.address, error = chain(&error), "no connection to Redis");
                let mut state = self.state();
                let times = state.failed.as_ref().map_or(0, |failed| failed.times);
                let pause = FIRST_PAUSE.saturating_mul(1 << times.min(8)).min(LONGEST_PAUSE);
                let until = Instant::now() + pause;
                state.failed = Some(Failed { error: error.clone(), times: times.saturating_add(1), until });
                Err(error)
            }
        }
    }

    fn present(&self) -> Result<Option<Connected>, Error> {
        let state = self.state();
        match &state.failed {
            Some(failed) if Instant::now() < failed.until => Err(failed.error.clone()),
            _ => Ok(state.connected.clone()),
        }
    }

    async fn connect(&self) -> Result<(MultiplexedConnection, Server), Error> {
        let failed = |reason| Error::Connect { address: self.address.clone(), reason };
        // Both times are kept by our callers.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let mut connection = connection.map_err(failed)?;
        let server = match redis::cmd("INFO").query_async::<String>(&mut connection).await {
            Ok(info) => Server::parse(&info),
            Err(error) if is_refusal(&error) => Server::default(),
            Err(error) => return Err(failed(error)),
        };
        if server.run_id.is_none() && !self.trusts_server {
            return Err(Unfit::RunIdUnknown.into());
        }
        Ok((connection, server))
    }

    /// What restarts are told by: empty where the operator answers for them.
    pub(crate) fn run_id<'s>(&self, server: &'s Server) -> &'s str {
        if self.trusts_server { "" } else { server.run_id.as_deref().unwrap_or_default() }
    }

    pub(crate) fn trusts_server(&self) -> bool {
        self.trusts_server
    }

    /// What came of asking. A connection that failed is given up, so that the next caller makes another one.
    pub(crate) fn settle<T>(
        &self,
        connected: &Connected,
        asked: Result<Result<T, RedisError>, Elapsed>,
        after: Duration,
    ) -> Result<T, Error> {
        let answer = asked.map_or(Err(Error::TimedOut { after }), |answer| answer.map_err(Error::Command));
        answer.inspect_err(|error| self.give_up(connected, error))
    }

    fn give_up(&self, connected: &Connected, error: &Error) {
        let is_over = match error {
            Error::TimedOut { .. } => true,
            Error::Command(error) => {
                let elsewhere = ErrorKind::Server(ServerErrorKind::ReadOnly);
                error.is_io_error() || error.is_unrecoverable_error() || error.kind() == elsewhere
            }
            _ => false,
        };
        let mut state = self.state();
        let is_current = state.connected.as_ref().is_some_and(|current| current.number == connected.number);
        if is_over && is_current {
            state.connected = None;
            let connection = connected.number;
            warn!(address = self.address, connection, error = chain(error), "gave up a connection to Redis");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A server that does not let us use the command, or does not have it.
fn is_refusal(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::NoPerm | ServerErrorKind::ResponseError) | ErrorKind::Extension
    )
}

/// An error with its causes, for a log.
pub(crate) fn chain(error: &dyn core::error::Error) -> String {
    let mut text = alloc::format!("{error}");
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&alloc::format!("{error}"));
        source = error.source();
    }
    text
}
