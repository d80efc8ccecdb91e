//! What a client asks for and what it puts up with, in all its exchanges.

use alloc::vec::Vec;

use krb5_crypto::EncType;

/// What a client asks for and what it puts up with, in all its exchanges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Encryption types for tickets' session keys and for replies, best first. What a KDC uses beyond these is
    /// refused.
    pub enctypes: Vec<EncType>,
    /// Largest difference between the KDC's clock and ours, in seconds.
    pub skew: u32,
    /// Whether a KDC's clock, once known, is taken for ours where only the KDC reads the time.
    pub follow_kdc_clock: bool,
    /// Most rounds of PBKDF2 that a KDC may ask for.
    pub max_iterations: u32,
    /// Most realms that referrals may lead through.
    pub max_referrals: u8,
}

impl Default for Policy {
    /// The AES types that this build has, those of RFC 3962 first, as MIT krb5 does; 300 seconds; the KDC's clock is
    /// followed; 1,000,000 rounds (the default of RFC 8009 is 32,768); 10 realms, as in MIT krb5.
    fn default() -> Self {
        Self {
            enctypes: [
                EncType::AES256_CTS_HMAC_SHA1_96,
                EncType::AES128_CTS_HMAC_SHA1_96,
                EncType::AES256_CTS_HMAC_SHA384_192,
                EncType::AES128_CTS_HMAC_SHA256_128,
            ]
            .into(),
            skew: 300,
            follow_kdc_clock: true,
            max_iterations: 1_000_000,
            max_referrals: 10,
        }
    }
}
