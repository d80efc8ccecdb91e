//! SPAKE pre-authentication (RFC 9588 section 4).

use crate::{EncryptedData, Octets, SeqOf, SpakeFactorType, SpakeGroup};

choice! {
    /// Content of PA-SPAKE (RFC 9588 section 4).
    ///
    /// In the error that asks for pre-authentication, PA-SPAKE may be empty: the KDC knows SPAKE and waits for the
    /// client's groups.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum PaSpake<'a> {
        /// The client's first message: its groups.
        [0] Support(SpakeSupport<'a>),
        /// The KDC's answer: its public value.
        [1] Challenge(SpakeChallenge<'a>),
        /// The client's answer: its public value and its second factor.
        [2] Response(SpakeResponse<'a>),
        /// A further message of a second factor that takes more than one round.
        [3] EncData(EncryptedData<'a>),
    }
}

message! {
    /// What the client can do (RFC 9588 section 4.1).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SpakeSupport<'a> {
        /// Groups, best first. Decoding takes an empty list as well, which fits no KDC.
        must [0] groups: SeqOf<'a, SpakeGroup>,
    }
}

message! {
    /// The KDC's public value (RFC 9588 section 4.2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SpakeChallenge<'a> {
        /// The group that the KDC chose.
        must [0] group: SpakeGroup,
        /// The KDC's public value, encoded as the group says.
        must [1] pubkey: Octets<'a>,
        /// Second factors that the client may choose from. Decoding takes an empty list as well, which fits no client.
        must [2] factors: SeqOf<'a, SpakeSecondFactor<'a>>,
    }
}

message! {
    /// The client's public value (RFC 9588 section 4.3).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SpakeResponse<'a> {
        /// The client's public value, encoded as the group says.
        must [0] pubkey: Octets<'a>,
        /// [`SpakeSecondFactor`], encrypted in K'\[1\] with usage 65.
        must [1] factor: EncryptedData<'a>,
    }
}

message! {
    /// A second factor, offered or answered (RFC 9588 section 4.2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SpakeSecondFactor<'a> {
        /// Which kind.
        must [0] factor_type: SpakeFactorType,
        /// Challenge or answer, by type.
        may [1] data: Octets<'a>,
    }
}
