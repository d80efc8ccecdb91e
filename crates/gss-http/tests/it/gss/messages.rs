//! What each side writes, the other reads.

use gss_core::bindings::{TlsBinding, TlsChannel};
use gss_http::challenge::{Authorization, Credentials, challenges};
use gss_http::gss::{
    Binding, Bindings, ClientMessage, ContextId, NAME, Nonce, RequestParts, ServerMessage, State,
    UnknownBinding,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use test_support::TestRng;
use zeroize::Zeroizing;

fn id() -> impl Strategy<Value = ContextId> {
    any::<u64>().prop_map(|seed| ContextId::random(&mut TestRng::insecure(seed)))
}

fn nonce() -> impl Strategy<Value = Nonce> {
    (Nonce::FIRST.get()..=Nonce::LAST.get()).prop_map(|nonce| Nonce::new(nonce).unwrap())
}

fn binding() -> impl Strategy<Value = Option<Result<TlsBinding, UnknownBinding>>> {
    prop::sample::select(vec![None, Some(Ok(TlsBinding::Exporter)), Some(Ok(TlsBinding::ServerEndPoint))])
}

fn client_message() -> impl Strategy<Value = ClientMessage> {
    let login =
        (option::of(id()), vec(any::<u8>(), 1..100), binding()).prop_map(|(context, token, binding)| {
            ClientMessage::Login { context, token: Zeroizing::new(token), binding }
        });
    let again = (id(), nonce(), vec(any::<u8>(), 1..100), binding())
        .prop_map(|(context, nonce, mic, binding)| ClientMessage::Again { context, nonce, mic, binding });
    prop_oneof![login, again]
}

fn server_message() -> impl Strategy<Value = ServerMessage> {
    let states = [None, Some(State::Continue), Some(State::Complete), Some(State::Error)];
    let exporter = Bindings::NONE.with(TlsBinding::Exporter);
    let end_point = Bindings::NONE.with(TlsBinding::ServerEndPoint);
    let bindings = prop::sample::select(vec![Bindings::NONE, exporter, end_point, Bindings::ALL]);
    let realm = option::of("[ -~]{0,20}");
    let state = prop::sample::select(states.to_vec());
    (realm, bindings, option::of(id()), state, option::of(vec(any::<u8>(), 1..100)), any::<bool>()).prop_map(
        |(realm, bindings, context, state, token, stale)| ServerMessage {
            realm,
            bindings,
            context,
            state,
            token,
            stale,
        },
    )
}

fn read_challenge(text: &str) -> ServerMessage {
    let mut found = challenges([text]);
    let challenge = found.next().unwrap().unwrap();
    assert!(challenge.is(NAME) && found.next().is_none());
    match challenge.credentials {
        Credentials::None => ServerMessage::default(),
        Credentials::Params(params) => ServerMessage::parse(params, 1 << 16).unwrap(),
        Credentials::Token68(_) => panic!("{text}"),
    }
}

fn read_credentials(text: &str) -> ClientMessage {
    let found = Authorization::parse(text.as_bytes()).unwrap();
    let Credentials::Params(params) = found.credentials else { panic!("{text}") };
    ClientMessage::parse(params, 1 << 16).unwrap()
}

proptest! {
    #[test]
    fn credentials_are_read_as_written(message in client_message()) {
        let text = message.to_text();
        prop_assert_eq!(read_credentials(&text), message);
        prop_assert!(text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
    }

    #[test]
    fn challenges_are_read_as_written(message in server_message()) {
        let text = message.to_challenge();
        prop_assert_eq!(&read_challenge(&text), &message);
        let info = message.to_info();
        prop_assert_eq!(text, if info.is_empty() { NAME.to_owned() } else { format!("{NAME} {info}") });
    }

    #[test]
    fn no_text_is_too_strange(text in "GSS (ctx|data|mic|nonce|cb|state|stale|realm)=[\"A-Za-z0-9=, ]{0,60}") {
        if let Ok(found) = Authorization::parse(text.as_bytes())
            && let Credentials::Params(params) = found.credentials
        {
            if let Ok(message) = ClientMessage::parse(params, 64) {
                prop_assert_eq!(read_credentials(&message.to_text()).to_text(), message.to_text());
            }
            if let Ok(message) = ServerMessage::parse(params, 64) {
                prop_assert_eq!(read_challenge(&message.to_challenge()), message);
            }
        }
    }

    /// No two requests have the same bytes to sign.
    #[test]
    fn signed_messages_differ_as_requests_do(
        one in ("[A-Z]{1,3}", "[a-z:/]{0,3}", "[/a0-9]{0,3}", 1_u64..30, option::of("[a-c]{0,2}")),
        two in ("[A-Z]{1,3}", "[a-z:/]{0,3}", "[/a0-9]{0,3}", 1_u64..30, option::of("[a-c]{0,2}")),
    ) {
        type Parts = (String, String, String, u64, Option<String>);
        let channel = TlsChannel::none().with_exporter([0; 32]);
        let binding = Binding::of(&channel, TlsBinding::Exporter).next().unwrap();
        let signed = |(method, origin, target, nonce, digest): &Parts| {
            let content_digest = digest.as_ref().map(String::as_bytes);
            let parts = RequestParts { method, origin, target, content_digest, channel: &channel };
            parts.signed_message(Nonce::new(*nonce).unwrap(), &binding).unwrap()
        };
        let empty_is_none = |parts: &Parts| {
            let (method, origin, target, nonce, digest) = parts.clone();
            (method, origin, target, nonce, digest.unwrap_or_default())
        };
        prop_assert_eq!(signed(&one) == signed(&two), empty_is_none(&one) == empty_is_none(&two));
    }
}

#[test]
fn values_are_taken_quoted_or_not() {
    let id = "A".repeat(22);
    let quoted =
        read_credentials(&format!("gss CTX=\"{id}\", Data=\"AA\\AA\", cb=tls-exporter, other=\"\\\"\""));
    let bare = read_credentials(&format!("GSS data=AAAA,ctx = {id} ,cb=\"tls-exporter\""));
    assert_eq!(quoted, bare);
    assert_eq!(format!("{bare:?}"), "Login(Some(ContextId(AAAAAA..)), [3 bytes])");
}

#[test]
fn a_realm_is_visible_ascii() {
    let realm = Some("a\r\nX: y\u{e4}\"".to_owned());
    let text = ServerMessage { realm, ..ServerMessage::default() }.to_challenge();
    assert_eq!(text, r#"GSS realm="aX: y\"""#);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let found = Authorization::parse(b"GSS data=\"AA\xff=\", realm=\"\xff\"").unwrap();
    let Credentials::Params(params) = found.credentials else { panic!() };
    for error in
        [ClientMessage::parse(params, 64).unwrap_err(), ServerMessage::parse(params, 64).unwrap_err()]
    {
        assert_eq!(error.code(), "gss_param_not_ascii");
        assert!(error.to_string().contains("not ASCII"));
    }
}
