//! Keytabs: the long-term keys of services.

use alloc::vec::Vec;

use krb5_asn1::{EncryptionKeyBuf, MAX_ELEMENTS, NameType, Principal};
use zeroize::Zeroizing;

use crate::{
    ByteOrder, FormatError, FormatErrorKind, WriteError,
    fields::{Input, Output, either_order},
};

/// The keys of a keytab file, in file order.
#[derive(Clone, Debug, Default)]
pub struct Keytab {
    /// The version that was read, and that is written.
    pub version: KeytabVersion,
    /// The entries. Removed ones (holes) are neither kept nor written.
    pub entries: Vec<KeytabEntry>,
}

/// A version of the keytab format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeytabVersion {
    /// Version 1, in the byte order of the machine that wrote it. It has no name types.
    V1(ByteOrder),
    /// Version 2, which all current programs write.
    #[default]
    V2,
}

/// One key of one principal.
#[derive(Clone, Debug)]
pub struct KeytabEntry {
    /// Whose key.
    pub principal: Principal,
    /// When it was written, in seconds since 1970; unsigned, so it lasts until 2106.
    pub timestamp: u32,
    /// Key version. Files hold 8 bits of it, and newer ones all 32 behind them.
    pub kvno: u32,
    /// Encryption type and key.
    pub key: EncryptionKeyBuf,
    /// What follows the known fields of the record, as Heimdal's flags. Written back as it is.
    pub extra: Vec<u8>,
}

impl KeytabEntry {
    /// An entry without timestamp.
    #[must_use]
    pub const fn new(principal: Principal, kvno: u32, key: EncryptionKeyBuf) -> Self {
        Self { principal, timestamp: 0, kvno, key, extra: Vec::new() }
    }
}

impl Keytab {
    /// A keytab of version 2 with these entries.
    #[must_use]
    pub fn from_entries(entries: impl IntoIterator<Item = KeytabEntry>) -> Self {
        Self { version: KeytabVersion::V2, entries: entries.into_iter().collect() }
    }

    /// Reads a keytab file. Version 1 is read in the byte order that fits.
    ///
    /// # Errors
    /// When the file breaks the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        match read_version(&mut Input::new(bytes, ByteOrder::Big))? {
            1 => either_order(|order| Self::parse_with_order(bytes, order)),
            _ => Self::parse_with_order(bytes, ByteOrder::Big),
        }
    }

    /// Reads a keytab file, version 1 in this byte order.
    ///
    /// # Errors
    /// When the file breaks the format.
    pub fn parse_with_order(bytes: &[u8], order: ByteOrder) -> Result<Self, FormatError> {
        let mut input = Input::new(bytes, ByteOrder::Big);
        let version = match read_version(&mut input)? {
            1 => KeytabVersion::V1(order),
            _ => KeytabVersion::V2,
        };
        let mut input = input.with_order(version.order());
        let mut entries = Vec::new();
        while !input.is_empty() {
            let size = input.u32("record length")?.cast_signed();
            let len = usize::try_from(size.unsigned_abs()).unwrap_or(usize::MAX);
            match size {
                // The end, whatever follows: files may have been allocated longer than they are.
                0 => break,
                1.. => entries.push(read_entry(&mut input.sub(len, "record")?, version)?),
                _ => {
                    input.take(len, "hole")?;
                }
            }
        }
        Ok(Self { version, entries })
    }

    /// Writes a keytab file without holes.
    ///
    /// # Errors
    /// When a value does not fit its field.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, WriteError> {
        let mut output = Output::new(self.version.order());
        output.put(&[FORMAT, self.version.number()]);
        for entry in &self.entries {
            let mut record = output.nested();
            write_entry(&mut record, entry, self.version)?;
            let len = record.as_bytes().len();
            let size = i32::try_from(len).map_err(|_| WriteError::TooLong { field: "record", len })?;
            output.u32(size.cast_unsigned());
            output.put(record.as_bytes());
        }
        Ok(output.finish())
    }

    /// The entries of this principal, in file order.
    pub fn entries_for<'a>(&'a self, principal: &Principal) -> impl Iterator<Item = &'a KeytabEntry> {
        self.entries.iter().filter(move |entry| entry.principal == *principal)
    }

    /// The entry of this principal with exactly this key version and encryption type.
    #[must_use]
    pub fn find(&self, principal: &Principal, kvno: u32, enctype: i32) -> Option<&KeytabEntry> {
        self.entries_for(principal).find(|entry| entry.kvno == kvno && entry.key.keytype() == enctype)
    }

    /// The entry of this principal with the highest key version; of this encryption type, if one is given.
    #[must_use]
    pub fn latest(&self, principal: &Principal, enctype: Option<i32>) -> Option<&KeytabEntry> {
        self.entries_for(principal)
            .filter(|entry| enctype.is_none_or(|enctype| enctype == entry.key.keytype()))
            .max_by_key(|entry| entry.kvno)
    }

    /// The principals that have a key, each once, in file order.
    #[must_use]
    pub fn principals(&self) -> Vec<&Principal> {
        let mut seen = alloc::collections::BTreeSet::new();
        self.entries
            .iter()
            .map(|entry| &entry.principal)
            .filter(|principal| seen.insert(*principal))
            .collect()
    }
}

impl KeytabVersion {
    const fn order(self) -> ByteOrder {
        match self {
            Self::V1(order) => order,
            Self::V2 => ByteOrder::Big,
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::V1(_) => 1,
            Self::V2 => 2,
        }
    }
}

/// First byte of keytabs and credential caches.
pub(crate) const FORMAT: u8 = 5;
/// Highest version of the keytab format.
const HIGHEST: u8 = 2;

fn read_version(input: &mut Input<'_>) -> Result<u8, FormatError> {
    const FIELD: &str = "keytab version";
    let start = input.error(FIELD, FormatErrorKind::NotThisFormat { seen: 0 });
    match input.u8(FIELD)? {
        FORMAT => {}
        seen => return Err(FormatError { kind: FormatErrorKind::NotThisFormat { seen }, ..start }),
    }
    let at = input.error(FIELD, FormatErrorKind::UnknownVersion { seen: 0, highest: HIGHEST });
    match input.u8(FIELD)? {
        version @ 1..=HIGHEST => Ok(version),
        seen => Err(FormatError { kind: FormatErrorKind::UnknownVersion { seen, highest: HIGHEST }, ..at }),
    }
}

fn read_entry(input: &mut Input<'_>, version: KeytabVersion) -> Result<KeytabEntry, FormatError> {
    let offset = input.offset();
    let count = input.u16("component count")?;
    let bad_count = |kind| FormatError { offset, field: "component count", kind };
    let components = match version {
        // The realm counts as a component.
        KeytabVersion::V1(_) => count.checked_sub(1).ok_or(bad_count(FormatErrorKind::NoRealm))?,
        KeytabVersion::V2 => count,
    };
    let realm = input.data16("realm")?;
    // Each component takes two bytes for its length at least.
    let possible = (input.remaining() / 2).min(MAX_ELEMENTS);
    if usize::from(components) > possible {
        return Err(bad_count(FormatErrorKind::CountTooLarge { count: components.into(), possible }));
    }
    let components =
        (0..components).map(|_| input.data16("component")).collect::<Result<Vec<_>, FormatError>>()?;
    let name_type = match version {
        KeytabVersion::V1(_) => NameType::UNKNOWN,
        KeytabVersion::V2 => NameType(input.u32("name type")?.cast_signed()),
    };
    let principal = Principal::from_components(name_type, components, realm).map_err(|_| {
        bad_count(FormatErrorKind::CountTooLarge { count: count.into(), possible: MAX_ELEMENTS })
    })?;
    let timestamp = input.u32("timestamp")?;
    let kvno8 = input.u8("key version")?;
    let enctype = input.enctype()?;
    let key = EncryptionKeyBuf::new(enctype, input.data16("key")?);
    // Records used to be padded with zeros when a hole was filled, so a version of 0 means none.
    let kvno32 = if input.remaining() >= 4 { input.u32("32-bit key version")? } else { 0 };
    let kvno = if kvno32 == 0 { kvno8.into() } else { kvno32 };
    Ok(KeytabEntry { principal, timestamp, kvno, key, extra: input.take_rest().to_vec() })
}

fn write_entry(output: &mut Output, entry: &KeytabEntry, version: KeytabVersion) -> Result<(), WriteError> {
    let name = entry.principal.name();
    let count = name.name_string.len();
    match version {
        KeytabVersion::V1(_) => output.len16(count.saturating_add(1), "component count")?,
        KeytabVersion::V2 => output.len16(count, "component count")?,
    }
    output.data16(entry.principal.realm().as_bytes(), "realm")?;
    for component in name.components() {
        output.data16(component.as_bytes(), "component")?;
    }
    if version == KeytabVersion::V2 {
        output.u32(name.name_type.0.cast_unsigned());
    }
    output.u32(entry.timestamp);
    let [.., low] = entry.kvno.to_be_bytes();
    output.u8(low);
    output.enctype(entry.key.keytype())?;
    output.data16(entry.key.keyvalue(), "key")?;
    output.u32(entry.kvno);
    output.put(&entry.extra);
    Ok(())
}
