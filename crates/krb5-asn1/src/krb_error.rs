//! KRB-ERROR (RFC 4120 section 5.9).

use crate::{ErrorCode, KerberosString, KerberosTime, Microseconds, Octets, PrincipalName};

message! {
    /// A refusal. Nothing in it is authenticated.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KrbError<'a>: APPLICATION 30 {
        @version [0],
        @msg_type [1] KRB_ERROR,
        /// The client's clock, as the request gave it.
        may [2] ctime: KerberosTime,
        /// Microseconds of `ctime`.
        may [3] cusec: Microseconds,
        /// The answering server's clock.
        must [4] stime: KerberosTime,
        /// Microseconds of `stime`.
        must [5] susec: Microseconds,
        /// Why.
        must [6] error_code: ErrorCode,
        /// The client's realm.
        may [7] crealm: KerberosString<'a>,
        /// The client.
        may [8] cname: PrincipalName<'a>,
        /// The service's realm.
        must [9] realm: KerberosString<'a>,
        /// The service.
        must [10] sname: PrincipalName<'a>,
        /// Text for people.
        may [11] e_text: KerberosString<'a>,
        /// Data whose form depends on the code, as [`MethodData`](crate::MethodData).
        may [12] e_data: Octets<'a>,
    }
}
