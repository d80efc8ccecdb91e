//! A value together with the exact bytes it came from.

use core::{fmt, ops::Deref};

use der::{Decode, Encode, Length, Reader, Writer};

use crate::DecodeError;

/// A decoded value and the DER it was decoded from.
///
/// Encoding writes those bytes again, unchanged: what a checksum or a cipher covers is never encoded anew, and
/// a ticket is handed on exactly as the KDC made it.
///
/// ```
/// use krb5_asn1::{Checksum, Encode, Raw};
///
/// let der = [0x30, 0x0a, 0xa0, 3, 2, 1, 16, 0xa1, 3, 4, 1, 7];
/// let checksum: Raw<'_, Checksum<'_>> = Raw::new(&der)?;
/// assert_eq!(checksum.cksumtype, 16);
/// assert_eq!(checksum.as_der(), der);
/// # Ok::<(), krb5_asn1::DecodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a, T> {
    der: &'a [u8],
    value: T,
}

impl<'a, T> Raw<'a, T>
where
    T: Decode<'a>,
    DecodeError: From<T::Error>,
{
    /// Decodes `der`, which must be exactly one value.
    ///
    /// # Errors
    /// When `der` is not a `T`, or goes on after it.
    pub fn new(der: &'a [u8]) -> Result<Self, DecodeError> {
        Ok(Self { der, value: T::from_der(der)? })
    }
}

impl<'a, T> Raw<'a, T> {
    /// The exact bytes: tag, length and content.
    #[must_use]
    pub const fn as_der(&self) -> &'a [u8] {
        self.der
    }

    /// The decoded value.
    #[must_use]
    pub const fn value(&self) -> &T {
        &self.value
    }
}

impl<T> Deref for Raw<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Raw<'_, T> {
    /// The value alone: it hides what may be secret, which the bytes would show.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<'a, T> Decode<'a> for Raw<'a, T>
where
    T: Decode<'a>,
    DecodeError: From<T::Error>,
{
    type Error = DecodeError;

    fn decode<R: Reader<'a>>(reader: &mut R) -> Result<Self, DecodeError> {
        let der = reader.clone().tlv_bytes()?;
        Ok(Self { der, value: T::decode(reader)? })
    }
}

impl<T> Encode for Raw<'_, T> {
    fn encoded_len(&self) -> der::Result<Length> {
        Length::try_from(self.der.len())
    }

    fn encode(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write(self.der)
    }
}
