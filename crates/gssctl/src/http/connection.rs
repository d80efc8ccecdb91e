//! A connection with a buffer and time limits.

use super::{MAX_FIELDS, MAX_HEAD, Stream};
use core::fmt;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::time::Instant;

/// Why nothing sensible came.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// Not HTTP/1.1.
    Malformed(String),
    /// The head exceeds [`MAX_HEAD`].
    HeadTooLong,
    /// The head has more than [`MAX_FIELDS`].
    TooManyFields,
    /// The body exceeds what the reader is willing to take.
    BodyTooLong {
        /// That limit in bytes.
        limit: u64,
    },
    /// The peer took too long.
    TimedOut,
    /// The peer closed the connection in the middle.
    Closed,
    /// The connection broke.
    Io(io::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "not HTTP/1.1: {what}"),
            Self::HeadTooLong => write!(f, "head has more than {MAX_HEAD} bytes"),
            Self::TooManyFields => write!(f, "head has more than {MAX_FIELDS} fields"),
            Self::BodyTooLong { limit } => write!(f, "body has more than {limit} bytes"),
            Self::TimedOut => f.write_str("the peer took too long"),
            Self::Closed => f.write_str("the peer closed the connection in the middle"),
            Self::Io(error) => write!(f, "connection: {error}"),
        }
    }
}

impl core::error::Error for ReadError {}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Io(error),
        }
    }
}

/// A connection; what was read and not used yet waits in its buffer.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    pub(super) buffer: Vec<u8>,
    patience: Duration,
}

impl Connection {
    /// A connection without TLS.
    #[cfg(test)]
    pub(crate) fn plain(stream: std::net::TcpStream, patience: Duration) -> io::Result<Self> {
        Ok(Self::over(Stream::Plain(super::Socket::new(stream, patience)?), patience))
    }

    /// A connection over a stream that is ready. Reading a head or a body may take `patience` each.
    pub(crate) const fn over(stream: Stream, patience: Duration) -> Self {
        Self { stream, buffer: Vec::new(), patience }
    }

    /// What it runs over.
    pub(crate) const fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Reads up to the empty line that ends a head; `None` when the peer has closed the connection before its first
    /// byte.
    pub(crate) fn read_head(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        self.restart_clock();
        let mut searched = 0;
        loop {
            if searched == 0 {
                // RFC 9112 section 2.2: empty lines before a request are skipped.
                let blank = self.buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                self.buffer.drain(..blank);
            }
            if let Some(end) = end_of_head(&self.buffer, searched) {
                return Ok(Some(self.buffer.drain(..end).collect()));
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(ReadError::HeadTooLong);
            }
            searched = self.buffer.len().saturating_sub(3);
            if self.fill()? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(ReadError::Closed) };
            }
        }
    }

    /// Writes all of it.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Gives the peer another term to send something.
    pub(super) fn restart_clock(&mut self) {
        self.stream.set_deadline(Instant::now() + self.patience);
    }

    /// Reads what there is into the buffer; 0 when the peer has closed.
    pub(super) fn fill(&mut self) -> Result<usize, ReadError> {
        let mut chunk = [0; 16 * 1024];
        let count = loop {
            match self.stream.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.buffer.extend_from_slice(chunk.get(..count).unwrap_or_default());
        Ok(count)
    }

    /// Says that nothing more will come, and takes leave without resetting what the peer still has to read.
    pub(crate) fn close(mut self) {
        const FAREWELL: Duration = Duration::from_millis(500);
        if self.stream.finish().is_err() {
            return;
        }
        self.stream.set_deadline(Instant::now() + FAREWELL);
        while let Ok(1..) = self.fill() {
            self.buffer.clear();
        }
    }
}

/// Where the head ends: behind the first empty line. Lines end in LF, with or without CR.
fn end_of_head(bytes: &[u8], searched: usize) -> Option<usize> {
    let rest = bytes.get(searched..)?;
    let crlf = rest.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
    let lf = rest.windows(2).position(|two| two == b"\n\n").map(|at| at + 2);
    let end = match (crlf, lf) {
        (Some(crlf), Some(lf)) => crlf.min(lf),
        (found, other) => found.or(other)?,
    };
    Some(searched + end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    fn pair() -> (TcpStream, Connection) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        (client, Connection::plain(server, Duration::from_secs(5)).unwrap())
    }

    #[test]
    fn heads_come_one_by_one() {
        let (mut client, mut connection) = pair();
        client.write_all(b"\r\nGET / HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\n\nGET /3").unwrap();
        assert_eq!(connection.read_head().unwrap().unwrap(), b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!(connection.read_head().unwrap().unwrap(), b"GET /2 HTTP/1.1\n\n");
        drop(client);
        assert!(matches!(connection.read_head(), Err(ReadError::Closed)));
    }

    #[test]
    fn a_closed_connection_has_no_head() {
        let (client, mut connection) = pair();
        drop(client);
        assert!(connection.read_head().unwrap().is_none());
    }

    #[test]
    fn an_endless_head_is_refused() {
        let (mut client, mut connection) = pair();
        let writer = std::thread::spawn(move || client.write_all(&vec![b'a'; 4 * MAX_HEAD]));
        assert!(matches!(connection.read_head(), Err(ReadError::HeadTooLong)));
        drop(connection);
        let _ = writer.join();
    }

    #[test]
    fn silence_ends_in_a_timeout() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let mut connection = Connection::plain(server, Duration::from_millis(20)).unwrap();
        assert!(matches!(connection.read_head(), Err(ReadError::TimedOut)));
    }
}
