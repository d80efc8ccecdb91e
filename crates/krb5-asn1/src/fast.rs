//! FAST: a tunnel around the exchanges with the KDC, and the data of its framework (RFC 6113).

use crate::{
    Checksum, EncryptedData, EncryptionKey, FastArmorType, FastOptions, KdcReqBody, KerberosString,
    KerberosTime, MethodData, Microseconds, Octets, PaDataType, PrincipalName, Raw, SeqOf, UInt32,
};

choice! {
    /// Content of PA-FX-FAST in a request (RFC 6113 section 5.4.2).
    ///
    /// In the error that asks for pre-authentication, PA-FX-FAST is empty: the KDC offers FAST.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum PaFxFastRequest<'a> {
        /// The request in its armor, the one form defined.
        [0] ArmoredData(KrbFastArmoredReq<'a>),
    }
}

choice! {
    /// Content of PA-FX-FAST in a reply (RFC 6113 section 5.4.3).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum PaFxFastReply<'a> {
        /// The reply in its armor, the one form defined.
        [0] ArmoredData(KrbFastArmoredRep<'a>),
    }
}

message! {
    /// What makes the armor key (RFC 6113 section 5.4.1).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KrbFastArmor<'a> {
        /// Which kind of armor.
        must [0] armor_type: FastArmorType,
        /// Its content; an [`ApReq`](crate::ApReq) for [`FastArmorType::AP_REQUEST`].
        must [1] armor_value: Octets<'a>,
    }
}

message! {
    /// A request in its armor (RFC 6113 section 5.4.2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KrbFastArmoredReq<'a> {
        /// The armor; absent in a TGS-REQ, whose PA-TGS-REQ is the armor then.
        may [0] armor: KrbFastArmor<'a>,
        /// Checksum with the armor key, usage 50: over the outer [`KdcReqBody`] of an AS-REQ, over the AP-REQ in the
        /// PA-TGS-REQ of a TGS-REQ.
        must [1] req_checksum: Checksum<'a>,
        /// [`KrbFastReq`], encrypted in the armor key with usage 51.
        must [2] enc_fast_req: EncryptedData<'a>,
    }
}

message! {
    /// The request that counts (RFC 6113 section 5.4.2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KrbFastReq<'a> {
        /// Options.
        must [0] fast_options: FastOptions,
        /// Pre-authentication data, in place of the outer one.
        must [1] padata: MethodData<'a>,
        /// What is asked for, in place of the outer body; with the exact bytes that pre-authentication may cover.
        must [2] req_body: Raw<'a, KdcReqBody<'a>>,
    }
}

message! {
    /// A reply in its armor (RFC 6113 section 5.4.3).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KrbFastArmoredRep<'a> {
        /// [`KrbFastResponse`], encrypted in the armor key with usage 52.
        must [0] enc_fast_rep: EncryptedData<'a>,
    }
}

message! {
    /// What the KDC says inside the tunnel, in a reply or an error (RFC 6113 section 5.4.3).
    #[derive(Clone, Copy, Debug)]
    pub struct KrbFastResponse<'a> {
        /// Pre-authentication data. In an error, PA-FX-ERROR in here holds the KRB-ERROR that counts.
        must [0] padata: MethodData<'a>,
        /// Key that is mixed into the reply key.
        may [1] strengthen_key: EncryptionKey<'a>,
        /// What binds the ticket to the tunnel; in replies with a ticket only.
        may [2] finished: KrbFastFinished<'a>,
        /// The nonce of the inner request.
        must [3] nonce: UInt32,
    }
}

message! {
    /// What binds the ticket to the tunnel (RFC 6113 section 5.4.3).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KrbFastFinished<'a> {
        /// The KDC's clock.
        must [0] timestamp: KerberosTime,
        /// Microseconds of `timestamp`.
        must [1] usec: Microseconds,
        /// The client's realm, in place of the outer one.
        must [2] crealm: KerberosString<'a>,
        /// The client, in place of the outer one.
        must [3] cname: PrincipalName<'a>,
        /// Checksum over the ticket with the armor key, usage 53.
        must [4] ticket_checksum: Checksum<'a>,
    }
}

/// Content of PA-ENCRYPTED-CHALLENGE: a [`PaEncTsEnc`](crate::PaEncTsEnc), with usage 54 from the client and 55 from the
/// KDC (RFC 6113 section 5.4.6).
pub type PaEncryptedChallenge<'a> = EncryptedData<'a>;

message! {
    /// One mechanism of a set that has to be passed as a whole (RFC 6113 section 5.3).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PaAuthenticationSetElem<'a> {
        /// The mechanism.
        must [0] pa_type: PaDataType,
        /// Helps the client to tell whether it can take part.
        may [1] pa_hint: Octets<'a>,
        /// The first message of the mechanism.
        may [2] pa_value: Octets<'a>,
    }
}

/// Content of PA-AUTHENTICATION-SET and PA-AUTH-SET-SELECTED (RFC 6113 section 5.3).
pub type PaAuthenticationSet<'a> = SeqOf<'a, PaAuthenticationSetElem<'a>>;
