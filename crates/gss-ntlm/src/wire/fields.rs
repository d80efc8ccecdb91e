//! The fields of the headers, `Len | MaxLen | Offset` (MS-NLMP section 2.2.1), and the payload they point into.

use super::error::{WireError, WriteError};
use super::text::{Charset, Text};
use super::{MessageType, SIGNATURE};
use core::fmt;
use gss_core::TokenSink;
use gss_core::reader::Reader;

/// What a field of a header points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// `DomainName`: the client's domain in NEGOTIATE, the user's in AUTHENTICATE.
    DomainName,
    /// `Workstation`: the client's name.
    Workstation,
    /// `TargetName`: the server's domain or name.
    TargetName,
    /// `TargetInfo`: attributes of the server.
    TargetInfo,
    /// `LmChallengeResponse`.
    LmResponse,
    /// `NtChallengeResponse`.
    NtResponse,
    /// `UserName`.
    UserName,
    /// `EncryptedRandomSessionKey`.
    EncryptedSessionKey,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DomainName => "DomainName",
            Self::Workstation => "Workstation",
            Self::TargetName => "TargetName",
            Self::TargetInfo => "TargetInfo",
            Self::LmResponse => "LmChallengeResponse",
            Self::NtResponse => "NtChallengeResponse",
            Self::UserName => "UserName",
            Self::EncryptedSessionKey => "EncryptedRandomSessionKey",
        })
    }
}

/// Where a header has one of its fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    field: Field,
    pub(crate) at: usize,
}

impl Slot {
    /// The place of `field`, `at` bytes from the start of the message.
    pub(super) const fn new(field: Field, at: usize) -> Self {
        Self { field, at }
    }

    /// Reads the field; where it points is not yet looked at.
    pub(super) fn read(self, message: &[u8]) -> Result<Pointer, WireError> {
        let mut reader = Reader::new(message);
        reader.take(self.at)?;
        let len = reader.u16_le()?;
        // MaxLen is for the sender's own use; receivers ignore it.
        reader.u16_le()?;
        Ok(Pointer { field: self.field, len, offset: reader.u32_le()? })
    }
}

/// A field as its header has it, unchecked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pointer {
    field: Field,
    len: u16,
    offset: u32,
}

impl Pointer {
    /// This field, or one of no bytes: what a flag says is not there is not looked at.
    pub(super) fn only_if(self, there: bool) -> Self {
        if there { self } else { Self { len: 0, ..self } }
    }

    /// Where the header ends at the latest, if this field has anything.
    fn header_limit(self) -> Option<usize> {
        if self.len == 0 { None } else { usize::try_from(self.offset).ok() }
    }

    /// What the field points at. A field of no bytes points nowhere, whatever its offset.
    pub(super) fn resolve(self, message: &[u8], header_len: usize) -> Result<Content<'_>, WireError> {
        let Self { field, len, offset } = self;
        if len == 0 {
            return Ok(Content { field, bytes: &[], offset: header_len });
        }
        let outside = WireError::FieldOutside { field, offset, len, message_len: message.len() };
        // Nothing wraps: what does not fit in a `usize` lies outside of any message.
        let start = usize::try_from(offset).map_err(|_| outside)?;
        if start < header_len {
            return Err(WireError::FieldInHeader { field, offset, header_len });
        }
        let end = start.checked_add(usize::from(len)).ok_or(outside)?;
        let bytes = message.get(start..end).ok_or(outside)?;
        Ok(Content { field, bytes, offset: start })
    }
}

/// How long the header of `message` is: it ends where the first field that has anything begins, or with the message,
/// but never before `least`.
pub(super) fn header_len<const N: usize>(message: &[u8], pointers: [Pointer; N], least: usize) -> usize {
    let first = pointers.iter().filter_map(|pointer| pointer.header_limit()).min();
    first.unwrap_or(message.len()).min(message.len()).max(least)
}

/// What a field points at.
#[derive(Clone, Copy)]
pub(super) struct Content<'a> {
    field: Field,
    pub(super) bytes: &'a [u8],
    pub(super) offset: usize,
}

impl<'a> Content<'a> {
    /// The content as a name.
    pub(super) fn text(self, charset: Charset) -> Result<Text<'a>, WireError> {
        Text::parse(self.bytes, charset, self.offset)
            .map_err(|error| WireError::Text { field: self.field, error })
    }

    /// The content as a name, if there is any.
    pub(super) fn optional_text(self, charset: Charset) -> Result<Option<Text<'a>>, WireError> {
        self.text(charset).map(|text| Some(text).filter(|text| !text.is_empty()))
    }
}

/// Writes a message: zeros for the header first, then the payload field by field, each entered in the header.
pub(crate) struct PayloadWriter<'s> {
    sink: &'s mut dyn TokenSink,
    start: usize,
}

/// Where a field of the payload begins.
#[derive(Clone, Copy, Debug)]
#[must_use = "a field that is not ended is not entered in the header"]
pub(crate) struct Mark(usize);

impl<'s> PayloadWriter<'s> {
    /// Begins a message with a header of `header_len` zero bytes.
    pub(crate) fn new(sink: &'s mut dyn TokenSink, header_len: usize) -> Result<Self, WriteError> {
        let start = sink.len();
        sink.grow(header_len)?;
        Ok(Self { sink, start })
    }

    /// Puts `bytes` in the header, `at` bytes from its start.
    pub(crate) fn fixed(&mut self, at: usize, bytes: &[u8]) -> Result<(), WriteError> {
        let message = self.sink.as_mut_slice().get_mut(self.start..).unwrap_or_default();
        let place = message.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len()));
        place.ok_or(WriteError::OutsideHeader { at, len: bytes.len() })?.copy_from_slice(bytes);
        Ok(())
    }

    /// Begins a field here.
    pub(crate) fn begin(&self) -> Mark {
        Mark(self.sink.len())
    }

    /// Where the content of a field goes, between [`begin`](Self::begin) and [`end`](Self::end).
    pub(crate) fn sink(&mut self) -> &mut dyn TokenSink {
        self.sink
    }

    /// Ends the field that began at `mark` and enters it in the header, `at` bytes from its start.
    pub(crate) fn end(&mut self, mark: Mark, at: usize) -> Result<(), WriteError> {
        let len = self.sink.len().saturating_sub(mark.0);
        let len = u16::try_from(len).map_err(|_| WriteError::FieldTooLong { at, len })?;
        let offset = mark.0.saturating_sub(self.start);
        let offset = u32::try_from(offset).map_err(|_| WriteError::MessageTooLong { len: offset })?;
        let [len_low, len_high] = len.to_le_bytes();
        let [a, b, c, d] = offset.to_le_bytes();
        self.fixed(at, &[len_low, len_high, len_low, len_high, a, b, c, d])
    }

    /// Enters a field of no bytes in the header, `at` bytes from its start: it points to where it would lie.
    pub(crate) fn empty(&mut self, at: usize) -> Result<(), WriteError> {
        let mark = self.begin();
        self.end(mark, at)
    }

    /// Signature and type of the message.
    pub(super) fn kind(&mut self, kind: MessageType) -> Result<(), WriteError> {
        self.fixed(0, &SIGNATURE)?;
        self.fixed(SIGNATURE.len(), &kind.number().to_le_bytes())
    }

    /// Writes a field whose content is there already.
    pub(super) fn field(&mut self, slot: Slot, content: &[u8]) -> Result<(), WriteError> {
        let mark = self.begin();
        self.sink.put(content)?;
        self.end(mark, slot.at)
    }

    /// Writes a name, which has to be in the charset of the message.
    pub(super) fn text(&mut self, slot: Slot, text: Text<'_>, charset: Charset) -> Result<(), WriteError> {
        if !text.is_empty() && text.charset() != charset {
            return Err(WriteError::Charset { field: slot.field, found: text.charset(), expected: charset });
        }
        self.field(slot, text.as_bytes())
    }
}

/// Has `write` append to `sink`; what it wrote before it failed is taken back.
pub(super) fn all_or_nothing(
    sink: &mut dyn TokenSink,
    write: impl FnOnce(&mut dyn TokenSink) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let start = sink.len();
    let written = write(sink);
    if written.is_err() {
        sink.truncate(start);
    }
    written
}
