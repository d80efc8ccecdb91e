//! The small structures that messages share (RFC 4120 section 5.2).

use core::fmt;

use crate::{
    AddressType, AuthDataType, KerberosTime, LastReqType, Octets, PaDataType, SeqOf, TransitedType, UInt32,
};

message! {
    /// An address of a host (RFC 4120 section 5.2.5).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct HostAddress<'a> {
        /// Which kind of address.
        must [0] addr_type: AddressType,
        /// Its bytes, most significant first.
        must [1] address: Octets<'a>,
    }
}

/// A list of addresses.
pub type HostAddresses<'a> = SeqOf<'a, HostAddress<'a>>;

message! {
    /// One element of authorization data (RFC 4120 section 5.2.6).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AuthDataElement<'a> {
        /// What the data is.
        must [0] ad_type: AuthDataType,
        /// Its content.
        must [1] ad_data: Octets<'a>,
    }
}

/// Authorization data; also the content of AD-IF-RELEVANT.
pub type AuthorizationData<'a> = SeqOf<'a, AuthDataElement<'a>>;

message! {
    /// Pre-authentication data (RFC 4120 section 5.2.7).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PaData<'a> {
        /// What the data is.
        must [1] padata_type: PaDataType,
        /// Its content.
        must [2] padata_value: Octets<'a>,
    }
}

/// The e-data of `KDC_ERR_PREAUTH_REQUIRED`: the methods that the KDC offers (RFC 4120 section 5.9.1).
pub type MethodData<'a> = SeqOf<'a, PaData<'a>>;

message! {
    /// Ciphertext and which key it needs (RFC 4120 section 5.2.9).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct EncryptedData<'a> {
        /// Encryption type.
        must [0] etype: i32,
        /// Version of the long-term key.
        may [1] kvno: UInt32,
        /// Ciphertext.
        must [2] cipher: Octets<'a>,
    }
}

message! {
    /// A key (RFC 4120 section 5.2.9). `Debug` hides the content, and there is no `PartialEq`.
    #[derive(Clone, Copy)]
    pub struct EncryptionKey<'a> {
        /// Encryption type.
        must [0] keytype: i32,
        /// The secret bytes.
        must [1] keyvalue: Octets<'a>,
    }
}

message! {
    /// A checksum (RFC 4120 section 5.2.9).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Checksum<'a> {
        /// Checksum type.
        must [0] cksumtype: i32,
        /// Its value.
        must [1] checksum: Octets<'a>,
    }
}

message! {
    /// The realms that a cross-realm ticket came through (RFC 4120 section 5.3).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct TransitedEncoding<'a> {
        /// How the realms are written.
        must [0] tr_type: TransitedType,
        /// The realms.
        must [1] contents: Octets<'a>,
    }
}

message! {
    /// When something last happened to the account (RFC 4120 section 5.4.2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LastReqEntry {
        /// What happened.
        must [0] lr_type: LastReqType,
        /// When.
        must [1] lr_value: KerberosTime,
    }
}

impl fmt::Debug for EncryptionKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey").field("keytype", &self.keytype).finish_non_exhaustive()
    }
}
