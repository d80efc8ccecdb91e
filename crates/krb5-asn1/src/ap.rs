//! The AP exchange (RFC 4120 section 5.5).

use crate::{
    ApOptions, AuthorizationData, Checksum, EncryptedData, EncryptionKey, KerberosString, KerberosTime,
    Microseconds, PrincipalName, Raw, Ticket, UInt32,
};

message! {
    /// A client proves itself to a service.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ApReq<'a>: APPLICATION 14 {
        @version [0],
        @msg_type [1] AP_REQ,
        /// Options.
        must [2] ap_options: ApOptions,
        /// The ticket, byte for byte as the KDC issued it.
        must [3] ticket: Raw<'a, Ticket<'a>>,
        /// [`Authenticator`], encrypted in the session key with usage 11, or 7 in a TGS-REQ.
        must [4] authenticator: EncryptedData<'a>,
    }
}

message! {
    /// What shows that the client knows the session key.
    #[derive(Clone, Copy, Debug)]
    pub struct Authenticator<'a>: APPLICATION 2 {
        @version [0],
        /// The client's realm.
        must [1] crealm: KerberosString<'a>,
        /// The client.
        must [2] cname: PrincipalName<'a>,
        /// Checksum over application data; type 0x8003 in GSS-API.
        may [3] cksum: Checksum<'a>,
        /// Microseconds of `ctime`.
        must [4] cusec: Microseconds,
        /// The client's clock.
        must [5] ctime: KerberosTime,
        /// Key for what follows.
        may [6] subkey: EncryptionKey<'a>,
        /// First sequence number of the client.
        may [7] seq_number: UInt32,
        /// Authorization data from the client.
        may [8] authorization_data: AuthorizationData<'a>,
    }
}

message! {
    /// The service's answer when mutual authentication is asked for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ApRep<'a>: APPLICATION 15 {
        @version [0],
        @msg_type [1] AP_REP,
        /// [`EncApRepPart`], encrypted in the session key with usage 12.
        must [2] enc_part: EncryptedData<'a>,
    }
}

message! {
    /// What shows that the service knows the session key.
    #[derive(Clone, Copy, Debug)]
    pub struct EncApRepPart<'a>: APPLICATION 27 {
        /// `ctime` of the authenticator.
        must [0] ctime: KerberosTime,
        /// `cusec` of the authenticator.
        must [1] cusec: Microseconds,
        /// Key for what follows.
        may [2] subkey: EncryptionKey<'a>,
        /// First sequence number of the service.
        may [3] seq_number: UInt32,
    }
}
