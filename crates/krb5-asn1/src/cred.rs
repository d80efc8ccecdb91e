//! KRB-CRED: tickets handed to a peer with their keys (RFC 4120 section 5.8).

use crate::{
    EncryptedData, EncryptionKey, HostAddress, HostAddresses, KerberosString, KerberosTime, Microseconds,
    PrincipalName, Raw, SeqOf, Ticket, TicketFlags, UInt32,
};

message! {
    /// Delegated credentials.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KrbCred<'a>: APPLICATION 22 {
        @version [0],
        @msg_type [1] KRB_CRED,
        /// The tickets.
        must [2] tickets: SeqOf<'a, Raw<'a, Ticket<'a>>>,
        /// [`EncKrbCredPart`], usage 14.
        must [3] enc_part: EncryptedData<'a>,
    }
}

message! {
    /// What belongs to the tickets of a [`KrbCred`], in their order.
    #[derive(Clone, Copy, Debug)]
    pub struct EncKrbCredPart<'a>: APPLICATION 29 {
        /// One element a ticket. Decoding does not compare the counts.
        must [0] ticket_info: SeqOf<'a, KrbCredInfo<'a>>,
        /// Nonce of the request, if any.
        may [1] nonce: UInt32,
        /// The sender's clock.
        may [2] timestamp: KerberosTime,
        /// Microseconds of `timestamp`.
        may [3] usec: Microseconds,
        /// The sender's address.
        may [4] s_address: HostAddress<'a>,
        /// The receiver's address.
        may [5] r_address: HostAddress<'a>,
    }
}

message! {
    /// Key and facts of one delegated ticket.
    #[derive(Clone, Copy, Debug)]
    pub struct KrbCredInfo<'a> {
        /// The session key.
        must [0] key: EncryptionKey<'a>,
        /// The client's realm.
        may [1] prealm: KerberosString<'a>,
        /// The client.
        may [2] pname: PrincipalName<'a>,
        /// Flags of the ticket.
        may [3] flags: TicketFlags,
        /// When the client authenticated.
        may [4] authtime: KerberosTime,
        /// From when on the ticket holds.
        may [5] starttime: KerberosTime,
        /// Until when the ticket holds.
        may [6] endtime: KerberosTime,
        /// Until when it may be renewed.
        may [7] renew_till: KerberosTime,
        /// The service's realm.
        may [8] srealm: KerberosString<'a>,
        /// The service.
        may [9] sname: PrincipalName<'a>,
        /// Addresses that the ticket may be used from.
        may [10] caddr: HostAddresses<'a>,
    }
}
