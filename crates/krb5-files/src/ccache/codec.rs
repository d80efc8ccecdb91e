//! The bytes of a credential cache, both directions.

use alloc::vec::Vec;

use krb5_asn1::{
    AddressType, AuthDataType, EncryptionKeyBuf, MAX_ELEMENTS, NameType, Principal, TicketFlags,
};
use zeroize::Zeroizing;

use super::{Address, AuthData, Ccache, CcacheVersion, Credential, HeaderField, Times};
use crate::{
    ByteOrder, FormatError, FormatErrorKind, WriteError,
    fields::{Input, Output, either_order},
    keytab::FORMAT,
};

/// Highest version of the format.
const HIGHEST: u8 = 4;

impl Ccache {
    /// Reads a credential cache file. Versions 1 and 2 are read in the byte order that fits.
    ///
    /// # Errors
    /// When the file breaks the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        match read_version(&mut Input::new(bytes, ByteOrder::Big))? {
            1 | 2 => either_order(|order| Self::parse_with_order(bytes, order)),
            _ => Self::parse_with_order(bytes, ByteOrder::Big),
        }
    }

    /// Reads a credential cache file, versions 1 and 2 in this byte order.
    ///
    /// # Errors
    /// When the file breaks the format.
    pub fn parse_with_order(bytes: &[u8], order: ByteOrder) -> Result<Self, FormatError> {
        let mut input = Input::new(bytes, ByteOrder::Big);
        let version = match read_version(&mut input)? {
            1 => CcacheVersion::V1(order),
            2 => CcacheVersion::V2(order),
            3 => CcacheVersion::V3,
            _ => CcacheVersion::V4,
        };
        let mut input = input.with_order(version.order());
        let header = if version == CcacheVersion::V4 { read_header(&mut input)? } else { Vec::new() };
        let default_principal = read_principal(&mut input, version)?;
        let mut entries = Vec::new();
        while !input.is_empty() {
            entries.push(read_credential(&mut input, version)?);
        }
        Ok(Self { version, header, default_principal, entries })
    }

    /// Writes a credential cache file. Before version 4 the header is left out, in version 1 also the name types.
    ///
    /// # Errors
    /// When a value does not fit its field.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, WriteError> {
        let mut output = Output::new(self.version.order());
        output.put(&[FORMAT, self.version.number()]);
        if self.version == CcacheVersion::V4 {
            let mut header = output.nested();
            for field in &self.header {
                header.u16(field.tag);
                header.data16(&field.data, "header field")?;
            }
            output.data16(header.as_bytes(), "header")?;
        }
        write_principal(&mut output, &self.default_principal, self.version)?;
        for entry in &self.entries {
            write_credential(&mut output, entry, self.version)?;
        }
        Ok(output.finish())
    }
}

impl Credential {
    /// Reads one credential in the form that caches of this version have, and nothing after it: what is appended to a
    /// file, or comes from a cache daemon.
    ///
    /// # Errors
    /// When the bytes break the format.
    pub fn parse(bytes: &[u8], version: CcacheVersion) -> Result<Self, FormatError> {
        alone(bytes, version, "credential", read_credential)
    }

    /// Writes it in the form that caches of this version have.
    ///
    /// # Errors
    /// When a value does not fit its field.
    pub fn to_bytes(&self, version: CcacheVersion) -> Result<Zeroizing<Vec<u8>>, WriteError> {
        let mut output = Output::new(version.order());
        write_credential(&mut output, self, version)?;
        Ok(output.finish())
    }
}

impl CcacheVersion {
    /// Reads one principal in the form that caches of this version have, and nothing after it.
    ///
    /// # Errors
    /// When the bytes break the format.
    pub fn parse_principal(self, bytes: &[u8]) -> Result<Principal, FormatError> {
        alone(bytes, self, "principal", read_principal)
    }

    /// Writes a principal in the form that caches of this version have.
    ///
    /// # Errors
    /// When a value does not fit its field.
    pub fn principal_to_bytes(self, principal: &Principal) -> Result<Zeroizing<Vec<u8>>, WriteError> {
        let mut output = Output::new(self.order());
        write_principal(&mut output, principal, self)?;
        Ok(output.finish())
    }

    const fn order(self) -> ByteOrder {
        match self {
            Self::V1(order) | Self::V2(order) => order,
            Self::V3 | Self::V4 => ByteOrder::Big,
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::V1(_) => 1,
            Self::V2(_) => 2,
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }
}

/// Reads all of `bytes` as one value.
fn alone<T>(
    bytes: &[u8],
    version: CcacheVersion,
    field: &'static str,
    read: fn(&mut Input<'_>, CcacheVersion) -> Result<T, FormatError>,
) -> Result<T, FormatError> {
    let mut input = Input::new(bytes, version.order());
    let value = read(&mut input, version)?;
    if input.is_empty() {
        return Ok(value);
    }
    Err(input.error(field, FormatErrorKind::TrailingData { excess: input.remaining() }))
}

fn read_version(input: &mut Input<'_>) -> Result<u8, FormatError> {
    const FIELD: &str = "credential cache version";
    let error = |offset, kind| FormatError { offset, field: FIELD, kind };
    match input.u8(FIELD)? {
        FORMAT => {}
        seen => return Err(error(0, FormatErrorKind::NotThisFormat { seen })),
    }
    match input.u8(FIELD)? {
        version @ 1..=HIGHEST => Ok(version),
        seen => Err(error(1, FormatErrorKind::UnknownVersion { seen, highest: HIGHEST })),
    }
}

fn read_header(input: &mut Input<'_>) -> Result<Vec<HeaderField>, FormatError> {
    let len = input.u16("header length")?;
    let mut header = input.sub(len.into(), "header")?;
    let mut fields = Vec::new();
    while !header.is_empty() {
        let tag = header.u16("header field tag")?;
        fields.push(HeaderField { tag, data: header.data16("header field")?.to_vec() });
    }
    Ok(fields)
}

fn read_principal(input: &mut Input<'_>, version: CcacheVersion) -> Result<Principal, FormatError> {
    const COUNT: &str = "component count";
    let without_type = matches!(version, CcacheVersion::V1(_));
    let name_type =
        if without_type { NameType::UNKNOWN } else { NameType(input.u32("name type")?.cast_signed()) };
    let offset = input.offset();
    // Each component takes four bytes for its length at least.
    let count = input.count32(4, COUNT)?;
    let bad_count = |kind| FormatError { offset, field: COUNT, kind };
    // In version 1 the realm counts as a component.
    let components =
        if without_type { count.checked_sub(1).ok_or(bad_count(FormatErrorKind::NoRealm))? } else { count };
    if usize::try_from(components).is_ok_and(|components| components > MAX_ELEMENTS) {
        return Err(bad_count(FormatErrorKind::CountTooLarge { count, possible: MAX_ELEMENTS }));
    }
    let realm = input.data32("realm")?;
    let components =
        (0..components).map(|_| input.data32("component")).collect::<Result<Vec<_>, FormatError>>()?;
    Principal::from_components(name_type, components, realm)
        .map_err(|_| bad_count(FormatErrorKind::CountTooLarge { count, possible: MAX_ELEMENTS }))
}

fn read_credential(input: &mut Input<'_>, version: CcacheVersion) -> Result<Credential, FormatError> {
    let client = read_principal(input, version)?;
    let server = read_principal(input, version)?;
    let enctype = input.enctype()?;
    if version == CcacheVersion::V3 {
        input.u16("second encryption type")?;
    }
    let key = EncryptionKeyBuf::new(enctype, input.data32("key")?);
    let times = Times {
        authtime: input.u32("authentication time")?,
        starttime: input.u32("start time")?,
        endtime: input.u32("end time")?,
        renew_till: input.u32("renewal time")?,
    };
    let skey_mark = input.u8("session key mark")?;
    let flags = TicketFlags(input.u32("ticket flags")?);
    // Addresses and authorization data take a type and a length, six bytes, at least.
    let addresses = (0..input.count32(6, "address count")?)
        .map(|_| {
            let addr_type = AddressType(i32::from(input.u16("address type")?.cast_signed()));
            Ok(Address { addr_type, data: input.data32("address")?.to_vec() })
        })
        .collect::<Result<_, FormatError>>()?;
    let authdata = (0..input.count32(6, "authorization data count")?)
        .map(|_| {
            let ad_type = AuthDataType(i32::from(input.u16("authorization data type")?.cast_signed()));
            Ok(AuthData { ad_type, data: input.data32("authorization data")?.to_vec() })
        })
        .collect::<Result<_, FormatError>>()?;
    let ticket = input.data32("ticket")?.to_vec();
    let second_ticket = input.data32("second ticket")?.to_vec();
    Ok(Credential {
        client,
        server,
        key,
        times,
        skey_mark,
        flags,
        addresses,
        authdata,
        ticket,
        second_ticket,
    })
}

fn write_principal(
    output: &mut Output,
    principal: &Principal,
    version: CcacheVersion,
) -> Result<(), WriteError> {
    let name = principal.name();
    let count = name.name_string.len();
    if matches!(version, CcacheVersion::V1(_)) {
        output.len32(count.saturating_add(1), "component count")?;
    } else {
        output.u32(name.name_type.0.cast_unsigned());
        output.len32(count, "component count")?;
    }
    output.data32(principal.realm().as_bytes(), "realm")?;
    name.components().try_for_each(|component| output.data32(component.as_bytes(), "component"))
}

fn write_credential(
    output: &mut Output,
    credential: &Credential,
    version: CcacheVersion,
) -> Result<(), WriteError> {
    write_principal(output, &credential.client, version)?;
    write_principal(output, &credential.server, version)?;
    output.enctype(credential.key.keytype())?;
    if version == CcacheVersion::V3 {
        output.enctype(credential.key.keytype())?;
    }
    output.data32(credential.key.keyvalue(), "key")?;
    let Times { authtime, starttime, endtime, renew_till } = credential.times;
    [authtime, starttime, endtime, renew_till].into_iter().for_each(|time| output.u32(time));
    output.u8(credential.skey_mark);
    output.u32(credential.flags.0);
    output.len32(credential.addresses.len(), "address count")?;
    for address in &credential.addresses {
        typed(output, address.addr_type.0, &address.data, "address")?;
    }
    output.len32(credential.authdata.len(), "authorization data count")?;
    for element in &credential.authdata {
        typed(output, element.ad_type.0, &element.data, "authorization data")?;
    }
    output.data32(&credential.ticket, "ticket")?;
    output.data32(&credential.second_ticket, "second ticket")
}

/// Writes a 16-bit type and counted bytes.
fn typed(output: &mut Output, kind: i32, data: &[u8], field: &'static str) -> Result<(), WriteError> {
    let narrow = i16::try_from(kind).map_err(|_| WriteError::Type { field, seen: kind })?;
    output.u16(narrow.cast_unsigned());
    output.data32(data, field)
}
