use super::fields::only;
use super::{MAX_MECH_LIST_LEN, MAX_MECH_TYPES, SEQUENCE, WireError};
use core::fmt;
use gss_core::Oid;
use gss_core::framing::OID_TAG;
use gss_core::reader::Reader;

/// A list of mechanisms, most preferred first: between one and [`MAX_MECH_TYPES`] valid object identifiers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MechTypeList<'a> {
    der: &'a [u8],
    content: &'a [u8],
}

impl<'a> MechTypeList<'a> {
    /// Reads a list from its DER, which begins with the tag of a SEQUENCE.
    ///
    /// # Errors
    /// [`WireError`], with the place in `der`.
    pub fn parse(der: &'a [u8]) -> Result<Self, WireError> {
        Self::read(Reader::new(der))
    }

    pub(super) fn read(field: Reader<'a>) -> Result<Self, WireError> {
        let der = field.peek_rest();
        let mut content = only(field, SEQUENCE)?;
        if der.len() > MAX_MECH_LIST_LEN {
            return Err(WireError::MechListTooLong { len: der.len() });
        }
        if content.is_empty() {
            return Err(WireError::EmptyMechList { offset: content.offset() });
        }
        let list = Self { der, content: content.peek_rest() };
        for _ in 0..MAX_MECH_TYPES {
            if content.is_empty() {
                break;
            }
            MechType::read(content.der_element(OID_TAG)?)?;
        }
        if content.is_empty() {
            Ok(list)
        } else {
            Err(WireError::TooManyMechTypes { offset: content.offset() })
        }
    }

    /// The list as it came: what a `mechListMIC` covers (RFC 4178 section 5).
    #[must_use]
    pub const fn as_der(&self) -> &'a [u8] {
        self.der
    }

    /// The mechanisms in order.
    pub fn iter(&self) -> impl Iterator<Item = MechType<'a>> + use<'a> {
        let mut rest = Reader::new(self.content);
        core::iter::from_fn(move || {
            rest.der_element(OID_TAG).ok().map(|content| MechType { content: content.peek_rest() })
        })
    }
}

impl fmt::Debug for MechTypeList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The object identifier of a mechanism, of any length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MechType<'a> {
    content: &'a [u8],
}

impl<'a> MechType<'a> {
    /// The identifier, if [`Oid`] can hold it. One that it cannot hold names no mechanism known here.
    #[must_use]
    pub fn oid(&self) -> Option<Oid> {
        Oid::from_bytes(self.content).ok().filter(|oid| oid.as_bytes() == self.content)
    }

    /// The content octets of its encoding.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.content
    }

    pub(super) fn read(content: Reader<'a>) -> Result<Self, WireError> {
        let bytes = content.peek_rest();
        // X.690 section 8.19.2: groups of seven bits end with an octet below 0x80 and do not begin with 0x80.
        let ends = bytes.last().is_some_and(|last| *last < 0x80);
        let mut begins_group = true;
        let shortest = bytes.iter().all(|octet| {
            let good = !(begins_group && *octet == 0x80);
            begins_group = *octet < 0x80;
            good
        });
        if ends && shortest {
            Ok(Self { content: bytes })
        } else {
            Err(WireError::Oid { offset: content.offset() })
        }
    }
}

impl<'a> From<&'a Oid> for MechType<'a> {
    fn from(oid: &'a Oid) -> Self {
        Self { content: oid.as_bytes() }
    }
}

impl fmt::Display for MechType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(oid) = self.oid() {
            return oid.fmt(f);
        }
        self.content.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for MechType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
