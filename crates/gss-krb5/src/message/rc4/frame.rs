//! The frame around RC4 tokens (RFC 2743 section 3.1, RFC 1964 section 1.2).

use super::{OID_ELEMENT_LEN, PADDING, WRAP_INNER_LEN};
use gss_core::framing::{DerLength, FrameError, FrameHeader, Framed};
use gss_core::reader::{ParseError, ParseErrorKind};
use gss_core::{MessageError, SinkFull, oid};

/// What the frame of a wrap token covers beside the message.
const AROUND: usize = OID_ELEMENT_LEN + WRAP_INNER_LEN + PADDING.len();
/// The wrap token of an empty message: with frame tag and one octet of length.
const SHORTEST: usize = AROUND + 2;

/// Where the inner token begins. The frame must cover the token exactly and name Kerberos.
pub(super) fn inner_offset(token: &[u8]) -> Result<usize, MessageError> {
    let framed = Framed::parse(token).map_err(|error| match error {
        FrameError::Der(error) => MessageError::Malformed(error),
        _ => MessageError::UnexpectedAlgorithm,
    })?;
    if framed.mechanism == oid::KRB5 {
        Ok(framed.inner_offset)
    } else {
        Err(MessageError::UnexpectedAlgorithm)
    }
}

/// The same for a header whose frame covers `elsewhere` bytes in other buffers too.
pub(super) fn segments_inner_offset(header: &[u8], elsewhere: usize) -> Result<usize, MessageError> {
    let covered = WRAP_INNER_LEN.saturating_add(elsewhere);
    let expected = FrameHeader::new(&oid::KRB5, covered)?;
    let expected = expected.as_bytes();
    match header.split_at_checked(expected.len()) {
        Some((frame, _)) if frame == expected => Ok(expected.len()),
        _ => Err(ParseError {
            kind: ParseErrorKind::Truncated {
                needed: expected.len().saturating_add(WRAP_INNER_LEN),
                available: header.len(),
            },
            offset: 0,
        }
        .into()),
    }
}

/// Length of the frame of `inner` bytes.
pub(super) fn frame_len(inner: usize) -> usize {
    let content = OID_ELEMENT_LEN.saturating_add(inner);
    let length_octets = DerLength::new(content).map_or(usize::MAX, |length| length.as_bytes().len());
    length_octets.saturating_add(1).saturating_add(OID_ELEMENT_LEN)
}

/// The length of the message in a token of `total` bytes: of the few possible lengths of the frame, the one that
/// fits.
pub(super) fn message_len(total: usize) -> Result<usize, SinkFull> {
    (1_usize..=5)
        .find_map(|length_octets| {
            let content = total.checked_sub(1)?.checked_sub(length_octets)?;
            let fits = DerLength::new(content)?.as_bytes().len() == length_octets;
            if fits { content.checked_sub(AROUND) } else { None }
        })
        // Shorter than an empty message's token, or a length that no token has, one more or less has.
        .ok_or(SinkFull { needed: SHORTEST.saturating_sub(total).max(1) })
}
