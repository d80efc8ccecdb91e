//! A mechanism of pre-authentication from outside of the crate.

use gss_core::{Blame, Diagnose, Env, Timestamp};
use krb5_asn1::{MethodData, PaDataType};
use krb5_client::{
    AsExchange, AsOptions, Policy, PreauthContext, PreauthData, PreauthError, PreauthMechanism, Secret,
};
use krb5_crypto::Key;
use test_support::TestRng;

use crate::kdc::*;

/// Sends the same bytes whatever the KDC says.
#[derive(Debug)]
struct Constant(&'static [u8]);

impl PreauthMechanism for Constant {
    fn pa_type(&self) -> PaDataType {
        PaDataType::PK_AS_REQ
    }

    fn is_usable(&self, _inside_fast: bool) -> bool {
        true
    }

    fn answer(
        &mut self,
        offers: &MethodData<'_>,
        context: &mut PreauthContext<'_>,
    ) -> Result<Vec<PreauthData>, PreauthError> {
        assert!(!offers.is_empty());
        assert_eq!((context.client, context.now), (&name("alice"), Timestamp::from_seconds(NOW)));
        assert!(!context.request_body.is_empty());
        Ok(vec![PreauthData { pa_type: self.pa_type(), value: self.0.to_vec() }])
    }

    fn reply_key(
        &mut self,
        _padata: &MethodData<'_>,
        context: &mut PreauthContext<'_>,
    ) -> Result<Key, PreauthError> {
        match self.0 {
            b"sign" => Ok(Key::new(AES256, &[0x99; 32]).unwrap()),
            b"fail" => Err(PreauthError::Mechanism {
                blame: Blame::Peer,
                code: "certificate",
                message: "the KDC's certificate has expired".into(),
            }),
            _ => Ok(context.client_key()?),
        }
    }

    fn restart(&mut self) {}
}

fn attempt(constant: &'static [u8], allowed: &[PaDataType]) -> (String, usize) {
    let mut kdc = Kdc::wanting(&[PaDataType::PK_AS_REQ, PaDataType::ENC_TIMESTAMP]);
    let options = AsOptions { preauth: allowed.to_vec(), ..options() };
    let mut rng = TestRng::insecure(3);
    let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    let exchange = AsExchange::with_mechanisms(
        &Policy::default(),
        options,
        Secret::password(PASSWORD),
        vec![Box::new(Constant(constant))],
        &mut env,
    )
    .unwrap();
    let mut turns = 0;
    let outcome = drive(exchange, &mut |request| {
        turns += 1;
        if turns == 1 { kdc.answer(&request.message) } else { kdc.issue_to(&request.message, &[0x99; 32]) }
    });
    let word = match outcome {
        Ok(outcome) => outcome.pa_type.unwrap().to_string(),
        Err(error) => error.code().into(),
    };
    (word, turns)
}

#[test]
fn it_is_used_if_it_is_allowed_and_makes_the_reply_key() {
    let both = [PaDataType::PK_AS_REQ, PaDataType::ENC_TIMESTAMP];
    assert_eq!(attempt(b"sign", &both), (PaDataType::PK_AS_REQ.to_string(), 2));
    assert_eq!(attempt(b"fail", &both), ("certificate".into(), 2));
    // The reply is not under the client's long-term key.
    assert_eq!(attempt(b"else", &both), ("reply_integrity".into(), 2));
    assert_eq!(attempt(b"sign", &[PaDataType::SPAKE]), ("preauth_unsupported".into(), 1));
}
