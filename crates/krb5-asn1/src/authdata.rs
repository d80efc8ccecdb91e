//! Content of authorization data elements.

use crate::{AuthorizationData, Checksum, KerberosString, PrincipalName, Raw, SeqOf, UInt32, Utf8};

/// Content of AD-IF-RELEVANT: elements that a reader may pass over (RFC 4120 section 5.2.6.1). PACs are in here.
pub type AdIfRelevant<'a> = AuthorizationData<'a>;

/// Content of AD-MANDATORY-FOR-KDC: elements that a KDC must understand (RFC 4120 section 5.2.6.4).
pub type AdMandatoryForKdc<'a> = AuthorizationData<'a>;

/// Content of AD-AUTHENTICATION-INDICATOR: how the client authenticated, as sites name it (RFC 8129 section 3).
/// To be believed inside an [`AdCammac`] only.
pub type AdAuthenticationIndicator<'a> = SeqOf<'a, Utf8<'a>>;

/// Content of AD-ETYPE-NEGOTIATION: the client's enctypes, best first (RFC 4537 section 3).
pub type AdEtypeNegotiation<'a> = SeqOf<'a, i32>;

little_endian_flags! {
    /// Content of AD-AUTH-DATA-AP-OPTIONS: four bytes, little-endian, not DER (MS-KILE section 3.2.5.8).
    pub struct AdApOptions {
        /// The client wants channel bindings to be checked (KERB_AP_OPTIONS_CBT).
        CBT = 0x4000,
        /// The client did not verify the name of the service (KERB_AP_OPTIONS_UNVERIFIED_TARGET_NAME).
        UNVERIFIED_TARGET_NAME = 0x8000,
    }
}

message! {
    /// Content of AD-AND-OR (RFC 4120 section 5.2.6.3).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct AdAndOr<'a> {
        /// How many of the elements must hold. Decoding does not compare it with their number.
        must [0] condition_count: i32,
        /// The conditions.
        must [1] elements: AuthorizationData<'a>,
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
