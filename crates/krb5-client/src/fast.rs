//! FAST: a tunnel around an exchange with a KDC (RFC 6113 section 5.4).
//!
//! An [`Armor`] makes the tunnel's key: of a ticket that the caller has (AS exchange) or of the ticket that a
//! PA-TGS-REQ shows anyway (TGS exchange). What comes back through the tunnel is a [`Tunnelled`], which nobody without
//! that key can make.

mod error;

use alloc::vec::Vec;

use gss_core::Env;
use krb5_asn1::{
    Checksum, Decode, Encode, EncryptedData, FastArmorType, FastOptions, KdcReqBody, KrbError, KrbFastArmor,
    KrbFastArmoredReq, KrbFastReq, KrbFastResponse, MethodData, Octets, Owned, PaData, PaDataType,
    PaFxFastReply, PaFxFastRequest, PrincipalRef, Raw, SeqOf,
};
use krb5_crypto::{EncType, Key, KeyUsage};
use zeroize::Zeroizing;

use crate::Credential;
use crate::ap_req::{ApReqMaker, ApReqUse};
use crate::reply::find;
use crate::sealed;

pub use error::FastError;

/// The armor of a tunnel. Its key is wiped on drop.
#[derive(Debug)]
pub(crate) struct Armor {
    key: Key,
    /// The AP-REQ that shows the KDC how to make the key; `None` where the request has one of its own.
    ap_req: Option<Vec<u8>>,
}

/// What goes into the tunnel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FastRequest<'a> {
    /// What the clear part of the request is held to: DER of the outer body of an AS-REQ, of the AP-REQ of a TGS-REQ.
    pub(crate) covers: &'a [u8],
    /// Options.
    pub(crate) options: FastOptions,
    /// Pre-authentication data, in place of the outer one.
    pub(crate) padata: &'a [PaData<'a>],
    /// DER of the body that counts.
    pub(crate) body: &'a [u8],
}

/// What came back through the tunnel. Only [`Armor::open`] makes one.
#[derive(Debug)]
pub(crate) struct Tunnelled(Owned<KrbFastResponse<'static>>);

impl Armor {
    /// Armor for an AS exchange: of a ticket-granting ticket for the KDC that is asked (section 5.4.1.1).
    ///
    /// # Errors
    /// The credential is of no use for that.
    pub(crate) fn of_credential(credential: &Credential, env: &mut Env<'_>) -> Result<Self, FastError> {
        if !credential.is_tgt() {
            return Err(FastError::ArmorNotTgt);
        }
        if credential.times.end <= env.now {
            return Err(FastError::ArmorExpired { end: credential.times.end, now: env.now });
        }
        let ap_req = ApReqMaker::new(credential, ApReqUse::Service).make(env)?;
        let key = armor_key(&ap_req.subkey, &credential.session_key)?;
        Ok(Self { key, ap_req: Some(ap_req.der) })
    }

    /// Armor for a TGS exchange: of the subkey and the session key of its PA-TGS-REQ (section 5.4.2).
    ///
    /// # Errors
    /// None in practice.
    pub(crate) fn of_subkey(subkey: &Key, session_key: &Key) -> Result<Self, FastError> {
        Ok(Self { key: armor_key(subkey, session_key)?, ap_req: None })
    }

    /// The armor key.
    pub(crate) const fn key(&self) -> &Key {
        &self.key
    }

    /// The content of PA-FX-FAST for a request.
    ///
    /// # Errors
    /// Something is longer than DER can hold.
    pub(crate) fn wrap(&self, request: &FastRequest<'_>, env: &mut Env<'_>) -> Result<Vec<u8>, FastError> {
        let inner = KrbFastReq {
            fast_options: request.options,
            padata: SeqOf::new(request.padata),
            req_body: Raw::<KdcReqBody<'_>>::new(request.body)?,
        };
        let inner = Zeroizing::new(inner.to_der()?);
        let cipher = sealed::seal(&self.key, KeyUsage::FAST_REQUEST, &inner, env.rng);
        let checksum = self.key.checksum(KeyUsage::FAST_REQUEST_CHECKSUM);
        let tag = checksum.compute_tag(&[request.covers]);
        let armored = KrbFastArmoredReq {
            armor: self.ap_req.as_deref().map(|ap_req| KrbFastArmor {
                armor_type: FastArmorType::AP_REQUEST,
                armor_value: Octets::new(ap_req),
            }),
            req_checksum: Checksum {
                cksumtype: checksum.checksum_type().0,
                checksum: Octets::new(tag.as_bytes()),
            },
            enc_fast_req: EncryptedData {
                etype: self.key.enctype().0,
                kvno: None,
                cipher: Octets::new(&cipher),
            },
        };
        Ok(PaFxFastRequest::ArmoredData(armored).to_der()?)
    }

    /// Takes what came back: `padata` of a reply or of a KRB-ERROR's e-data.
    ///
    /// # Errors
    /// [`FastError::Stripped`] if there is nothing from the tunnel in it; otherwise the rule that it breaks.
    pub(crate) fn open(&self, padata: &MethodData<'_>, nonce: u32) -> Result<Tunnelled, FastError> {
        let content = find(padata, PaDataType::FX_FAST)
            .filter(|content| !content.is_empty())
            .ok_or(FastError::Stripped)?;
        let PaFxFastReply::ArmoredData(armored) = PaFxFastReply::from_der(content)?;
        let plaintext = sealed::open(&self.key, KeyUsage::FAST_REPLY, &armored.enc_fast_rep)
            .map_err(|_| FastError::Integrity)?;
        let response = Owned::<KrbFastResponse<'static>>::from_der(plaintext.as_slice())?;
        let found = response.view()?.nonce.0;
        if found != nonce {
            return Err(FastError::Nonce { expected: nonce, found });
        }
        Ok(Tunnelled(response))
    }

    /// Verifies that the ticket in the clear part of a reply is the one that the KDC put there, and returns the client
    /// that the tunnel names.
    ///
    /// # Errors
    /// [`FastError::FinishedMissing`] and [`FastError::TicketChecksum`].
    pub(crate) fn finished<'t>(
        &self,
        tunnelled: &'t Tunnelled,
        ticket: &[u8],
    ) -> Result<PrincipalRef<'t>, FastError> {
        let finished = tunnelled.view()?.finished.ok_or(FastError::FinishedMissing)?;
        let key = self.key.checksum(KeyUsage::FAST_FINISHED);
        if finished.ticket_checksum.cksumtype != key.checksum_type().0 {
            return Err(FastError::TicketChecksum);
        }
        key.verify(&[ticket], finished.ticket_checksum.checksum.as_bytes())
            .map_err(|_| FastError::TicketChecksum)
            .map(|_verified| finished.cname.in_realm(finished.crealm))
    }
}

impl Tunnelled {
    fn view(&self) -> Result<KrbFastResponse<'_>, FastError> {
        Ok(self.0.view()?)
    }

    /// Pre-authentication data, in place of the outer one.
    ///
    /// # Errors
    /// None in practice.
    pub(crate) fn padata(&self) -> Result<MethodData<'_>, FastError> {
        Ok(self.view()?.padata)
    }

    /// The KRB-ERROR that counts, in place of the outer one (section 5.4.4).
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub(crate) fn error(&self) -> Result<KrbError<'_>, FastError> {
        let der = find(&self.padata()?, PaDataType::FX_ERROR).ok_or(FastError::ErrorMissing)?;
        Ok(KrbError::from_der(der)?)
    }

    /// The reply key, strengthened if the KDC says so (section 5.4.3).
    ///
    /// # Errors
    /// The key for that cannot be used.
    pub(crate) fn strengthen(&self, reply_key: &Key) -> Result<Key, FastError> {
        let Some(strengthen) = self.view()?.strengthen_key else {
            return Ok(reply_key.duplicate());
        };
        let key = Key::new(EncType(strengthen.keytype), strengthen.keyvalue.as_bytes())?;
        Ok(key.cf2(reply_key, b"strengthenkey", b"replykey")?)
    }
}

/// The armor key (section 5.4.1.1).
fn armor_key(subkey: &Key, session_key: &Key) -> Result<Key, FastError> {
    Ok(subkey.cf2(session_key, b"subkeyarmor", b"ticketarmor")?)
}
