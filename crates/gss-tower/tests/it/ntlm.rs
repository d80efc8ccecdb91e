//! Logins that belong to a connection.

use crate::support::{
    Begun, Seen, both_schemes, get, guard, log_in, login, ntlm, ntlm_layer, ntlm_with, plain, send,
};
use alloc::sync::Arc;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::Poll;
use gss_http::Scheme;
use gss_tower::{AuthenticationLayer, Connection};
use http_body_util::Full;
use std::sync::{Mutex, mpsc};
use tower::Service;

fn authorization(begun: &Begun) -> http::request::Builder {
    get("/").header("authorization", &begun.value)
}

#[tokio::test]
async fn two_legs_log_a_connection_in() {
    let layer = ntlm_layer();
    let service = guard(&layer);
    for scheme in [Scheme::Ntlm, Scheme::Negotiate] {
        let connection = plain();
        let first = ntlm(scheme, "alice");
        let seen = send(&service, authorization(&first), Some(&connection)).await;
        assert_eq!((seen.status, seen.challenges().len()), (401, 1), "{seen:?}");
        assert_eq!(layer.counters().snapshot().half_open, 1);
        let seen = send(&service, authorization(&first.go_on(&seen)), Some(&connection)).await;
        assert_eq!(seen.text, "EXAMPLE\\alice \"login\"", "{seen:?}");
        assert_eq!(seen.lines("persistent-auth"), ["true"]);
        for _ in 0..3 {
            let seen = send(&service, get("/"), Some(&connection)).await;
            assert_eq!(seen.text, "EXAMPLE\\alice \"connection\"");
            assert!(seen.lines("persistent-auth").is_empty() && seen.challenges().is_empty());
            assert_eq!(seen.lines("cache-control"), ["private"]);
        }
        let counted = layer.counters().snapshot();
        assert_eq!((counted.live, counted.half_open), (1, 0));
        connection.close();
        assert_eq!(layer.counters().snapshot().live, 0);
        assert_eq!(send(&service, get("/"), Some(&connection)).await.status, 401);
    }
    let counted = layer.counters().snapshot();
    assert_eq!((counted.logins_ntlm, counted.continued, counted.by_connection), (2, 2, 6));
}

#[tokio::test]
async fn the_second_leg_is_good_on_its_own_connection_only() {
    let layer = ntlm_layer();
    let service = guard(&layer);
    let (ours, others) = (plain(), plain());
    let first = ntlm(Scheme::Ntlm, "alice");
    let seen = send(&service, authorization(&first), Some(&ours)).await;
    let second = first.go_on(&seen);
    let refused = send(&service, authorization(&second), Some(&others)).await;
    assert_eq!(refused.status, 401, "{refused:?}");
    assert_eq!(layer.counters().snapshot().rejected.get("http_nothing_to_continue"), Some(&1));

    // Nor where another handshake is half made.
    let bobs = ntlm(Scheme::Ntlm, "bob");
    send(&service, authorization(&bobs), Some(&others)).await;
    assert_eq!(send(&service, authorization(&second), Some(&others)).await.status, 401);

    // Killed in the middle: the next connection knows nothing.
    ours.close();
    assert_eq!(send(&service, authorization(&second), Some(&plain())).await.status, 401);
    assert_eq!(send(&service, authorization(&second), Some(&ours)).await.status, 401);
    drop(others);
    let counted = layer.counters().snapshot();
    assert_eq!((counted.half_open, counted.live, counted.logins()), (0, 0, 0));
}

#[tokio::test]
async fn other_credentials_end_a_connections_login() {
    let layer = ntlm_layer();
    let service = guard(&layer);
    let connection = plain();
    assert_eq!(log_in(&service, &connection, Scheme::Ntlm, "alice").await.status, 200);
    let seen = send(&service, authorization(&login("bob")), Some(&connection)).await;
    assert_eq!(seen.text, "bob@EXAMPLE.COM \"login\"");
    assert_eq!(send(&service, get("/"), Some(&connection)).await.status, 401);

    // A wrong password: nobody is logged in after it.
    assert_eq!(log_in(&service, &connection, Scheme::Ntlm, "alice").await.status, 200);
    let first = ntlm_with(Scheme::Ntlm, "bob", "wrong");
    let seen = send(&service, authorization(&first), Some(&connection)).await;
    let seen = send(&service, authorization(&first.go_on(&seen)), Some(&connection)).await;
    assert_eq!(seen.status, 401);
    assert_eq!(send(&service, get("/"), Some(&connection)).await.status, 401);
    assert_eq!(layer.counters().snapshot().live, 0);
}

/// What one layer lets in is nobody to another, on the same connection.
#[tokio::test]
async fn layers_do_not_share_logins() {
    let (one, other) = (guard(&ntlm_layer()), guard(&ntlm_layer()));
    let connection = plain();
    assert_eq!(log_in(&one, &connection, Scheme::Ntlm, "alice").await.status, 200);
    assert_eq!(send(&other, get("/"), Some(&connection)).await.status, 401);
    assert_eq!(log_in(&other, &connection, Scheme::Ntlm, "bob").await.status, 200);
    assert_eq!(send(&one, get("/"), Some(&connection)).await.text, "EXAMPLE\\alice \"connection\"");
    assert_eq!(send(&other, get("/"), Some(&connection)).await.text, "EXAMPLE\\bob \"connection\"");
}

/// Nobody may be let in for a body to be read: the client sends it before it reads the answer.
#[tokio::test]
async fn bodies_of_requests_that_are_not_let_in_are_read() {
    let polled = async |request: http::request::Builder| {
        let read = Arc::new(Mutex::new(false));
        let body = Watched(Box::pin(Full::from("the body")), Arc::clone(&read));
        let mut request = request.method("POST").body(body).unwrap();
        request.extensions_mut().insert(plain());
        let inner = tower::service_fn(crate::support::echo::<Watched>);
        let response = tower_layer::Layer::layer(&ntlm_layer(), inner).call(request).await.unwrap();
        assert_eq!(response.status(), 401);
        *read.lock().unwrap()
    };
    let wrong = || get("/").header("authorization", "NTLM TlRMTVNTUAADAAAA");
    for request in [authorization(&ntlm(Scheme::Ntlm, "alice")), get("/"), wrong()] {
        assert!(polled(request).await);
    }
    assert!(!polled(get("/").header("expect", "100-continue")).await);
    assert!(!polled(get("/").version(http::Version::HTTP_2)).await);
}

/// A body that tells when it was read.
struct Watched(Pin<Box<Full<bytes::Bytes>>>, Arc<Mutex<bool>>);

impl http_body::Body for Watched {
    type Data = bytes::Bytes;
    type Error = core::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut core::task::Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        *self.1.lock().unwrap() = true;
        self.0.as_mut().poll_frame(cx)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.0.size_hint()
    }
}

/// A user database that waits until the test lets it go.
struct Slow(gss::ntlm::MemoryUsers, Mutex<mpsc::Receiver<()>>, tokio::sync::mpsc::UnboundedSender<()>);

impl gss::ntlm::Users for Slow {
    fn find(&self, account: &gss::ntlm::Account<'_>) -> gss::ntlm::Found {
        self.2.send(()).unwrap();
        self.1.lock().unwrap().recv().unwrap();
        self.0.find(account)
    }
}

struct Stage {
    service: crate::support::Guarded,
    layer: AuthenticationLayer,
    go: mpsc::Sender<()>,
    asked: tokio::sync::mpsc::UnboundedReceiver<()>,
}

/// A layer whose steps run where they may block, and do.
fn stage() -> Stage {
    let mut users = gss::ntlm::MemoryUsers::new();
    users.add("alice", "EXAMPLE", "the password of alice");
    let (go, wait) = mpsc::channel();
    let (asks, asked) = tokio::sync::mpsc::unbounded_channel();
    let users = Slow(users, Mutex::new(wait), asks);
    let config =
        gss::AcceptorConfig::ntlm(gss::ntlm::AcceptorConfig::new(gss::ntlm::ServerNames::new("WWW"), users));
    let layer = AuthenticationLayer::builder(config).policy(both_schemes()).blocking().build().unwrap();
    Stage { service: guard(&layer), layer, go, asked }
}

#[tokio::test]
async fn steps_that_block_do_not_hold_up_others() {
    let Stage { service, layer, go, mut asked } = stage();
    let connection = plain();
    let first = ntlm(Scheme::Ntlm, "alice");
    let seen = send(&service, authorization(&first), Some(&connection)).await;
    let second = first.go_on(&seen);
    let waiting = send(&service, authorization(&second), Some(&connection));
    let meanwhile = async {
        asked.recv().await.unwrap();
        // Another connection is served, on this one thread.
        assert_eq!(send(&service, get("/"), Some(&plain())).await.status, 401);
        go.send(()).unwrap();
    };
    let (seen, ()) = tokio::join!(waiting, meanwhile);
    assert_eq!(seen.text, "EXAMPLE\\alice \"login\"");
    assert_eq!(layer.counters().snapshot().live, 1);
}

/// The request is dropped while its step is on the way: whatever the step comes to, the connection has nobody.
#[tokio::test]
async fn a_dropped_request_leaves_its_connection_sane() {
    let Stage { service, layer, go, mut asked } = stage();
    let connection = plain();
    let first = ntlm(Scheme::Ntlm, "alice");
    let seen = send(&service, authorization(&first), Some(&connection)).await;
    let second = first.go_on(&seen);
    let mut waiting = Box::pin(send(&service, authorization(&second), Some(&connection)));
    poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx).is_ready())).await;
    asked.recv().await.unwrap();
    drop(waiting);
    let before = silent(&service, &connection).await;
    go.send(()).unwrap();
    while layer.counters().snapshot().logins() == 0 {
        tokio::task::yield_now().await;
    }
    let after = silent(&service, &connection).await;
    assert_eq!((before.status, after.status), (401, 401));
    while layer.counters().snapshot().live > 0 {
        tokio::task::yield_now().await;
    }
    // And it can log in again.
    go.send(()).unwrap();
    assert_eq!(log_in(&service, &connection, Scheme::Ntlm, "alice").await.text, "EXAMPLE\\alice \"login\"");
    assert_eq!(silent(&service, &connection).await.text, "EXAMPLE\\alice \"connection\"");
}

async fn silent(service: &crate::support::Guarded, connection: &Connection) -> Seen {
    send(service, get("/"), Some(connection)).await
}

#[tokio::test]
async fn a_step_that_panics_is_an_error_of_the_server() {
    let Stage { service, layer, go, .. } = stage();
    let connection = plain();
    let first = ntlm(Scheme::Ntlm, "alice");
    let seen = send(&service, authorization(&first), Some(&connection)).await;
    drop(go);
    let seen = send(&service, authorization(&first.go_on(&seen)), Some(&connection)).await;
    assert_eq!((seen.status, seen.challenges().len()), (500, 0));
    assert_eq!(silent(&service, &connection).await.status, 401);
    assert_eq!(layer.counters().snapshot().rejected.get("step_failed"), Some(&1));
}
