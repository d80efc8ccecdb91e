//! Nobody's request goes over somebody else's connection.

use crate::server::{Options, Server};
use crate::world::{SITE, World, get, text};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use gss_http::{Persist, ServerPolicy};
use gss_hyper::{Client, Hosts, Login, LoginAs};

const URL: &str = "http://www.example.com/";
const REQUESTS: usize = 10_500;
const AT_ONCE: usize = 24;

/// Sends requests of alice, bob, bob by another login, and nobody in turns, and checks that each gets its own answer and
/// that no connection had two of them.
async fn interleave(world: &World, server: &Server, client: &Client, url: &'static str, requests: usize) {
    let users: Vec<Option<Arc<dyn Login>>> = vec![
        Some(Arc::new(world.login("alice"))),
        Some(Arc::new(world.login("bob"))),
        Some(Arc::new(world.login("bob"))),
        None,
    ];
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..AT_ONCE {
        let (client, users) = (client.clone(), users.clone());
        tasks.spawn(async move {
            for number in 0..requests / AT_ONCE {
                let index = (task + number) % users.len();
                let mut request = get(&format!("{url}?{index}"));
                let login = users[index].clone();
                request.extensions_mut().insert(login.map_or_else(LoginAs::nobody, LoginAs::new));
                // Some never read what they asked for.
                let response = client.request(request).await.unwrap();
                let expected = match index {
                    0 => "you are alice@EXAMPLE.COM",
                    1 | 2 => "you are bob@EXAMPLE.COM",
                    _ => "who are you?",
                };
                if number % 7 != 0 {
                    assert_eq!(text(response).await, expected);
                }
            }
        });
    }
    while let Some(outcome) = tasks.join_next().await {
        outcome.unwrap();
    }
    let mut logins: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let seen = server.seen();
    for seen in seen.iter() {
        // The index says whose request it is, and the answer was the user's.
        let index = seen.uri.rsplit('?').next().unwrap().to_owned();
        let user = match (index.as_str(), seen.status) {
            ("0", 200) => Some("alice@EXAMPLE.COM"),
            ("1" | "2", 200) => Some("bob@EXAMPLE.COM"),
            _ => None,
        };
        assert_eq!(seen.user.as_deref(), user, "{index} {}", seen.status);
        logins.entry(seen.connection).or_default().insert(index);
    }
    assert!(seen.len() >= requests / AT_ONCE * AT_ONCE);
    assert!(logins.len() >= users.len());
    let mixed: Vec<_> = logins.iter().filter(|(_, users)| users.len() != 1).collect();
    assert!(mixed.is_empty(), "connections of several users: {mixed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_never_shared() {
    let world = World::new();
    // Logins hold for the connection, so that a mix-up gives away somebody's page.
    let policy = ServerPolicy { persist: Persist::All, ..ServerPolicy::default() };
    let server = Server::start(&world, SITE, Options { policy, ..Options::default() }).await;
    let client = world.plain_client(server.address).build().unwrap();
    interleave(&world, &server, &client, URL, REQUESTS).await;
    let connections = server.connections();
    assert!(connections < REQUESTS / 2, "no connection is used again: {connections}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_are_those_that_each_request_logs_in_on() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::default()).await;
    let client = world.plain_client(server.address).build().unwrap();
    interleave(&world, &server, &client, URL, 1_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_those_of_http2() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::tls(&world.site, &[b"h2"])).await;
    let client = world.plain_client(server.address).build().unwrap();
    interleave(&world, &server, &client, "https://www.example.com/", 1_000).await;
    assert!(server.connections() <= 4 * AT_ONCE, "{}", server.connections());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_are_sessions_of_the_scheme_gss() {
    let world = World::new();
    let options = Options {
        gss: Some(gss_http::gss::Bindings::ALL),
        ..Options::tls(&world.site, &[b"h2", b"http/1.1"])
    };
    let server = Server::start(&world, SITE, options).await;
    for builder in [world.plain_client(server.address), world.plain_client(server.address).http1_only()] {
        let client = builder.gss_scheme().build().unwrap();
        interleave(&world, &server, &client, "https://www.example.com/", 1_000).await;
    }
    let seen = server.seen();
    let of = |signed| seen.iter().filter(|seen| seen.user.is_some() && seen.signed == signed).count();
    assert!(of(true) > 10 * of(false), "{} {}", of(true), of(false));
}

#[tokio::test]
async fn a_persistent_login_saves_tokens_and_stays_with_its_user() {
    let world = World::new();
    let policy = ServerPolicy { persist: Persist::All, ..ServerPolicy::default() };
    let server = Server::start(&world, SITE, Options { policy, ..Options::default() }).await;
    let client = world.client(server.address).build().unwrap();
    for _ in 0..3 {
        let response = client.request(get(URL)).await.unwrap();
        assert!(response.extensions().get::<gss_hyper::LoggedIn>().unwrap().is_mutual());
        assert_eq!(text(response).await, "you are alice@EXAMPLE.COM");
    }
    let tokens = server.seen().iter().filter(|seen| seen.has_credentials()).count();
    assert_eq!((tokens, server.connections(), server.seen().len()), (1, 1, 4));
    let mut nobody = get(URL);
    nobody.extensions_mut().insert(LoginAs::nobody());
    assert_eq!(text(client.request(nobody).await.unwrap()).await, "who are you?");
    // The same name and password, and still another login.
    let other: Arc<dyn Login> = Arc::new(world.login("alice"));
    assert!(client.request_as(&other, get(URL)).await.is_ok());
    assert_eq!(server.connections(), 3);
    let other_client =
        world.plain_client(server.address).shared_login(other, Hosts::any_host()).build().unwrap();
    assert!(other_client.request(get(URL)).await.is_ok());
    assert_eq!(server.connections(), 4);
}

#[tokio::test]
async fn the_pool_keeps_no_more_than_it_may() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::default()).await;
    let client = world.plain_client(server.address).max_idle(1, 1).build().unwrap();
    let url = "http://www.example.com/public";
    for round in 1..=3 {
        let responses = tokio::join!(client.request(get(url)), client.request(get(url)));
        let (one, two) = (responses.0.unwrap(), responses.1.unwrap());
        assert_eq!(
            (text(one).await.as_str(), text(two).await.as_str()),
            ("you are nobody", "you are nobody")
        );
        // One of two is kept each time.
        assert_eq!(server.connections(), round + 1);
    }
    let none = world.plain_client(server.address).max_idle(0, 0).build().unwrap();
    for _ in 0..3 {
        assert_eq!(text(none.request(get(url)).await.unwrap()).await, "you are nobody");
    }
    assert_eq!(server.connections(), 7);
}
