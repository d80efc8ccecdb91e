//! Small pieces of messages.

use krb5_asn1::{
    Encode, EncryptedData, EncryptionKey, KerberosString, KerberosTime, MethodData, NameType, Octets, PaData,
    PaDataType, Principal, PrincipalName, SeqOf,
};
use krb5_crypto::{EncType, Key, KeyUsage};
use test_support::TestRng;

use super::{Data, REALM};

pub(crate) fn time(seconds: i64) -> KerberosTime {
    KerberosTime::from_unix(seconds).unwrap()
}

pub(crate) fn list(padata: &MethodData<'_>) -> Data {
    padata.iter().map(|data| (data.padata_type, data.padata_value.as_bytes().to_vec())).collect()
}

pub(crate) fn value(padata: &[(PaDataType, Vec<u8>)], wanted: PaDataType) -> Option<&[u8]> {
    padata.iter().find(|(pa_type, _)| *pa_type == wanted).map(|(_, value)| value.as_slice())
}

pub(super) fn borrow(padata: &[(PaDataType, Vec<u8>)]) -> Vec<PaData<'_>> {
    padata
        .iter()
        .map(|(padata_type, value)| PaData { padata_type: *padata_type, padata_value: Octets::new(value) })
        .collect()
}

pub(crate) fn encode(padata: &[(PaDataType, Vec<u8>)]) -> Vec<u8> {
    if padata.is_empty() { Vec::new() } else { SeqOf::new(&borrow(padata)).to_der().unwrap() }
}

pub(super) fn asn1_key(key: &Key) -> EncryptionKey<'_> {
    EncryptionKey { keytype: key.enctype().0, keyvalue: Octets::new(key.secret_bytes()) }
}

pub(super) fn key(key: EncryptionKey<'_>) -> Key {
    Key::new(EncType(key.keytype), key.keyvalue.as_bytes()).unwrap()
}

pub(crate) fn encrypted<'a>(key: &Key, cipher: &'a [u8]) -> EncryptedData<'a> {
    EncryptedData { etype: key.enctype().0, kvno: None, cipher: Octets::new(cipher) }
}

pub(crate) fn seal(key: &Key, usage: KeyUsage, plaintext: &[u8], rng: &mut TestRng) -> Vec<u8> {
    let cipher = key.cipher(usage);
    let mut buffer = vec![0; plaintext.len() + cipher.overhead()];
    buffer[cipher.header_len()..][..plaintext.len()].copy_from_slice(plaintext);
    cipher.encrypt_in_place(&mut buffer, rng).unwrap();
    buffer
}

pub(crate) fn open(key: &Key, usage: KeyUsage, data: &EncryptedData<'_>) -> Option<Vec<u8>> {
    if data.etype != key.enctype().0 {
        return None;
    }
    let mut buffer = data.cipher.as_bytes().to_vec();
    key.cipher(usage).decrypt_in_place(&mut buffer).ok().map(|plaintext| plaintext.to_vec())
}

/// The name of a principal of one component in another realm.
pub(crate) fn name(name: &str) -> Principal {
    let components = [KerberosString::from(name)];
    PrincipalName::new(NameType::PRINCIPAL, &components).in_realm(REALM.into()).into()
}
