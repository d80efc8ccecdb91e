//! Connections that stop being HTTP: WebSocket, and what else is allowed by name.
//!
//! What goes over them is not looked at. A protocol that carries HTTP requests in turn would let clients send the fields
//! that the gateway removes, so that none of these can be allowed.

use super::pulse::Pulse;
use alloc::sync::Arc;
use anyhow::{Result, bail};
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Version, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::sync::{mpsc, watch};

/// A protocol that connections may change to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Protocol(String);

impl core::str::FromStr for Protocol {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let lower = text.to_ascii_lowercase();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
        if lower.is_empty() || !lower.bytes().all(is_name) {
            bail!("{text:?} is no protocol, expected a name like websocket");
        }
        if ["h2", "http", "tls"].iter().any(|carrier| lower.starts_with(carrier)) {
            bail!("{text} carries HTTP, and would let clients say who they are");
        }
        Ok(Self(lower))
    }
}

/// The one protocol that a request wants to change to, if it may.
pub(super) fn wanted(parts: &Parts, allowed: &[Protocol]) -> Option<HeaderValue> {
    if parts.version != Version::HTTP_11 || !asks_for_upgrade(&parts.headers) {
        return None;
    }
    let protocol = only(&parts.headers)?;
    allowed.iter().any(|allowed| is(protocol, allowed.0.as_bytes())).then(|| protocol.clone())
}

/// Whether a response changes to the protocol that was wanted.
pub(super) fn granted(headers: &HeaderMap, wanted: &HeaderValue) -> bool {
    asks_for_upgrade(headers) && only(headers).is_some_and(|protocol| is(protocol, wanted.as_bytes()))
}

fn asks_for_upgrade(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::CONNECTION).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|option| option.trim().eq_ignore_ascii_case("upgrade"))
}

/// The value of `Upgrade`, where there is one line.
fn only(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut lines = headers.get_all(header::UPGRADE).iter();
    lines.next().filter(|_| lines.next().is_none())
}

fn is(protocol: &HeaderValue, name: &[u8]) -> bool {
    protocol.as_bytes().trim_ascii().eq_ignore_ascii_case(name.trim_ascii())
}

/// The fields that change the protocol.
pub(super) fn add_fields(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, protocol);
}

/// All connections that carry another protocol.
#[derive(Clone, Debug)]
pub(super) struct Tunnels {
    idle: Duration,
    cut: Arc<watch::Sender<bool>>,
    running: mpsc::WeakSender<()>,
}

/// The owner of tunnels, who ends them.
#[derive(Debug)]
pub(super) struct Owner {
    cut: Arc<watch::Sender<bool>>,
    running: mpsc::Sender<()>,
    ended: mpsc::Receiver<()>,
}

impl Tunnels {
    /// They end when nothing went through for so long.
    pub(super) fn new(idle: Duration) -> (Self, Owner) {
        let cut = Arc::new(watch::Sender::new(false));
        let (running, ended) = mpsc::channel(1);
        let tunnels = Self { idle, cut: Arc::clone(&cut), running: running.downgrade() };
        (tunnels, Owner { cut, running, ended })
    }

    /// Carries bytes between two connections, once both have changed.
    pub(super) fn open(&self, client: OnUpgrade, service: OnUpgrade) {
        // Without an owner there is nobody to end it.
        let Some(running) = self.running.upgrade() else { return };
        let (idle, mut cut) = (self.idle, self.cut.subscribe());
        tokio::spawn(async move {
            tokio::select! {
                // Either end may break off; the other is told by being closed.
                _ = carry(client, service, idle) => {}
                _ = cut.wait_for(|cut| *cut) => {}
            }
            drop(running);
        });
    }
}

impl Owner {
    /// Cuts all tunnels that are left.
    pub(super) async fn cut(self) {
        let Self { cut, running, mut ended } = self;
        cut.send_replace(true);
        drop(running);
        while ended.recv().await.is_some() {}
    }
}

async fn carry(client: OnUpgrade, service: OnUpgrade, idle: Duration) -> Result<()> {
    let (client, service) = tokio::try_join!(client, service)?;
    let pulse = Pulse::new();
    let mut client = Watched { io: TokioIo::new(client), pulse: &pulse };
    let mut service = TokioIo::new(service);
    tokio::select! {
        copied = copy_bidirectional(&mut client, &mut service) => {
            copied?;
        }
        () = pulse.silent_for(idle) => {}
    }
    Ok(())
}

/// A connection whose bytes are noticed, in both directions.
struct Watched<'p, T> {
    io: T,
    pulse: &'p Pulse,
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<'_, T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_read(cx, buffer);
        if polled.is_ready() {
            self.pulse.beat();
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<'_, T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, bytes);
        if polled.is_ready() {
            self.pulse.beat();
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn wants(fields: &[(&str, &str)], version: Version) -> Option<String> {
        let request = Request::get("/").version(version);
        let request = fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let allowed = ["websocket".parse().unwrap(), "chat/2".parse().unwrap()];
        wanted(&parts, &allowed).map(|value| value.to_str().unwrap().into())
    }

    #[test]
    fn one_protocol_that_is_allowed() {
        for (fields, found) in [
            (&[("connection", "Upgrade"), ("upgrade", "websocket")][..], Some("websocket")),
            (&[("connection", "keep-alive, upgrade"), ("upgrade", "WebSocket")], Some("WebSocket")),
            (&[("connection", "close"), ("connection", "upgrade"), ("upgrade", "chat/2")], Some("chat/2")),
            (&[("connection", "upgrade"), ("upgrade", "chat")], None),
            (&[("connection", "upgrade"), ("upgrade", "h2c")], None),
            (&[("connection", "upgrade"), ("upgrade", "websocket, h2c")], None),
            (&[("connection", "upgrade"), ("upgrade", "websocket"), ("upgrade", "h2c")], None),
            (&[("connection", "keep-alive"), ("upgrade", "websocket")], None),
            (&[("upgrade", "websocket")], None),
            (&[("connection", "upgrade")], None),
        ] {
            assert_eq!(wants(fields, Version::HTTP_11).as_deref(), found, "{fields:?}");
            assert_eq!(wants(fields, Version::HTTP_10), None);
            assert_eq!(wants(fields, Version::HTTP_2), None);
        }
    }

    #[test]
    fn protocols_that_carry_http_cannot_be_allowed() {
        for name in ["h2c", "H2", "HTTP/2.0", "http", "TLS/1.0"] {
            assert!(name.parse::<Protocol>().unwrap_err().to_string().contains("carries HTTP"), "{name}");
        }
        for name in ["", "web socket", "a,b"] {
            assert!(name.parse::<Protocol>().is_err(), "{name}");
        }
    }
}
