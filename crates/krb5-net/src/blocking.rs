//! The face for programs that wait.

use core::future::Future;

use krb5_client::{KdcTransport, Request};
use tokio::runtime::{Builder, Handle};

use crate::{Network, TransportError};

/// [`Network`] for programs that wait: it implements [`KdcTransport`], so [`krb5_client::run`] takes it.
///
/// It also works on a thread of a tokio runtime, which then does nothing else until the answer is there; asynchronous
/// programs use [`Network::exchange`].
#[derive(Clone, Debug)]
pub struct BlockingNetwork {
    network: Network,
}

impl BlockingNetwork {
    pub(crate) const fn new(network: Network) -> Self {
        Self { network }
    }

    /// Sends a request to the servers of its realm until one answers.
    ///
    /// # Errors
    /// No server of the realm is known, or none answered.
    pub fn exchange(&self, request: &Request) -> Result<Vec<u8>, TransportError> {
        block_on(self.network.exchange(request))?
    }
}

impl KdcTransport for BlockingNetwork {
    type Error = TransportError;

    fn exchange(&mut self, request: &Request) -> Result<Vec<u8>, TransportError> {
        Self::exchange(self, request)
    }
}

/// Runs a future to its end on a runtime of its own, wherever we are.
pub(crate) fn block_on<T: Send>(future: impl Future<Output = T> + Send) -> Result<T, TransportError> {
    let run = || {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(TransportError::Runtime)?;
        let output = runtime.block_on(future);
        // A look-up by the system's resolver cannot be stopped; it ends by itself.
        runtime.shutdown_background();
        Ok(output)
    };
    if Handle::try_current().is_err() {
        return run();
    }
    // A runtime must not wait inside another one on the same thread.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("krb5-net".into()).spawn_scoped(scope, run);
        match thread.map_err(TransportError::Runtime)?.join() {
            Ok(output) => output,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
