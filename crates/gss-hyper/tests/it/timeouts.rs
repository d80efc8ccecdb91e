//! How long things may take, in a time that passes by itself.

use crate::raw::{Raw, Say, response};
use crate::world::{World, get};
use core::time::Duration;
use gss_hyper::{Error, Timeout};
use tokio::net::TcpListener;
use tokio::time::Instant;

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up() {
    let world = World::new();
    let raw = Raw::start(|_, _| Say::Silence).await;
    let client = world.client(raw.address).timeout(LIMIT).build().unwrap();
    let begun = Instant::now();
    let error = client.request(get("http://www.example.com/")).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { limit: LIMIT, .. }), "{error}");
    assert_eq!(begun.elapsed().as_secs(), 20);
    // A request may have a limit of its own.
    let mut request = get("http://www.example.com/");
    request.extensions_mut().insert(Timeout(LIMIT * 2));
    assert!(client.request(request).await.is_err());
    assert_eq!(begun.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn so_is_one_that_falls_silent_in_its_body() {
    let world = World::new();
    let raw =
        Raw::start(|_, _| Say::Bytes(b"HTTP/1.1 200 x\r\ncontent-length: 10\r\n\r\nhalf".to_vec())).await;
    let client = world.client(raw.address).timeout(LIMIT).build().unwrap();
    let response = client.request(get("http://www.example.com/")).await.unwrap();
    let error = response.into_body().bytes(100).await.unwrap_err();
    assert!(error.to_string().contains("body of the response takes longer than 20s"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn and_one_that_makes_no_tls() {
    let world = World::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = world.client(address).connect_timeout(LIMIT).build().unwrap();
    let begun = Instant::now();
    let error = client.request(get("https://www.example.com/")).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { what: "connection", .. }), "{error}");
    assert_eq!(begun.elapsed().as_secs(), 20);
    drop(listener);
}

#[tokio::test(start_paused = true)]
async fn idle_connections_end() {
    let world = World::new();
    let raw = Raw::start(|_, _| Say::Bytes(response(200, &[], ""))).await;
    let client = world.client(raw.address).idle_timeout(LIMIT).build().unwrap();
    for (wait, connections) in [(0, 1), (19, 1), (21, 2), (1, 2)] {
        tokio::time::advance(Duration::from_secs(wait)).await;
        assert!(client.request(get("http://www.example.com/")).await.is_ok());
        assert_eq!(raw.connections(), connections, "after {wait} s");
    }
}
