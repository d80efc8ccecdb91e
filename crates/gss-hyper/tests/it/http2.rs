//! HTTP/2: Kerberos in one leg, all else over HTTP/1.1.

use crate::server::{Options, Server};
use crate::world::{SITE, World, get, post, text};
use gss_hyper::LoggedIn;
use http::Version;

const URL: &str = "https://www.example.com/";

#[tokio::test]
async fn kerberos_logs_in_with_each_request() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::tls(&world.site, &[b"h2", b"http/1.1"])).await;
    let client = world.client(server.address).build().unwrap();
    for _ in 0..3 {
        let response = client.request(get(URL)).await.unwrap();
        let logged_in = response.extensions().get::<LoggedIn>().unwrap();
        assert!(logged_in.is_mutual() && logged_in.is_bound());
        assert_eq!(text(response).await, "you are alice@EXAMPLE.COM");
    }
    let requests = (0..20).map(|number| client.request(post(&format!("{URL}echo"), format!("{number}"))));
    let responses = futures_util::future::join_all(requests).await;
    for (number, response) in responses.into_iter().enumerate() {
        assert_eq!(text(response.unwrap()).await, number.to_string());
    }
    assert_eq!(server.connections(), 1);
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.version == Version::HTTP_2));
    // Asked once, and known ever since.
    assert_eq!(seen.iter().filter(|seen| seen.status == 401).count(), 1);
}

#[tokio::test]
async fn http1_can_be_had() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::tls(&world.site, &[b"h2", b"http/1.1"])).await;
    let client = world.client(server.address).http1_only().build().unwrap();
    assert!(client.request(get(URL)).await.is_ok());
    assert!(server.seen().iter().all(|seen| seen.version == Version::HTTP_11));
}
