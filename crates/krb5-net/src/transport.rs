//! The asynchronous face of bringing requests to KDCs.

use core::future::Future;
use core::pin::Pin;

use gss_core::{Env, Timestamp};
use krb5_client::{Exchange, Progress, Request, RunError};
use rand_core::CryptoRng;

use crate::TransportError;

/// What [`AsyncKdcTransport::exchange`] gives.
pub type ExchangeFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, TransportError>> + Send + 'a>>;

/// Brings a request to a server of a realm and its answer back, without blocking: [`KdcTransport`] for asynchronous
/// programs. A closure that answers at once is one, such as a KDC in this process.
///
/// [`KdcTransport`]: krb5_client::KdcTransport
pub trait AsyncKdcTransport: Send + Sync {
    /// Sends the request and waits for the answer, however often and to however many servers that takes.
    ///
    /// The future fails when no server answered. Dropping it gives up all that is under way.
    fn exchange<'a>(&'a self, request: &'a Request) -> ExchangeFuture<'a>;
}

impl<F: Fn(&Request) -> Result<Vec<u8>, TransportError> + Send + Sync> AsyncKdcTransport for F {
    fn exchange<'a>(&'a self, request: &'a Request) -> ExchangeFuture<'a> {
        Box::pin(async move { self(request) })
    }
}

/// Drives an exchange to its end: [`krb5_client::run`] for asynchronous programs. `clock` is asked for the time whenever
/// an answer has come.
///
/// # Errors
/// Those of the transport and those of the exchange.
pub async fn drive<X: Exchange>(
    mut exchange: X,
    transport: &dyn AsyncKdcTransport,
    clock: &mut (dyn FnMut() -> Timestamp + Send),
    rng: &mut (dyn CryptoRng + Send),
) -> Result<X::Outcome, RunError<X::Error, TransportError>> {
    loop {
        let reply = transport.exchange(exchange.request()).await.map_err(RunError::Transport)?;
        match exchange.receive(&reply, &mut Env::new(clock(), rng)).map_err(RunError::Exchange)? {
            Progress::Ask(next) => exchange = next,
            Progress::Done(outcome) => return Ok(outcome),
        }
    }
}
