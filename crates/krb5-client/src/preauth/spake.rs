//! SPAKE (RFC 9588): what goes over the wire gives nobody anything to try passwords on.
//!
//! Only the second factor SF-NONE is known: the password alone.

use alloc::vec::Vec;

use krb5_asn1::{
    Decode, Encode, EncryptedData, MethodData, Octets, PaDataType, PaSpake, SeqOf, SpakeChallenge,
    SpakeFactorType, SpakeGroup, SpakeResponse, SpakeSecondFactor, SpakeSupport,
};
use krb5_crypto::spake::{Group, Keys, Party, Role, Transcript};
use krb5_crypto::{Key, KeyUsage};

use super::{PreauthContext, PreauthData, PreauthError, PreauthMechanism};
use crate::reply::find;
use crate::sealed::seal;

/// The client's side, in one of its states.
#[derive(Debug, Default)]
pub(super) enum Spake {
    /// Nothing was sent.
    #[default]
    Start,
    /// The groups were sent, in this encoding.
    Offered(Vec<u8>),
    /// The response was sent with this body.
    Responded {
        /// The keys agreed on.
        keys: Keys,
        /// DER of the request's body.
        body: Vec<u8>,
    },
}

impl PreauthMechanism for Spake {
    fn pa_type(&self) -> PaDataType {
        PaDataType::SPAKE
    }

    fn is_usable(&self, _inside_fast: bool) -> bool {
        true
    }

    fn answer(
        &mut self,
        offers: &MethodData<'_>,
        context: &mut PreauthContext<'_>,
    ) -> Result<Vec<PreauthData>, PreauthError> {
        let offer = find(offers, PaDataType::SPAKE).unwrap_or_default();
        let value = match core::mem::take(self) {
            Self::Start => match unasked_challenge(offer)? {
                // The transcript has no support message then (section 4.6).
                Some(challenge) => self.respond(&[], offer, &challenge, context)?,
                None => self.offer()?,
            },
            Self::Offered(support) => {
                let PaSpake::Challenge(challenge) = PaSpake::from_der(offer)? else {
                    return Err(PreauthError::SpakeMessage);
                };
                self.respond(&support, offer, &challenge, context)?
            }
            // Second factors of more than one round.
            Self::Responded { .. } => return Err(PreauthError::SpakeMessage),
        };
        Ok([PreauthData { pa_type: self.pa_type(), value }].into())
    }

    /// K'\[0\] with the body of the request that the reply answers (section 7).
    fn reply_key(
        &mut self,
        _padata: &MethodData<'_>,
        _context: &mut PreauthContext<'_>,
    ) -> Result<Key, PreauthError> {
        match self {
            Self::Responded { keys, body } => Ok(keys.key(0, body)?),
            Self::Start | Self::Offered(_) => Err(PreauthError::Unfinished),
        }
    }

    fn restart(&mut self) {
        *self = Self::Start;
    }
}

impl Spake {
    fn offer(&mut self) -> Result<Vec<u8>, PreauthError> {
        let groups = Group::ALL.map(|group| SpakeGroup(group.number()));
        let support = PaSpake::Support(SpakeSupport { groups: SeqOf::new(&groups) }).to_der()?;
        *self = Self::Offered(support.clone());
        Ok(support)
    }

    /// `support` and `der` go into the transcript as they were sent.
    fn respond(
        &mut self,
        support: &[u8],
        der: &[u8],
        challenge: &SpakeChallenge<'_>,
        context: &mut PreauthContext<'_>,
    ) -> Result<Vec<u8>, PreauthError> {
        let group = known_group(challenge).ok_or(PreauthError::SpakeGroup { found: challenge.group.0 })?;
        if !challenge.factors.iter().any(|factor| factor.factor_type == SpakeFactorType::NONE) {
            return Err(PreauthError::SpakeFactor);
        }
        let key = context.client_key()?;
        let party = Party::generate(Role::Client, group, &key, context.rng.0)?;
        let public = party.public_value();
        let keys = party.agree(challenge.pubkey.as_bytes(), &Transcript::new(support, der))?;

        let factor = SpakeSecondFactor { factor_type: SpakeFactorType::NONE, data: None }.to_der()?;
        let factor_key = keys.key(1, context.request_body)?;
        let cipher = seal(&factor_key, KeyUsage::SPAKE, &factor, context.rng.0);
        let factor =
            EncryptedData { etype: factor_key.enctype().0, kvno: None, cipher: Octets::new(&cipher) };
        let response = SpakeResponse { pubkey: Octets::new(public.as_bytes()), factor };
        *self = Self::Responded { keys, body: context.request_body.to_vec() };
        Ok(PaSpake::Response(response).to_der()?)
    }
}

fn known_group(challenge: &SpakeChallenge<'_>) -> Option<Group> {
    Group::from_number(challenge.group.0)
}

/// The challenge that a KDC sent before it knew our groups, if it is in one of them (section 4.6).
fn unasked_challenge(offer: &[u8]) -> Result<Option<SpakeChallenge<'_>>, PreauthError> {
    if offer.is_empty() {
        return Ok(None);
    }
    match PaSpake::from_der(offer)? {
        PaSpake::Challenge(challenge) => Ok(Some(challenge).filter(|c| known_group(c).is_some())),
        _ => Err(PreauthError::SpakeMessage),
    }
}
