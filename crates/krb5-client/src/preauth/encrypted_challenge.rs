//! PA-ENCRYPTED-CHALLENGE (RFC 6113 section 5.4.6): times under keys that need both the armor and the password.

use alloc::vec::Vec;

use krb5_asn1::{Decode, MethodData, PaDataType, PaEncTsEnc, PaEncryptedChallenge};
use krb5_crypto::{Key, KeyUsage};

use super::{PreauthContext, PreauthData, PreauthError, PreauthMechanism};
use crate::reply::find;
use crate::sealed::open;

#[derive(Debug)]
pub(super) struct EncryptedChallenge;

impl PreauthMechanism for EncryptedChallenge {
    fn pa_type(&self) -> PaDataType {
        PaDataType::ENCRYPTED_CHALLENGE
    }

    fn is_usable(&self, inside_fast: bool) -> bool {
        inside_fast
    }

    fn can_begin(&self) -> bool {
        true
    }

    fn answer(
        &mut self,
        _offers: &MethodData<'_>,
        context: &mut PreauthContext<'_>,
    ) -> Result<Vec<PreauthData>, PreauthError> {
        let key = context.client_key()?;
        let key = challenge_key(&key, b"clientchallengearmor", context)?;
        let value = context.sealed_time(&key, KeyUsage::ENCRYPTED_CHALLENGE_CLIENT)?;
        Ok([PreauthData { pa_type: self.pa_type(), value }].into())
    }

    /// That the KDC's challenge decrypts shows that it knows the client's key; its time is not looked at. MIT krb5 leaves
    /// the challenge out when it cannot make one, so it may be absent: the reply needs the same key.
    fn reply_key(
        &mut self,
        padata: &MethodData<'_>,
        context: &mut PreauthContext<'_>,
    ) -> Result<Key, PreauthError> {
        let key = context.client_key()?;
        if let Some(der) = find(padata, PaDataType::ENCRYPTED_CHALLENGE) {
            let sealed = PaEncryptedChallenge::from_der(der)?;
            let challenge_key = challenge_key(&key, b"kdcchallengearmor", context)?;
            let plaintext = open(&challenge_key, KeyUsage::ENCRYPTED_CHALLENGE_KDC, &sealed)
                .map_err(|_| PreauthError::KdcChallenge)?;
            PaEncTsEnc::from_der(&plaintext)?;
        }
        Ok(key)
    }

    fn restart(&mut self) {}
}

fn challenge_key(key: &Key, pepper: &[u8], context: &PreauthContext<'_>) -> Result<Key, PreauthError> {
    let armor = context.armor_key.ok_or(PreauthError::NotInsideFast)?;
    Ok(armor.cf2(key, pepper, b"challengelongterm")?)
}
