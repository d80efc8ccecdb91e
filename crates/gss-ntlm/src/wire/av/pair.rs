use super::{AvError, AvErrorKind};
use crate::wire::text::{Charset, Text};
use core::fmt;
use gss_core::reader::Reader;

/// What an attribute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AvId(pub u16);

impl AvId {
    /// The end of the list; no value.
    pub const EOL: Self = Self(0);
    /// The server's NetBIOS name.
    pub const NB_COMPUTER_NAME: Self = Self(1);
    /// The NetBIOS name of the server's domain.
    pub const NB_DOMAIN_NAME: Self = Self(2);
    /// The server's DNS name.
    pub const DNS_COMPUTER_NAME: Self = Self(3);
    /// The DNS name of the server's domain.
    pub const DNS_DOMAIN_NAME: Self = Self(4);
    /// The DNS name of the server's forest.
    pub const DNS_TREE_NAME: Self = Self(5);
    /// [`AvFlags`](crate::wire::AvFlags), 4 bytes.
    pub const FLAGS: Self = Self(6);
    /// The server's time as [`FileTime`](crate::wire::FileTime), 8 bytes.
    pub const TIMESTAMP: Self = Self(7);
    /// What the client's machine tells about itself (`Single_Host_Data`), 48 bytes.
    pub const SINGLE_HOST: Self = Self(8);
    /// The service the client means to talk to, for instance `HTTP/host`.
    pub const TARGET_NAME: Self = Self(9);
    /// MD5 of the channel bindings, or zeros; 16 bytes.
    pub const CHANNEL_BINDINGS: Self = Self(10);

    /// The name in MS-NLMP, if the number has one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::EOL => "MsvAvEOL",
            Self::NB_COMPUTER_NAME => "MsvAvNbComputerName",
            Self::NB_DOMAIN_NAME => "MsvAvNbDomainName",
            Self::DNS_COMPUTER_NAME => "MsvAvDnsComputerName",
            Self::DNS_DOMAIN_NAME => "MsvAvDnsDomainName",
            Self::DNS_TREE_NAME => "MsvAvDnsTreeName",
            Self::FLAGS => "MsvAvFlags",
            Self::TIMESTAMP => "MsvAvTimestamp",
            Self::SINGLE_HOST => "MsvAvSingleHost",
            Self::TARGET_NAME => "MsvAvTargetName",
            Self::CHANNEL_BINDINGS => "MsvAvChannelBindings",
            _ => return None,
        })
    }

    /// Whether the value is text.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self.0, 1..=5 | 9)
    }

    /// A bit for each known attribute, none for others.
    pub(super) fn bit(self) -> u16 {
        if self.name().is_some() { 1_u16.checked_shl(u32::from(self.0)).unwrap_or(0) } else { 0 }
    }
}

impl fmt::Display for AvId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "AV_PAIR {}", self.0),
        }
    }
}

/// One attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvPair<'a> {
    /// What it is.
    pub id: AvId,
    /// Its value.
    pub value: &'a [u8],
}

impl<'a> AvPair<'a> {
    /// The value as text, if the attribute is one of text.
    #[must_use]
    pub fn text(&self) -> Option<Text<'a>> {
        if self.id.is_text() { Text::parse(self.value, Charset::Unicode, 0).ok() } else { None }
    }

    /// Reads the next attribute as far as lengths tell.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, AvError> {
        let start = *reader;
        let (Ok(id), Ok(len)) = (reader.u16_le(), reader.u16_le()) else {
            return Err(AvError::at(&start, AvErrorKind::NoEnd { rest: start.remaining() }));
        };
        let (id, len) = (AvId(id), usize::from(len));
        let value = reader.take(len).map_err(|_| {
            AvError::at(&start, AvErrorKind::ValueOutside { id, len, available: reader.remaining() })
        })?;
        Ok(Self { id, value })
    }

    /// What the specification says about the value, which lies at `offset`.
    pub(super) fn check(&self, offset: usize) -> Result<(), AvErrorKind> {
        let Self { id, value } = *self;
        let expected = match id {
            AvId::EOL => 0,
            AvId::FLAGS => 4,
            AvId::TIMESTAMP => 8,
            AvId::CHANNEL_BINDINGS => 16,
            AvId::SINGLE_HOST => return check_single_host(value),
            _ if id.is_text() => {
                return match Text::parse(value, Charset::Unicode, offset) {
                    Ok(_) => Ok(()),
                    Err(error) => Err(AvErrorKind::Text { id, error }),
                };
            }
            _ => return Ok(()),
        };
        if value.len() == expected {
            Ok(())
        } else {
            Err(AvErrorKind::ValueLength { id, len: value.len(), expected })
        }
    }
}

/// `Single_Host_Data` begins with its own length and four zero bytes, which receivers ignore; see
/// [`SINGLE_HOST_LENGTH`](crate::wire::leniency::SINGLE_HOST_LENGTH).
fn check_single_host(value: &[u8]) -> Result<(), AvErrorKind> {
    let Some(([a, b, c, d, ..], _)) = value.split_first_chunk::<8>() else {
        return Err(AvErrorKind::SingleHostShort { len: value.len() });
    };
    let size = u32::from_le_bytes([*a, *b, *c, *d]);
    if usize::try_from(size) == Ok(value.len()) {
        Ok(())
    } else {
        Err(AvErrorKind::SingleHostSize { size, len: value.len() })
    }
}
