//! Kerberos at servers, without proxies.

use crate::server::{Options, Server};
use crate::world::{OTHER, SITE, World, get, text};
use alloc::sync::Arc;
use gss::oid;
use gss_hyper::{Delegation, Error, Hosts, LoggedIn, Login, LoginAs, LoginError, Mutual};
use http::header::AUTHORIZATION;
use http::{HeaderValue, StatusCode};
use tower_service::Service;

#[tokio::test]
async fn a_challenge_is_answered_and_the_server_proves_itself() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::default()).await;
    let client = world.client(server.address).build().unwrap();
    let response = client.request(get("http://www.example.com/x?y=z")).await.unwrap();
    let logged_in = response.extensions().get::<LoggedIn>().unwrap();
    assert_eq!(logged_in.server(), Some("HTTP/www.example.com@EXAMPLE.COM"));
    assert_eq!((logged_in.mechanism(), logged_in.scheme()), (oid::KRB5, "Negotiate"));
    assert!(logged_in.is_mutual() && !logged_in.is_bound());
    assert_eq!(text(response).await, "you are alice@EXAMPLE.COM");
    assert_eq!(server.statuses(), [401, 200]);
    // From now on, the connection's requests bring their tokens along, each its own.
    for _ in 0..3 {
        let response = client.request(get("http://www.example.com/")).await.unwrap();
        assert_eq!(text(response).await, "you are alice@EXAMPLE.COM");
    }
    assert_eq!(server.statuses(), [401, 200, 200, 200, 200]);
    assert_eq!(server.connections(), 1);
    let seen = server.seen();
    assert_eq!((seen[0].uri.as_str(), seen[0].host()), ("/x?y=z", Some(SITE)));
}

#[tokio::test]
async fn a_page_that_needs_no_login_is_handed_out_without_one() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::default()).await;
    let client = world.client(server.address).build().unwrap();
    for url in ["http://www.example.com/public", "http://www.example.com/", "http://www.example.com/public"] {
        let response = client.request(get(url)).await.unwrap();
        let logged_in = response.extensions().get::<LoggedIn>().is_some();
        assert_eq!(logged_in, text(response).await != "you are nobody", "{url}");
    }
    let insisting = world.client(server.address).mutual(Mutual::Insist).build().unwrap();
    let error = insisting.request(get("http://www.example.com/public")).await.unwrap_err();
    assert!(matches!(error, Error::NotAsked { .. }) && error.is_unproven(), "{error}");
    assert!(insisting.request(get("http://www.example.com/")).await.is_ok());
    // It brings its token along on this connection by now, and no proof comes back.
    let error = insisting.request(get("http://www.example.com/public")).await.unwrap_err();
    assert!(matches!(error, Error::NotAsked { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_prove_itself_is_not_read() {
    let world = World::new();
    let options = || Options { drop_final: true, ..Options::default() };
    let server = Server::start(&world, SITE, options()).await;
    let client = world.client(server.address).build().unwrap();
    for _ in 0..2 {
        let error = client.request(get("http://www.example.com/")).await.unwrap_err();
        assert!(error.is_unproven(), "{error}");
        assert!(error.to_string().contains("without the token that proves its identity"), "{error}");
    }
    // Each on its own connection: nothing more goes over one that was cheated on.
    assert_eq!((server.statuses(), server.connections()), (vec![401, 200, 401, 200], 2));
    let lax = world.client(server.address).mutual(Mutual::Optional).build().unwrap();
    let response = lax.request(get("http://www.example.com/")).await.unwrap();
    assert!(response.extensions().get::<LoggedIn>().is_none());
    assert_eq!(text(response).await, "you are alice@EXAMPLE.COM");
}

#[tokio::test]
async fn nobody_logs_in_where_the_list_does_not_say_so() {
    let world = World::new();
    let server = Server::start(&world, OTHER, Options::default()).await;
    let client = world.client(server.address).build().unwrap();
    let error = client.request(get("http://other.example.com/")).await.unwrap_err();
    assert!(matches!(&error, Error::HostNotAllowed { host } if host.ends_with(OTHER)), "{error}");
    assert_eq!(
        text(client.request(get("http://other.example.com/public")).await.unwrap()).await,
        "you are nobody"
    );
    assert!(server.seen().iter().all(|seen| !seen.has_credentials()));
    assert!(world.kdc.take_history().is_empty());
    // Without a login at all, a challenge is a response like others.
    let nobody = world.plain_client(server.address).build().unwrap();
    let response = nobody.request(get("http://other.example.com/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    // Nor where the request is to be nobody's.
    let mut request = get("http://www.example.com/");
    request.extensions_mut().insert(LoginAs::nobody());
    assert_eq!(client.request(request).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert!(server.seen().iter().all(|seen| !seen.has_credentials()));
}

#[tokio::test]
async fn a_request_may_have_a_login_of_its_own() {
    let world = World::new();
    let server = Server::start(&world, OTHER, Options::default()).await;
    let client = world.client(server.address).build().unwrap();
    let bob: Arc<dyn Login> = Arc::new(world.login("bob"));
    let response = client.request_as(&bob, get("http://other.example.com/")).await.unwrap();
    assert_eq!(text(response).await, "you are bob@EXAMPLE.COM");
}

#[tokio::test]
async fn a_missing_ticket_says_why() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::default()).await;
    let url = "http://www.example.com/";
    let wrong =
        world.plain_client(server.address).login(world.login_with("alice", "wrong"), Hosts::any_host());
    let error = wrong.build().unwrap().request(get(url)).await.unwrap_err();
    assert!(
        matches!(&error, Error::Login { source, .. } if matches!(**source, LoginError::Ticket { .. })),
        "{error}"
    );
    assert!(error.to_string().contains("HTTP/www.example.com"), "{error}");
    assert!(core::error::Error::source(&error).and_then(core::error::Error::source).is_some());
    let client = world.client(server.address).build().unwrap();
    world.kdc.remove("HTTP/www.example.com@EXAMPLE.COM").unwrap();
    let error = client.request(get(url)).await.unwrap_err().to_string();
    assert!(error.contains("S_PRINCIPAL_UNKNOWN"), "{error}");
}

#[tokio::test]
async fn a_refusal_is_an_error_and_is_not_repeated() {
    let world = World::new();
    // It has another service's keys.
    let server = Server::start(&world, OTHER, Options::default()).await;
    let client = world.client(server.address).build().unwrap();
    let error = client.request(get("http://www.example.com/")).await.unwrap_err();
    assert!(error.is_denied(), "{error}");
    assert_eq!(server.statuses(), [401, 401]);
}

#[tokio::test]
async fn a_server_with_new_keys_is_shown_a_new_ticket() {
    let world = World::new();
    let old = Server::start(&world, SITE, Options::default()).await;
    let login: Arc<dyn Login> = Arc::new(world.login("alice"));
    let client = |server: &Server| {
        world
            .plain_client(server.address)
            .shared_login(Arc::clone(&login), Hosts::any_host())
            .build()
            .unwrap()
    };
    assert!(client(&old).request(get("http://www.example.com/")).await.is_ok());
    let service = "HTTP/www.example.com@EXAMPLE.COM";
    world.kdc.rotate_keys(service).unwrap();
    let new = Server::with(world.newest(SITE), Options::default()).await;
    let client = client(&new);
    assert!(client.request(get("http://www.example.com/")).await.unwrap_err().is_denied());
    assert!(client.request(get("http://www.example.com/")).await.is_ok());
}

#[tokio::test]
async fn delegation_needs_its_own_list() {
    let world = World::new();
    let hosts = [SITE, "trusted.example.com"];
    for (delegation, site, trusted) in [
        (Delegation::Never, false, false),
        (Delegation::IfTrusted, false, true),
        (Delegation::Always, true, true),
    ] {
        for (host, listed, expected) in
            [(hosts[0], true, site), (hosts[1], true, trusted), (hosts[1], false, false)]
        {
            let server = Server::start(&world, host, Options::default()).await;
            let list = if listed { Hosts::new(hosts) } else { Hosts::new([SITE]) };
            let client = world
                .plain_client(server.address)
                .login(world.login("alice"), Hosts::any_host())
                .delegate(delegation, list.unwrap())
                .build()
                .unwrap();
            let response = client.request(get(&format!("http://{host}/"))).await.unwrap();
            assert_eq!(text(response).await, "you are alice@EXAMPLE.COM");
            let seen = server.seen();
            assert_eq!(seen.last().unwrap().delegated, expected, "{delegation:?} {host} {listed}");
        }
    }
}

#[tokio::test]
async fn credentials_of_the_callers_own_are_told_apart() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::default()).await;
    let client = world.client(server.address).build().unwrap();
    for (name, value) in [
        ("authorization", "Negotiate YIIB"),
        ("authorization", "ntlm TlRMTVNTUAAB"),
        ("authorization", " NTLM TlRMTVNTUAAB"),
        ("authorization", "NTLM\tTlRMTVNTUAAB"),
        ("proxy-authorization", "Basic YTpi"),
    ] {
        let mut request = get("http://www.example.com/");
        request.headers_mut().insert(name, HeaderValue::from_static(value));
        let error = client.request(request).await.unwrap_err();
        assert!(matches!(error, Error::OwnCredentials { .. }), "{error}");
    }
    assert_eq!(server.connections(), 0);
    let mut request = get("http://www.example.com/public");
    request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer abc"));
    assert!(client.request(request).await.is_ok());
    assert_eq!(server.seen()[0].fields[AUTHORIZATION], "Bearer abc");
}

#[tokio::test]
async fn a_url_may_have_a_query_and_no_path() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::default()).await;
    let client = world.client(server.address).build().unwrap();
    assert!(client.request(get("http://www.example.com?x=y")).await.is_ok());
    assert!(server.seen().iter().all(|seen| seen.uri == "/?x=y"));
}

#[tokio::test]
async fn the_client_is_a_service() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::default()).await;
    let mut client = world.client(server.address).build().unwrap();
    core::future::poll_fn(|cx| client.poll_ready(cx)).await.unwrap();
    let response = client.call(get("http://www.example.com/")).await.unwrap();
    assert_eq!(text(response).await, "you are alice@EXAMPLE.COM");
}

#[tokio::test]
async fn what_is_shown_has_no_secrets() {
    let world = World::new();
    let client = world.client(([127, 0, 0, 1], 1).into()).build().unwrap();
    let shown = format!("{client:?} {:?} {:?}", world.login("bob"), world.client(([127, 0, 0, 1], 1).into()));
    assert!(shown.contains("alice") && !shown.contains("secret"), "{shown}");
    let request =
        http::Request::post("http://www.example.com/").body(gss_hyper::Body::from("secret")).unwrap();
    assert!(!format!("{request:?}").contains("secret"));
}
