//! Tickets on behalf of a user: S4U2self and S4U2proxy (MS-SFU section 2.2).

use crate::{Checksum, KerberosString, Octets, PrincipalName, Raw, S4uOptions, UInt32};

message! {
    /// Content of PA-FOR-USER: the user on whose behalf a service asks (MS-SFU section 2.2.1).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PaForUser<'a> {
        /// The user.
        must [0] user_name: PrincipalName<'a>,
        /// The user's realm.
        must [1] user_realm: KerberosString<'a>,
        /// Checksum of type -138, usage 17, with the session key of the TGT.
        must [2] cksum: Checksum<'a>,
        /// "Kerberos".
        must [3] auth_package: KerberosString<'a>,
    }
}

message! {
    /// Content of PA-S4U-X509-USER: the user on whose behalf a service asks, by name or certificate
    /// (MS-SFU section 2.2.2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PaS4uX509User<'a> {
        /// The user, with the exact bytes that the checksum covers.
        must [0] user_id: Raw<'a, S4uUserId<'a>>,
        /// Checksum over `user_id` with the key of the request's authenticator: usage 26, in a reply 27 where
        /// [`S4uOptions::USE_REPLY_KEY_USAGE`] is set.
        must [1] checksum: Checksum<'a>,
    }
}

message! {
    /// The user of a [`PaS4uX509User`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct S4uUserId<'a> {
        /// The nonce of the request.
        must [0] nonce: UInt32,
        /// The user; absent where the certificate alone says who it is.
        may [1] cname: PrincipalName<'a>,
        /// The user's realm.
        must [2] crealm: KerberosString<'a>,
        /// The user's X.509 certificate, in DER.
        may [3] subject_certificate: Octets<'a>,
        /// Options.
        may [4] options: S4uOptions,
    }
}
