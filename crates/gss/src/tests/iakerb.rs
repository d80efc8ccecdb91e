//! Logins through the acceptor, with the test KDC behind it.

use super::*;
use crate::krb5::iakerb::{
    self, AsOptions, Draft, IakerbAcceptor, IakerbInitiator, IakerbInitiatorError, IakerbLoginError,
    IakerbStep, KdcFailure, Login, Secret, TicketSource, TicketStep,
};
use alloc::string::String;
use krb5_testkdc::{Account, Clock, Kdc, Port, Realm};

const SERVICE: &str = "HTTP/www.example.com@EXAMPLE.COM";

/// The realm of user and service, and one whose only user is trusted there.
fn kdc() -> Kdc {
    let home = Realm::new("EXAMPLE.COM")
        .user("alice", "secret")
        .account(Account { requires_preauth: false, ..Account::user("bob", "secret") })
        .service("HTTP/www.example.com");
    let away = Realm::new("OTHER.TEST").user("carol", "secret").host("www.example.com", "EXAMPLE.COM");
    let clock = Clock::manual(Timestamp::from_seconds(NOW));
    Kdc::builder().realm(home).realm(away).trust("OTHER.TEST", "EXAMPLE.COM").clock(clock).build().unwrap()
}

fn login(client: &str, password: &str) -> Login {
    let client = Principal::parse(client, Some("")).unwrap();
    let target = Target::new("HTTP", "www.example.com").unwrap();
    Login::new(AsOptions::new(client), Secret::password(password), &target)
}

type Failed = IakerbInitiatorError<IakerbLoginError>;

/// What the acceptor's side tells: realms that were asked, and the client.
struct Accepted {
    asked: Vec<String>,
    client: String,
}

/// Carries tokens to the end.
fn run(kdc: &Kdc, initiator: IakerbInitiator<Login>, reachable: bool) -> Result<Accepted, Failed> {
    let mut rng = TestRng::insecure(7);
    let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    let keys = service_keys(&kdc.keytab(&[SERVICE]).unwrap().to_bytes().unwrap()).unwrap();
    let config = Arc::new(krb5::AcceptorConfig::new(keys, MemoryReplayCache::new()));
    let mut responder = Some(IakerbAcceptor::new(iakerb::Acceptor::new(config), "EXAMPLE.COM"));
    let mut initiator = initiator;
    let (mut asked, mut accepted, mut answer) = (Vec::new(), None, Vec::new());
    loop {
        let mut token = Vec::new();
        initiator = match initiator.step(&mut answer, &mut token, &mut env)? {
            Step::Continue(next) => next,
            Step::Done(mut ours) => {
                let mut theirs: iakerb::Context<krb5::Accepted> = accepted.unwrap();
                assert_eq!(ours.facts().peer.unwrap().to_string(), SERVICE);
                let mut sealed = Vec::new();
                ours.sealer().wrap(Protection::Confidentiality, b"both", &mut sealed, env.rng).unwrap();
                assert_eq!(&*theirs.opener().unwrap(&mut sealed).unwrap().message, b"both");
                return Ok(Accepted { asked, client: theirs.facts().peer.unwrap().to_string() });
            }
        };
        answer = Vec::new();
        match responder.take().unwrap().step(&mut token, &mut answer, &mut env).unwrap() {
            IakerbStep::Continue(next) => responder = Some(next),
            IakerbStep::Relay(relay) if reachable => {
                asked.push(relay.realm().into());
                let reply = kdc.answer(Port::Kdc, relay.request()).unwrap();
                responder = Some(relay.answer(&reply, &mut answer).unwrap());
            }
            IakerbStep::Relay(relay) => {
                responder = Some(relay.fail(KdcFailure::NoResponse, &mut answer, &env).unwrap());
            }
            IakerbStep::Done(context) => accepted = Some(context),
            IakerbStep::Kerberos(_) => panic!("DCE style was not asked for"),
        }
    }
}

#[test]
fn a_password_is_enough_without_a_way_to_the_kdc() {
    for draft in [Draft::Kitten, Draft::Zhu] {
        let initiator = IakerbInitiator::new(login("alice@EXAMPLE.COM", "secret")).draft(draft);
        let accepted = run(&kdc(), initiator, true).unwrap();
        assert_eq!(accepted.client, "alice@EXAMPLE.COM");
        assert!(accepted.asked.len() >= 3, "pre-authentication and two tickets: {:?}", accepted.asked);
    }
}

#[test]
fn a_keytab_is_enough() {
    let kdc = kdc();
    let alice: Principal = "alice@EXAMPLE.COM".parse().unwrap();
    let secret = Secret::from_keytab(&kdc.keytab(&["alice@EXAMPLE.COM"]).unwrap(), &alice).unwrap();
    let target = Target::new("HTTP", "www.example.com").unwrap();
    let login = Login::new(AsOptions::new(alice), secret, &target);
    assert_eq!(run(&kdc, IakerbInitiator::new(login), true).unwrap().client, "alice@EXAMPLE.COM");
}

/// The first token asks for the realm, and the KDC is asked in that one.
#[test]
fn the_acceptor_tells_the_realm_of_a_client_without_one() {
    let accepted = run(&kdc(), IakerbInitiator::new(login("bob", "secret")), true).unwrap();
    assert_eq!(
        (&accepted.asked[..], &*accepted.client),
        (&["EXAMPLE.COM"; 2].map(String::from)[..], "bob@EXAMPLE.COM")
    );
}

#[test]
fn a_client_of_another_realm_goes_through_its_kdc() {
    let accepted = run(&kdc(), IakerbInitiator::new(login("carol@OTHER.TEST", "secret")), true).unwrap();
    assert_eq!(accepted.client, "carol@OTHER.TEST");
    assert_eq!(accepted.asked.first().map(String::as_str), Some("OTHER.TEST"));
    assert_eq!(accepted.asked.last().map(String::as_str), Some("EXAMPLE.COM"));
}

#[test]
fn what_the_kdc_refuses_is_told() {
    for (client, password, reachable, code, minor) in [
        ("alice", "wrong", true, "wrong_password", 24),
        ("nobody", "secret", true, "client_unknown", 6),
        ("alice", "secret", false, "refused", 86),
    ] {
        let error = run(&kdc(), IakerbInitiator::new(login(client, password)), reachable).err().unwrap();
        assert_eq!((error.code(), error.minor()), (code, Some(minor)), "{error}");
        assert!(matches!(error, IakerbInitiatorError::Source(IakerbLoginError::Login(_))), "{error:?}");
    }
}

/// An acceptor that says nothing of what it was asked for.
#[test]
fn answers_that_say_nothing_are_refused() {
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    let mut source = login("alice", "secret");
    assert!(matches!(source.advance(None, None, &mut env), Ok(TicketStep::AskRealm)));
    assert_eq!(source.advance(Some(""), None, &mut env).unwrap_err(), IakerbLoginError::NoRealm);
    assert_eq!(source.advance(Some("EXAMPLE.COM"), None, &mut env).unwrap_err(), IakerbLoginError::Over);

    let mut source = login("alice@EXAMPLE.COM", "secret");
    assert!(matches!(source.advance(None, None, &mut env), Ok(TicketStep::Request { .. })));
    assert_eq!(source.advance(Some("EXAMPLE.COM"), None, &mut env).unwrap_err(), IakerbLoginError::NoReply);

    let errors = [IakerbLoginError::NoRealm, IakerbLoginError::NoReply, IakerbLoginError::Over];
    let blames: Vec<_> = errors.iter().map(Diagnose::blame).collect();
    assert_eq!(blames, [crate::Blame::Peer, crate::Blame::Peer, crate::Blame::Caller]);
}
