//! The key that the client chooses: missing, of another length, or in the wrong place.

use crate::forge::{Forge, KEY};
use crate::world::{NOW, Scene, client, config, negotiate, negotiate_bare_with_key};
use gss_core::SecurityContext;
use gss_ntlm::wire::NegotiateFlags;
use gss_ntlm::{AcceptorConfig, AcceptorError};

/// A server that granted protection, or was not asked for any.
fn scene(config: &AcceptorConfig, protected: bool) -> Scene<'_> {
    let negotiate = if protected { negotiate(client()) } else { negotiate_bare_with_key() };
    Scene::at(config, &negotiate, NOW, 1)
}

#[test]
fn keys_of_another_length() {
    let config = config();
    for protected in [false, true] {
        for len in [0, 1, 15, 16, 17, 32] {
            let forge = Forge::new().parts(|parts| parts.key.resize(len, 0));
            let result = scene(&config, protected).forged(&forge);
            // Where nobody needs the key, too: pyspnego sends one byte then, and others refuse that as well.
            match len {
                16 => assert_eq!(result.unwrap().secret_session_key(), Some(&KEY[..])),
                _ => assert_eq!(
                    result.map(|_| ()).unwrap_err(),
                    AcceptorError::SessionKeyLength { found: len },
                    "protected {protected}"
                ),
            }
        }
    }
}

/// Without the flag the field does not count: the key is the one that follows from the password.
#[test]
fn a_key_without_exchange() {
    let config = config();
    let forge = |key: Vec<u8>| {
        Forge::new().parts(move |parts| {
            parts.flags = parts.flags - NegotiateFlags::KEY_EXCHANGE;
            parts.key = key.clone();
        })
    };
    let context = scene(&config, true).forged(&forge(Vec::new())).unwrap();
    assert_ne!(context.secret_session_key(), Some(&KEY[..]));
    // The client made its MIC with another key than the flags say.
    let error = scene(&config, true).forged(&forge(KEY.to_vec())).unwrap_err();
    assert_eq!(error, AcceptorError::BadMic);
}

#[test]
fn a_key_that_was_changed_on_the_way() {
    let config = config();
    for at in [0, 15] {
        let forge = Forge::new().parts(|_| {});
        let scene = scene(&config, true);
        let mut answer = forge.answer(&scene.negotiate, &scene.challenge);
        let end = answer.len();
        answer[end - 16 + at] ^= 1;
        assert_eq!(scene.refuses(&answer), AcceptorError::BadMic);
    }
}
