//! Key usage numbers (RFC 4120 section 7.5.1 and later).

use core::fmt;

/// What a key is used for. Each usage has its own derived keys, so that a message made for one purpose does
/// not pass for another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyUsage(pub u32);

macro_rules! usages {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        impl KeyUsage {
            $($(#[$doc])* pub const $name: Self = Self($number);)*

            /// The name of the constant, or `None` for a number this crate has no name for.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

usages! {
    /// AS-REQ PA-ENC-TIMESTAMP, with the client key.
    PA_ENC_TIMESTAMP = 1;
    /// Encrypted part of a ticket, with the service key.
    TICKET = 2;
    /// Encrypted part of AS-REP, with the client key.
    AS_REP = 3;
    /// Authorization data in TGS-REQ, with the session key.
    TGS_REQ_AUTHORIZATION_DATA_SESSION_KEY = 4;
    /// Authorization data in TGS-REQ, with the authenticator subkey.
    TGS_REQ_AUTHORIZATION_DATA_SUBKEY = 5;
    /// Checksum in the authenticator of TGS-REQ.
    TGS_REQ_AUTHENTICATOR_CHECKSUM = 6;
    /// Authenticator of TGS-REQ.
    TGS_REQ_AUTHENTICATOR = 7;
    /// Encrypted part of TGS-REP, with the session key.
    TGS_REP_SESSION_KEY = 8;
    /// Encrypted part of TGS-REP, with the authenticator subkey.
    TGS_REP_SUBKEY = 9;
    /// Checksum in the authenticator of AP-REQ.
    AP_REQ_AUTHENTICATOR_CHECKSUM = 10;
    /// Authenticator of AP-REQ.
    AP_REQ_AUTHENTICATOR = 11;
    /// Encrypted part of AP-REP.
    AP_REP = 12;
    /// Encrypted part of KRB-PRIV.
    KRB_PRIV = 13;
    /// Encrypted part of KRB-CRED.
    KRB_CRED = 14;
    /// Checksum of KRB-SAFE.
    KRB_SAFE = 15;
    /// Other encryption, such as PAC credentials (MS-KILE section 3.1.5.9).
    KERB_NON_KERB_SALT = 16;
    /// Other checksums: PAC signatures and PA-FOR-USER (MS-KILE section 3.1.5.9).
    KERB_NON_KERB_CKSUM_SALT = 17;
    /// Checksum of AD-KDC-ISSUED.
    AD_KDC_ISSUED = 19;
    /// GSS wrap tokens that the acceptor sends (RFC 4121 section 2).
    GSS_ACCEPTOR_SEAL = 22;
    /// GSS MIC tokens that the acceptor sends (RFC 4121 section 2).
    GSS_ACCEPTOR_SIGN = 23;
    /// GSS wrap tokens that the initiator sends (RFC 4121 section 2).
    GSS_INITIATOR_SEAL = 24;
    /// GSS MIC tokens that the initiator sends (RFC 4121 section 2).
    GSS_INITIATOR_SIGN = 25;
    /// PA-S4U-X509-USER in the request (MS-SFU section 2.2.2).
    PA_S4U_X509_USER_REQUEST = 26;
    /// PA-S4U-X509-USER in the reply (MS-SFU section 2.2.2).
    PA_S4U_X509_USER_REPLY = 27;
    /// IAKERB finished checksum as MIT sends it.
    IAKERB_FINISHED = 41;
    /// IAKERB finished checksum of the older draft.
    IAKERB_FINISHED_DRAFT = 42;
    /// MIC over channel bindings (RFC 6542).
    CHANNEL_BINDING_MIC = 43;
    /// PKINIT key exchange (RFC 6112).
    PKINIT_KEY_EXCHANGE = 44;
    /// One-time password exchange (RFC 6560).
    OTP = 45;
    /// FAST request checksum (RFC 6113).
    FAST_REQUEST_CHECKSUM = 50;
    /// FAST request encryption (RFC 6113).
    FAST_REQUEST = 51;
    /// FAST reply encryption (RFC 6113).
    FAST_REPLY = 52;
    /// FAST finished checksum (RFC 6113).
    FAST_FINISHED = 53;
    /// Encrypted challenge of the client (RFC 6113).
    ENCRYPTED_CHALLENGE_CLIENT = 54;
    /// Encrypted challenge of the KDC (RFC 6113).
    ENCRYPTED_CHALLENGE_KDC = 55;
    /// Checksum over AS-REQ in the reply (RFC 6806 section 11).
    AS_REQUEST_CHECKSUM = 56;
    /// CAMMAC verifiers (RFC 7751).
    CAMMAC = 64;
    /// SPAKE pre-authentication (RFC 9588).
    SPAKE = 65;
    /// First usage for applications.
    APPLICATION_DATA_ENCRYPTION = 1024;
    /// Second usage for applications.
    APPLICATION_DATA_CHECKSUM = 1025;
}

/// Prints name and number.
impl fmt::Debug for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name}({})", self.0),
            None => write!(f, "KeyUsage({})", self.0),
        }
    }
}

impl From<u32> for KeyUsage {
    fn from(number: u32) -> Self {
        Self(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn debug_names_the_usage() {
        assert_eq!(format!("{:?}", KeyUsage(11)), "AP_REQ_AUTHENTICATOR(11)");
        assert_eq!(format!("{:?}", KeyUsage(77)), "KeyUsage(77)");
    }
}
