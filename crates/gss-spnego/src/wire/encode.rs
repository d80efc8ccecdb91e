//! Writing: the mechanism's token lies in the output already, and one header goes in front of it.

use super::{CONTEXT, ENUMERATED, INIT_TAG, MAX_MECH_LIST_LEN, NegState, OCTET_STRING, RESP_TAG, SEQUENCE};
use gss_core::framing::{DerLength, FRAME_TAG, OID_TAG};
use gss_core::{SinkFull, TokenSink, oid};

/// What stands in front of the token in a `NegTokenInit`.
pub(crate) struct InitHeader<'a> {
    /// DER of the list of mechanisms.
    pub(crate) mech_types: Option<&'a [u8]>,
    /// Content of the bit string.
    pub(crate) req_flags: Option<&'a [u8]>,
    /// Length of the mechanism's token.
    pub(crate) token: Option<usize>,
}

/// What stands in front of the token in a `NegTokenResp`.
pub(crate) struct RespHeader<'a> {
    pub(crate) state: Option<NegState>,
    /// Content of the object identifier.
    pub(crate) supported_mech: Option<&'a [u8]>,
    /// Length of the mechanism's token.
    pub(crate) token: Option<usize>,
}

/// Makes a framed `NegTokenInit` of what `output` holds from `start` on: a token, then fields behind it.
pub(crate) fn frame_init(
    output: &mut dyn TokenSink,
    start: usize,
    header: &InitHeader<'_>,
) -> Result<(), SinkFull> {
    let mut prefix = Prefix::before(output.len().saturating_sub(start));
    prefix.token(header.token)?;
    if let Some(flags) = header.req_flags {
        let mark = prefix.len();
        prefix.put(flags)?;
        prefix.header_since(mark, super::BIT_STRING)?;
        prefix.header_since(mark, CONTEXT | 1)?;
    }
    if let Some(list) = header.mech_types {
        let mark = prefix.len();
        prefix.put(list)?;
        prefix.header_since(mark, CONTEXT)?;
    }
    prefix.header_of_all(SEQUENCE)?;
    prefix.header_of_all(INIT_TAG)?;
    let mark = prefix.len();
    prefix.put(oid::SPNEGO.as_bytes())?;
    prefix.header_since(mark, OID_TAG)?;
    prefix.header_of_all(FRAME_TAG)?;
    output.insert(start, prefix.as_bytes())
}

/// Makes a `NegTokenResp` of what `output` holds from `start` on: a token, then fields behind it.
pub(crate) fn frame_resp(
    output: &mut dyn TokenSink,
    start: usize,
    header: &RespHeader<'_>,
) -> Result<(), SinkFull> {
    let mut prefix = Prefix::before(output.len().saturating_sub(start));
    prefix.token(header.token)?;
    if let Some(mechanism) = header.supported_mech {
        let mark = prefix.len();
        prefix.put(mechanism)?;
        prefix.header_since(mark, OID_TAG)?;
        prefix.header_since(mark, CONTEXT | 1)?;
    }
    if let Some(NegState(state)) = header.state {
        prefix.put(&[CONTEXT, 3, ENUMERATED, 1, state])?;
    }
    prefix.header_of_all(SEQUENCE)?;
    prefix.header_of_all(RESP_TAG)?;
    output.insert(start, prefix.as_bytes())
}

/// Makes the field `[number]` with a `mechListMIC` of what `output` holds from `start` on.
pub(crate) fn wrap_mic(output: &mut dyn TokenSink, start: usize, number: u8) -> Result<(), SinkFull> {
    wrap(output, start, number, OCTET_STRING)
}

/// Makes the field `[number]` with an element of this tag of what `output` holds from `start` on.
pub(super) fn wrap(output: &mut dyn TokenSink, start: usize, number: u8, tag: u8) -> Result<(), SinkFull> {
    let mut prefix = Prefix::before(output.len().saturating_sub(start));
    prefix.header_of_all(tag)?;
    prefix.header_of_all(CONTEXT | number)?;
    output.insert(start, prefix.as_bytes())
}

/// Bytes in front of others, laid down back to front: each header needs the length of what follows.
struct Prefix {
    bytes: [u8; Self::CAPACITY],
    start: usize, // INVARIANT: at most CAPACITY
    following: usize,
}

impl Prefix {
    // A list of mechanisms (or one of them), ten headers of at most six bytes, and a few small values.
    const CAPACITY: usize = MAX_MECH_LIST_LEN + 96;

    /// Nothing yet, in front of `following` bytes.
    fn before(following: usize) -> Self {
        Self { bytes: [0; Self::CAPACITY], start: Self::CAPACITY, following }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    fn len(&self) -> usize {
        self.as_bytes().len()
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), SinkFull> {
        let full = SinkFull { needed: bytes.len() };
        let start = self.start.checked_sub(bytes.len()).ok_or(full)?;
        self.bytes.get_mut(start..self.start).ok_or(full)?.copy_from_slice(bytes);
        self.start = start;
        Ok(())
    }

    fn header(&mut self, tag: u8, len: usize) -> Result<(), SinkFull> {
        self.put(DerLength::new(len).ok_or(SinkFull { needed: len })?.as_bytes())?;
        self.put(&[tag])
    }

    /// A header over all bytes laid down since the length was `mark`.
    fn header_since(&mut self, mark: usize, tag: u8) -> Result<(), SinkFull> {
        self.header(tag, self.len().saturating_sub(mark))
    }

    /// A header over all bytes laid down and all that follow.
    fn header_of_all(&mut self, tag: u8) -> Result<(), SinkFull> {
        self.header(tag, self.len().saturating_add(self.following))
    }

    /// The headers of field `[2]` around a token of this length, which follows at once.
    fn token(&mut self, len: Option<usize>) -> Result<(), SinkFull> {
        let Some(len) = len else { return Ok(()) };
        self.header(OCTET_STRING, len)?;
        self.header(CONTEXT | 2, self.len().saturating_add(len))
    }
}
