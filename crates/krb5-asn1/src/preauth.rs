//! Content of pre-authentication data and of error data.

use crate::{Checksum, KerberosString, KerberosTime, Microseconds, Octets, PrincipalName, SeqOf};

message! {
    /// How to make a key from a password (RFC 4120 section 5.2.7.5).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct EtypeInfo2Entry<'a> {
        /// Encryption type.
        must [0] etype: i32,
        /// Salt; the default salt if absent.
        may [1] salt: KerberosString<'a>,
        /// Parameters of string-to-key; the default if absent.
        may [2] s2kparams: Octets<'a>,
    }
}

/// Content of PA-ETYPE-INFO2, the server's preference first.
pub type EtypeInfo2<'a> = SeqOf<'a, EtypeInfo2Entry<'a>>;

message! {
    /// How to make a key from a password, as old KDCs say it (RFC 4120 section 5.2.7.4).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct EtypeInfoEntry<'a> {
        /// Encryption type.
        must [0] etype: i32,
        /// Salt; the default salt if absent.
        may [1] salt: Octets<'a>,
    }
}

/// Content of PA-ETYPE-INFO.
pub type EtypeInfo<'a> = SeqOf<'a, EtypeInfoEntry<'a>>;

message! {
    /// What an encrypted timestamp holds, usage 1 (RFC 4120 section 5.2.7.2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PaEncTsEnc {
        /// The client's clock.
        must [0] patimestamp: KerberosTime,
        /// Microseconds of `patimestamp`.
        may [1] pausec: Microseconds,
    }
}

message! {
    /// Whether a PAC is wanted (MS-KILE section 2.2.3).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PaPacRequest {
        /// `true` asks for one.
        must [0] include_pac: bool,
    }
}

message! {
    /// The user on whose behalf a service asks (MS-SFU section 2.2.1).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PaForUser<'a> {
        /// The user.
        must [0] user_name: PrincipalName<'a>,
        /// The user's realm.
        must [1] user_realm: KerberosString<'a>,
        /// Checksum of type -138, usage 17, with the session key of the TGT.
        must [2] cksum: Checksum<'a>,
        /// "Kerberos".
        must [3] auth_package: KerberosString<'a>,
    }
}

message! {
    /// One element of the error data that some KRB-ERRORs carry (RFC 4120 section 5.9.1).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct TypedDataElement<'a> {
        /// What the data is.
        must [0] data_type: i32,
        /// Its content.
        may [1] data_value: Octets<'a>,
    }
}

/// TYPED-DATA.
pub type TypedData<'a> = SeqOf<'a, TypedDataElement<'a>>;

message! {
    /// Error data of Windows (MS-KILE section 2.2.2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KerbErrorData<'a> {
        /// 1: clock skew; 2: Windows status in `data_value`; 3: extended error.
        must [1] data_type: i32,
        /// Content, by type.
        may [2] data_value: Octets<'a>,
    }
}
