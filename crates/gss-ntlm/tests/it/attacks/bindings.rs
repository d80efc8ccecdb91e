//! Channel bindings: swapped, added, taken away, by a man in the middle and by an insider.

use crate::forge::{Forge, point, pointed, set};
use crate::world::{Scene, answer, bindings, client, config, refused_forgery};
use gss_core::bindings::{BindingDigest, BindingFailure};
use gss_core::{BindingPolicy, ChannelBindings};
use gss_ntlm::wire::AvId;
use gss_ntlm::{AcceptorConfig, AcceptorError, Allow};

const OURS: ChannelBindings<'static> = ChannelBindings::new(b"tls-server-end-point:ours");
const OTHER: ChannelBindings<'static> = ChannelBindings::new(b"tls-server-end-point:other");

fn requiring() -> AcceptorConfig {
    // The man in the middle's best case: no MIC is asked for.
    config().channel_bindings(bindings(BindingPolicy::Require, &[OURS])).allow(Allow::WITHOUT_MIC)
}

#[test]
fn swapped_on_the_way() {
    let config = requiring();
    let scene = Scene::new(&config);
    let (_, mut answer) = answer(client().channel_bindings(&OTHER), &scene.challenge).unwrap();
    let (from, to) = (BindingDigest::of(&OTHER), BindingDigest::of(&OURS));
    let at = answer.windows(16).position(|bytes| bytes == from.0).unwrap();
    answer[at..at + 16].copy_from_slice(&to.0);
    assert_eq!(scene.refuses(&answer), AcceptorError::LogonFailed);
}

#[test]
fn taken_away_on_the_way() {
    let config = config().channel_bindings(bindings(BindingPolicy::VerifyIfPresent, &[OURS]));
    let scene = Scene::new(&config);
    let (_, mut answer) = answer(client().channel_bindings(&OTHER), &scene.challenge).unwrap();
    let digest = BindingDigest::of(&OTHER);
    let at = answer.windows(16).position(|bytes| bytes == digest.0).unwrap();
    answer.drain(at - 4..at + 16);
    shorten(&mut answer, 20);
    assert_eq!(scene.refuses(&answer), AcceptorError::LogonFailed);
}

#[test]
fn added_on_the_way() {
    let config = requiring();
    let scene = Scene::new(&config);
    let (_, mut answer) = answer(client(), &scene.challenge).unwrap();
    let (nt_len, nt_offset) = pointed(&answer, 20);
    let (key_len, key_offset) = pointed(&answer, 52);
    // Before the end of the list, and the four zero bytes behind it.
    let at = nt_offset + nt_len - 8;
    let pair = [&[10, 0, 16, 0][..], &BindingDigest::of(&OURS).0].concat();
    answer.splice(at..at, pair.iter().copied());
    point(&mut answer, 20, nt_len + pair.len(), nt_offset);
    point(&mut answer, 52, key_len, key_offset + pair.len());
    assert_eq!(scene.refuses(&answer), AcceptorError::LogonFailed);
}

#[test]
fn an_insider_is_bound_to_what_it_says() {
    let with =
        |bytes: &'static [u8]| Forge::new().pairs(move |pairs| set(pairs, AvId::CHANNEL_BINDINGS, bytes));
    let mismatch = AcceptorError::Bindings(BindingFailure::Mismatch);
    let missing = AcceptorError::Bindings(BindingFailure::Missing);
    assert_eq!(refused_forgery(&with(&[1; 16]), &requiring()), mismatch);
    // Zeros say that there are none (MS-NLMP section 2.2.2.1).
    assert_eq!(refused_forgery(&with(&[0; 16]), &requiring()), missing);
    assert_eq!(refused_forgery(&Forge::new(), &requiring()), missing);
    let nothing_given = config().channel_bindings(bindings(BindingPolicy::Require, &[]));
    let error = refused_forgery(&with(&[1; 16]), &nothing_given);
    assert_eq!(error, AcceptorError::Bindings(BindingFailure::NothingToCompare));
}

/// Takes bytes off the NT response, behind which the session key lies.
fn shorten(message: &mut [u8], by: usize) {
    let (len, offset) = pointed(message, 20);
    point(message, 20, len - by, offset);
    let (len, offset) = pointed(message, 52);
    point(message, 52, len, offset - by);
}
