//! KRB-SAFE and KRB-PRIV: protected messages without GSS-API (RFC 4120 sections 5.6 and 5.7).

use crate::{Checksum, EncryptedData, HostAddress, KerberosTime, Microseconds, Octets, Raw, UInt32};

message! {
    /// A message with integrity.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KrbSafe<'a>: APPLICATION 20 {
        @version [0],
        @msg_type [1] KRB_SAFE,
        /// The message, with the exact bytes that the checksum covers.
        must [2] safe_body: Raw<'a, KrbSafeBody<'a>>,
        /// Checksum over the body, usage 15.
        must [3] cksum: Checksum<'a>,
    }
}

message! {
    /// The content of a [`KrbSafe`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KrbSafeBody<'a> {
        /// The application's data.
        must [0] user_data: Octets<'a>,
        /// The sender's clock.
        may [1] timestamp: KerberosTime,
        /// Microseconds of `timestamp`.
        may [2] usec: Microseconds,
        /// Sequence number.
        may [3] seq_number: UInt32,
        /// The sender's address.
        must [4] s_address: HostAddress<'a>,
        /// The receiver's address.
        may [5] r_address: HostAddress<'a>,
    }
}

message! {
    /// A message with confidentiality.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KrbPriv<'a>: APPLICATION 21 {
        @version [0],
        @msg_type [1] KRB_PRIV,
        // There is no field [2].
        /// [`EncKrbPrivPart`], usage 13.
        must [3] enc_part: EncryptedData<'a>,
    }
}

message! {
    /// The content of a [`KrbPriv`].
    #[derive(Clone, Copy, Debug)]
    pub struct EncKrbPrivPart<'a>: APPLICATION 28 {
        /// The application's data.
        must [0] user_data: Octets<'a>,
        /// The sender's clock.
        may [1] timestamp: KerberosTime,
        /// Microseconds of `timestamp`.
        may [2] usec: Microseconds,
        /// Sequence number.
        may [3] seq_number: UInt32,
        /// The sender's address.
        must [4] s_address: HostAddress<'a>,
        /// The receiver's address.
        may [5] r_address: HostAddress<'a>,
    }
}
