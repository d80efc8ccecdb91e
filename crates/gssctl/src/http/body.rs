//! Where a body ends (RFC 9112 section 6).

use super::{Connection, Fields, ReadError};
use core::fmt;
use std::io::Write;

/// How a body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Nothing follows the head.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks, the last one empty.
    Chunked,
    /// Everything until the connection closes.
    UntilClose,
}

/// Fields that contradict each other or themselves. Guessing here is how requests get smuggled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FramingError {
    /// `Content-Length` and `Transfer-Encoding` at once.
    Both,
    /// `Content-Length` that is no number, or several that differ.
    Length,
    /// A transfer coding other than `chunked`.
    Coding,
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Both => "both Content-Length and Transfer-Encoding are there",
            Self::Length => "Content-Length is not one number",
            Self::Coding => "Transfer-Encoding is something else than chunked",
        })
    }
}

impl core::error::Error for FramingError {}

impl Framing {
    /// Of a request.
    pub(crate) fn of_request(fields: &Fields) -> Result<Self, FramingError> {
        Ok(Self::explicit(fields)?.unwrap_or(Self::None))
    }

    /// Of a response with this status to a request other than HEAD and CONNECT.
    pub(crate) fn of_response(status: u16, fields: &Fields) -> Result<Self, FramingError> {
        if matches!(status, 100..=199 | 204 | 304) {
            return Ok(Self::None);
        }
        Ok(Self::explicit(fields)?.unwrap_or(Self::UntilClose))
    }

    fn explicit(fields: &Fields) -> Result<Option<Self>, FramingError> {
        let codings = fields.members("transfer-encoding");
        let lengths = fields.members("content-length");
        match (codings.as_slice(), lengths.as_slice()) {
            ([], []) => Ok(None),
            ([], [first, rest @ ..]) => {
                let digits = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
                let same = rest.iter().all(|other| other == first);
                let length = first.parse().ok().filter(|_| digits && same).ok_or(FramingError::Length)?;
                Ok(Some(Self::Length(length)))
            }
            ([coding], []) if coding == "chunked" => Ok(Some(Self::Chunked)),
            (_, []) => Err(FramingError::Coding),
            _ => Err(FramingError::Both),
        }
    }
}

/// Longest line with the length of a chunk, and longest trailer section.
const MAX_CHUNK_LINE: usize = 4096;

impl Connection {
    /// Copies a body of at most `limit` bytes to `output`.
    pub(crate) fn read_body(
        &mut self,
        framing: Framing,
        limit: u64,
        output: &mut dyn Write,
    ) -> Result<(), ReadError> {
        self.restart_clock();
        match framing {
            Framing::None => Ok(()),
            Framing::Length(length) if length > limit => Err(ReadError::BodyTooLong { limit }),
            Framing::Length(length) => self.copy(length, output),
            Framing::Chunked => self.copy_chunks(limit, output),
            Framing::UntilClose => self.copy_all(limit, output),
        }
    }

    fn copy(&mut self, mut left: u64, output: &mut dyn Write) -> Result<(), ReadError> {
        while left > 0 {
            if self.buffer.is_empty() && self.fill()? == 0 {
                return Err(ReadError::Closed);
            }
            // A connection that moves is given time.
            self.restart_clock();
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(self.buffer.len());
            output.write_all(self.buffer.get(..count).unwrap_or_default())?;
            self.buffer.drain(..count);
            left = left.saturating_sub(count.try_into().unwrap_or(u64::MAX));
        }
        Ok(())
    }

    fn copy_all(&mut self, limit: u64, output: &mut dyn Write) -> Result<(), ReadError> {
        let mut total = 0_u64;
        loop {
            total = total.saturating_add(self.buffer.len().try_into().unwrap_or(u64::MAX));
            if total > limit {
                return Err(ReadError::BodyTooLong { limit });
            }
            output.write_all(&self.buffer)?;
            self.buffer.clear();
            self.restart_clock();
            if self.fill()? == 0 {
                return Ok(());
            }
        }
    }

    fn copy_chunks(&mut self, limit: u64, output: &mut dyn Write) -> Result<(), ReadError> {
        let mut left = limit;
        loop {
            let line = self.line()?;
            let Ok(httparse::Status::Complete((_, size))) = httparse::parse_chunk_size(&line) else {
                return Err(ReadError::Malformed("length of a chunk".into()));
            };
            if size == 0 {
                return self.trailers();
            }
            left = left.checked_sub(size).ok_or(ReadError::BodyTooLong { limit })?;
            self.copy(size, output)?;
            if self.line()? != b"\r\n" {
                return Err(ReadError::Malformed("chunk does not end where it should".into()));
            }
        }
    }

    fn trailers(&mut self) -> Result<(), ReadError> {
        let mut total = 0_usize;
        loop {
            let line = self.line()?;
            total = total.saturating_add(line.len());
            if total > MAX_CHUNK_LINE {
                return Err(ReadError::HeadTooLong);
            }
            if line == b"\r\n" || line == b"\n" {
                return Ok(());
            }
        }
    }

    /// A line with its end.
    fn line(&mut self) -> Result<Vec<u8>, ReadError> {
        loop {
            if let Some(at) = self.buffer.iter().position(|byte| *byte == b'\n') {
                return Ok(self.buffer.drain(..=at).collect());
            }
            if self.buffer.len() > MAX_CHUNK_LINE {
                return Err(ReadError::Malformed("line without an end".into()));
            }
            if self.fill()? == 0 {
                return Err(ReadError::Closed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;
    use std::net::{TcpListener, TcpStream};

    fn read(sent: &[u8], framing: Framing, limit: u64) -> Result<Vec<u8>, ReadError> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        client.write_all(sent).unwrap();
        drop(client);
        let mut output = Vec::new();
        let mut connection = Connection::plain(server, Duration::from_secs(5)).unwrap();
        connection.read_body(framing, limit, &mut output).map(|()| output)
    }

    #[test]
    fn bodies_of_every_framing() {
        let chunked = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\nrest";
        assert_eq!(read(chunked, Framing::Chunked, 5).unwrap(), b"abcde");
        assert_eq!(read(b"abcdef", Framing::Length(5), 5).unwrap(), b"abcde");
        assert_eq!(read(b"abcdef", Framing::UntilClose, 6).unwrap(), b"abcdef");
        assert_eq!(read(b"abcdef", Framing::None, 0).unwrap(), b"");
    }

    #[test]
    fn limits_and_ends_are_kept() {
        let too_long = |result| matches!(result, Err(ReadError::BodyTooLong { .. }));
        assert!(too_long(read(b"3\r\nabc\r\n0\r\n\r\n", Framing::Chunked, 2)));
        assert!(too_long(read(b"abc", Framing::Length(3), 2)));
        assert!(too_long(read(b"abc", Framing::UntilClose, 2)));
        assert!(matches!(read(b"ab", Framing::Length(3), 9), Err(ReadError::Closed)));
        assert!(matches!(read(b"3\r\nabcd\r\n0\r\n\r\n", Framing::Chunked, 9), Err(ReadError::Malformed(_))));
        assert!(matches!(read(b"x\r\n", Framing::Chunked, 9), Err(ReadError::Malformed(_))));
        assert!(matches!(read(b"ffffffffffffffffff\r\n", Framing::Chunked, 9), Err(ReadError::Malformed(_))));
        assert!(matches!(read(b"3\r\nab", Framing::Chunked, 9), Err(ReadError::Closed)));
    }

    #[test]
    fn framing_follows_the_fields() {
        let of = |fields: &[(&str, &str)]| Framing::of_request(&Fields::of(fields));
        assert_eq!(of(&[]), Ok(Framing::None));
        assert_eq!(of(&[("content-length", "5")]), Ok(Framing::Length(5)));
        assert_eq!(of(&[("content-length", "5, 5")]), Ok(Framing::Length(5)));
        assert_eq!(of(&[("content-length", "5"), ("content-length", "6")]), Err(FramingError::Length));
        assert_eq!(of(&[("content-length", "+5")]), Err(FramingError::Length));
        assert_eq!(of(&[("transfer-encoding", "Chunked")]), Ok(Framing::Chunked));
        assert_eq!(of(&[("transfer-encoding", "gzip, chunked")]), Err(FramingError::Coding));
        assert_eq!(of(&[("transfer-encoding", "chunked"), ("content-length", "5")]), Err(FramingError::Both));
        assert_eq!(Framing::of_response(200, &Fields::of(&[])), Ok(Framing::UntilClose));
        assert_eq!(Framing::of_response(304, &Fields::of(&[("content-length", "5")])), Ok(Framing::None));
    }
}
