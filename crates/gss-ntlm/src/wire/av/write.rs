//! Writing attributes.

use super::AvId;
use crate::wire::error::WriteError;
use crate::wire::fields::all_or_nothing;
use gss_core::TokenSink;

/// Appends an attribute. The end is one too: [`AvId::EOL`] without a value.
///
/// # Errors
/// [`WriteError::ValueTooLong`] and [`WriteError::Output`]; nothing was appended then.
pub fn put_av_pair(sink: &mut dyn TokenSink, id: AvId, value: &[u8]) -> Result<(), WriteError> {
    let len = value_len(id, value.len())?;
    all_or_nothing(sink, |sink| {
        put_header(sink, id, len)?;
        Ok(sink.put(value)?)
    })
}

/// Appends an attribute of text.
///
/// # Errors
/// [`WriteError::ValueTooLong`], [`WriteError::Nul`] and [`WriteError::Output`]; nothing was appended then.
pub fn put_av_text(sink: &mut dyn TokenSink, id: AvId, value: &str) -> Result<(), WriteError> {
    let len = value_len(id, value.encode_utf16().count().saturating_mul(2))?;
    all_or_nothing(sink, |sink| {
        put_header(sink, id, len)?;
        put_utf16(sink, value)
    })
}

/// Appends text as UTF-16, without a NUL behind it.
///
/// # Errors
/// [`WriteError::Nul`] and [`WriteError::Output`]; nothing was appended then.
pub fn put_utf16(sink: &mut dyn TokenSink, text: &str) -> Result<(), WriteError> {
    if text.contains('\0') {
        return Err(WriteError::Nul);
    }
    let len = text.encode_utf16().count().saturating_mul(2);
    for (place, unit) in sink.grow(len)?.chunks_exact_mut(2).zip(text.encode_utf16()) {
        place.copy_from_slice(&unit.to_le_bytes());
    }
    Ok(())
}

fn value_len(id: AvId, len: usize) -> Result<u16, WriteError> {
    u16::try_from(len).map_err(|_| WriteError::ValueTooLong { id, len })
}

fn put_header(sink: &mut dyn TokenSink, id: AvId, len: u16) -> Result<(), WriteError> {
    let ([a, b], [c, d]) = (id.0.to_le_bytes(), len.to_le_bytes());
    Ok(sink.put(&[a, b, c, d])?)
}
