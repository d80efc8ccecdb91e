//! TCP and local sockets: each message behind its length (RFC 4120 section 7.2.2).

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::MAX_REPLY;
use crate::Reason;

/// Bytes of the length in front of a message.
pub(super) const PREFIX: usize = 4;

/// The message behind its length; `None` if that takes more than the 31 bits there are.
pub(super) fn framed(message: &[u8]) -> Option<Vec<u8>> {
    let len = i32::try_from(message.len()).ok()?;
    Some([&len.to_be_bytes(), message].concat())
}

/// Sends the request and reads one answer.
pub(super) async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    message: &[u8],
) -> Result<Vec<u8>, Reason> {
    let framed = framed(message).ok_or(Reason::TooLong { len: message.len() as u64, limit: MAX_REPLY })?;
    stream.write_all(&framed).await.map_err(|error| Reason::read(&error, 0))?;
    let mut prefix = [0; PREFIX];
    let mut got = 0;
    while got < PREFIX {
        match stream.read(&mut prefix[got..]).await {
            Ok(0) => return Err(Reason::Closed { received: got }),
            Ok(read) => got += read,
            Err(error) => return Err(Reason::read(&error, got)),
        }
    }
    let announced = u32::from_be_bytes(prefix);
    // The highest bit is reserved, so such a length is too long as well.
    let len = usize::try_from(announced)
        .ok()
        .filter(|len| *len <= MAX_REPLY)
        .ok_or(Reason::TooLong { len: announced.into(), limit: MAX_REPLY })?;
    let mut reply = Vec::with_capacity(len);
    let read = (&mut stream).take(announced.into()).read_to_end(&mut reply).await;
    read.map_err(|error| Reason::read(&error, PREFIX + reply.len()))?;
    if reply.len() == len { Ok(reply) } else { Err(Reason::Closed { received: PREFIX + reply.len() }) }
}
