mod iakerb;
#[cfg(feature = "ntlm")]
mod ntlm;
mod repeating;

#[cfg(feature = "rc4")]
use crate::krb5::Allow;
use crate::krb5::replay::MemoryReplayCache;
use crate::krb5::{self, Credentials, CredentialsError, Principal, TicketFlags, service_keys, to_ccache};
use crate::{
    AcceptableBindings, Acceptor, AcceptorConfig, BindingPolicy, ChannelBindings, Context, ContextFlags,
    Diagnose, Env, Framing, Handshake, Initiator, MajorStatus, MessageError, Opener, Protection, Sealer,
    SecurityContext, SequenceStatus, Step, Target, Timestamp,
};
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use krb5_crypto::EncType;
use test_support::TestRng;
use test_support::pair::{End, Pair, Run};
use test_support::ticket::{NOW, TicketMaker, key};

fn initiator(maker: &TicketMaker) -> Initiator {
    let credentials = Credentials::from_ccache(&maker.ccache()).unwrap();
    Initiator::krb5(&credentials, &Target::new("HTTP", "www.example.com").unwrap()).unwrap()
}

fn config(maker: &TicketMaker) -> AcceptorConfig {
    AcceptorConfig::from_keytab(&maker.keytab()).unwrap()
}

fn krb5_config(maker: &TicketMaker) -> krb5::AcceptorConfig {
    krb5::AcceptorConfig::new(service_keys(&maker.keytab()).unwrap(), MemoryReplayCache::new())
}

fn run(initiator: Initiator, config: AcceptorConfig) -> Run<Initiator, Acceptor> {
    Pair::at(NOW).run(initiator, Acceptor::new(Arc::new(config)))
}

fn established(initiator: Initiator, config: AcceptorConfig) -> (Context, Context) {
    match run(initiator, config) {
        Run { initiator: End::Done(ours), acceptor: End::Done(theirs), .. } => (ours, theirs),
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_framings_end_in_contexts_that_agree() {
    let maker = TicketMaker::example();
    for (raw, framing) in [
        (false, Framing::Spnego),
        (true, Framing::Raw),
        (false, Framing::SpnegoOrRaw),
        (true, Framing::SpnegoOrRaw),
    ] {
        let initiator = if raw { initiator(&maker).raw() } else { initiator(&maker) };
        let (mut ours, mut theirs) = established(initiator, config(&maker).framing(framing));
        assert_eq!(ours.peer_name().as_deref(), Some("HTTP/www.example.com@EXAMPLE.COM"));
        assert_eq!(theirs.peer_name().as_deref(), Some("alice@EXAMPLE.COM"));
        assert_eq!(theirs.krb5_accepted().unwrap().service().to_string(), maker.service.to_string());
        assert!(ours.flags().contains(ContextFlags::MUTUAL));
        assert_eq!(ours.negotiation().is_some(), !raw);
        assert_eq!(ours.secret_session_key(), theirs.secret_session_key());
        let token = ours.wrap(b"message", &mut TestRng::insecure(9)).unwrap();
        let message = theirs.unwrap(&token).unwrap();
        assert_eq!((message.protection, &message.data[..]), (Protection::Confidentiality, &b"message"[..]));
        assert_eq!(message.in_order().unwrap(), b"message");
        assert_eq!(
            theirs.unwrap(&token).unwrap().in_order(),
            Err(MessageError::OutOfSequence(SequenceStatus::Duplicate))
        );
        let mic = theirs.mic(b"message").unwrap();
        assert_eq!(ours.verify_mic(b"message", &mic), Ok(SequenceStatus::Ok));
        assert_eq!(ours.verify_mic(b"massage", &mic), Err(MessageError::BadMic));
    }
}

#[test]
fn halves_work_on_two_threads() {
    let maker = TicketMaker::example();
    let (ours, theirs) = established(initiator(&maker), config(&maker));
    let (mut sealer, _) = ours.split();
    let (_, mut opener) = theirs.split();
    let tokens = std::thread::spawn(move || {
        let mut token = Vec::new();
        sealer.wrap(Protection::Integrity, b"message", &mut token, &mut TestRng::insecure(3)).unwrap();
        token
    });
    let mut token = tokens.join().unwrap();
    assert_eq!(opener.unwrap(&mut token).unwrap().in_order().unwrap(), b"message");
}

#[test]
fn raw_tokens_are_refused_unless_wanted() {
    let maker = TicketMaker::example();
    let run = run(initiator(&maker).raw(), config(&maker));
    let End::Failed(error) = run.acceptor else { panic!("{run:?}") };
    assert_eq!(error.code(), "raw_token_refused");
    assert!(error.krb5_acceptor().is_none());
}

#[test]
fn spnego_is_refused_where_raw_tokens_are_wanted() {
    let maker = TicketMaker::example();
    let run = run(initiator(&maker), config(&maker).framing(Framing::Raw));
    assert!(matches!(run.acceptor, End::Failed(_)), "{run:?}");
}

#[test]
fn a_missing_ticket_is_explained() {
    let credentials = Credentials::from_ccache(&TicketMaker::example().ccache()).unwrap();
    let error = Initiator::krb5(&credentials, &Target::new("ldap", "ldap.example.com").unwrap()).unwrap_err();
    assert_eq!(error.major(), MajorStatus::NO_CRED);
    assert_eq!(
        error.to_string(),
        "no ticket for ldap/ldap.example.com among the credentials of alice@EXAMPLE.COM, which are for \
         HTTP/www.example.com@EXAMPLE.COM; get one with `kvno ldap/ldap.example.com`"
    );
}

#[test]
fn files_of_another_kind_are_refused() {
    let maker = TicketMaker::example();
    assert!(matches!(Credentials::from_ccache(b"\x05\x09"), Err(CredentialsError::Ccache(_))));
    assert!(matches!(service_keys(b"\x05\x09"), Err(CredentialsError::Keytab(_))));
    assert_eq!(
        service_keys(b"\x05\x02").unwrap_err().to_string(),
        CredentialsError::NoKeys { passed_over: Vec::new() }.to_string()
    );
    assert_eq!(service_keys(&maker.keytab()).unwrap().iter().count(), 1);
}

#[test]
fn of_several_tickets_the_one_that_holds_longest_is_taken() {
    let (short, mut long) = (TicketMaker::example(), TicketMaker::example());
    long.service = Principal::new_service("HTTP", "www.example.com", "OTHER.EXAMPLE.COM");
    long.end_time += 60;
    let mut ccache = krb5_files::Ccache::new(short.client.clone());
    ccache.entries = Vec::from([short.credential(), long.credential()]);
    let credentials = Credentials::from_ccache(&ccache.to_bytes().unwrap()).unwrap();
    let target = Target::new("HTTP", "www.example.com").unwrap();
    assert_eq!(credentials.ticket_for(&target).unwrap().server, long.service);
}

#[test]
fn tickets_of_unknown_enctypes_are_named() {
    let maker = TicketMaker::example();
    let mut ccache = krb5_files::Ccache::new(maker.client.clone());
    let mut credential = maker.credential();
    credential.key = krb5_asn1::EncryptionKeyBuf::new(3, [1; 8]);
    ccache.entries.push(credential);
    let credentials = Credentials::from_ccache(&ccache.to_bytes().unwrap()).unwrap();
    let error = credentials.ticket_for(&Target::new("HTTP", "www.example.com").unwrap()).unwrap_err();
    assert!(matches!(error, CredentialsError::UnsupportedTicket(_)));
    assert!(error.to_string().contains("des-cbc-md5"), "{error}");
}

#[test]
fn an_expired_ticket_is_not_sent() {
    let mut maker = TicketMaker::example();
    maker.end_time = NOW - 1;
    let run = run(initiator(&maker), config(&maker));
    let End::Failed(error) = run.initiator else { panic!("{run:?}") };
    assert_eq!(error.major(), MajorStatus::CREDENTIALS_EXPIRED);
    assert!(error.krb5_initiator().is_some());
}

#[test]
fn a_replay_is_refused_by_whoever_shares_the_cache() {
    let maker = TicketMaker::example();
    let cache = Arc::new(MemoryReplayCache::new());
    let config = || Arc::new(AcceptorConfig::from_keytab_with(&maker.keytab(), Arc::clone(&cache)).unwrap());
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    let mut token = Vec::new();
    let _ = initiator(&maker).step(&mut [], &mut token, &mut env).unwrap();
    let accept = |env: &mut Env<'_>| {
        Acceptor::new(config()).step(&mut token.clone(), &mut Vec::new(), env).map(|_| ())
    };
    accept(&mut env).unwrap();
    let error = accept(&mut env).unwrap_err();
    assert_eq!((error.major(), error.minor()), (MajorStatus::DUPLICATE_TOKEN, Some(34)));
}

#[test]
fn bindings_of_the_connection_count() {
    let maker = TicketMaker::example();
    let channel = ChannelBindings::new(b"channel");
    let other = ChannelBindings::new(b"other");
    for (sent, bound) in [(channel, true), (other, false)] {
        let acceptable = AcceptableBindings { policy: BindingPolicy::Require, any_of: &[channel] };
        let acceptor = Acceptor::new(Arc::new(config(&maker))).channel_bindings(&acceptable).unwrap();
        let run = Pair::at(NOW).run(initiator(&maker).channel_bindings(&sent), acceptor);
        match run.acceptor {
            End::Done(context) => assert!(bound && context.is_channel_bound()),
            End::Failed(error) => {
                assert!(!bound);
                assert_eq!(error.major(), MajorStatus::BAD_BINDINGS);
            }
            End::Waiting(_) => panic!("{run:?}"),
        }
    }
}

#[test]
fn delegated_tickets_arrive_and_can_be_kept() {
    let maker = TicketMaker::example();
    let mut granting =
        TicketMaker::new("alice@EXAMPLE.COM", "krbtgt/EXAMPLE.COM@EXAMPLE.COM", key(EncType(18), 8));
    granting.flags = TicketFlags::FORWARDABLE | TicketFlags::FORWARDED;
    let granting = Credentials::from_ccache(&granting.ccache()).unwrap().ticket_granting_ticket().unwrap();
    let (ours, theirs) = established(initiator(&maker).delegate(granting), config(&maker));
    assert!(ours.flags().contains(ContextFlags::DELEGATION) && ours.delegated().is_empty());
    let kept = to_ccache(theirs.krb5_accepted().unwrap().client(), theirs.delegated()).unwrap();
    let kept = Credentials::from_ccache(&kept).unwrap();
    assert_eq!(kept.client(), &maker.client);
    assert!(kept.ticket_granting_ticket().is_ok());
}

#[test]
fn there_is_nothing_to_delegate_without_a_ticket_granting_ticket() {
    let credentials = Credentials::from_ccache(&TicketMaker::example().ccache()).unwrap();
    let error = credentials.ticket_granting_ticket().unwrap_err();
    assert!(error.to_string().ends_with("get one with `kinit`"), "{error}");
}

#[test]
fn other_services_of_the_keytab_are_refused_on_demand() {
    let maker = TicketMaker::example();
    let other = Principal::new_service("HTTP", "other.example.com", "EXAMPLE.COM");
    let run = run(initiator(&maker), AcceptorConfig::krb5(krb5_config(&maker).accept_only(other)));
    let End::Failed(error) = run.acceptor else { panic!("{run:?}") };
    assert!(error.krb5_acceptor().is_some(), "{error}");
}

#[test]
#[cfg(feature = "rc4")]
fn rc4_has_to_be_allowed_on_both_sides() {
    let mut maker = TicketMaker::example();
    maker.session_key = key(EncType::RC4_HMAC, 4);
    maker.service_key = key(EncType::RC4_HMAC, 5);
    assert!(matches!(run(initiator(&maker), config(&maker)).initiator, End::Failed(_)));
    let refused = run(initiator(&maker).allow_weak_enctypes(), config(&maker));
    assert!(matches!(refused.acceptor, End::Failed(_)), "{refused:?}");
    let config = AcceptorConfig::krb5(krb5_config(&maker).allow(Allow::WEAK_ENCTYPES));
    let (mut ours, mut theirs) = established(initiator(&maker).allow_weak_enctypes(), config);
    let token = ours.wrap(b"message", &mut TestRng::insecure(9)).unwrap();
    assert_eq!(theirs.unwrap(&token).unwrap().in_order().unwrap(), b"message");
}

#[test]
fn setters_do_nothing_once_started() {
    let maker = TicketMaker::example();
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    let Step::Continue(next) = initiator(&maker).step(&mut [], &mut Vec::new(), &mut env).unwrap() else {
        panic!("mutual authentication takes a reply")
    };
    let next = next.raw().flags(ContextFlags::NONE);
    assert!(alloc::format!("{next:?}").contains("Spnego"));
}
