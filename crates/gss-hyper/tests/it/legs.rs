//! Connections that break while a login is made.

use crate::raw::{Raw, Say, response};
use crate::server::{Options, Server};
use crate::world::{SITE, World, get, post, text};
use gss_hyper::Error;

const URL: &str = "http://www.example.com/";

#[tokio::test]
async fn a_server_that_closes_with_its_challenge_gets_the_token_on_the_next_connection() {
    let world = World::new();
    let options = Options { close_with_challenge: true, ..Options::default() };
    let server = Server::start(&world, SITE, options).await;
    let client = world.client(server.address).build().unwrap();
    assert_eq!(text(client.request(post(URL, "body")).await.unwrap()).await, "you are alice@EXAMPLE.COM");
    assert_eq!((server.statuses(), server.connections()), (vec![401, 200], 2));
}

#[tokio::test]
async fn a_login_that_is_cut_off_begins_anew_once() {
    let world = World::new();
    for (deaths, method, lives) in [(1, "GET", true), (2, "GET", false), (1, "POST", false), (1, "PUT", true)]
    {
        let options = Options { die_on_token: deaths, ..Options::default() };
        let server = Server::start(&world, SITE, options).await;
        let client = world.client(server.address).build().unwrap();
        let request = http::Request::builder().method(method).uri(URL).body("body".into()).unwrap();
        match client.request(request).await {
            Ok(response) => assert!(lives && text(response).await == "you are alice@EXAMPLE.COM"),
            // What a POST did before the connection broke is not known, so it is not done again.
            Err(error) => assert!(!lives && matches!(error, Error::Http { .. }), "{deaths} {method} {error}"),
        }
        let tokens: Vec<_> = server
            .seen()
            .iter()
            .filter(|seen| seen.has_credentials())
            .map(|seen| (seen.connection, seen.fields["authorization"].clone()))
            .collect();
        let repeated = method != "POST";
        assert_eq!(tokens.len(), if repeated { 2 } else { 1 });
        if repeated {
            // From scratch: another connection, another token.
            assert!(tokens[0].0 != tokens[1].0 && tokens[0].1 != tokens[1].1);
        }
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_while_idle_costs_no_request() {
    let world = World::new();
    let raw = Raw::start(|_, _| Say::Last(response(200, &[], "page"))).await;
    let client = world.plain_client(raw.address).build().unwrap();
    for _ in 0..20 {
        assert_eq!(text(client.request(post(URL, "body")).await.unwrap()).await, "page");
    }
    assert_eq!(raw.heads().len(), 20);
}

#[tokio::test]
async fn a_server_that_never_gets_on_is_given_up() {
    let world = World::new();
    let bare = "WWW-Authenticate: Negotiate";
    let raw = Raw::start(move |number, _| match number {
        0 => Say::Bytes(response(401, &[bare], "")),
        _ => Say::Last(Vec::new()),
    })
    .await;
    let client = world.client(raw.address).build().unwrap();
    let error = client.request(get(URL)).await.unwrap_err();
    assert!(matches!(error, Error::Http { .. }), "{error}");
    assert_eq!(raw.heads().len(), 3);
}
