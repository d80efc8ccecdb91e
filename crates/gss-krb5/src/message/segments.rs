//! Messages in pieces: what `GSS_Wrap` for IOVs does in other libraries.

use gss_core::{MessageError, Overhead, Protection, SequenceStatus, SinkFull};
use krb5_crypto::Segment;
use zeroize::Zeroize;

/// The most segments that a message can have. DCE RPC has three.
pub const MAX_SEGMENTS: usize = 16;

/// Where the bytes around a message in segments lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Before and after the message, as in contiguous tokens.
    HeaderAndTrailer,
    /// All before the message: rotated, RRC is not zero. This is what Windows sends and wants in DCE RPC.
    HeaderOnly,
}

impl Layout {
    pub(super) fn of(trailer: &[u8]) -> Self {
        if trailer.is_empty() { Self::HeaderOnly } else { Self::HeaderAndTrailer }
    }
}

/// A message in segments, unwrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct OpenedSegments {
    /// How it was protected.
    pub protection: Protection,
    /// Its place in the sequence. A replayed message is reported here, not refused.
    pub sequence: SequenceStatus,
}

/// Cuts header and trailer to the lengths needed.
pub(super) fn fit<'h, 't>(
    needed: Overhead,
    header: &'h mut [u8],
    trailer: &'t mut [u8],
) -> Result<(&'h mut [u8], &'t mut [u8]), SinkFull> {
    let header_missing = SinkFull { needed: needed.header.saturating_sub(header.len()) };
    let trailer_missing = SinkFull { needed: needed.trailer.saturating_sub(trailer.len()) };
    let header = header.get_mut(..needed.header).ok_or(header_missing)?;
    let trailer = trailer.get_mut(..needed.trailer).ok_or(trailer_missing)?;
    Ok((header, trailer))
}

/// Refuses more segments than there is room for.
pub(super) fn check_count(segments: &[Segment<'_>]) -> Result<(), MessageError> {
    if segments.len() > MAX_SEGMENTS { Err(MessageError::Unavailable) } else { Ok(()) }
}

/// Calls `f` with the segments and, as one more to be encrypted, `tail`.
pub(super) fn with_tail<R>(
    segments: &mut [Segment<'_>],
    tail: &mut [u8],
    f: impl FnOnce(&mut [Segment<'_>]) -> Result<R, MessageError>,
) -> Result<R, MessageError> {
    check_count(segments)?;
    let mut all: [Segment<'_>; MAX_SEGMENTS + 1] = core::array::from_fn(|_| Segment::SignOnly(&[]));
    for (to, from) in all.iter_mut().zip(segments) {
        *to = match from {
            Segment::Data(data) => Segment::Data(data),
            Segment::SignOnly(data) => Segment::SignOnly(data),
        };
    }
    if let Some(last) = all.last_mut() {
        *last = Segment::Data(tail);
    }
    f(&mut all)
}

/// Calls `f` with all that a checksum covers: `before`, the segments, `after`.
pub(super) fn with_chunks<R, const A: usize, const B: usize>(
    before: [&[u8]; A],
    segments: &[Segment<'_>],
    after: [&[u8]; B],
    f: impl FnOnce(&[&[u8]]) -> Result<R, MessageError>,
) -> Result<R, MessageError> {
    // What is not filled stays empty and changes nothing.
    let mut chunks: [&[u8]; MAX_CHUNKS] = [&[]; MAX_CHUNKS];
    const { assert!(A + B <= MAX_EXTRA) };
    if segments.len() > MAX_CHUNKS - MAX_EXTRA {
        return Err(MessageError::Unavailable);
    }
    let inside = segments.iter().map(|segment| match segment {
        Segment::Data(data) => &**data,
        Segment::SignOnly(data) => *data,
    });
    for (to, from) in chunks.iter_mut().zip(before.into_iter().chain(inside).chain(after)) {
        *to = from;
    }
    f(&chunks)
}

/// Pieces of a token that are signed beside the segments.
const MAX_EXTRA: usize = 3;
/// Segments, their tail, and the other pieces.
const MAX_CHUNKS: usize = MAX_SEGMENTS + 1 + MAX_EXTRA;

/// Forgets what was decrypted.
pub(super) fn wipe(segments: &mut [Segment<'_>]) {
    for segment in segments {
        if let Segment::Data(data) = segment {
            data.zeroize();
        }
    }
}
