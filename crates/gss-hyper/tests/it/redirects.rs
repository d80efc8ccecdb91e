//! Redirects, and what does not go along.

use crate::server::{Options, Server};
use crate::world::{OTHER, SITE, World, get, post, text};
use alloc::sync::Arc;
use gss_hyper::{Body, Error, FinalUrl, Hosts, Login};
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderValue, StatusCode};

/// A site, and another server, which the client finds at its own port.
async fn two(world: &World) -> (Server, Server) {
    let site = Server::start(world, SITE, Options::default()).await;
    let other = Server::start(world, OTHER, Options::default()).await;
    (site, other)
}

#[tokio::test]
async fn nothing_secret_goes_to_another_origin() {
    let world = World::new();
    let (site, other) = two(&world).await;
    let client = world.client(site.address).resolve(OTHER, [other.address]).build().unwrap();
    // The login of the client is for the site alone.
    for start in ["/redirect", "/public/redirect"] {
        for (path, status) in [("/public", 200), ("/", 0)] {
            let mut request =
                get(&format!("http://www.example.com{start}/302/http://other.example.com{path}"));
            request.headers_mut().insert(COOKIE, HeaderValue::from_static("session=1"));
            match client.request(request).await {
                Ok(response) => assert_eq!((response.status().as_u16(), path), (status, "/public")),
                Err(error) => {
                    assert!(path == "/" && matches!(error, Error::HostNotAllowed { .. }), "{error}");
                }
            }
        }
        let mut request = get("http://www.example.com/public/redirect/307/http://other.example.com/public");
        request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer abc"));
        assert!(client.request(request).await.is_ok());
    }
    let seen = other.seen();
    assert_eq!(seen.len(), 6);
    assert!(seen.iter().all(|seen| !seen.has_credentials() && !seen.has_cookie()));
    assert!(seen.iter().all(|seen| seen.host() == Some(OTHER)));
    assert!(site.seen().iter().all(|seen| seen.has_cookie() || seen.has_credentials()));
}

#[tokio::test]
async fn a_login_at_the_new_origin_is_for_the_new_origin() {
    let world = World::new();
    let (site, other) = two(&world).await;
    let client = world
        .plain_client(site.address)
        .resolve(OTHER, [other.address])
        .login(world.login("alice"), Hosts::new([".example.com"]).unwrap())
        .build()
        .unwrap();
    let response =
        client.request(get("http://www.example.com/redirect/302/http://other.example.com/x")).await.unwrap();
    assert_eq!(response.extensions().get::<FinalUrl>().unwrap().0, "http://other.example.com/x");
    assert_eq!(text(response).await, "you are alice@EXAMPLE.COM");
    assert_eq!((site.statuses(), other.statuses()), (vec![401, 302], vec![401, 200]));
    // The other server could read its token: it was made for it.
    let tokens: Vec<_> = [&site, &other].map(|server| server.seen()[1].fields[AUTHORIZATION].clone()).into();
    assert_ne!(tokens[0], tokens[1]);
}

#[tokio::test]
async fn a_login_for_one_request_stays_at_its_origin() {
    let world = World::new();
    let (site, other) = two(&world).await;
    let client = world.plain_client(site.address).resolve(OTHER, [other.address]).build().unwrap();
    let bob: Arc<dyn Login> = Arc::new(world.login("bob"));
    let response = client.request_as(&bob, get("http://www.example.com/redirect/302//x")).await.unwrap();
    assert_eq!(text(response).await, "you are bob@EXAMPLE.COM");
    let error = client
        .request_as(&bob, get("http://www.example.com/redirect/302/http://other.example.com/"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::HostNotAllowed { .. }), "{error}");
    assert!(other.seen().iter().all(|seen| !seen.has_credentials()));
}

#[tokio::test]
async fn bodies_go_where_the_status_sends_them() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::default()).await;
    let client = world.client(server.address).build().unwrap();
    for (status, method, body) in
        [(301, "GET", ""), (302, "GET", ""), (303, "GET", ""), (307, "POST", "text"), (308, "POST", "text")]
    {
        let url = format!("http://www.example.com/redirect/{status}//echo");
        assert_eq!(text(client.request(post(&url, "text")).await.unwrap()).await, body, "{status}");
        let seen = server.seen();
        let last = seen.last().unwrap();
        assert_eq!((last.method.as_str(), last.uri.as_str()), (method, "/echo"), "{status}");
    }
    // A stream is spent.
    let stream = Body::stream(http_body_util::Full::new(bytes::Bytes::from("text")));
    let error = client.request(post("http://www.example.com/redirect/307//echo", stream)).await.unwrap_err();
    assert!(matches!(error, Error::BodyNotReplayable { .. }), "{error}");
    let stream = Body::stream(http_body_util::Full::new(bytes::Bytes::from("text")));
    assert!(client.request(post("http://www.example.com/redirect/303//echo", stream)).await.is_ok());
}

#[tokio::test]
async fn redirects_are_counted_and_never_leave_tls() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::default()).await;
    let mut path = "/public".to_owned();
    for _ in 0..10 {
        path = format!("/public/redirect/302/{path}");
    }
    let url = format!("http://www.example.com{path}");
    let client = world.client(server.address).build().unwrap();
    assert_eq!(client.request(get(&url)).await.unwrap().status(), StatusCode::OK);
    let few = world.client(server.address).max_redirects(9).build().unwrap();
    let error = few.request(get(&url)).await.unwrap_err();
    assert!(matches!(error, Error::TooManyRedirects { limit: 9 }), "{error}");
    let none = world.client(server.address).max_redirects(0).build().unwrap();
    assert_eq!(none.request(get(&url)).await.unwrap().status(), StatusCode::FOUND);
    for (location, downgrade) in
        [("http://[", false), ("ftp://www.example.com/", false), ("http://u:p@a/", false)]
    {
        let url = format!("http://www.example.com/public/redirect/302/{location}");
        let error = client.request(get(&url)).await.map(|_| ()).unwrap_err();
        assert_eq!(matches!(error, Error::Downgrade { .. }), downgrade, "{error}");
        assert!(matches!(error, Error::Location { .. }) && !error.to_string().contains("u:p"), "{error}");
    }
    let tls = Server::start(&world, SITE, Options::tls(&world.site, &[])).await;
    let client = world.client(tls.address).build().unwrap();
    let url = "https://www.example.com/public/redirect/302/http://www.example.com/";
    let error = client.request(get(url)).await.unwrap_err();
    assert!(matches!(error, Error::Downgrade { .. }), "{error}");
}
