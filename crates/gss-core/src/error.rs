use core::fmt;

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The peer's token breaks a rule of the protocol, or was changed on the way.
    Peer,
    /// The peer follows the rules and says no.
    PeerRefused,
    /// The caller asked for something impossible.
    Caller,
    /// Keys, clocks or tickets do not fit; nobody misbehaved.
    Environment,
}

/// An error that explains itself to programs: by blame, by a stable code and by the status of RFC 2743.
///
/// The text for people is its `Display`.
pub trait Diagnose: core::error::Error {
    /// Who is at fault.
    fn blame(&self) -> Blame;

    /// The broken rule as one stable word in snake case.
    fn code(&self) -> &'static str;

    /// The major status of RFC 2743 and RFC 2744.
    fn major(&self) -> MajorStatus;

    /// The mechanism's own status: a Kerberos error code (RFC 4120 section 7.5.9), for instance.
    fn minor(&self) -> Option<i32> {
        None
    }
}

/// A routine error of RFC 2744 section 3.9.1, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MajorStatus(pub u8);

impl MajorStatus {
    /// An unsupported mechanism was requested.
    pub const BAD_MECH: Self = Self(1);
    /// An invalid name was supplied.
    pub const BAD_NAME: Self = Self(2);
    /// A name of an unsupported type was supplied.
    pub const BAD_NAMETYPE: Self = Self(3);
    /// The channel bindings do not match.
    pub const BAD_BINDINGS: Self = Self(4);
    /// An invalid status code was supplied.
    pub const BAD_STATUS: Self = Self(5);
    /// A token had an invalid MIC.
    pub const BAD_MIC: Self = Self(6);
    /// No credentials were supplied, or they are unavailable.
    pub const NO_CRED: Self = Self(7);
    /// No context has been established.
    pub const NO_CONTEXT: Self = Self(8);
    /// A token was invalid.
    pub const DEFECTIVE_TOKEN: Self = Self(9);
    /// A credential was invalid.
    pub const DEFECTIVE_CREDENTIAL: Self = Self(10);
    /// The credentials have expired.
    pub const CREDENTIALS_EXPIRED: Self = Self(11);
    /// The context has expired.
    pub const CONTEXT_EXPIRED: Self = Self(12);
    /// A failure the mechanism explains.
    pub const FAILURE: Self = Self(13);
    /// The quality of protection is not provided.
    pub const BAD_QOP: Self = Self(14);
    /// Forbidden by local policy.
    pub const UNAUTHORIZED: Self = Self(15);
    /// The operation is unavailable. Of a handshake: what it has to ask does not answer, and the peer may try again later.
    pub const UNAVAILABLE: Self = Self(16);
    /// The credential element exists already.
    pub const DUPLICATE_ELEMENT: Self = Self(17);
    /// The name is not a mechanism name.
    pub const NAME_NOT_MN: Self = Self(18);
    /// The token is a duplicate of an earlier one (supplementary, given here as an error where policy asks for it).
    pub const DUPLICATE_TOKEN: Self = Self(Self::SUPPLEMENTARY | 2);
    /// The token's validity period has passed (supplementary).
    pub const OLD_TOKEN: Self = Self(Self::SUPPLEMENTARY | 4);
    /// A later token was processed already (supplementary).
    pub const UNSEQ_TOKEN: Self = Self(Self::SUPPLEMENTARY | 8);
    /// An expected token was not received (supplementary).
    pub const GAP_TOKEN: Self = Self(Self::SUPPLEMENTARY | 16);

    const SUPPLEMENTARY: u8 = 0x80;

    /// The value of the C bindings: routine errors in bits 16 to 23, supplementary bits from 0 on.
    #[must_use]
    pub const fn to_c(self) -> u32 {
        if self.0 & Self::SUPPLEMENTARY == 0 {
            (self.0 as u32) << 16
        } else {
            (self.0 & !Self::SUPPLEMENTARY) as u32
        }
    }

    /// The name in the C bindings, for instance `GSS_S_BAD_MIC`; `GSS_S_FAILURE` for numbers without one.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(status, _)| *status == self).map_or("GSS_S_FAILURE", |(_, name)| name)
    }
}

impl fmt::Debug for MajorStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for MajorStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const NAMES: [(MajorStatus, &str); 22] = [
    (MajorStatus::BAD_MECH, "GSS_S_BAD_MECH"),
    (MajorStatus::BAD_NAME, "GSS_S_BAD_NAME"),
    (MajorStatus::BAD_NAMETYPE, "GSS_S_BAD_NAMETYPE"),
    (MajorStatus::BAD_BINDINGS, "GSS_S_BAD_BINDINGS"),
    (MajorStatus::BAD_STATUS, "GSS_S_BAD_STATUS"),
    (MajorStatus::BAD_MIC, "GSS_S_BAD_MIC"),
    (MajorStatus::NO_CRED, "GSS_S_NO_CRED"),
    (MajorStatus::NO_CONTEXT, "GSS_S_NO_CONTEXT"),
    (MajorStatus::DEFECTIVE_TOKEN, "GSS_S_DEFECTIVE_TOKEN"),
    (MajorStatus::DEFECTIVE_CREDENTIAL, "GSS_S_DEFECTIVE_CREDENTIAL"),
    (MajorStatus::CREDENTIALS_EXPIRED, "GSS_S_CREDENTIALS_EXPIRED"),
    (MajorStatus::CONTEXT_EXPIRED, "GSS_S_CONTEXT_EXPIRED"),
    (MajorStatus::FAILURE, "GSS_S_FAILURE"),
    (MajorStatus::BAD_QOP, "GSS_S_BAD_QOP"),
    (MajorStatus::UNAUTHORIZED, "GSS_S_UNAUTHORIZED"),
    (MajorStatus::UNAVAILABLE, "GSS_S_UNAVAILABLE"),
    (MajorStatus::DUPLICATE_ELEMENT, "GSS_S_DUPLICATE_ELEMENT"),
    (MajorStatus::NAME_NOT_MN, "GSS_S_NAME_NOT_MN"),
    (MajorStatus::DUPLICATE_TOKEN, "GSS_S_DUPLICATE_TOKEN"),
    (MajorStatus::OLD_TOKEN, "GSS_S_OLD_TOKEN"),
    (MajorStatus::UNSEQ_TOKEN, "GSS_S_UNSEQ_TOKEN"),
    (MajorStatus::GAP_TOKEN, "GSS_S_GAP_TOKEN"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_rfc_2744() {
        assert_eq!(MajorStatus::DEFECTIVE_TOKEN.to_c(), 9 << 16);
        assert_eq!(MajorStatus::BAD_BINDINGS.to_c(), 4 << 16);
        assert_eq!(MajorStatus::DUPLICATE_TOKEN.to_c(), 2);
        assert_eq!(MajorStatus::GAP_TOKEN.name(), "GSS_S_GAP_TOKEN");
        assert_eq!(MajorStatus(99).name(), "GSS_S_FAILURE");
    }
}
