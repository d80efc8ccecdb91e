//! Byte strings and integers of RFC 4120 section 5.2.

use core::{fmt, str};

use der::{DecodeValue, EncodeValue, FixedTag, Header, Length, Reader, Tag, Writer};

use crate::{DecodeError, DecodeErrorKind, Message};

/// A KerberosString or Realm: a GeneralString (tag 0x1B) of any bytes, normally UTF-8 (RFC 4120 section 5.2.1).
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KerberosString<'a>(&'a [u8]);

/// An OCTET STRING. `Debug` shows its length only, for the content may be secret.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Octets<'a>(&'a [u8]);

/// A UTF8String, as IAKERB uses for a realm (tag 0x0C).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Utf8<'a>(&'a str);

/// An unsigned 32-bit INTEGER: sequence number, nonce or key version.
///
/// Written as RFC 4120 asks, in up to five bytes. Four-byte negative encodings are read as the same 32 bits;
/// see [`leniency::NEGATIVE_UINT32`](crate::leniency::NEGATIVE_UINT32).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UInt32(pub u32);

/// Microseconds within a second, 0 to 999999 (RFC 4120 section 5.2.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Microseconds(u32);

impl<'a> KerberosString<'a> {
    /// The string with these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Its text, if it is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&'a str> {
        str::from_utf8(self.0).ok()
    }
}

impl<'a> From<&'a str> for KerberosString<'a> {
    fn from(text: &'a str) -> Self {
        Self(text.as_bytes())
    }
}

impl fmt::Display for KerberosString<'_> {
    /// The text, with U+FFFD for bytes that are not UTF-8.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("\u{FFFD}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for KerberosString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl<'a> Octets<'a> {
    /// The string with these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> From<&'a [u8]> for Octets<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Octets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Octets({} bytes)", self.0.len())
    }
}

impl<'a> Utf8<'a> {
    /// The string with this text.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// Its text.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}

impl From<u32> for UInt32 {
    fn from(value: u32) -> Self {
        Self(value)
    }
}

impl From<UInt32> for u32 {
    fn from(value: UInt32) -> Self {
        value.0
    }
}

impl fmt::Display for UInt32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Microseconds {
    /// The largest value, 999999.
    pub const MAX: Self = Self(999_999);

    /// `None` for a value over 999999.
    #[must_use]
    pub const fn new(value: u32) -> Option<Self> {
        if value <= Self::MAX.0 { Some(Self(value)) } else { None }
    }

    /// The number of microseconds.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

fn read_rest<'a, R: Reader<'a>>(reader: &mut R, header: Header) -> Result<&'a [u8], DecodeError> {
    Ok(reader.read_slice(header.length())?)
}

macro_rules! byte_string {
    ($name:ident, $tag:ident) => {
        impl<'a> DecodeValue<'a> for $name<'a> {
            type Error = DecodeError;

            fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> Result<Self, DecodeError> {
                read_rest(reader, header).map(Self)
            }
        }

        impl EncodeValue for $name<'_> {
            fn value_len(&self) -> der::Result<Length> {
                Length::try_from(self.0.len())
            }

            fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
                writer.write(self.0.as_ref())
            }
        }

        impl FixedTag for $name<'_> {
            const TAG: Tag = Tag::$tag;
        }
    };
}

byte_string!(KerberosString, GeneralString);
byte_string!(Octets, OctetString);

impl<'a> DecodeValue<'a> for Utf8<'a> {
    type Error = DecodeError;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> Result<Self, DecodeError> {
        let position = reader.position();
        let bytes = read_rest(reader, header)?;
        str::from_utf8(bytes)
            .map(Self)
            .map_err(|e| DecodeError::new(DecodeErrorKind::Der(der::ErrorKind::Utf8(e)), position))
    }
}

impl EncodeValue for Utf8<'_> {
    fn value_len(&self) -> der::Result<Length> {
        Length::try_from(self.0.len())
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write(self.0.as_bytes())
    }
}

impl FixedTag for Utf8<'_> {
    const TAG: Tag = Tag::Utf8String;
}

macro_rules! borrowed_message {
    ($($name:ident)*) => {
        $(impl Message for $name<'static> {
            type View<'a> = $name<'a>;
            const NAME: &'static str = stringify!($name);
        })*
    };
}

borrowed_message!(KerberosString Octets Utf8);

impl<'a> DecodeValue<'a> for UInt32 {
    type Error = DecodeError;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> Result<Self, DecodeError> {
        let position = reader.position();
        let wide = i64::decode_value(reader, header)?;
        // The lenient half: old peers write the 32 bits as a signed integer.
        let value = u32::try_from(wide).or_else(|_| i32::try_from(wide).map(i32::cast_unsigned));
        value.map(Self).map_err(|_| DecodeError::new(DecodeErrorKind::IntegerRange, position))
    }
}

impl EncodeValue for UInt32 {
    fn value_len(&self) -> der::Result<Length> {
        self.0.value_len()
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        self.0.encode_value(writer)
    }
}

impl FixedTag for UInt32 {
    const TAG: Tag = Tag::Integer;
}

impl<'a> DecodeValue<'a> for Microseconds {
    type Error = DecodeError;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> Result<Self, DecodeError> {
        let position = reader.position();
        let seen = i64::decode_value(reader, header)?;
        u32::try_from(seen)
            .ok()
            .and_then(Self::new)
            .ok_or(DecodeError::new(DecodeErrorKind::Microseconds { seen }, position))
    }
}

impl EncodeValue for Microseconds {
    fn value_len(&self) -> der::Result<Length> {
        self.0.value_len()
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        self.0.encode_value(writer)
    }
}

impl FixedTag for Microseconds {
    const TAG: Tag = Tag::Integer;
}
