//! What every reply of a KDC is checked with (RFC 4120 sections 3.1.5 and 3.3.4).
//!
//! A reply has a clear part, which anybody on the way can change, and an encrypted one. What the clear part says is
//! believed only where the encrypted part, or a checksum that FAST adds, says the same.

mod check;
mod error;

use alloc::vec::Vec;

use gss_core::Timestamp;
use krb5_asn1::{
    AsRep, Decode, EncryptedData, KerberosTime, KrbError, MessageType, MethodData, Owned, PaDataType,
    PrincipalRef, Raw, TgsRep, Ticket, TicketFlags,
};
use krb5_crypto::{EncType, Key, KeyUsage};
use krb5_files::Address;

use crate::Credential;

pub(crate) use error::List;
pub use error::{Names, ReplyError};

/// What came back from a KDC.
#[derive(Debug)]
pub(crate) enum Answer<'m> {
    /// A reply, of which nothing is checked yet.
    Reply(Reply<'m>),
    /// A KRB-ERROR.
    Refused(KrbError<'m>),
}

/// Which reply is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplyKind {
    /// AS-REP.
    As,
    /// TGS-REP.
    Tgs,
}

/// A reply as it was decoded. FAST replaces `padata` and `client` by what its tunnel says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply<'m> {
    pub(crate) kind: ReplyKind,
    /// Pre-authentication data.
    pub(crate) padata: MethodData<'m>,
    /// The client, from the clear part.
    pub(crate) client: PrincipalRef<'m>,
    /// The ticket.
    pub(crate) ticket: Raw<'m, Ticket<'m>>,
    /// The encrypted part.
    pub(crate) enc_part: EncryptedData<'m>,
}

/// What was asked for, and what may come instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The client.
    pub(crate) client: PrincipalRef<'a>,
    /// Which other client the reply may name.
    pub(crate) client_rule: ClientRule,
    /// The service.
    pub(crate) server: PrincipalRef<'a>,
    /// Which other service the reply may name.
    pub(crate) server_rule: ServerRule,
    /// The nonce of the request.
    pub(crate) nonce: u32,
    /// The encryption types of the request.
    pub(crate) enctypes: &'a [EncType],
    /// Addresses that the ticket may be bound to.
    pub(crate) addresses: &'a [Address],
    /// Flags that the ticket must not have.
    pub(crate) unasked_flags: TicketFlags,
    /// From when on the ticket shall hold, if that was asked for.
    pub(crate) start: Option<KerberosTime>,
    /// Until when it shall hold at most; `None`: as long as the KDC likes.
    pub(crate) till: Option<KerberosTime>,
    /// Until when it shall be renewable at most; `None`: as long as the KDC likes.
    pub(crate) renew_till: Option<KerberosTime>,
    /// The time now and the allowed difference in seconds, where the ticket's start has to be near it.
    pub(crate) clock: Option<(Timestamp, u32)>,
}

/// Which client a reply may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientRule {
    /// The one asked for.
    Exact,
    /// Any of the realm that issued the ticket, which the encrypted part names (RFC 6806 section 6).
    Canonical,
}

/// Which service a reply may name. The ticket and the encrypted part have to name the same one in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerRule {
    /// The one asked for.
    Exact,
    /// That, or the ticket-granting service of any realm as the realm asked knows it: a referral (RFC 6806 section 8).
    Referral,
    /// The ticket-granting service of any realm: the KDC may know its realm by another name (RFC 6806 section 6).
    AnyTgs,
}

/// A reply that passed every check. Only [`Reply::open`] makes one.
#[derive(Debug)]
pub(crate) struct CheckedReply {
    credential: Credential,
    facts: ReplyFacts,
}

/// What else the encrypted part of a reply says.
#[derive(Debug)]
pub(crate) struct ReplyFacts {
    /// When the client's key expires.
    pub(crate) key_expiration: Option<Timestamp>,
    /// Pre-authentication data that the key protects (RFC 6806 section 11).
    pub(crate) encrypted_pa_data: Option<Owned<MethodData<'static>>>,
}

impl<'m> Answer<'m> {
    /// Decodes an answer.
    ///
    /// # Errors
    /// It is no DER of the reply expected or of a KRB-ERROR.
    pub(crate) fn decode(kind: ReplyKind, message: &'m [u8]) -> Result<Self, ReplyError> {
        match (kind, message.first()) {
            (_, Some(&KRB_ERROR_TAG)) => Ok(Self::Refused(KrbError::from_der(message)?)),
            (ReplyKind::As, Some(&AS_REP_TAG)) => {
                let AsRep { padata, crealm, cname, ticket, enc_part } = AsRep::from_der(message)?;
                let (padata, client) = (padata.unwrap_or_default(), cname.in_realm(crealm));
                Ok(Self::Reply(Reply { kind, padata, client, ticket, enc_part }))
            }
            (ReplyKind::Tgs, Some(&TGS_REP_TAG)) => {
                let TgsRep { padata, crealm, cname, ticket, enc_part } = TgsRep::from_der(message)?;
                let (padata, client) = (padata.unwrap_or_default(), cname.in_realm(crealm));
                Ok(Self::Reply(Reply { kind, padata, client, ticket, enc_part }))
            }
            (_, found) => {
                Err(ReplyError::UnexpectedMessage { expected: kind.message(), found: found.copied() })
            }
        }
    }
}

/// First bytes of the messages: `[APPLICATION n]`, constructed.
const AS_REP_TAG: u8 = 0x60 | 11;
const TGS_REP_TAG: u8 = 0x60 | 13;
const KRB_ERROR_TAG: u8 = 0x60 | 30;

impl ReplyKind {
    const fn message(self) -> MessageType {
        match self {
            Self::As => MessageType::AS_REP,
            Self::Tgs => MessageType::TGS_REP,
        }
    }
}

impl Reply<'_> {
    /// The enctype of the encrypted part of an AS-REP: which key the reply needs.
    ///
    /// # Errors
    /// It is none of those asked for.
    pub(crate) fn enctype(&self, asked: &[EncType]) -> Result<EncType, ReplyError> {
        let found = EncType(self.enc_part.etype);
        if asked.contains(&found) {
            Ok(found)
        } else {
            Err(ReplyError::EncType { found, asked: asked.into() })
        }
    }

    /// Decrypts the encrypted part with the first of these keys that fits, and checks all that there is to check.
    ///
    /// # Errors
    /// The rule that the reply breaks.
    pub(crate) fn open(
        &self,
        keys: &[(&Key, KeyUsage)],
        asked: &Asked<'_>,
    ) -> Result<CheckedReply, ReplyError> {
        let (credential, facts) = check::open(self, keys, asked)?;
        Ok(CheckedReply { credential, facts })
    }
}

impl CheckedReply {
    /// The ticket and what else the reply says.
    pub(crate) fn into_parts(self) -> (Credential, ReplyFacts) {
        (self.credential, self.facts)
    }

    /// Verifies that the KDC saw the AS-REQ as it was sent, if it says that it can tell; then returns whether the KDC
    /// knows FAST (RFC 6806 section 11). `None` from a KDC that does not know of all this.
    ///
    /// # Errors
    /// The checksum over the request is missing or wrong: the request was changed on the way.
    pub(crate) fn fast_available(&self, reply_key: &Key, as_req: &[u8]) -> Result<Option<bool>, ReplyError> {
        if !self.credential.flags.contains(TicketFlags::ENC_PA_REP) {
            return Ok(None);
        }
        let padata = self.facts.padata()?;
        let checksum = find(&padata, PaDataType::REQ_ENC_PA_REP).ok_or(ReplyError::RequestChecksumMissing)?;
        check::request_checksum(checksum, reply_key, as_req)?;
        Ok(Some(find(&padata, PaDataType::FX_FAST).is_some()))
    }
}

impl ReplyFacts {
    /// The protected pre-authentication data; none if there is none.
    pub(crate) fn padata(&self) -> Result<MethodData<'_>, ReplyError> {
        match &self.encrypted_pa_data {
            Some(padata) => padata.view().map_err(ReplyError::EncPart),
            None => Ok(MethodData::EMPTY),
        }
    }
}

/// The content of the first element of this type.
pub(crate) fn find<'m>(padata: &MethodData<'m>, wanted: PaDataType) -> Option<&'m [u8]> {
    padata.iter().find(|data| data.padata_type == wanted).map(|data| data.padata_value.as_bytes())
}

/// The types in a list, for reports.
pub(crate) fn types(padata: &MethodData<'_>) -> Vec<PaDataType> {
    padata.iter().map(|data| data.padata_type).collect()
}
