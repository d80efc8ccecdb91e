//! The scheme `GSS`: one login, and then signed requests over any connection.

use crate::server::{Options, Server};
use crate::world::{SITE, World, get, post, text};
use gss_core::bindings::TlsBinding;
use gss_http::gss::Bindings as Offered;
use gss_hyper::{Bindings, LoggedIn, Mutual};
use http::Request;

const URL: &str = "https://www.example.com/";

async fn server(world: &World, options: Options) -> Server {
    Server::start(world, SITE, Options { gss: Some(Offered::ALL), ..options }).await
}

#[tokio::test]
async fn one_login_signs_the_requests_of_all_connections() {
    let world = World::new();
    for alpn in [&[][..], &[&b"h2"[..]]] {
        let server = server(&world, Options::tls(&world.site, alpn)).await;
        let client = world.client(server.address).gss_scheme().build().unwrap();
        let response = client.request(get(URL)).await.unwrap();
        let logged_in = response.extensions().get::<LoggedIn>().unwrap();
        assert_eq!((logged_in.scheme(), logged_in.is_mutual(), logged_in.is_bound()), ("GSS", true, true));
        assert_eq!(text(response).await, "you are alice@EXAMPLE.COM");
        // Each on a connection of its own, where that can be: none is read before all have come.
        let requests = (0..5).map(|_| client.request(post(&format!("{URL}echo"), "text")));
        for response in futures_util::future::join_all(requests).await {
            let response = response.unwrap();
            assert!(response.extensions().get::<LoggedIn>().unwrap().is_mutual());
            assert_eq!(text(response).await, "text");
        }
        let seen = server.seen();
        assert_eq!(server.connections() > 1, alpn.is_empty());
        assert_eq!(seen.iter().map(|seen| seen.status).filter(|status| *status == 401).count(), 1);
        assert_eq!(seen.iter().filter(|seen| seen.signed).count(), 5);
    }
}

#[tokio::test]
async fn a_login_that_the_server_forgot_is_made_again() {
    let world = World::new();
    let server = server(&world, Options::tls(&world.site, &[])).await;
    let client = world.client(server.address).gss_scheme().build().unwrap();
    for path in ["", "logout", "", ""] {
        let response = client.request(get(&format!("{URL}{path}"))).await.unwrap();
        assert_eq!(text(response).await, "you are alice@EXAMPLE.COM");
    }
    let seen: Vec<_> = server.seen().iter().map(|seen| (seen.status, seen.signed)).collect();
    let (login, signed, refused) = ((200, false), (200, true), (401, false));
    assert_eq!(seen, [refused, login, signed, refused, login, signed]);
}

#[tokio::test]
async fn a_login_may_be_bound_to_its_connection() {
    let world = World::new();
    let server = server(&world, Options::tls(&world.site, &[])).await;
    let client = world.client(server.address).gss_scheme().bindings(Bindings::Connection).build().unwrap();
    for _ in 0..2 {
        let responses = tokio::join!(client.request(get(URL)), client.request(get(URL)));
        for response in [responses.0, responses.1] {
            assert_eq!(text(response.unwrap()).await, "you are alice@EXAMPLE.COM");
        }
    }
    // Each connection has its own.
    let seen = server.seen();
    assert_eq!(server.connections(), 2);
    assert_eq!(seen.iter().filter(|seen| seen.status == 200 && !seen.signed).count(), 2);
    assert_eq!(seen.iter().filter(|seen| seen.signed).count(), 2);
    let cb = |seen: &crate::server::Seen| seen.fields.get("authorization").cloned();
    let named =
        seen.iter().filter_map(cb).all(|value| value.to_str().unwrap().contains("cb=\"tls-exporter\""));
    assert!(named, "{:?}", seen[1].fields["authorization"].to_str());
}

#[tokio::test]
async fn what_is_signed_is_what_is_sent() {
    let world = World::new();
    let server = server(&world, Options::tls(&world.site, &[])).await;
    let client = world.client(server.address).gss_scheme().build().unwrap();
    for digests in [&[][..], &["sha-256=:AAAA:"], &["sha-256=:AAAA:", "unixsum=:BBBB:"]] {
        for (method, path) in [("GET", ""), ("PUT", "/x?y=%20&z"), ("DELETE", "/%7Ea//b?"), ("HEAD", "/x")] {
            let request = Request::builder().method(method).uri(format!("https://www.example.com{path}"));
            let add =
                |request: http::request::Builder, digest: &&str| request.header("content-digest", *digest);
            let request = digests.iter().fold(request, add).body("text".into()).unwrap();
            let response = client.request(request).await.unwrap();
            assert_eq!(response.status(), 200, "{method} {path} {digests:?}");
        }
    }
    // One login, at the first of them.
    assert_eq!(server.seen().iter().filter(|seen| seen.signed).count(), 11);
}

#[tokio::test]
async fn other_schemes_serve_where_it_cannot_be_bound() {
    let world = World::new();
    let plain = server(&world, Options::default()).await;
    let secure = Options::tls(&world.site, &[]);
    let exporter = Some(Offered::NONE.with(TlsBinding::Exporter));
    let secure = Server::start(&world, SITE, Options { gss: exporter, ..secure }).await;
    let client = |server: &Server| world.client(server.address).gss_scheme();
    for (client, url, scheme) in [
        (client(&plain), "http://www.example.com/", "Negotiate"),
        (client(&secure), URL, "GSS"),
        // Nobody asked for it.
        (world.client(secure.address), URL, "Negotiate"),
    ] {
        let response = client.build().unwrap().request(get(url)).await.unwrap();
        assert_eq!(response.extensions().get::<LoggedIn>().unwrap().scheme(), scheme);
    }
}

#[tokio::test]
async fn a_server_that_does_not_prove_itself_is_not_read() {
    let world = World::new();
    let server = server(&world, Options { drop_final: true, ..Options::tls(&world.site, &[]) }).await;
    let client = world.client(server.address).gss_scheme().build().unwrap();
    let error = client.request(get(URL)).await.unwrap_err();
    assert!(error.is_unproven(), "{error}");
    let lax = world.client(server.address).gss_scheme().mutual(Mutual::Optional).build().unwrap();
    assert!(lax.request(get(URL)).await.is_ok());
}
