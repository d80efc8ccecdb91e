//! What a connection runs over: TCP, or TLS over TCP.

use core::time::Duration;
use gss_rustls::{ChannelError, TlsChannel, client_channel};
use rustls::{ClientConnection, ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

/// A socket whose reads all end by one deadline, however many of them TLS makes of one of ours.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    deadline: Instant,
}

/// What a connection runs over.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(Socket),
    TlsServer(Box<StreamOwned<ServerConnection, Socket>>),
    TlsClient(Box<StreamOwned<ClientConnection, Socket>>),
}

impl Socket {
    /// Each write may take `patience`, and the first reads too.
    pub(crate) fn new(stream: TcpStream, patience: Duration) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self { stream, deadline: Instant::now() + patience })
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Stream {
    /// The server's end of TLS, with the handshake done.
    pub(crate) fn accept(tls: ServerConnection, socket: Socket) -> io::Result<Self> {
        let mut stream = StreamOwned::new(tls, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self::TlsServer(Box::new(stream)))
    }

    /// The client's end of TLS, with the handshake done.
    pub(crate) fn connect(tls: ClientConnection, socket: Socket) -> io::Result<Self> {
        let mut stream = StreamOwned::new(tls, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self::TlsClient(Box::new(stream)))
    }

    /// What a client can bind to.
    pub(crate) fn channel(&self) -> Result<TlsChannel, ChannelError> {
        match self {
            Self::TlsClient(stream) => client_channel(&stream.conn),
            Self::Plain(_) | Self::TlsServer(_) => Ok(TlsChannel::none()),
        }
    }

    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        match self {
            Self::Plain(socket) => socket.deadline = deadline,
            Self::TlsServer(stream) => stream.sock.deadline = deadline,
            Self::TlsClient(stream) => stream.sock.deadline = deadline,
        }
    }

    /// Says that nothing more will be written.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let socket = match self {
            Self::Plain(socket) => socket,
            Self::TlsServer(stream) => {
                stream.conn.send_close_notify();
                stream.flush()?;
                &stream.sock
            }
            Self::TlsClient(stream) => {
                stream.conn.send_close_notify();
                stream.flush()?;
                &stream.sock
            }
        };
        socket.stream.shutdown(Shutdown::Write)
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::TlsServer(stream) => stream.read(buffer),
            Self::TlsClient(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(buffer),
            Self::TlsServer(stream) => stream.write(buffer),
            Self::TlsClient(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::TlsServer(stream) => stream.flush(),
            Self::TlsClient(stream) => stream.flush(),
        }
    }
}
