//! A server that says what it is told to, byte by byte.

use alloc::sync::Arc;
use core::net::SocketAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What to do about a request.
pub(crate) enum Say {
    /// These bytes, and wait for the next request.
    Bytes(Vec<u8>),
    /// These bytes, and close.
    Last(Vec<u8>),
    /// These bytes, and then the others without an end.
    Endless(Vec<u8>, Vec<u8>),
    /// Nothing, and keep the connection open.
    Silence,
}

pub(crate) struct Raw {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Raw {
    /// `say` gets the number of the request, counted over all connections, and its head.
    pub(crate) async fn start(say: impl Fn(usize, &str) -> Say + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let raw = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            heads: Arc::default(),
        };
        let (say, connections, heads) = (Arc::new(say), raw.connections.clone(), raw.heads.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(talk(stream, Arc::clone(&say), Arc::clone(&heads)));
            }
        });
        raw
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The heads of all requests.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn talk(mut stream: TcpStream, say: Arc<impl Fn(usize, &str) -> Say>, heads: Arc<Mutex<Vec<String>>>) {
    stream.set_nodelay(true).unwrap();
    while let Some(head) = head(&mut stream).await {
        let number = {
            let mut heads = heads.lock().unwrap();
            heads.push(head.clone());
            heads.len() - 1
        };
        // A client that goes away is free to.
        match say(number, &head) {
            Say::Bytes(bytes) => {
                let _ = stream.write_all(&bytes).await;
            }
            Say::Last(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Say::Endless(bytes, again) => {
                let mut outcome = stream.write_all(&bytes).await;
                while outcome.is_ok() {
                    outcome = stream.write_all(&again).await;
                }
                return;
            }
            Say::Silence => {
                let _ = stream.read(&mut [0]).await;
                return;
            }
        }
    }
}

async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// A response with this status, these lines and this body.
pub(crate) fn response(status: u16, lines: &[&str], body: &str) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n", body.len());
    for line in lines {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}
