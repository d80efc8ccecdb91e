//! SPAKE by hand.
#![cfg(feature = "spake")]

use krb5_asn1::ErrorCode as Code;
use krb5_asn1::{
    Decode, Encode, EncryptedData, Octets, PaDataType, PaSpake, SeqOf, SpakeFactorType, SpakeGroup,
    SpakeResponse, SpakeSecondFactor, SpakeSupport,
};
use krb5_crypto::spake::{Group, Party, Role, Transcript};
use krb5_crypto::{Key, KeyUsage};

use crate::client::*;

fn support(groups: &[SpakeGroup]) -> Vec<u8> {
    PaSpake::Support(SpakeSupport { groups: SeqOf::new(groups) }).to_der().unwrap()
}

/// The whole conversation with a password, the response changed at will.
fn log_in(
    client: &mut Client<'_>,
    group: Group,
    password: &str,
    factor_type: SpakeFactorType,
    with_cookie: bool,
) -> Result<Granted, Refused> {
    let name = "alice@A.TEST";
    let key = key_of(&principal(name), password, AES256);
    let support = support(&[SpakeGroup(99), SpakeGroup(group.number())]);
    let first = Ask::initial(name).with(PaDataType::SPAKE, support.clone());
    let asked = client.initial(&first, &key).unwrap_err();
    assert_eq!(asked.code, Code::KDC_ERR_MORE_PREAUTH_DATA_REQUIRED);
    let message = asked.value(PaDataType::SPAKE);
    let PaSpake::Challenge(challenge) = PaSpake::from_der(&message).unwrap() else { panic!("no challenge") };
    assert_eq!(challenge.group, SpakeGroup(group.number()));
    let party = Party::generate(Role::Client, group, &key, &mut client.rng).unwrap();
    let public = party.public_value();
    let transcript = Transcript::new(&support, &message);
    let keys = party.agree(challenge.pubkey.as_bytes(), &transcript).unwrap();

    let mut second = Ask::initial(name);
    let body = second.body();
    let factor = SpakeSecondFactor { factor_type, data: None }.to_der().unwrap();
    let sealed = seal(&keys.key(1, &body).unwrap(), KeyUsage::SPAKE, &factor, &mut client.rng);
    let response = PaSpake::Response(SpakeResponse {
        pubkey: Octets::new(public.as_bytes()),
        factor: EncryptedData::from_der(&sealed).unwrap(),
    });
    if with_cookie {
        second = second.with(PaDataType::FX_COOKIE, asked.value(PaDataType::FX_COOKIE));
    }
    let reply_key: Key = keys.key(0, &body).unwrap();
    client.initial(&second.with(PaDataType::SPAKE, response.to_der().unwrap()), &reply_key)
}

#[test]
fn both_groups_and_their_failures() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    for group in Group::ALL {
        let granted = log_in(&mut client, group, "secret", SpakeFactorType::NONE, true).unwrap();
        assert!(granted.flags.contains(krb5_asn1::TicketFlags::PRE_AUTHENT));
        for (password, factor_type, with_cookie) in [
            ("guess", SpakeFactorType::NONE, true),
            ("secret", SpakeFactorType(7), true),
            ("secret", SpakeFactorType::NONE, false),
        ] {
            let refused = log_in(&mut client, group, password, factor_type, with_cookie).unwrap_err();
            assert_eq!(refused.code, Code::KDC_ERR_PREAUTH_FAILED, "{}", refused.text);
        }
    }
}

#[test]
fn messages_out_of_turn() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let key = key_of(&principal("alice@A.TEST"), "secret", AES256);
    let offered = client.initial(&Ask::initial("alice@A.TEST"), &key).unwrap_err();
    assert_eq!(offered.value(PaDataType::SPAKE), b"");
    let data = PaSpake::EncData(EncryptedData { etype: 18, kvno: None, cipher: Octets::new(&[]) });
    for value in [support(&[]), support(&[SpakeGroup(3)]), data.to_der().unwrap(), vec![1, 2, 3]] {
        let ask = Ask::initial("alice@A.TEST").with(PaDataType::SPAKE, value);
        assert_eq!(client.initial(&ask, &key).unwrap_err().code, Code::KDC_ERR_PREAUTH_FAILED);
    }
}
