//! Messages that carry KDC exchanges through someone else: IAKERB and the HTTPS proxy.

use crate::{Checksum, KerberosString, Octets, Utf8};

message! {
    /// Says which realm's KDC a message inside GSS-API is for (draft-ietf-kitten-iakerb section 3).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct IakerbHeader<'a> {
        /// The realm. A UTF8String, unlike all other realms.
        must [1] target_realm: Utf8<'a>,
        /// State of the acceptor, to be sent back as it is.
        may [2] cookie: Octets<'a>,
    }
}

message! {
    /// [`IakerbHeader`] as MIT krb5 1.20 writes and reads it, after draft-zhu-ws-kerb: the realm is an OCTET STRING.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct OldIakerbHeader<'a> {
        /// The realm.
        must [1] target_realm: Octets<'a>,
        /// State of the acceptor, to be sent back as it is.
        may [2] cookie: Octets<'a>,
    }
}

message! {
    /// Binds the AP exchange to the proxied messages (draft-ietf-kitten-iakerb section 3).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct IakerbFinished<'a> {
        /// Checksum over all messages so far.
        must [1] gss_mic: Checksum<'a>,
    }
}

message! {
    /// A Kerberos message to or from a KDC proxy over HTTPS (MS-KKDCP section 2.2.2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KdcProxyMessage<'a> {
        /// The message with its four-byte length, as over TCP.
        must [0] kerb_message: Octets<'a>,
        /// The realm to reach.
        may [1] target_domain: KerberosString<'a>,
        /// Hints for finding a domain controller.
        may [2] dclocator_hint: i32,
    }
}
