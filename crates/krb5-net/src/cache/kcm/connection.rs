//! One connection to a daemon.

#[cfg(unix)]
use std::{
    io::{self, Read, Write as _},
    os::unix::net::UnixStream,
    time::Instant,
};

use core::time::Duration;
use std::path::Path;

use zeroize::Zeroizing;

use super::{KcmError, KcmOperation, reply::Reply};
#[cfg(unix)]
use crate::cache::MAX_CACHE;

/// The protocol's version, major and minor.
const VERSION: [u8; 2] = [2, 0];

/// A connection that stays as long as requests follow each other.
#[derive(Debug)]
pub(in crate::cache) struct Connection {
    #[cfg(unix)]
    stream: UnixStream,
    #[cfg(unix)]
    timeout: Duration,
    #[cfg(not(unix))]
    never: core::convert::Infallible,
}

impl Connection {
    /// Sends a request and waits for its reply, both within the time for one.
    pub(super) fn call(&mut self, operation: KcmOperation, parameters: &[&[u8]]) -> Result<Reply, KcmError> {
        let mut message = Zeroizing::new(Vec::with_capacity(
            parameters.iter().fold(8, |sum: usize, part| sum.saturating_add(part.len())),
        ));
        message.extend_from_slice(&[0; 4]);
        message.extend_from_slice(&VERSION);
        message.extend_from_slice(&(operation as u16).to_be_bytes());
        parameters.iter().for_each(|part| message.extend_from_slice(part));
        let length = u32::try_from(message.len().saturating_sub(4));
        let length = length.map_err(|_| KcmError::RequestTooLong { operation })?;
        if let Some(place) = message.first_chunk_mut() {
            *place = length.to_be_bytes();
        }
        self.exchange(operation, &message).map(|bytes| Reply::new(operation, bytes))
    }
}

#[cfg(unix)]
impl Connection {
    pub(super) fn open(socket: &Path, timeout: Duration) -> Result<Self, KcmError> {
        let stream = UnixStream::connect(socket)
            .map_err(|error| KcmError::NoDaemon { socket: socket.into(), error })?;
        Ok(Self { stream, timeout })
    }

    fn exchange(&mut self, operation: KcmOperation, message: &[u8]) -> Result<Zeroizing<Vec<u8>>, KcmError> {
        let broken = |error| KcmError::Io { operation, error };
        let mut patient = Patient { stream: &self.stream, until: Instant::now().checked_add(self.timeout) };
        self.stream.set_write_timeout(Some(self.timeout)).map_err(broken)?;
        (&self.stream).write_all(message).map_err(broken)?;

        let mut length = [0; 4];
        let mut state = [0; 4];
        patient.read_exact(&mut length).map_err(broken)?;
        let length = u32::from_be_bytes(length);
        if u64::from(length) > MAX_CACHE {
            return Err(KcmError::ReplyTooLong { operation, length });
        }
        // The state of the transport, which the length does not count.
        patient.read_exact(&mut state).map_err(broken)?;
        succeeded(operation, state)?;
        let rest = length.checked_sub(4).ok_or(KcmError::ReplyTooShort { operation, length })?;
        patient.read_exact(&mut state).map_err(broken)?;
        let mut bytes = Zeroizing::new(vec![0; usize::try_from(rest).unwrap_or(usize::MAX)]);
        patient.read_exact(&mut bytes).map_err(broken)?;
        succeeded(operation, state)?;
        Ok(bytes)
    }
}

#[cfg(unix)]
fn succeeded(operation: KcmOperation, state: [u8; 4]) -> Result<(), KcmError> {
    match i32::from_be_bytes(state) {
        0 => Ok(()),
        status => Err(KcmError::Status { operation, status }),
    }
}

/// Reads until a point in time, however slowly the bytes come.
#[cfg(unix)]
struct Patient<'a> {
    stream: &'a UnixStream,
    /// `None`: later than can be said.
    until: Option<Instant>,
}

#[cfg(unix)]
impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(left)?;
        self.stream.read(buffer)
    }
}

#[cfg(not(unix))]
impl Connection {
    pub(super) fn open(_: &Path, _: Duration) -> Result<Self, KcmError> {
        Err(KcmError::TurnedOff)
    }

    fn exchange(&mut self, _: KcmOperation, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, KcmError> {
        match self.never {}
    }
}
