//! Content of authorization data elements.

use crate::{AuthorizationData, Checksum, KerberosString, PrincipalName, Raw, SeqOf, UInt32};

/// Content of AD-ETYPE-NEGOTIATION: the client's enctypes, best first (RFC 4537 section 3).
pub type AdEtypeNegotiation<'a> = SeqOf<'a, i32>;

/// Content of AD-AUTH-DATA-AP-OPTIONS: four bytes, little-endian, not DER (MS-KILE section 3.2.5.8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AdApOptions(pub u32);

impl AdApOptions {
    /// The client wants channel bindings to be checked (KERB_AP_OPTIONS_CBT).
    pub const CBT: Self = Self(0x4000);
    /// The client did not verify the name of the service (KERB_AP_OPTIONS_UNVERIFIED_TARGET_NAME).
    pub const UNVERIFIED_TARGET_NAME: Self = Self(0x8000);

    /// Reads `ad-data`; `None` unless it is four bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(u32::from_le_bytes).map(Self)
    }

    /// The content of `ad-data`.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }

    /// Whether every option of `other` is set here.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

message! {
    /// Content of AD-KDC-ISSUED (RFC 4120 section 5.2.6.2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AdKdcIssued<'a> {
        /// Checksum over `elements`, usage 19.
        must [0] ad_checksum: Checksum<'a>,
        /// Realm of the issuer, if it is not the ticket's.
        may [1] i_realm: KerberosString<'a>,
        /// The issuer, if it is not the KDC.
        may [2] i_sname: PrincipalName<'a>,
        /// The authorization data, with the exact bytes that the checksum covers.
        must [3] elements: Raw<'a, AuthorizationData<'a>>,
    }
}

message! {
    /// Content of AD-CAMMAC (RFC 7751 section 2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AdCammac<'a> {
        /// The authorization data.
        must [0] elements: AuthorizationData<'a>,
        /// Shows the KDC that it made this.
        may [1] kdc_verifier: VerifierMac<'a>,
        /// Shows the service that the KDC made this.
        may [2] svc_verifier: VerifierMac<'a>,
        /// For others. The one kind of verifier that is defined is a [`VerifierMac`].
        may [3] other_verifiers: SeqOf<'a, VerifierMac<'a>>,
    }
}

message! {
    /// A MAC over the authorization data of a ticket and which key made it (RFC 7751 section 2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct VerifierMac<'a> {
        /// Whose key.
        may [0] identifier: PrincipalName<'a>,
        /// Its version.
        may [1] kvno: UInt32,
        /// Its encryption type.
        may [2] enctype: i32,
        /// The MAC, usage 64.
        must [3] mac: Checksum<'a>,
    }
}
