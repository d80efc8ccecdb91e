//! TLS: what contexts are bound to, and tokens that go along unasked.

use crate::server::{Options, Server};
use crate::world::{OTHER, SITE, World, get, text};
use gss::BindingPolicy;
use gss_hyper::{Bindings, Error, Hosts, LoggedIn};

const URL: &str = "https://www.example.com/";

#[tokio::test]
async fn contexts_are_bound_to_the_certificate() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::tls(&world.site, &[])).await;
    let client = world.client(server.address).build().unwrap();
    let response = client.request(get(URL)).await.unwrap();
    assert!(response.extensions().get::<LoggedIn>().unwrap().is_bound());
    assert_eq!(text(response).await, "you are alice@EXAMPLE.COM");
    assert!(server.seen().last().unwrap().bound);
    // Without them, a server that requires them says no.
    let unbound = world.client(server.address).bindings(Bindings::Never).build().unwrap();
    assert!(unbound.request(get(URL)).await.unwrap_err().is_denied());
}

#[tokio::test]
async fn a_login_that_is_relayed_from_another_certificate_is_refused() {
    let world = World::new();
    // It has the right keys, and is told of the certificate of somebody else.
    let mut options = Options::tls(&world.site, &[]);
    options.end_points = Some(gss_rustls::ServerEndPoints::new([&world.proxy.certificate]).unwrap());
    options.bindings = BindingPolicy::VerifyIfPresent;
    let server = Server::start(&world, SITE, options).await;
    let client = world.client(server.address).build().unwrap();
    assert!(client.request(get(URL)).await.unwrap_err().is_denied());
}

#[tokio::test]
async fn tokens_go_unasked_over_tls_to_listed_hosts_alone() {
    let world = World::new();
    let secure = Server::start(&world, SITE, Options::tls(&world.site, &[])).await;
    let client = world.client(secure.address).preemptive().build().unwrap();
    assert_eq!(text(client.request(get(URL)).await.unwrap()).await, "you are alice@EXAMPLE.COM");
    assert_eq!(secure.statuses(), [200]);
    let error = client.request(get("https://other.example.com/")).await.unwrap_err();
    assert!(matches!(error, Error::HostNotAllowed { .. }), "{error}");
    assert!(!secure.seen().last().unwrap().has_credentials());
    let plain = Server::start(&world, SITE, Options::default()).await;
    let client = world.client(plain.address).preemptive().build().unwrap();
    assert!(client.request(get("http://www.example.com/")).await.is_ok());
    assert_eq!(plain.statuses(), [401, 200]);
}

#[tokio::test]
async fn a_certificate_of_another_host_is_refused() {
    let world = World::new();
    let server = Server::start(&world, OTHER, Options::tls(&world.proxy, &[])).await;
    let client =
        world.plain_client(server.address).login(world.login("alice"), Hosts::any_host()).build().unwrap();
    let error = client.request(get(URL)).await.unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error}");
    assert!(server.seen().is_empty());
}
