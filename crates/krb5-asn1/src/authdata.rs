//! Content of authorization data elements.

use crate::SeqOf;

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
