//! Channel bindings through the whole exchange.

use crate::forge::Forge;
use crate::world::{AES256, accept, acceptor, config, initiator, now_plus, step};
use gss_core::bindings::BindingDigest;
use gss_core::bindings::{BindingCheck, BindingFailure, MAX_ACCEPTABLE_BINDINGS, TooManyBindings};
use gss_core::{
    AcceptableBindings, BindingOutcome, BindingPolicy, ChannelBindings, ContextFlags, Diagnose, MajorStatus,
    SecurityContext,
};
use gss_krb5::checksum::GssChecksum;
use gss_krb5::{Acceptor, AcceptorConfig, AcceptorError, Allow};
use krb5_asn1::{AdApOptions, AuthDataElement, AuthDataType, Encode, ErrorCode, Octets, SeqOf};
use krb5_crypto::ChecksumType;
use test_support::Pair;

const OURS: ChannelBindings<'_> = ChannelBindings::tls_exporter(&[1; 32]);
const ALSO_OURS: ChannelBindings<'_> = ChannelBindings::tls_server_end_point(&[2; 32]);
const OTHER: ChannelBindings<'_> = ChannelBindings::tls_exporter(&[3; 32]);
const POLICIES: [BindingPolicy; 3] =
    [BindingPolicy::Ignore, BindingPolicy::VerifyIfPresent, BindingPolicy::Require];

fn with(policy: BindingPolicy, any_of: &[ChannelBindings<'_>]) -> AcceptorConfig {
    config(AES256).channel_bindings(BindingCheck::new(&AcceptableBindings { policy, any_of }).unwrap())
}

/// Runs our initiator with these bindings against this configuration.
fn run(sent: Option<&ChannelBindings<'_>>, config: AcceptorConfig) -> Result<BindingOutcome, BindingFailure> {
    let initiator = match sent {
        Some(bindings) => initiator(AES256).channel_bindings(bindings),
        None => initiator(AES256),
    };
    let run = Pair::default().run(initiator, acceptor(config));
    if matches!(run.acceptor, test_support::pair::End::Failed(_)) {
        let error = run.acceptor_error();
        let verdict = (error.major(), error.krb_error());
        assert_eq!(verdict, (MajorStatus::BAD_BINDINGS, Some(ErrorCode::KRB_AP_ERR_INAPP_CKSUM)));
        let AcceptorError::Bindings(failure) = error else { panic!("{error}") };
        return Err(failure);
    }
    let (client, server) = run.established();
    let expected = if sent.is_some() { BindingOutcome::Bound } else { BindingOutcome::Absent };
    assert_eq!(client.facts().binding, expected, "what the initiator knows is what it sent");
    let facts = server.facts();
    let bound = facts.binding == BindingOutcome::Bound;
    assert_eq!(facts.flags.contains(ContextFlags::CHANNEL_BOUND), bound);
    Ok(facts.binding)
}

#[test]
fn every_policy_meets_every_initiator() {
    use BindingFailure::{Mismatch, Missing, NothingToCompare};
    use BindingOutcome::{Absent, Bound, NotChecked};
    let own = [ALSO_OURS, OURS];
    for (sent, expected) in [
        (Some(&OURS), [Ok(NotChecked), Ok(Bound), Ok(Bound)]),
        (Some(&ALSO_OURS), [Ok(NotChecked), Ok(Bound), Ok(Bound)]),
        (Some(&OTHER), [Ok(NotChecked), Err(Mismatch), Err(Mismatch)]),
        (None, [Ok(NotChecked), Ok(Absent), Err(Missing)]),
    ] {
        for (policy, expected) in POLICIES.into_iter().zip(expected) {
            assert_eq!(run(sent, with(policy, &own)), expected, "{policy:?} {sent:?}");
        }
    }
    for (sent, expected) in [
        (Some(&OURS), [Ok(NotChecked), Ok(NotChecked), Err(NothingToCompare)]),
        (None, [Ok(NotChecked), Ok(NotChecked), Err(NothingToCompare)]),
    ] {
        for (policy, expected) in POLICIES.into_iter().zip(expected) {
            assert_eq!(
                run(sent, with(policy, &[])),
                expected,
                "{policy:?} {sent:?}, nothing to compare with"
            );
        }
    }
    assert_eq!(run(Some(&OURS), config(AES256)), Ok(NotChecked), "the default, told of no channel");
}

#[test]
fn codes_tell_the_failures_apart() {
    for (failure, code) in [
        (BindingFailure::Mismatch, "bindings_mismatch"),
        (BindingFailure::Missing, "bindings_missing"),
        (BindingFailure::NothingToCompare, "bindings_not_configured"),
    ] {
        assert_eq!(AcceptorError::Bindings(failure).code(), code);
    }
}

#[test]
fn the_bindings_of_a_connection_replace_those_of_the_configuration() {
    let sent = |bindings: ChannelBindings<'_>| {
        crate::world::waiting(initiator(AES256).channel_bindings(&bindings), now_plus(0)).1
    };
    let config = with(BindingPolicy::Require, &[OURS]);
    let connection = AcceptableBindings { policy: BindingPolicy::Require, any_of: &[OTHER] };
    let check = BindingCheck::new(&connection).unwrap();
    let acceptor = || Acceptor::new(&config).channel_bindings(check.clone());
    let (result, _) = step(acceptor(), &sent(OURS), now_plus(0));
    assert_eq!(result.unwrap_err(), AcceptorError::Bindings(BindingFailure::Mismatch));
    assert!(step(acceptor(), &sent(OTHER), now_plus(0)).0.is_ok());
    assert!(step(Acceptor::new(&config), &sent(ALSO_OURS), now_plus(0)).0.is_err());
}

#[test]
fn only_so_many_bindings() {
    let many = [OURS; MAX_ACCEPTABLE_BINDINGS + 1];
    let all = AcceptableBindings { policy: BindingPolicy::Require, any_of: &many };
    let error = BindingCheck::new(&all).unwrap_err();
    assert_eq!(error, TooManyBindings { count: many.len() });
    assert_eq!((error.code(), error.major()), ("too_many_bindings", MajorStatus::FAILURE));
    assert!(BindingCheck::new(&AcceptableBindings { any_of: &many[1..], ..all }).is_ok());
}

/// A request whose checksum has this digest, and whose authenticator announces bindings or not.
fn request(digest: BindingDigest, announced: bool) -> Forge {
    let mut forge = Forge::new(AES256);
    let content = GssChecksum::fixed_part(digest, ContextFlags::INTEGRITY).to_vec();
    forge.checksum = Some((ChecksumType::GSS, content));
    if announced {
        let options = AdApOptions::CBT.to_bytes();
        let element = AuthDataElement { ad_type: AuthDataType::AP_OPTIONS, ad_data: Octets::new(&options) };
        let relevant = SeqOf::new(&[element]).to_der().unwrap();
        forge.authorization_data = vec![(AuthDataType::IF_RELEVANT, relevant)];
    }
    forge
}

#[test]
fn bindings_that_were_announced_and_are_gone() {
    let stripped = request(BindingDigest::NONE, true).token();
    for (policy, expected) in [
        (BindingPolicy::Ignore, Ok(BindingOutcome::NotChecked)),
        (BindingPolicy::VerifyIfPresent, Err(BindingFailure::Missing)),
        (BindingPolicy::Require, Err(BindingFailure::Missing)),
    ] {
        let outcome = accept(&with(policy, &[OURS]), &stripped).map(|context| context.facts().binding);
        assert_eq!(outcome, expected.map_err(AcceptorError::Bindings), "{policy:?}");
    }
    // An acceptor without a channel cannot tell.
    let context = accept(&config(AES256), &stripped).unwrap();
    assert_eq!(context.facts().binding, BindingOutcome::NotChecked);
    // Announced and there.
    let context =
        accept(&with(BindingPolicy::Require, &[OURS]), &request(BindingDigest::of(&OURS), true).token());
    assert_eq!(context.unwrap().facts().binding, BindingOutcome::Bound);
}

#[test]
fn digests_that_only_look_like_bindings() {
    // RFC 6542 section 3.2: 0xff throughout announces an extension, which is not understood here.
    let mut almost = BindingDigest::of(&OURS);
    almost.0[15] ^= 1;
    for digest in [BindingDigest([0xff; 16]), almost] {
        for policy in [BindingPolicy::VerifyIfPresent, BindingPolicy::Require] {
            let error = accept(&with(policy, &[OURS]), &request(digest, false).token()).unwrap_err();
            assert_eq!(error, AcceptorError::Bindings(BindingFailure::Mismatch));
        }
    }
}

#[test]
fn requests_without_gss_checksum_name_no_channel() {
    let mut forge = Forge::new(AES256);
    forge.checksum = None;
    let allowing = |policy| with(policy, &[OURS]).allow(Allow::MISSING_CHECKSUM);
    let error = accept(&allowing(BindingPolicy::Require), &forge.token()).unwrap_err();
    assert_eq!(error, AcceptorError::Bindings(BindingFailure::Missing));
    let context = accept(&allowing(BindingPolicy::VerifyIfPresent), &forge.token()).unwrap();
    assert_eq!(context.facts().binding, BindingOutcome::Absent);
}
