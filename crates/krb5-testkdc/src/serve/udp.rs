//! Datagrams.

use alloc::sync::Arc;
use std::io;

use tokio::net::UdpSocket;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::handler::Desk;
use crate::Port;

/// What the largest datagram holds.
const LARGEST: usize = 65_535;

/// Answers datagrams until it is dropped.
pub(super) async fn serve(socket: UdpSocket, port: Port, desk: Arc<Desk>) {
    let socket = Arc::new(socket);
    let places = Arc::new(Semaphore::new(desk.limits.connections));
    let mut tasks = JoinSet::new();
    let mut buffer = alloc::vec![0; LARGEST];
    loop {
        while tasks.try_join_next().is_some() {}
        let (length, client) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            // An earlier reply found nobody there.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
            Err(_) => return,
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let Some(request) = buffer.get(..length).map(<[u8]>::to_vec) else { continue };
        let (socket, desk) = (Arc::clone(&socket), Arc::clone(&desk));
        // A task of its own, so that a late reply holds up no other, and a panic of the handler ends just this one.
        tasks.spawn(async move {
            if let Some(reply) = desk.datagram(port, &request).await {
                // The network may lose it as well.
                let _ = socket.send_to(&reply, client).await;
            }
            drop(place);
        });
    }
}
