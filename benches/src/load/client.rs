//! The client of all servers: connections that are kept alive, one request on the way on each of them.

use anyhow::{Context as _, Result, bail, ensure};
use core::net::SocketAddr;
use core::time::Duration;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

/// How long a server may take over one response.
const PATIENCE: Duration = Duration::from_secs(30);
/// Fields of a response that are read at most.
const MAX_FIELDS: usize = 32;
/// Most responses come in one piece that is shorter than this.
const PIECE: usize = 4096;

/// Connections to one server.
pub(crate) struct Client {
    connections: Vec<Connection>,
    waiting: Waiting,
}

/// How the client waits for responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// Asleep, so that the server's response has to wake it, which the server pays for.
    Asleep,
    /// Awake, for which it needs a core of its own.
    Awake,
}

struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    /// The number of the request on the way.
    waits: Option<usize>,
}

/// A response as far as it matters here.
pub(crate) struct Response<'r> {
    pub(crate) status: u16,
    fields: &'r [httparse::Header<'r>],
    pub(crate) body: &'r [u8],
}

impl Response<'_> {
    /// The lines of a field.
    pub(crate) fn lines(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
    }

    fn line(&self, name: &str) -> Option<&str> {
        self.lines(name).next().and_then(|value| core::str::from_utf8(value).ok())
    }
}

impl Client {
    /// Opens so many connections.
    pub(crate) fn connect(address: SocketAddr, connections: usize) -> Result<Self> {
        let connections = (0..connections).map(|_| Connection::open(address)).collect::<Result<_>>()?;
        Ok(Self { connections, waiting: Waiting::Asleep })
    }

    /// The same that waits in this way.
    pub(crate) fn waiting(self, waiting: Waiting) -> Self {
        Self { waiting, ..self }
    }

    /// Sends requests, each on the next connection that has nothing on the way, and gives each response to `check` with
    /// the number of its request.
    pub(crate) fn send(
        &mut self,
        requests: &[Vec<u8>],
        mut check: impl FnMut(usize, &Response<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut unsent = requests.iter().enumerate();
        let mut on_the_way = 0;
        for connection in &mut self.connections {
            let Some((number, request)) = unsent.next() else { break };
            connection.send(number, request)?;
            on_the_way += 1;
        }
        while on_the_way > 0 {
            for place in self.readable()? {
                let Some(connection) = self.connections.get_mut(place) else { continue };
                if !connection.receive(&mut check)? {
                    continue;
                }
                match unsent.next() {
                    Some((number, request)) => connection.send(number, request)?,
                    None => on_the_way -= 1,
                }
            }
        }
        Ok(())
    }

    /// Which connections have something to read.
    fn readable(&self) -> Result<Vec<usize>> {
        let mut ready: Vec<_> = self
            .connections
            .iter()
            .map(|connection| {
                let wanted = if connection.waits.is_some() { PollFlags::IN } else { PollFlags::empty() };
                PollFd::new(&connection.stream, wanted)
            })
            .collect();
        let end = Instant::now() + PATIENCE;
        let pause = if self.waiting == Waiting::Asleep { PATIENCE } else { Duration::ZERO };
        let pause = Timespec::try_from(pause).context("a time that is too long")?;
        while poll(&mut ready, Some(&pause))? == 0 {
            ensure!(Instant::now() < end, "no response for {PATIENCE:?}");
        }
        Ok((0..ready.len())
            .filter(|place| ready.get(*place).is_some_and(|fd| !fd.revents().is_empty()))
            .collect())
    }
}

impl Connection {
    fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(PIECE), waits: None })
    }

    fn send(&mut self, number: usize, request: &[u8]) -> Result<()> {
        self.stream.write_all(request).context("the server takes no more requests")?;
        self.waits = Some(number);
        Ok(())
    }

    /// Reads what there is. Whether that completed a response.
    fn receive(&mut self, check: &mut impl FnMut(usize, &Response<'_>) -> Result<()>) -> Result<bool> {
        let Some(number) = self.waits else { bail!("the server ended a connection, or speaks unasked") };
        let before = self.received.len();
        self.received.resize(before + PIECE, 0);
        let (_, room) = self.received.split_at_mut(before);
        let read = self.stream.read(room).context("cannot read a response")?;
        ensure!(read > 0, "the server ended a connection instead of answering");
        self.received.truncate(before + read);
        if !response(&self.received, |response| check(number, response))? {
            return Ok(false);
        }
        self.received.clear();
        self.waits = None;
        Ok(true)
    }
}

/// Gives the response that these bytes are to `check`. `false` if it is not complete.
fn response(bytes: &[u8], check: impl FnOnce(&Response<'_>) -> Result<()>) -> Result<bool> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(start) = head.parse(bytes).context("what came is no response")? else {
        return Ok(false);
    };
    let status = head.code.context("a response without a status")?;
    let (_, rest) = bytes.split_at(start);
    let mut response = Response { status, fields: head.headers, body: rest };
    let length = response.line("Content-Length").context("a response without Content-Length")?;
    let length = length.parse().context("Content-Length is no number")?;
    let Some((body, surplus)) = rest.split_at_checked(length) else { return Ok(false) };
    ensure!(surplus.is_empty(), "more than a response");
    response.body = body;
    check(&response)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn responses_are_matched_with_requests_however_they_come_in() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            // One connection at a time, so that the first one waits for the second one's end.
            let answer = |stream: &mut TcpStream| {
                let mut request = [0; 6];
                while stream.read_exact(&mut request).is_ok() {
                    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nX-Say: hello\r\n\r\n";
                    for piece in [&head[..9], &head[9..], &request[..3], &request[3..]] {
                        stream.write_all(piece).unwrap();
                    }
                }
            };
            let (mut first, _) = listener.accept().unwrap();
            let (mut second, _) = listener.accept().unwrap();
            let threads = std::thread::spawn(move || answer(&mut second));
            answer(&mut first);
            threads.join().unwrap();
        });
        let requests: Vec<_> = (0..9).map(|number| format!("say: {number}").into_bytes()).collect();
        let mut client = Client::connect(address, 2).unwrap();
        let mut answered = Vec::new();
        let check = |number: usize, response: &Response<'_>| {
            assert_eq!((response.status, response.body), (200, &requests[number][..]));
            assert!(response.lines("x-say").eq([b"hello"]));
            answered.push(number);
            Ok(())
        };
        client.send(&requests, check).unwrap();
        answered.sort_unstable();
        assert!(answered.into_iter().eq(0..9));
        drop(client);
        server.join().unwrap();
    }

    #[test]
    fn what_is_no_response_is_an_error() {
        assert!(!response(b"HTTP/1.1 200 OK\r\nContent-Le", |_| Ok(())).unwrap());
        assert!(!response(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", |_| Ok(())).unwrap());
        for bytes in [
            &b"SMTP\r\n\r\n"[..],
            b"HTTP/1.1 204 No\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\na",
        ] {
            assert!(response(bytes, |_| Ok(())).is_err());
        }
    }
}
