//! Content of pre-authentication data that has no file of its own.

use crate::{
    Checksum, EncryptedData, KerberosString, KerberosTime, Microseconds, Octets, PacOptions, PrincipalName,
    SeqOf,
};

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

/// Content of PA-ENC-TIMESTAMP: a [`PaEncTsEnc`] in the client's key, usage 1 (RFC 4120 section 5.2.7.2).
pub type PaEncTimestamp<'a> = EncryptedData<'a>;

message! {
    /// What an encrypted timestamp or challenge holds (RFC 4120 section 5.2.7.2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PaEncTsEnc {
        /// The client's clock.
        must [0] patimestamp: KerberosTime,
        /// Microseconds of `patimestamp`.
        may [1] pausec: Microseconds,
    }
}

message! {
    /// Content of PA-PAC-REQUEST: whether a PAC is wanted (MS-KILE section 2.2.3).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PaPacRequest {
        /// `true` asks for one.
        must [0] include_pac: bool,
    }
}

message! {
    /// Content of PA-PAC-OPTIONS, in requests and in the encrypted data of replies (MS-KILE section 2.2.10).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PaPacOptions {
        /// Options.
        must [0] flags: PacOptions,
    }
}

/// Content of PA-REQ-ENC-PA-REP in the encrypted data of a reply: checksum over the whole AS-REQ with the reply key,
/// usage 56 (RFC 6806 section 11). In a request it is empty.
pub type PaReqEncPaRep<'a> = Checksum<'a>;

message! {
    /// Content of PA-SVR-REFERRAL-INFO: where the service is (draft-ietf-krb-wg-kerberos-referrals-11 appendix A).
    ///
    /// Windows KDCs send it. The tags do not rise: the fields come in the order of their declaration.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PaSvrReferralData<'a> {
        /// The service's name there.
        may [1] referred_name: PrincipalName<'a>,
        /// The realm to ask.
        must [0] referred_realm: KerberosString<'a>,
    }
}
