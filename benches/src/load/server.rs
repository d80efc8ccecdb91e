//! Our server: the Tower layer around a service of one line, in a process of its own and with one thread.
//!
//! The process is this program once more, with `--serve`. It is driven by lines, as the programs of other sides are.

use super::site::{END_POINT, OPEN, ORIGIN, acceptor};
use crate::driver::Driver;
use anyhow::{Context as _, Result};
use bytes::Bytes;
use core::cell::RefCell;
use core::convert::Infallible;
use core::net::{Ipv4Addr, SocketAddr};
use gss_tower::serve::{Event, Server};
use gss_tower::{Authenticated, AuthenticationLayer, GssScheme, Requirement};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::Command;
use test_support::heap;
use tokio::sync::{mpsc, watch};
use tower::Layer as _;

/// The server as a process, seen from the one that measures.
pub(crate) struct Ours {
    driver: RefCell<Driver>,
    pub(crate) address: SocketAddr,
}

impl Ours {
    /// Starts it with the keys of this keytab. `with_gss` offers the scheme `GSS` too.
    pub(crate) fn start(keytab: &Path, with_gss: bool) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(if with_gss { "--serve-gss" } else { "--serve" }).arg(keytab);
        let driver = Driver::start("our server", &mut command)?;
        let address = driver.borrow_mut().ask("address")?.parse().context("our server's address")?;
        Ok(Self { driver, address })
    }

    pub(crate) fn id(&self) -> u32 {
        self.driver.borrow().id()
    }

    /// Waits until so many connections have been accepted and so many have ended, both in all, and says how many bytes
    /// the heap of its one thread holds then.
    pub(crate) fn held_after(&self, accepted: usize, ended: usize) -> Result<i64> {
        let answer = self.driver.borrow_mut().ask(&format!("held {accepted} {ended}"))?;
        answer.parse().context("a number of bytes")
    }
}

/// The server itself: ends with its standard input.
///
/// # Errors
/// The keytab is none, or there is no socket to be had.
pub(crate) fn serve(keytab: &Path, with_gss: bool) -> Result<()> {
    let config = acceptor(&std::fs::read(keytab)?)?;
    let open = |parts: &http::request::Parts| {
        if parts.uri.path() == OPEN { Requirement::None } else { Requirement::Required }
    };
    let mut layer = AuthenticationLayer::builder(config).requirement(open);
    if with_gss {
        layer = layer.gss(GssScheme::new(ORIGIN)).end_point(END_POINT);
    }
    let layer = layer.build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut requests = requests();
    runtime.block_on(async {
        let (count, counted) = watch::channel(Connections::default());
        let server = Server::bind((Ipv4Addr::LOCALHOST, 0)).await?.on_event(move |event| match event {
            Event::Accepted { .. } => count.send_modify(|count| count.accepted += 1),
            Event::Closed { .. } => count.send_modify(|count| count.ended += 1),
            _ => {}
        });
        let address = server.local_addr()?;
        let running = tokio::spawn(server.serve(layer.layer(tower::service_fn(greet))));
        while let Some(request) = requests.recv().await {
            let answer = match Connections::parse(&request) {
                None => address.to_string(),
                Some(wanted) => {
                    counted.clone().wait_for(|count| count.reach(wanted)).await?;
                    // Whoever has told that is through with the rest of its work then.
                    tokio::task::yield_now().await;
                    heap::held().to_string()
                }
            };
            let mut output = std::io::stdout().lock();
            writeln!(output, "ok {answer}")?;
            output.flush()?;
        }
        running.abort();
        Ok(())
    })
}

/// How many connections there were.
#[derive(Clone, Copy, Debug, Default)]
struct Connections {
    accepted: usize,
    ended: usize,
}

impl Connections {
    /// What is asked for with `held`.
    fn parse(request: &str) -> Option<Self> {
        let (accepted, ended) = request.strip_prefix("held ")?.split_once(' ')?;
        Some(Self { accepted: accepted.parse().ok()?, ended: ended.parse().ok()? })
    }

    fn reach(self, wanted: Self) -> bool {
        self.accepted >= wanted.accepted && self.ended >= wanted.ended
    }
}

/// The lines of the standard input. They are waited for in a thread of their own, whose heap does not count.
fn requests() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if line.is_ok_and(|line| sender.send(line).is_ok()) {
                continue;
            }
            break;
        }
    });
    receiver
}

/// Says who asks.
async fn greet(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let who = request.extensions().get::<Authenticated>();
    let text = who.map_or_else(|| Bytes::from_static(b"anybody\n"), |who| format!("{who}\n").into());
    Ok(Response::new(Full::new(text)))
}
