//! Explicitly tagged fields: the one building block of every Kerberos SEQUENCE.

use der::{Decode, Encode, Header, Length, Reader, Tag, TagNumber, Writer};

use crate::{DecodeError, DecodeErrorKind, MessageType, PVNO};

const fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

#[expect(clippy::arithmetic_side_effects, reason = "`Length` adds with a check and returns a `Result`")]
pub(crate) fn add(a: Length, b: Length) -> der::Result<Length> {
    a + b
}

/// Encoded length of `[number] EXPLICIT value`.
pub(crate) fn field_len<T: Encode>(number: u32, value: &T) -> der::Result<Length> {
    value.encoded_len()?.for_tlv(context(number))
}

pub(crate) fn opt_field_len<T: Encode>(number: u32, value: &Option<T>) -> der::Result<Length> {
    value.as_ref().map_or(Ok(Length::ZERO), |value| field_len(number, value))
}

/// Writes `[number] EXPLICIT value`.
pub(crate) fn put<T: Encode>(writer: &mut impl Writer, number: u32, value: &T) -> der::Result<()> {
    Header::new(context(number), value.encoded_len()?).encode(writer)?;
    value.encode(writer)
}

pub(crate) fn put_opt<T: Encode>(
    writer: &mut impl Writer,
    number: u32,
    value: &Option<T>,
) -> der::Result<()> {
    value.as_ref().map_or(Ok(()), |value| put(writer, number, value))
}

/// Reads `[number] EXPLICIT T` if that is the next field.
pub(crate) fn optional<'a, R, T>(reader: &mut R, number: u32) -> Result<Option<T>, DecodeError>
where
    R: Reader<'a>,
    T: Decode<'a>,
    DecodeError: From<T::Error>,
{
    if reader.is_finished() || Tag::peek(reader).map_err(|e| at(reader, e))? != context(number) {
        return Ok(None);
    }
    let header = Header::decode(reader).map_err(|e| at(reader, e))?;
    reader
        .read_nested(header.length(), |reader| {
            T::decode(reader).map_err(|e| DecodeError::from(e).or_at(reader.position()))
        })
        .map(Some)
}

/// Reads `[number] EXPLICIT T`, which must be the next field.
pub(crate) fn required<'a, R, T>(
    reader: &mut R,
    number: u32,
    message: &'static str,
    field: &'static str,
) -> Result<T, DecodeError>
where
    R: Reader<'a>,
    T: Decode<'a>,
    DecodeError: From<T::Error>,
{
    optional(reader, number)?.ok_or_else(|| {
        DecodeError::new(DecodeErrorKind::MissingField { message, field, tag: number }, reader.position())
    })
}

/// The error for a CHOICE none of whose alternatives comes next.
pub(crate) fn no_alternative<'a>(
    reader: &impl Reader<'a>,
    position: Length,
    message: &'static str,
) -> DecodeError {
    match Tag::peek(reader) {
        Ok(seen) => DecodeError::new(DecodeErrorKind::UnknownAlternative { message, seen }, position),
        Err(error) => DecodeError::from(error).or_at(position),
    }
}

/// Reads `[number] pvno`, which must be 5.
pub(crate) fn version<'a, R: Reader<'a>>(reader: &mut R, number: u32) -> Result<(), DecodeError> {
    let position = reader.position();
    match required(reader, number, "message", "pvno")? {
        PVNO => Ok(()),
        seen => Err(DecodeError::new(DecodeErrorKind::Version { seen }, position)),
    }
}

/// Reads `[number] msg-type`, which must be the one that the message's tag promised.
pub(crate) fn msg_type<'a, R: Reader<'a>>(
    reader: &mut R,
    number: u32,
    expected: MessageType,
) -> Result<(), DecodeError> {
    let position = reader.position();
    let seen: MessageType = required(reader, number, "message", "msg-type")?;
    if seen == expected {
        return Ok(());
    }
    Err(DecodeError::new(DecodeErrorKind::MessageType { seen, expected }, position))
}

fn at<'a>(reader: &impl Reader<'a>, error: der::Error) -> DecodeError {
    DecodeError::from(error).or_at(reader.position())
}

/// A type with a borrowed form for every lifetime: the concept behind [`Owned`](crate::Owned).
///
/// Implemented by each message type at `'static`.
pub trait Message: 'static {
    /// The type itself, borrowing for `'a`.
    type View<'a>: Decode<'a, Error = DecodeError> + Encode;
    /// The type's name, for error messages and `Debug`.
    const NAME: &'static str;
}
