//! The acceptor as it is deployed: SPNEGO over Kerberos.

use crate::gss_krb5::acceptor::Settings;
use crate::input::{Input, check_error, rng};
use crate::krb5_crypto::key;
use ::gss_core::{Env, Handshake, SecurityContext, Step, oid};
use ::gss_krb5::Acceptor as Krb5;
use ::gss_spnego::{Acceptor, Offer, RawTokens};

/// Up to four tokens. The key comes with the input, so that recordings are seeds.
pub fn acceptor(input: &[u8]) {
    let mut input = Input::new(input);
    let settings = Settings::take(&mut input);
    let config = settings.config(key(&mut input));
    let raw = *input.pick(&[RawTokens::AcceptBareApReq, RawTokens::Refuse]);
    let mut rng = rng();
    let mut env = Env::new(settings.now(), &mut rng);
    let offer = Offer::new(oid::KRB5, Krb5::new(&config)).with_microsoft_oid();
    let mut state = Acceptor::new([offer]).with_raw_tokens(raw);
    for _ in 0..4 {
        let mut output = Vec::new();
        match state.step(&mut input.chunk().to_vec(), &mut output, &mut env) {
            Ok(Step::Continue(next)) => state = next,
            Ok(Step::Done(mut context)) => {
                assert!(context.facts().peer.is_some());
                let _ = format!("{context:?}");
                context.sealer().get_mic(b"message", &mut output).expect("a fresh context has numbers left");
                return;
            }
            Err(error) => return check_error(&error),
        }
    }
}
