//! Password changes.

use super::forge::{ERROR, REPLY, TAMPERED, sealed, subkey};
use super::{CLIENT, NOW_TIME, drive, kdc, password_ticket, principal, tampered};
use crate::input::{Input, check_error};
use ::gss_core::Env;
use ::krb5_asn1::{
    ApRep, ApReq, Authenticator, Decode, EncApRepPart, EncKrbPrivPart, Encode, EncryptedData, KrbPriv, Octets,
};
use ::krb5_client::{Credential, PasswordExchange, PasswordOptions, Request};
use ::krb5_crypto::{Key, KeyUsage};
use test_support::TestRng;

/// The time in an AP-REP and the number in a KRB-PRIV stay what the input says. Otherwise they become right.
pub const OWN_NUMBERS: u8 = 4;

/// A change succeeds only by a protected reply of the server's to this very request.
pub fn exchange(input: &[u8]) {
    let mut input = Input::new(input);
    let set = input.byte() & 1 != 0;
    let kdc = kdc();
    let ticket = password_ticket(&kdc).expect("the client and its KDC");
    let (mut rng, options) = (TestRng::insecure(2), PasswordOptions::default());
    let mut env = Env::new(NOW_TIME, &mut rng);
    let exchange = if set {
        PasswordExchange::set(&ticket, &principal(CLIENT), "correct horse", &options, &mut env)
    } else {
        PasswordExchange::change(&ticket, b"correct horse", &options, &mut env)
    };
    let exchange = exchange.expect("a proper request");

    let mut success_is_said = false;
    let ended = drive(exchange, 1, &mut input, &mut rng, |request, input| match input.byte() {
        kind if kind % 4 == TAMPERED => {
            success_is_said = true;
            tampered(&kdc, request, input)
        }
        kind if kind % 4 == REPLY => {
            let (reply, says_success) = forged(kind, request, &ticket, input);
            success_is_said = says_success;
            (reply, false)
        }
        kind if kind % 4 == ERROR => (frame(input.u16(), &[], input.chunk()), false),
        _ => (input.chunk().to_vec(), false),
    });
    match ended.outcome {
        Ok(outcome) => {
            assert!(success_is_said, "{outcome:?}");
            assert!(outcome.text.is_none_or(|text| !text.is_empty()));
        }
        // Who is no administrator may set its own password with the old form alone.
        Err(error) => {
            assert!(!ended.honest || set, "{error}");
            check_error(&error);
        }
    }
}

/// A reply around two plaintexts, and whether the second says that the password was changed.
fn forged(kind: u8, request: &Request, ticket: &Credential, input: &mut Input<'_>) -> (Vec<u8>, bool) {
    let (version, own) = (input.u16(), kind & OWN_NUMBERS != 0);
    let (ap, private) = (input.chunk(), input.chunk());
    let (subkey, authenticator) = request_keys(&request.message, &ticket.session_key);
    let authenticator = Authenticator::from_der(&authenticator).expect("our own authenticator");
    let ap_part = EncApRepPart::from_der(ap).ok();
    let ap = match ap_part {
        Some(part) if !own => EncApRepPart { ctime: authenticator.ctime, cusec: authenticator.cusec, ..part }
            .to_der()
            .expect("as before"),
        _ => ap.to_vec(),
    };
    let part = EncKrbPrivPart::from_der(private).ok();
    let says_success = part.is_some_and(|part| part.user_data.as_bytes().starts_with(&[0, 0]));
    let private = match (part, ap_part) {
        (Some(part), Some(ap_part)) if !own => {
            EncKrbPrivPart { seq_number: ap_part.seq_number, ..part }.to_der().expect("as before")
        }
        _ => private.to_vec(),
    };
    let cipher = sealed(&ticket.session_key, KeyUsage::AP_REP, &ap);
    let enc_part = data(&ticket.session_key, &cipher);
    let ap = ApRep { enc_part }.to_der().expect("a reply encodes");
    let cipher = sealed(&subkey, KeyUsage::KRB_PRIV, &private);
    let private = KrbPriv { enc_part: data(&subkey, &cipher) }.to_der().expect("a message encodes");
    (frame(version, &ap, &private), says_success)
}

fn data<'c>(key: &Key, cipher: &'c [u8]) -> EncryptedData<'c> {
    EncryptedData { etype: key.enctype().0, kvno: None, cipher: Octets::new(cipher) }
}

/// The subkey of a request and the plaintext of its authenticator.
pub fn request_keys(message: &[u8], session_key: &Key) -> (Key, Vec<u8>) {
    let ap_len = usize::from(u16::from_be_bytes([message[4], message[5]]));
    let ap_req = &message[6..6 + ap_len];
    let usage = KeyUsage::AP_REQ_AUTHENTICATOR;
    let (subkey, _) = subkey(ap_req, &[session_key.duplicate()], usage).expect("an AP-REQ with a subkey");
    let mut cipher = ApReq::from_der(ap_req).expect("as before").authenticator.cipher.as_bytes().to_vec();
    let plaintext = session_key.cipher(usage).decrypt_in_place(&mut cipher).expect("as before").to_vec();
    (subkey, plaintext)
}

/// The frame of RFC 3244 section 2.
fn frame(version: u16, ap: &[u8], rest: &[u8]) -> Vec<u8> {
    let word = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes();
    [&word(6 + ap.len() + rest.len())[..], &version.to_be_bytes(), &word(ap.len()), ap, rest].concat()
}
