//! FILE credential caches: the tickets of a client.

use alloc::vec::Vec;

use krb5_asn1::{
    AddressType, AuthDataType, DecodeError, EncryptionKeyBuf, KerberosString, Principal, Raw, Ticket,
    TicketFlags,
};

use crate::ByteOrder;

mod codec;
mod config;

pub use config::ConfigEntry;

/// A credential cache.
///
/// What the file lists as credentials is of three kinds: tickets, configuration entries, and removed ones of either.
/// [`credentials`](Self::credentials) and [`config`](Self::config) give the first two; [`entries`](Self::entries)
/// holds all, in file order, and is what is written.
#[derive(Clone, Debug)]
pub struct Ccache {
    /// The version that was read, and that is written.
    pub version: CcacheVersion,
    /// Fields of the header. Only version 4 has room for them.
    pub header: Vec<HeaderField>,
    /// The client whose cache this is.
    pub default_principal: Principal,
    /// Everything in the cache, in file order.
    pub entries: Vec<Credential>,
}

/// A version of the FILE credential cache format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CcacheVersion {
    /// Version 1: native byte order, no name types.
    V1(ByteOrder),
    /// Version 2: native byte order.
    V2(ByteOrder),
    /// Version 3: big-endian, the encryption type of keys twice.
    V3,
    /// Version 4, which all current programs write: big-endian, with a header.
    #[default]
    V4,
}

/// A field of the header of version 4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderField {
    /// What it is; 1 is the KDC's time offset. Others are kept as they are.
    pub tag: u16,
    /// Its content.
    pub data: Vec<u8>,
}

/// How far the KDC's clock was ahead of the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdcOffset {
    /// Seconds.
    pub seconds: i32,
    /// Microseconds.
    pub microseconds: i32,
}

/// A ticket with what belongs to it, or something stored in the form of one.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The client.
    pub client: Principal,
    /// The service.
    pub server: Principal,
    /// The session key.
    pub key: EncryptionKeyBuf,
    /// Times.
    pub times: Times,
    /// Not 0 if the ticket is encrypted in a session key; see [`is_skey`](Self::is_skey). MIT krb5 writes 1 or 8.
    pub skey_mark: u8,
    /// Flags of the ticket.
    pub flags: TicketFlags,
    /// Addresses that the ticket may be used from.
    pub addresses: Vec<Address>,
    /// Authorization data.
    pub authdata: Vec<AuthData>,
    /// The ticket in DER.
    pub ticket: Vec<u8>,
    /// The ticket in whose session key the first one is encrypted, in DER; normally empty.
    pub second_ticket: Vec<u8>,
}

/// Times of a ticket in seconds since 1970; unsigned, so they last until 2106. 0 stands for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// When the client authenticated.
    pub authtime: u32,
    /// From when on the ticket holds.
    pub starttime: u32,
    /// Until when the ticket holds.
    pub endtime: u32,
    /// Until when it may be renewed.
    pub renew_till: u32,
}

/// An address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Which kind of address.
    pub addr_type: AddressType,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// Authorization data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthData {
    /// What it is.
    pub ad_type: AuthDataType,
    /// Its content.
    pub data: Vec<u8>,
}

/// Tag of the KDC's time offset in the header.
const TAG_KDC_OFFSET: u16 = 1;

impl Ccache {
    /// An empty cache of version 4.
    #[must_use]
    pub const fn new(default_principal: Principal) -> Self {
        Self { version: CcacheVersion::V4, header: Vec::new(), default_principal, entries: Vec::new() }
    }

    /// The tickets, in file order: neither configuration nor removed.
    pub fn credentials(&self) -> impl Iterator<Item = &Credential> {
        self.entries.iter().filter(|entry| !entry.is_config() && !entry.is_removed())
    }

    /// The ticket of the default principal for this service; of several the one that holds longest.
    /// User-to-user tickets are passed over.
    #[must_use]
    pub fn find(&self, server: &Principal) -> Option<&Credential> {
        self.credentials()
            .filter(|entry| {
                entry.client == self.default_principal && entry.server == *server && !entry.is_skey()
            })
            .max_by_key(|entry| entry.times.endtime)
    }

    /// The ticket-granting ticket of the default principal's realm.
    #[must_use]
    pub fn tgt(&self) -> Option<&Credential> {
        let realm = self.default_principal.realm();
        let components = [KerberosString::from("krbtgt"), realm];
        let name = krb5_asn1::PrincipalName::new(krb5_asn1::NameType::SRV_INST, &components);
        self.find(&Principal::from(name.in_realm(realm)))
    }

    /// How far the KDC's clock was ahead, if the header says so.
    #[must_use]
    pub fn kdc_offset(&self) -> Option<KdcOffset> {
        let field = self.header.iter().find(|field| field.tag == TAG_KDC_OFFSET)?;
        let (seconds, microseconds) = field.data.split_first_chunk()?;
        Some(KdcOffset {
            seconds: i32::from_be_bytes(*seconds),
            microseconds: i32::from_be_bytes(microseconds.try_into().ok()?),
        })
    }

    /// Sets the KDC's time offset in the header.
    pub fn set_kdc_offset(&mut self, offset: KdcOffset) {
        self.header.retain(|field| field.tag != TAG_KDC_OFFSET);
        let data = [offset.seconds.to_be_bytes(), offset.microseconds.to_be_bytes()].concat();
        self.header.push(HeaderField { tag: TAG_KDC_OFFSET, data });
    }
}

impl Credential {
    /// Whether the ticket is encrypted in a session key: user-to-user.
    #[must_use]
    pub const fn is_skey(&self) -> bool {
        self.skey_mark != 0
    }

    /// Whether this was removed from the cache: MIT krb5 and Heimdal then set the end time to 0 where it stands, and
    /// MIT krb5 renames the realm of configuration entries.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.server.realm().as_bytes() == config::REMOVED_REALM
            || (self.times.endtime == 0 && self.times.authtime != 0)
    }

    /// The ticket, decoded.
    ///
    /// # Errors
    /// When it is not a ticket in DER.
    pub fn decode_ticket(&self) -> Result<Raw<'_, Ticket<'_>>, DecodeError> {
        Raw::new(&self.ticket)
    }
}
