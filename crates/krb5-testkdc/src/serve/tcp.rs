//! Streams: requests with their length in front.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{self, timeout};

use super::framing::{self, PREFIX};
use super::handler::Desk;
use super::refusal;
use crate::Port;

/// How long to wait when no connection can be accepted, which is mostly for want of file descriptors.
const SHORTAGE: Duration = Duration::from_millis(20);

/// Accepts connections until it is dropped, and gives each to a task with a place among the connections.
pub(super) async fn accept<T>(
    listener: TcpListener,
    connections: usize,
    mut start: impl FnMut(TcpStream) -> T,
) where
    T: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(connections));
    let mut tasks = JoinSet::new();
    loop {
        while tasks.try_join_next().is_some() {}
        let Some((stream, place)) = next(&listener, &places).await else { continue };
        let task = start(stream);
        tasks.spawn(async move {
            task.await;
            drop(place);
        });
    }
}

/// A connection, once there is a place for it.
async fn next(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(_) => {
            time::sleep(SHORTAGE).await;
            None
        }
    }
}

/// Answers the requests of one connection.
pub(super) async fn converse(mut stream: TcpStream, port: Port, desk: Arc<Desk>) {
    // Small replies should not wait for acknowledgements.
    let _ = stream.set_nodelay(true);
    // What fails here is the client's connection, and it ends.
    let _ = requests(&mut stream, port, &desk).await;
}

async fn requests(stream: &mut TcpStream, port: Port, desk: &Desk) -> io::Result<()> {
    let idle = desk.limits.idle;
    for _ in 0..desk.limits.requests_per_connection {
        let request = match timeout(idle, request(stream, desk.limits.request)).await?? {
            Read::Request(request) => request,
            Read::Refused => {
                let refusal = refusal::field_too_long(desk.realm()).and_then(|reply| framing::frame(&reply));
                timeout(idle, stream.write_all(&refusal.unwrap_or_default())).await??;
                return timeout(idle, end(stream)).await?;
            }
        };
        let Some((reply, is_last)) = desk.stream(port, &request).await else {
            // Silence, until the client gives up.
            return timeout(idle, drain(stream)).await?;
        };
        timeout(idle, stream.write_all(&reply)).await??;
        if is_last {
            break;
        }
    }
    timeout(idle, end(stream)).await?
}

enum Read {
    Request(Vec<u8>),
    Refused,
}

async fn request(stream: &mut TcpStream, limit: usize) -> io::Result<Read> {
    let mut prefix = [0; PREFIX];
    stream.read_exact(&mut prefix).await?;
    let Ok(length) = framing::length(prefix, limit) else { return Ok(Read::Refused) };
    let mut request = alloc::vec![0; length];
    stream.read_exact(&mut request).await?;
    Ok(Read::Request(request))
}

/// Ends our side, and waits for the client's. A connection closed with bytes unread would be reset, which can cost the
/// client the reply.
async fn end(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    drain(stream).await
}

/// Waits for the end of the client's side.
async fn drain(stream: &mut TcpStream) -> io::Result<()> {
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? != 0 {}
    Ok(())
}
