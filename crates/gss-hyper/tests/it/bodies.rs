//! Bodies that can be sent again, and bodies that cannot.

use crate::raw::{Raw, Say, response};
use crate::server::{Options, Server};
use crate::world::{SITE, World, get, post, text};
use bytes::Bytes;
use gss_hyper::{Body, Error};
use http_body_util::Full;

const ECHO: &str = "http://www.example.com/echo";

fn stream(text: &'static str) -> Body {
    Body::stream(Full::new(Bytes::from(text)))
}

#[tokio::test]
async fn bytes_are_sent_again() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::default()).await;
    let client = world.client(server.address).build().unwrap();
    assert_eq!(text(client.request(post(ECHO, "text")).await.unwrap()).await, "text");
    let seen = server.seen();
    assert!(seen.len() == 2 && seen.iter().all(|seen| seen.body == "text"));
}

#[tokio::test]
async fn a_stream_is_sent_once_after_the_login() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::default()).await;
    let client = world.client(server.address).build().unwrap();
    for _ in 0..2 {
        assert_eq!(text(client.request(post(ECHO, stream("text"))).await.unwrap()).await, "text");
    }
    let methods: Vec<_> = server.seen().iter().map(|seen| (seen.method.clone(), seen.status)).collect();
    let methods: Vec<_> = methods.iter().map(|(method, status)| (method.as_str(), *status)).collect();
    // The second time the server is known to want a token with each request.
    assert_eq!(methods, [("HEAD", 401), ("HEAD", 200), ("POST", 200), ("POST", 200)]);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_stream_is_not_probed_for_without_a_login() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::default()).await;
    let client = world.plain_client(server.address).build().unwrap();
    let echo = "http://www.example.com/public/echo";
    assert_eq!(text(client.request(post(echo, stream("text"))).await.unwrap()).await, "text");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_server_that_asks_after_the_body_gets_no_second_one() {
    let world = World::new();
    // It lets anybody HEAD.
    let raw = Raw::start(|_, head| {
        Say::Bytes(match head.starts_with("HEAD") {
            true => b"HTTP/1.1 200 x\r\ncontent-length: 4\r\n\r\n".to_vec(),
            false => response(401, &["WWW-Authenticate: Negotiate", "connection: close"], ""),
        })
    })
    .await;
    let client = world.client(raw.address).build().unwrap();
    let error = client.request(post(ECHO, stream("text"))).await.unwrap_err();
    assert!(matches!(error, Error::BodyNotReplayable { .. }), "{error}");
    assert!(error.to_string().contains("send bytes"), "{error}");
    let methods: Vec<_> = raw.heads().iter().map(|head| head.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(methods, ["HEAD", "POST"]);
}

#[tokio::test]
async fn a_connection_is_used_again_when_its_body_was_read_and_not_otherwise() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::default()).await;
    let client = world.client(server.address).build().unwrap();
    let body = "x".repeat(1 << 20);
    for read in [true, true, false, true] {
        let response = client.request(post(ECHO, body.clone())).await.unwrap();
        if read {
            assert_eq!(text(response).await.len(), body.len());
        }
    }
    // The one that was dropped unread took its connection along.
    assert_eq!(server.connections(), 2);
    // A response without a body gives it back by itself.
    for _ in 0..3 {
        let request = http::Request::head("http://www.example.com/public").body(Body::empty()).unwrap();
        assert!(client.request(request).await.is_ok());
    }
    assert_eq!(server.connections(), 2);
    assert!(client.request(get("http://www.example.com/public")).await.is_ok());
}
