use super::{established, initiator, krb5_config};
use crate::krb5::{CredentialsError, Principal};
use crate::ntlm::{self, Logon, MemoryUsers, ServerNames};
use crate::{
    AcceptableBindings, Acceptor, AcceptorConfig, BindingPolicy, ChannelBindings, ContextFlags, Diagnose,
    Framing, Initiator, MicOutcome, Protection, SecurityContext, Target, oid,
};
use alloc::string::ToString;
use alloc::sync::Arc;
use test_support::TestRng;
use test_support::pair::{End, Pair};
use test_support::ticket::{NOW, TicketMaker};

fn target() -> Target<'static> {
    Target::new("HTTP", "www.example.com").unwrap()
}

fn logon() -> Arc<Logon> {
    Arc::new(Logon::with_password("alice", "EXAMPLE", "correct horse").target(&target()))
}

fn ntlm_config() -> ntlm::AcceptorConfig {
    let mut users = MemoryUsers::new();
    users.add("alice", "EXAMPLE", "correct horse");
    ntlm::AcceptorConfig::new(ServerNames::new("SERVER"), users)
}

fn both(maker: &TicketMaker) -> AcceptorConfig {
    AcceptorConfig::krb5(krb5_config(maker)).with_ntlm(ntlm_config())
}

#[test]
fn ntlm_alone_in_both_framings() {
    for (raw, framing) in [
        (false, Framing::Spnego),
        (true, Framing::Raw),
        (false, Framing::SpnegoOrRaw),
        (true, Framing::SpnegoOrRaw),
    ] {
        let initiator = Initiator::ntlm(logon());
        let initiator = if raw { initiator.raw() } else { initiator };
        let (mut ours, mut theirs) =
            established(initiator, AcceptorConfig::ntlm(ntlm_config()).framing(framing));
        assert_eq!((ours.mechanism(), theirs.mechanism()), (oid::NTLMSSP, oid::NTLMSSP));
        assert_eq!((ours.peer_name(), theirs.peer_name().as_deref()), (None, Some("EXAMPLE\\alice")));
        assert_eq!(theirs.ntlm_accepted().unwrap().target(), Some("HTTP/www.example.com"));
        assert!(theirs.krb5_accepted().is_none() && theirs.delegated().is_empty());
        // The AUTHENTICATE message has a MIC, and so has the list (MS-SPNG 3.3.5.1).
        for context in [&ours, &theirs] {
            let negotiation = context.negotiation();
            assert_eq!(negotiation.is_some_and(MicOutcome::is_verified), !raw, "{negotiation:?}");
        }
        // The first message uses the key stream from its start, as if there had been no MIC over the list.
        let token = ours.wrap(b"message", &mut TestRng::insecure(9)).unwrap();
        assert_eq!(theirs.unwrap(&token).unwrap().in_order().unwrap(), b"message");
        let mic = theirs.mic(b"message").unwrap();
        ours.verify_mic(b"message", &mic).unwrap().in_order().unwrap();
        let (mut sealer, _) = theirs.split();
        let (_, mut opener) = ours.split();
        let mut token = alloc::vec::Vec::new();
        crate::Sealer::wrap(
            &mut sealer,
            Protection::Integrity,
            b"more",
            &mut token,
            &mut TestRng::insecure(1),
        )
        .unwrap();
        assert_eq!(crate::Opener::unwrap(&mut opener, &mut token).unwrap().in_order().unwrap(), b"more");
    }
}

#[test]
fn kerberos_is_taken_where_both_can_do_it() {
    let maker = TicketMaker::example();
    let (ours, theirs) = established(initiator(&maker).or_ntlm(logon()), both(&maker));
    assert_eq!((ours.mechanism(), theirs.mechanism()), (oid::KRB5, oid::KRB5));
    // A raw token says itself what it is.
    let (_, theirs) = established(initiator(&maker).raw(), both(&maker).framing(Framing::Raw));
    assert_eq!(theirs.mechanism(), oid::KRB5);
    let (_, theirs) = established(Initiator::ntlm(logon()).raw(), both(&maker).framing(Framing::Raw));
    assert_eq!(theirs.mechanism(), oid::NTLMSSP);
}

#[test]
fn ntlm_is_taken_from_who_lists_it_where_kerberos_cannot_be_done() {
    let maker = TicketMaker::example();
    let (ours, theirs) = established(initiator(&maker).or_ntlm(logon()), AcceptorConfig::ntlm(ntlm_config()));
    assert_eq!((ours.mechanism(), theirs.mechanism()), (oid::NTLMSSP, oid::NTLMSSP));
    assert!(ours.negotiation().unwrap().is_verified() && theirs.negotiation().unwrap().is_verified());
}

#[test]
fn ntlm_is_not_there_for_who_does_not_list_it() {
    let maker = TicketMaker::example();
    for (initiator, config) in [
        (initiator(&maker), AcceptorConfig::ntlm(ntlm_config())),
        (Initiator::ntlm(logon()), AcceptorConfig::krb5(krb5_config(&maker))),
    ] {
        let run = Pair::at(NOW).run(initiator, Acceptor::new(Arc::new(config)));
        let End::Failed(error) = &run.acceptor else { panic!("{run:?}") };
        assert_eq!(error.code(), "no_common_mechanism");
    }
}

/// A ticket that the server does not take is no reason to fall back: the server said yes to Kerberos.
#[test]
fn a_failure_of_kerberos_is_no_way_to_ntlm() {
    let maker = TicketMaker::example();
    let other = Principal::new_service("HTTP", "other.example.com", "EXAMPLE.COM");
    let config = AcceptorConfig::krb5(krb5_config(&maker).accept_only(other)).with_ntlm(ntlm_config());
    let run = Pair::at(NOW).run(initiator(&maker).or_ntlm(logon()), Acceptor::new(Arc::new(config)));
    let End::Failed(error) = &run.acceptor else { panic!("{run:?}") };
    assert!(error.krb5_acceptor().is_some(), "{error}");
    assert!(matches!(run.initiator, End::Failed(_)), "{run:?}");
}

/// Somebody in between takes Kerberos off the list. Both could do it, so the server wants to see the list proven.
#[test]
fn a_shortened_list_is_noticed() {
    let maker = TicketMaker::example();
    let shorten = |leg: test_support::pair::Leg<'_>| {
        if leg.index == 0 {
            // Kerberos under a name that nobody knows.
            let name = oid::KRB5.as_bytes().to_vec();
            let at = leg.token.windows(name.len()).position(|window| window == name).unwrap();
            leg.token[at + name.len() - 1] = 0x7f;
        }
    };
    let run = Pair::at(NOW)
        .tampering(shorten)
        .run(initiator(&maker).or_ntlm(logon()), Acceptor::new(Arc::new(both(&maker))));
    let End::Failed(error) = &run.acceptor else { panic!("{run:?}") };
    assert_eq!(error.code(), "mech_list_mic_invalid");
}

#[test]
fn bindings_and_flags_reach_every_mechanism() {
    let channel = ChannelBindings::new(b"channel");
    let acceptable = AcceptableBindings { policy: BindingPolicy::Require, any_of: &[channel] };
    let initiator = || Initiator::ntlm(logon()).flags(ContextFlags::INTEGRITY);
    let config = || AcceptorConfig::ntlm(ntlm_config()).channel_bindings(&acceptable).unwrap();
    let (ours, theirs) = established(initiator().channel_bindings(&channel), config());
    assert!(ours.is_channel_bound() && theirs.is_channel_bound());
    assert!(!theirs.flags().contains(ContextFlags::CONFIDENTIALITY));
    let run = Pair::at(NOW).run(initiator(), Acceptor::new(Arc::new(config())));
    let End::Failed(error) = &run.acceptor else { panic!("{run:?}") };
    assert_eq!(error.code(), "bindings_missing");
    assert!(error.ntlm_acceptor().is_some() && error.krb5_acceptor().is_none());
}

/// In whatever order they are given: bindings that are lost on the way to one mechanism are an open door.
#[test]
fn what_was_asked_for_before_holds_for_ntlm_too() {
    let maker = TicketMaker::example();
    let channel = ChannelBindings::new(b"channel");
    let acceptable = AcceptableBindings { policy: BindingPolicy::Require, any_of: &[channel] };
    let config = AcceptorConfig::ntlm(ntlm_config()).channel_bindings(&acceptable).unwrap();
    let asked = initiator(&maker).channel_bindings(&channel).flags(ContextFlags::INTEGRITY);
    let (ours, theirs) = established(asked.or_ntlm(logon()), config);
    assert!(ours.is_channel_bound() && theirs.is_channel_bound());
    assert!(!theirs.flags().contains(ContextFlags::CONFIDENTIALITY));
}

#[test]
fn without_a_ticket_there_is_ntlm_for_who_wants_it() {
    let credentials = crate::krb5::Credentials::from_ccache(&TicketMaker::example().ccache()).unwrap();
    let elsewhere = Target::new("HTTP", "elsewhere.example.com").unwrap();
    let error = Initiator::krb5(&credentials, &elsewhere).unwrap_err();
    assert!(matches!(error, CredentialsError::NoTicket { .. }), "{error}");
    let (_, theirs) = established(Initiator::ntlm(logon()), AcceptorConfig::ntlm(ntlm_config()));
    assert_eq!(theirs.peer_name().unwrap().to_string(), "EXAMPLE\\alice");
}
