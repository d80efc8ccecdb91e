//! IAKERB: KDC messages through the acceptor, bound to the AP exchange by a checksum.

extern crate alloc;

use alloc::sync::Arc;

use crate::world::{CLIENT, SERVICE, acceptor, config, held, maker};
use gss_core::{Blame, Diagnose, Env, Handshake, MajorStatus, Step, Timestamp, oid};
use gss_krb5::iakerb::{
    Draft, IakerbAcceptor, IakerbError, IakerbInitiator, IakerbInitiatorError, IakerbStep, KdcFailure,
    MAX_HOPS, ProxyMessage, TicketSource, TicketStep,
};
use gss_krb5::replay::MemoryReplayCache;
use gss_krb5::token::ContextToken;
use gss_krb5::{Accepted, AcceptorConfig, AcceptorError, Context, ServiceKeys, ServiceTicket};
use krb5_asn1::{Decode, ErrorCode, KrbError};
use krb5_crypto::{EncType, Key};
use krb5_files::Keytab;
use test_support::{TestRng, vectors};

const ENCTYPE: EncType = EncType::AES256_CTS_HMAC_SHA1_96;
const NOW: i64 = 1_700_000_000;

/// Asks for the realm, sends two requests, and has a ticket then.
struct Scripted {
    replies: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct Unexpected(String);

impl core::fmt::Display for Unexpected {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for Unexpected {}

impl Diagnose for Unexpected {
    fn blame(&self) -> Blame {
        Blame::Environment
    }
    fn code(&self) -> &'static str {
        "unexpected"
    }
    fn major(&self) -> MajorStatus {
        MajorStatus::FAILURE
    }
}

impl TicketSource for Scripted {
    type Error = Unexpected;

    fn advance(
        &mut self,
        realm: Option<&str>,
        reply: Option<&[u8]>,
        _: &mut Env<'_>,
    ) -> Result<TicketStep, Unexpected> {
        let Some(realm) = realm else { return Ok(TicketStep::AskRealm) };
        if realm != "EXAMPLE.COM" {
            return Err(Unexpected(realm.to_owned()));
        }
        if let Some(reply) = reply {
            self.replies.push(reply.to_vec());
        }
        Ok(match self.replies.len() {
            2 => TicketStep::Ticket(ticket()),
            index => {
                TicketStep::Request { realm: realm.to_owned(), message: format!("request {index}").into() }
            }
        })
    }
}

fn ticket() -> ServiceTicket {
    Arc::into_inner(held(&maker(ENCTYPE))).unwrap()
}

type Acceptor = IakerbAcceptor<Arc<AcceptorConfig>>;

/// What happened on the acceptor's side.
struct Ended {
    relayed: Vec<String>,
    legs: usize,
}

/// Runs both sides; `tamper` may change each of the initiator's tokens and each reply of the KDC.
fn run(
    tamper_token: impl FnMut(usize, &mut Vec<u8>),
    tamper_answer: impl FnMut(usize, &mut Vec<u8>),
) -> Result<Ended, Result<IakerbError, IakerbInitiatorError<Unexpected>>> {
    run_after(Draft::Kitten, tamper_token, tamper_answer)
}

fn run_after(
    draft: Draft,
    mut tamper_token: impl FnMut(usize, &mut Vec<u8>),
    mut tamper_answer: impl FnMut(usize, &mut Vec<u8>),
) -> Result<Ended, Result<IakerbError, IakerbInitiatorError<Unexpected>>> {
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    let mut ended = Ended { relayed: Vec::new(), legs: 0 };
    let mut initiator = Some(IakerbInitiator::new(Scripted { replies: Vec::new() }).draft(draft));
    let mut responder: Option<Acceptor> = Some(IakerbAcceptor::new(acceptor(config(ENCTYPE)), "EXAMPLE.COM"));
    let mut answer = Vec::new();
    loop {
        let mut token = Vec::new();
        let step = initiator.take().unwrap().step(&mut answer, &mut token, &mut env).map_err(Err)?;
        match step {
            Step::Done(context) => {
                assert_eq!(gss_core::SecurityContext::facts(&context).peer.unwrap().to_string(), SERVICE);
                return Ok(ended);
            }
            Step::Continue(next) => initiator = Some(next),
        }
        tamper_token(ended.legs, &mut token);
        answer = Vec::new();
        let Some(state) = responder.take() else { panic!("the acceptor is through and gets another token") };
        match state.step(&mut token, &mut answer, &mut env).map_err(Ok)? {
            IakerbStep::Continue(next) => responder = Some(next),
            IakerbStep::Relay(relay) => {
                assert_eq!(relay.realm(), "EXAMPLE.COM");
                let request = String::from_utf8(relay.request().to_vec()).unwrap();
                let reply = format!("reply to {request}");
                ended.relayed.push(request);
                responder = Some(relay.answer(reply.as_bytes(), &mut answer).map_err(Ok)?);
            }
            IakerbStep::Done(context) => {
                let facts = gss_core::SecurityContext::facts(&context);
                assert_eq!(
                    (facts.peer.unwrap().to_string().as_str(), facts.mechanism),
                    (CLIENT, oid::IAKERB)
                );
            }
            IakerbStep::Kerberos(_) => panic!("no DCE style was asked for"),
        }
        tamper_answer(ended.legs, &mut answer);
        ended.legs += 1;
    }
}

#[test]
fn requests_are_carried_and_bound_to_the_context() {
    let ended = run(|_, _| {}, |_, _| {}).unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(ended.relayed, ["request 0", "request 1"]);
    assert_eq!(ended.legs, 4);
}

/// Only the first token of the older draft is framed, and its realm is an OCTET STRING.
#[test]
fn an_initiator_follows_the_older_draft_when_told() {
    let mut sent = Vec::new();
    let mut draft_of_answers = Vec::new();
    let ended = run_after(
        Draft::Zhu,
        |_, token| sent.push(token.clone()),
        |_, answer| {
            if let Ok(framed) = ContextToken::parse_as(answer, &oid::IAKERB)
                && let Ok(proxied) = ProxyMessage::parse(&answer[framed.message])
            {
                draft_of_answers.push(proxied.draft);
            }
        },
    );
    assert_eq!(ended.unwrap_or_else(|error| panic!("{error:?}")).relayed, ["request 0", "request 1"]);
    assert_eq!(draft_of_answers, [Draft::Zhu; 3]);
    let framed: Vec<_> =
        sent.iter().map(|token| ContextToken::parse_as(token, &oid::IAKERB).is_ok()).collect();
    assert_eq!(framed, [true, false, false, true], "the last one is the AP-REQ");
    let proxied = ProxyMessage::parse(&sent[1][2..]).unwrap();
    assert_eq!((proxied.draft, proxied.message), (Draft::Zhu, &b"request 0"[..]));
    for leg in 1..3 {
        let error = run_after(
            Draft::Zhu,
            |index, token| {
                if index == leg {
                    *token.last_mut().unwrap() ^= 1;
                }
            },
            |_, _| {},
        );
        assert!(
            matches!(error, Err(Ok(IakerbError::Acceptor(AcceptorError::IakerbFinishedMismatch)))),
            "leg {leg}"
        );
    }
}

#[test]
fn a_changed_request_or_reply_is_noticed() {
    let last = |token: &mut Vec<u8>| *token.last_mut().unwrap() ^= 1;
    for leg in 1..3 {
        let error = run(
            |index, token| {
                if index == leg {
                    last(token);
                }
            },
            |_, _| {},
        )
        .err()
        .unwrap();
        assert!(
            matches!(error, Ok(IakerbError::Acceptor(AcceptorError::IakerbFinishedMismatch))),
            "{error:?}"
        );
        let error = run(
            |_, _| {},
            |index, token| {
                if index == leg {
                    last(token);
                }
            },
        )
        .err()
        .unwrap();
        assert!(
            matches!(error, Ok(IakerbError::Acceptor(AcceptorError::IakerbFinishedMismatch))),
            "{error:?}"
        );
    }
}

#[test]
fn an_ap_req_that_ignores_what_was_carried_is_refused() {
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    let responder = IakerbAcceptor::new(acceptor(config(ENCTYPE)), "EXAMPLE.COM");
    let mut token = Vec::new();
    ProxyMessage { realm: "", cookie: None, message: b"", draft: Draft::Kitten }.write(&mut token).unwrap();
    let mut answer = Vec::new();
    let IakerbStep::Continue(responder) = responder.step(&mut token, &mut answer, &mut env).unwrap() else {
        panic!("asked for the realm only")
    };
    // An initiator that goes straight to the AP exchange has no checksum over what came before.
    struct Ready;
    impl TicketSource for Ready {
        type Error = Unexpected;
        fn advance(
            &mut self,
            _: Option<&str>,
            _: Option<&[u8]>,
            _: &mut Env<'_>,
        ) -> Result<TicketStep, Unexpected> {
            Ok(TicketStep::Ticket(ticket()))
        }
    }
    let mut token = Vec::new();
    let Step::Continue(_) = IakerbInitiator::new(Ready).step(&mut [], &mut token, &mut env).unwrap() else {
        panic!("mutual authentication was asked for")
    };
    let error = responder.step(&mut token, &mut Vec::new(), &mut env).unwrap_err();
    assert_eq!(error, IakerbError::Acceptor(AcceptorError::IakerbFinishedMissing));

    // Where nothing was carried there is nothing to bind.
    let responder = IakerbAcceptor::new(acceptor(config(ENCTYPE)), "EXAMPLE.COM");
    let mut token = Vec::new();
    let _ = IakerbInitiator::new(Ready).step(&mut [], &mut token, &mut env).unwrap();
    assert!(matches!(responder.step(&mut token, &mut Vec::new(), &mut env), Ok(IakerbStep::Done(_))));
}

#[test]
fn endless_proxying_is_refused() {
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    let mut responder = IakerbAcceptor::new(acceptor(config(ENCTYPE)), "EXAMPLE.COM");
    for round in 0.. {
        let mut token = Vec::new();
        ProxyMessage { realm: "", cookie: None, message: b"", draft: Draft::Kitten }
            .write(&mut token)
            .unwrap();
        match responder.step(&mut token, &mut Vec::new(), &mut env) {
            Ok(IakerbStep::Continue(next)) => responder = next,
            Err(error) => {
                assert_eq!((error, round), (IakerbError::TooManyHops, MAX_HOPS / 2));
                return;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_unreachable_kdc_is_told_and_cookies_come_back() {
    for (failure, code) in [
        (KdcFailure::NotFound, ErrorCode::KRB_AP_ERR_IAKERB_KDC_NOT_FOUND),
        (KdcFailure::NoResponse, ErrorCode::KRB_AP_ERR_IAKERB_KDC_NO_RESPONSE),
    ] {
        let mut rng = TestRng::insecure(1);
        let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
        let responder = IakerbAcceptor::new(acceptor(config(ENCTYPE)), "EXAMPLE.COM");
        let mut token = Vec::new();
        ProxyMessage { realm: "OTHER", cookie: Some(b"state"), message: b"request", draft: Draft::Kitten }
            .write(&mut token)
            .unwrap();
        let IakerbStep::Relay(relay) = responder.step(&mut token, &mut Vec::new(), &mut env).unwrap() else {
            panic!("a request is to be relayed")
        };
        let mut answer = Vec::new();
        let _ = relay.fail(failure, &mut answer, &env).unwrap();
        let framed = gss_core::framing::Framed::parse(&answer).unwrap();
        let proxied = ProxyMessage::parse(&framed.inner[2..]).unwrap();
        assert_eq!((proxied.realm, proxied.cookie), ("OTHER", Some(&b"state"[..])));
        assert_eq!(KrbError::from_der(proxied.message).unwrap().error_code, code);
    }
}

#[test]
fn a_request_without_a_realm_and_broken_headers_are_refused() {
    let step = |token: &mut [u8]| {
        let mut rng = TestRng::insecure(1);
        let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
        let responder = IakerbAcceptor::new(acceptor(config(ENCTYPE)), "EXAMPLE.COM");
        responder.step(token, &mut Vec::new(), &mut env).map(|_| ()).unwrap_err()
    };
    let mut token = Vec::new();
    ProxyMessage { realm: "", cookie: None, message: b"request", draft: Draft::Kitten }
        .write(&mut token)
        .unwrap();
    assert_eq!(step(&mut token.clone()), IakerbError::NoRealm);
    let mut broken = Vec::from(*b"\x05\x01\x30\x03\xa1\x01");
    gss_core::framing::frame_from(&mut broken, 0, &oid::IAKERB).unwrap();
    assert!(matches!(step(&mut broken), IakerbError::Decode(_)));
    for len in 0..token.len() {
        let _: IakerbError = step(&mut token[..len].to_vec());
    }
}

/// MIT's initiator, recorded, which follows the older draft: our acceptor says again what it said then.
#[test]
fn a_login_of_mit_plays_back() {
    let file = vectors::load("iakerb/mit-login.txt");
    let setup = &file.records()[0];
    let tokens: Vec<_> = file.records_of("token").map(|record| record.hex("token")).collect();
    assert!(tokens.len() >= 8, "realm, challenge, tickets, AP exchange");
    let play = |tamper: &dyn Fn(usize, &mut Vec<u8>)| {
        let mut rng = TestRng::insecure(1);
        let mut env = Env::new(Timestamp::from_seconds(setup.int("unix")), &mut rng);
        let config = AcceptorConfig::new(keys_of(&setup.hex("keytab")), MemoryReplayCache::with_capacity(8));
        let mut acceptor = IakerbAcceptor::new(gss_krb5::Acceptor::new(Arc::new(config)), "INTEROP.TEST");
        for leg in tokens.chunks_exact(2) {
            let (mut token, answer) = (leg[0].clone(), &leg[1]);
            let index = tokens.iter().position(|token| *token == leg[0]).unwrap();
            tamper(index, &mut token);
            let mut output = Vec::new();
            acceptor = match acceptor.step(&mut token, &mut output, &mut env)? {
                IakerbStep::Relay(relay) => {
                    let content = ContextToken::parse_as(answer, &oid::IAKERB).unwrap().message;
                    let reply = ProxyMessage::parse(&answer[content]).unwrap();
                    assert_eq!((relay.realm(), reply.draft), ("INTEROP.TEST", Draft::Zhu));
                    let next = relay.answer(reply.message, &mut output)?;
                    assert_eq!(output, *answer);
                    next
                }
                IakerbStep::Done(context) => return Ok(context),
                other => panic!("{other:?}"),
            };
        }
        panic!("the recording ends before the login")
    };
    let context: Context<Accepted> = play(&|_, _| {}).unwrap_or_else(|error: IakerbError| panic!("{error}"));
    assert_eq!(context.parties().client().to_string(), setup.text("client"));
    assert!(context.parties().has_verified_pac());

    // The last byte of each request, which the acceptor does not read: the checksum of the older draft covers it.
    for request in (0..tokens.len() - 2).step_by(2) {
        let error = play(&|index, token| {
            if index == request {
                *token.last_mut().unwrap() ^= 1;
            }
        });
        assert_eq!(
            error.unwrap_err(),
            IakerbError::Acceptor(AcceptorError::IakerbFinishedMismatch),
            "token {request}"
        );
    }
}

fn keys_of(keytab: &[u8]) -> ServiceKeys {
    let mut keys = ServiceKeys::new();
    for entry in Keytab::parse(keytab).unwrap().entries {
        let key = Key::new(EncType(entry.key.keytype()), entry.key.keyvalue()).unwrap();
        keys.add(entry.principal, entry.kvno, key);
    }
    keys
}

#[test]
fn a_token_without_framing_may_not_be_the_first() {
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    let start = || IakerbAcceptor::new(acceptor(config(ENCTYPE)), "EXAMPLE.COM");
    let bare = || {
        let mut token = Vec::new();
        let message = ProxyMessage { realm: "R", cookie: None, message: b"request", draft: Draft::Zhu };
        message.write(&mut token).unwrap();
        let content = ContextToken::parse_as(&token, &oid::IAKERB).unwrap().message;
        [b"\x05\x01", &token[content]].concat()
    };
    let error = start().step(&mut bare(), &mut Vec::new(), &mut env).unwrap_err();
    assert!(matches!(error, IakerbError::Acceptor(AcceptorError::Token(_))), "{error:?}");

    let mut first = Vec::new();
    ProxyMessage { realm: "", cookie: None, message: b"", draft: Draft::Zhu }.write(&mut first).unwrap();
    let mut answer = Vec::new();
    let IakerbStep::Continue(next) = start().step(&mut first, &mut answer, &mut env).unwrap() else {
        panic!("asked for the realm only")
    };
    let content = ContextToken::parse_as(&answer, &oid::IAKERB).unwrap().message;
    let expected = ProxyMessage { realm: "EXAMPLE.COM", cookie: None, message: b"", draft: Draft::Zhu };
    assert_eq!(ProxyMessage::parse(&answer[content]), Ok(expected), "answered in kind");
    assert!(matches!(next.step(&mut bare(), &mut Vec::new(), &mut env), Ok(IakerbStep::Relay(_))));
}

#[test]
fn the_acceptors_cookie_is_returned() {
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(NOW), &mut rng);
    let cookie_of = |token: &[u8]| {
        let content = ContextToken::parse_as(token, &oid::IAKERB).unwrap().message;
        ProxyMessage::parse(&token[content]).unwrap().cookie.map(Vec::from)
    };
    let mut initiator = IakerbInitiator::new(Scripted { replies: Vec::new() });
    let mut answer = Vec::new();
    for cookie in [None, Some(&b"first"[..]), None] {
        let mut token = Vec::new();
        let Step::Continue(next) = initiator.step(&mut answer, &mut token, &mut env).unwrap() else {
            panic!("there are requests to send")
        };
        initiator = next;
        let returned = if answer.is_empty() { None } else { cookie_of(&answer) };
        assert_eq!(cookie_of(&token), returned);
        answer = Vec::new();
        let message = if cookie.is_some() { &b""[..] } else { b"reply" };
        let message = ProxyMessage { realm: "EXAMPLE.COM", cookie, message, draft: Draft::Kitten };
        message.write(&mut answer).unwrap();
    }
}
