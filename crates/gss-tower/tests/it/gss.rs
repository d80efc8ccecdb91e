//! The scheme `GSS`.

use crate::support::{
    Guarded, Seen, both_schemes, credentials, env, get, guard, h2, kerberos, kerberos_and_ntlm, log_in,
    plain, send, tls,
};
use alloc::sync::Arc;
use gss::{ContextSealer, Initiator, Target, Timestamp};
use gss_core::bindings::TlsChannel;
use gss_http::Scheme;
use gss_http::gss::client::{Challenge, Client, ClientPolicy, Outcome, Response, Session};
use gss_http::gss::{MemoryContextStore, RequestParts};
use gss_tower::{AuthenticationLayer, Connection, GssScheme};

const ORIGIN: &str = "https://www.example.com:443";

fn layer() -> (AuthenticationLayer, Arc<MemoryContextStore>) {
    let store = Arc::new(MemoryContextStore::new());
    let scheme = GssScheme::new("https://www.example.com").store(Arc::clone(&store)).preferred();
    (AuthenticationLayer::builder(kerberos()).gss(scheme).build().unwrap(), store)
}

/// Logs in, over as many connections as given, one leg after the other.
pub(crate) async fn establish(
    service: &Guarded,
    user: &str,
    channel: &TlsChannel,
    connection: &Connection,
) -> (Seen, Session<ContextSealer>) {
    let asked = send(service, h2(get("/")), Some(connection)).await;
    let challenge = Challenge::find(asked.challenges()).unwrap().expect("a challenge of GSS");
    let binding = challenge.choose(channel);
    let initiator =
        Initiator::krb5(&credentials(user), &Target::new("HTTP", "www.example.com").unwrap()).unwrap();
    let initiator = match &binding {
        Some(binding) => initiator.channel_bindings(&binding.channel_bindings()),
        None => initiator,
    };
    let client = Client::new(initiator, binding, ORIGIN, ClientPolicy::default());
    let (field, exchange) = env(|env| client.begin(env)).unwrap();
    let seen =
        send(service, h2(get("/").header("authorization", field.value.as_str())), Some(connection)).await;
    let (challenges, info) = (seen.challenges(), seen.lines("authentication-info"));
    let response = Response { status: seen.status, challenges, info };
    let Outcome::Done(login) = env(|env| exchange.receive(response, env)).unwrap() else {
        panic!("{seen:?}")
    };
    let session = login.into_session().expect("a context that can be used again");
    (seen, session)
}

/// A request that goes by a MIC.
pub(crate) fn signed(
    session: &mut Session<ContextSealer>,
    channel: &TlsChannel,
    target: &str,
) -> http::request::Builder {
    let parts = RequestParts { method: "GET", origin: ORIGIN, target, content_digest: None, channel };
    let field = session.authorize(&parts, Timestamp::now()).unwrap();
    h2(get(target).header("authorization", field.value.as_str()))
}

#[tokio::test]
async fn a_login_and_then_macs() {
    let (layer, store) = layer();
    let service = guard(&layer);
    let (connection, channel) = tls(1);
    let asked = send(&service, h2(get("/")), Some(&connection)).await;
    let [gss, negotiate] = asked.challenges()[..] else { panic!("{asked:?}") };
    assert!(gss.starts_with("GSS ") && gss.contains("tls-exporter") && negotiate == "Negotiate", "{gss}");

    let (seen, mut session) = establish(&service, "alice", &channel, &connection).await;
    assert_eq!(seen.text, "alice@EXAMPLE.COM \"login\"");
    for number in 1..=3 {
        let target = format!("/200?{number}");
        let seen = send(&service, signed(&mut session, &channel, &target), Some(&connection)).await;
        assert_eq!((seen.status, seen.text.as_str()), (200, "alice@EXAMPLE.COM \"mic\""), "{seen:?}");
        assert_eq!(seen.lines("cache-control"), ["private"]);
    }
    let counted = layer.counters().snapshot();
    assert_eq!((counted.logins_krb5, counted.reauthentications), (1, 3));
    assert_eq!((store.partial(), store.established()), (0, 1));
}

#[tokio::test]
async fn a_mic_is_good_for_one_request_on_its_channel() {
    let (layer, _) = layer();
    let service = guard(&layer);
    let (connection, channel) = tls(1);
    let (other, _) = tls(2);
    let (_, mut session) = establish(&service, "alice", &channel, &connection).await;
    let value = |request: http::request::Builder| {
        request.headers_ref().unwrap().get("authorization").unwrap().to_str().unwrap().to_owned()
    };
    let first = value(signed(&mut session, &channel, "/200"));
    let request = |target: &str| h2(get(target).header("authorization", &first));
    assert_eq!(send(&service, request("/200"), Some(&connection)).await.status, 200);
    // Replayed, for another target, on another connection, and by another method.
    let second = value(signed(&mut session, &channel, "/200"));
    let request = |target: &str, value: &str| h2(get(target).header("authorization", value));
    for (request, connection, code) in [
        (request("/200", &first), &connection, "gss_nonce_replayed"),
        (request("/other", &second), &connection, "gss_mic"),
        (request("/200", &second), &other, "gss_other_channel"),
        (request("/200", &second).method("POST"), &connection, "gss_mic"),
    ] {
        let seen = send(&service, request, Some(connection)).await;
        assert_eq!(seen.status, 401, "{code}");
        assert!(seen.challenges().contains(&"Negotiate"));
        assert!(layer.counters().snapshot().rejected.contains_key(code), "{code}");
    }
    // None of that used the nonce up.
    let seen = send(&service, request("/200", &second), Some(&connection)).await;
    assert_eq!(seen.text, "alice@EXAMPLE.COM \"mic\"");
}

#[tokio::test]
async fn who_logs_out_is_asked_to_log_in_again() {
    let (layer, store) = layer();
    let kept = Arc::new(std::sync::Mutex::new(None));
    let slot = Arc::clone(&kept);
    let service = tower_layer::Layer::layer(
        &layer,
        tower::service_fn(move |request: http::Request<http_body_util::Full<bytes::Bytes>>| {
            *slot.lock().unwrap() = request.extensions().get::<gss_tower::Authenticated>().cloned();
            crate::support::echo(request)
        }),
    );
    let (connection, channel) = tls(1);
    let (_, mut session) = establish(&guard(&layer), "alice", &channel, &connection).await;
    let seen = send(&service, signed(&mut session, &channel, "/200"), Some(&connection)).await;
    assert_eq!(seen.status, 200);
    let who = kept.lock().unwrap().take().unwrap();
    layer.log_out(&who).unwrap();
    assert_eq!(store.established(), 0);
    let seen = send(&service, signed(&mut session, &channel, "/200"), Some(&connection)).await;
    assert_eq!(seen.status, 401);
    assert!(seen.challenges()[0].contains("stale"), "{seen:?}");
}

#[tokio::test]
async fn malformed_parameters_are_bad_requests() {
    let (layer, _) = layer();
    let service = guard(&layer);
    for value in ["GSS", "GSS data=\"*\"", "GSS ctx=x", "GSS data=\"YQ==\", nonce=1", "GSS YWJj"] {
        let seen = send(&service, get("/").header("authorization", value), Some(&plain())).await;
        assert_eq!(seen.status, 400, "{value} {seen:?}");
        assert!(seen.text.len() > 10 && seen.challenges().is_empty());
    }
}

/// A request with credentials begins anew, whatever scheme they are of.
#[tokio::test]
async fn credentials_of_the_scheme_end_the_connections_login() {
    let builder = AuthenticationLayer::builder(kerberos_and_ntlm()).policy(both_schemes());
    let layer = builder.gss(GssScheme::new("https://www.example.com")).build().unwrap();
    let service = guard(&layer);
    let (connection, channel) = tls(1);
    let (_, mut session) = establish(&service, "bob", &channel, &connection).await;
    assert_eq!(log_in(&service, &connection, Scheme::Ntlm, "alice").await.status, 200);
    assert_eq!(send(&service, get("/"), Some(&connection)).await.text, "EXAMPLE\\alice \"connection\"");
    let request = signed(&mut session, &channel, "/200").version(http::Version::HTTP_11);
    assert_eq!(send(&service, request, Some(&connection)).await.text, "bob@EXAMPLE.COM \"mic\"");
    let seen = send(&service, get("/"), Some(&connection)).await;
    assert_eq!((seen.status, seen.challenges().len()), (401, 3));
    // The order of the builder: GSS last, unless it is preferred.
    assert!(seen.challenges()[2].starts_with("GSS"), "{seen:?}");
}
