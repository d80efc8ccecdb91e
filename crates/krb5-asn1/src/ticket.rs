//! Tickets (RFC 4120 section 5.3).

use crate::{
    AuthorizationData, EncryptedData, EncryptionKey, HostAddresses, KerberosString, KerberosTime,
    PrincipalName, TicketFlags, TransitedEncoding,
};

message! {
    /// A ticket as everyone sees it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Ticket<'a>: APPLICATION 1 {
        @version [0],
        /// Realm that issued the ticket, and of the service.
        must [1] realm: KerberosString<'a>,
        /// The service. Not authenticated: what counts is the key that decrypts the rest.
        must [2] sname: PrincipalName<'a>,
        /// [`EncTicketPart`], encrypted in the service's key with usage 2.
        must [3] enc_part: EncryptedData<'a>,
    }
}

message! {
    /// What the KDC tells the service.
    #[derive(Clone, Copy, Debug)]
    pub struct EncTicketPart<'a>: APPLICATION 3 {
        /// Flags.
        must [0] flags: TicketFlags,
        /// The session key.
        must [1] key: EncryptionKey<'a>,
        /// The client's realm.
        must [2] crealm: KerberosString<'a>,
        /// The client.
        must [3] cname: PrincipalName<'a>,
        /// Realms between the client's and the service's.
        must [4] transited: TransitedEncoding<'a>,
        /// When the client authenticated.
        must [5] authtime: KerberosTime,
        /// From when on the ticket holds; `authtime` if absent.
        may [6] starttime: KerberosTime,
        /// Until when the ticket holds.
        must [7] endtime: KerberosTime,
        /// Until when it may be renewed.
        may [8] renew_till: KerberosTime,
        /// Addresses that it may be used from; anywhere if absent.
        may [9] caddr: HostAddresses<'a>,
        /// Authorization data, as the PAC.
        may [10] authorization_data: AuthorizationData<'a>,
    }
}
