//! PA-ENCRYPTED-CHALLENGE (RFC 6113 section 5.4.6): times under keys that need both the armor and the password.

use alloc::vec::Vec;

use krb5_asn1::{Decode, MethodData, PaDataType, PaEncTsEnc, PaEncryptedChallenge};
use krb5_crypto::{Key, KeyUsage};

use super::{PreauthContext, PreauthData, PreauthError, PreauthMechanism};
use crate::reply::find;
use crate::sealed::open;

const CLIENT_PEPPER: &[u8] = b"clientchallengearmor";
const KDC_PEPPER: &[u8] = b"kdcchallengearmor";
/// Heimdal's KDC, up to 7.8, takes the client's pepper for its own challenge. The key usage still tells the two apart,
/// so that nobody can send the client's challenge back.
const HEIMDAL_KDC_PEPPER: &[u8] = CLIENT_PEPPER;

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
        let key = challenge_key(context.armor_key, &key, CLIENT_PEPPER)?;
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
            check_kdc(der, context.armor_key, &key)?;
        }
        Ok(key)
    }

    fn restart(&mut self) {}
}

/// Checks that whoever sent a challenge knows the armor key and the client's key.
fn check_kdc(der: &[u8], armor: Option<&Key>, client_key: &Key) -> Result<(), PreauthError> {
    let sealed = PaEncryptedChallenge::from_der(der)?;
    for pepper in [KDC_PEPPER, HEIMDAL_KDC_PEPPER] {
        let key = challenge_key(armor, client_key, pepper)?;
        if let Ok(plaintext) = open(&key, KeyUsage::ENCRYPTED_CHALLENGE_KDC, &sealed) {
            PaEncTsEnc::from_der(&plaintext)?;
            return Ok(());
        }
    }
    Err(PreauthError::KdcChallenge)
}

fn challenge_key(armor: Option<&Key>, client_key: &Key, pepper: &[u8]) -> Result<Key, PreauthError> {
    Ok(armor.ok_or(PreauthError::NotInsideFast)?.cf2(client_key, pepper, b"challengelongterm")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use krb5_crypto::EncType;
    use test_support::vectors::load;

    #[test]
    fn challenges_of_mit_and_heimdal_show_who_sent_them() {
        for record in load("preauth/encrypted-challenge.txt").records() {
            let enctype = EncType(i32::try_from(record.int("enctype")).unwrap());
            let key = |field| Key::new(enctype, &record.hex(field)).unwrap();
            let (armor, client) = (key("armor-key"), key("client-key"));
            let challenge = record.hex("challenge");
            check_kdc(&challenge, Some(&armor), &client).unwrap();
            for (armor, client) in [(&client, &client), (&armor, &armor)] {
                let refused = check_kdc(&challenge, Some(armor), client);
                assert_eq!(refused, Err(PreauthError::KdcChallenge), "{record:?}");
            }
            let refused = check_kdc(&challenge, None, &client);
            assert_eq!(refused, Err(PreauthError::NotInsideFast), "{record:?}");
        }
    }

    #[test]
    fn the_clients_challenge_cannot_be_sent_back() {
        let key = |byte| Key::new(EncType::AES256_CTS_HMAC_SHA1_96, &[byte; 32]).unwrap();
        let (armor, client) = (key(1), key(2));
        let sealing = challenge_key(Some(&armor), &client, CLIENT_PEPPER).unwrap();
        let cipher = sealing.cipher(KeyUsage::ENCRYPTED_CHALLENGE_CLIENT);
        let mut sealed = alloc::vec![0; cipher.overhead()];
        cipher.encrypt_in_place(&mut sealed, &mut test_support::TestRng::insecure(1)).unwrap();
        let cipher = krb5_asn1::Octets::new(&sealed);
        let challenge = PaEncryptedChallenge { etype: sealing.enctype().0, kvno: None, cipher };
        let der = krb5_asn1::Encode::to_der(&challenge).unwrap();
        assert_eq!(check_kdc(&der, Some(&armor), &client), Err(PreauthError::KdcChallenge));
    }
}
