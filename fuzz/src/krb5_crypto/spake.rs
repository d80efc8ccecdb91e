//! SPAKE: any public value from the peer, and any private value from a cookie.

use super::key;
use crate::input::{Input, rng};
use ::krb5_crypto::spake::{Group, Keys, Party, Role, SpakeError, Transcript};
use ::krb5_crypto::{EncType, Key};

/// What is not an element of the group is refused whatever the role; what is one leads to keys, the same each time and
/// another for each number. Two sides with any private values agree.
pub fn exchange(input: &[u8]) {
    let mut input = Input::new(input);
    let group = *input.pick(&Group::ALL);
    let key = key(&mut input);
    let [x, y] = [0; 2].map(|_| <[u8; 32]>::try_from(fill(input.chunk())).expect("32 bytes"));
    let (transcript, body) = (Transcript::new(input.chunk(), input.chunk()), input.chunk());
    let peer = input.rest();

    let kdc = party(Role::Kdc, group, &key, &x);
    let client = party(Role::Client, group, &key, &y);
    let (t, s) = (kdc.public_value(), client.public_value());
    for own in [&t, &s] {
        assert_eq!(own.as_bytes().len(), group.element_len());
    }
    let of_kdc = party(Role::Kdc, group, &key, &x).agree(peer, &transcript);
    let of_client = party(Role::Client, group, &key, &y).agree(peer, &transcript);
    match (&of_kdc, &of_client) {
        (Ok(keys), Ok(others)) => {
            assert_eq!(peer.len(), group.element_len());
            check_keys(keys, body, key.enctype());
            check_keys(others, body, key.enctype());
        }
        // Such a value is made with the key, for one of the roles.
        (Err(SpakeError::Identity { .. }), _) | (_, Err(SpakeError::Identity { .. })) => {}
        (one, other) => {
            let [one, other] = [one, other].map(|it| it.as_ref().expect_err("the same for both").to_string());
            assert_eq!(one, other);
            assert!(!one.is_empty());
        }
    }

    let (Ok(of_kdc), Ok(of_client)) =
        (kdc.agree(s.as_bytes(), &transcript), client.agree(t.as_bytes(), &transcript))
    else {
        panic!("two sides that follow the protocol");
    };
    assert!(derived(&of_kdc, 0, body).ct_eq(&derived(&of_client, 0, body)));
}

/// The side with this private value; if it is none, with a fresh one that can be restored.
fn party(role: Role, group: Group, key: &Key, private: &[u8; 32]) -> Party {
    if let Ok(party) = Party::restore(role, group, key, private) {
        assert_eq!(party.secret_private_value(), private);
        return party;
    }
    let party = Party::generate(role, group, key, &mut rng()).expect("no randomness that is all zeros");
    let again = Party::restore(role, group, key, party.secret_private_value()).expect("what was just made");
    assert_eq!(again.public_value(), party.public_value());
    party
}

fn check_keys(keys: &Keys, body: &[u8], enctype: EncType) {
    let [zero, one] = [0, 1].map(|n| derived(keys, n, body));
    assert!(zero.enctype() == enctype && !zero.ct_eq(&one));
    assert!(zero.ct_eq(&derived(keys, 0, body)));
}

fn derived(keys: &Keys, n: u32, body: &[u8]) -> Key {
    keys.key(n, body).expect("a key is short")
}

/// 32 bytes, zeros where there is nothing.
fn fill(bytes: &[u8]) -> Vec<u8> {
    let mut filled = bytes.to_vec();
    filled.resize(32, 0);
    filled
}
