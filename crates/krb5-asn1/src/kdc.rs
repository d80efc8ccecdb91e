//! The AS and TGS exchanges (RFC 4120 section 5.4).

use der::{Decode, Encode, Header, Length, Reader, Tag, TagNumber, Writer};

use crate::{
    DecodeError, DecodeErrorKind, EncryptedData, EncryptionKey, HostAddresses, KdcOptions, KerberosString,
    KerberosTime, LastReqEntry, Message, MethodData, PrincipalName, Raw, SeqOf, Ticket, TicketFlags, UInt32,
};

macro_rules! kdc_request {
    ($(#[$meta:meta])* $name:ident $app:literal $msg_type:ident) => {
        message! {
            $(#[$meta])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $name<'a>: APPLICATION $app {
                @version [1],
                @msg_type [2] $msg_type,
                /// Pre-authentication data.
                may [3] padata: MethodData<'a>,
                /// What is asked for, with the exact bytes that checksums cover.
                must [4] req_body: Raw<'a, KdcReqBody<'a>>,
            }
        }
    };
}

macro_rules! kdc_reply {
    ($(#[$meta:meta])* $name:ident $app:literal $msg_type:ident) => {
        message! {
            $(#[$meta])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $name<'a>: APPLICATION $app {
                @version [0],
                @msg_type [1] $msg_type,
                /// Pre-authentication data.
                may [2] padata: MethodData<'a>,
                /// The client's realm.
                must [3] crealm: KerberosString<'a>,
                /// The client.
                must [4] cname: PrincipalName<'a>,
                /// The ticket, byte for byte.
                must [5] ticket: Raw<'a, Ticket<'a>>,
                /// [`EncKdcRepPart`], encrypted.
                must [6] enc_part: EncryptedData<'a>,
            }
        }
    };
}

kdc_request! {
    /// A client asks for a first ticket.
    AsReq 10 AS_REQ
}

kdc_request! {
    /// A client asks for a further ticket.
    TgsReq 12 TGS_REQ
}

kdc_reply! {
    /// The answer to an [`AsReq`]; its part is encrypted in the client's key with usage 3.
    AsRep 11 AS_REP
}

kdc_reply! {
    /// The answer to a [`TgsReq`]; its part is encrypted in the session key (usage 8) or the subkey (usage 9).
    TgsRep 13 TGS_REP
}

message! {
    /// What a client asks of the KDC.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KdcReqBody<'a> {
        /// Options.
        must [0] kdc_options: KdcOptions,
        /// The client; in AS-REQ only.
        may [1] cname: PrincipalName<'a>,
        /// The service's realm, and in AS-REQ the client's.
        must [2] realm: KerberosString<'a>,
        /// The service.
        may [3] sname: PrincipalName<'a>,
        /// From when on the ticket shall hold.
        may [4] from: KerberosTime,
        /// Until when it shall hold.
        must [5] till: KerberosTime,
        /// Until when it shall be renewable.
        may [6] rtime: KerberosTime,
        /// Returned in the encrypted part of the reply.
        must [7] nonce: UInt32,
        /// Acceptable encryption types, best first.
        must [8] etype: SeqOf<'a, i32>,
        /// Addresses that the ticket shall be used from.
        may [9] addresses: HostAddresses<'a>,
        /// Encrypted authorization data; in TGS-REQ only.
        may [10] enc_authorization_data: EncryptedData<'a>,
        /// Tickets that options refer to; in TGS-REQ only.
        may [11] additional_tickets: SeqOf<'a, Raw<'a, Ticket<'a>>>,
    }
}

message! {
    /// What the KDC tells the client; on the wire always inside [`EncAsRepPart`] or [`EncTgsRepPart`].
    #[derive(Clone, Copy, Debug)]
    pub struct EncKdcRepPart<'a> {
        /// The session key.
        must [0] key: EncryptionKey<'a>,
        /// When things last happened to the account.
        must [1] last_req: SeqOf<'a, LastReqEntry>,
        /// The nonce of the request.
        must [2] nonce: UInt32,
        /// When the client's key expires.
        may [3] key_expiration: KerberosTime,
        /// Flags of the ticket.
        must [4] flags: TicketFlags,
        /// When the client authenticated.
        must [5] authtime: KerberosTime,
        /// From when on the ticket holds.
        may [6] starttime: KerberosTime,
        /// Until when the ticket holds.
        must [7] endtime: KerberosTime,
        /// Until when it may be renewed.
        may [8] renew_till: KerberosTime,
        /// The service's realm.
        must [9] srealm: KerberosString<'a>,
        /// The service.
        must [10] sname: PrincipalName<'a>,
        /// Addresses that the ticket may be used from.
        may [11] caddr: HostAddresses<'a>,
        /// Authenticated pre-authentication data (RFC 6806 section 11).
        may [12] encrypted_pa_data: MethodData<'a>,
    }
}

const AS_REP_PART: u32 = 25;
const TGS_REP_PART: u32 = 26;

macro_rules! kdc_reply_part {
    ($(#[$meta:meta])* $name:ident $app:ident) => {
        $(#[$meta])*
        ///
        /// Decoding takes the tag of either reply, for KDCs mix them; see
        /// [`leniency::REPLY_PART_TAG`](crate::leniency::REPLY_PART_TAG).
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'a>(pub EncKdcRepPart<'a>);

        impl<'a> Decode<'a> for $name<'a> {
            type Error = DecodeError;

            fn decode<R: Reader<'a>>(reader: &mut R) -> Result<Self, DecodeError> {
                decode_part(reader, $app).map(Self)
            }
        }

        impl Encode for $name<'_> {
            fn encoded_len(&self) -> der::Result<Length> {
                self.0.encoded_len()?.for_tlv(application($app))
            }

            fn encode(&self, writer: &mut impl Writer) -> der::Result<()> {
                Header::new(application($app), self.0.encoded_len()?).encode(writer)?;
                self.0.encode(writer)
            }
        }

        impl Message for $name<'static> {
            type View<'a> = $name<'a>;
            const NAME: &'static str = stringify!($name);
        }
    };
}

kdc_reply_part! {
    /// The encrypted part of an [`AsRep`].
    EncAsRepPart AS_REP_PART
}

kdc_reply_part! {
    /// The encrypted part of a [`TgsRep`].
    EncTgsRepPart TGS_REP_PART
}

fn decode_part<'a, R: Reader<'a>>(reader: &mut R, expected: u32) -> Result<EncKdcRepPart<'a>, DecodeError> {
    let position = reader.position();
    let header = Header::decode(reader)?;
    if ![AS_REP_PART, TGS_REP_PART].map(application).contains(&header.tag()) {
        let kind =
            der::ErrorKind::TagUnexpected { expected: Some(application(expected)), actual: header.tag() };
        return Err(DecodeError::new(DecodeErrorKind::Der(kind), position));
    }
    reader.read_nested(header.length(), EncKdcRepPart::decode)
}

const fn application(number: u32) -> Tag {
    Tag::Application { constructed: true, number: TagNumber(number) }
}
