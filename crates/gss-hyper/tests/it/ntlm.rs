//! NTLM: servers with users and passwords.

use crate::server::{Options, Server};
use crate::world::{SITE, World, get, post, text};
use gss::AcceptorConfig;
use gss::ntlm::{self, MemoryUsers, ServerNames};
use gss_http::{Scheme, Schemes, ServerPolicy};
use gss_hyper::{
    Body, ClientBuilder, Error, Hosts, KerberosOrNtlmLogin, LoggedIn, LoginError, Mutual, NtlmLogin,
};
use http::Version;

const URL: &str = "http://www.example.com/";

fn alice() -> NtlmLogin {
    NtlmLogin::with_password("alice", "EXAMPLE", "correct horse")
}

fn users() -> ntlm::AcceptorConfig {
    let mut users = MemoryUsers::new();
    users.add("alice", "EXAMPLE", "correct horse");
    ntlm::AcceptorConfig::new(ServerNames::new("WWW"), users)
}

async fn server(schemes: Schemes, options: Options) -> Server {
    let policy = ServerPolicy { schemes, ..options.policy };
    Server::with(AcceptorConfig::ntlm(users()), Options { policy, ..options }).await
}

fn client(builder: ClientBuilder) -> ClientBuilder {
    builder
        .login(alice(), Hosts::new([SITE]).unwrap())
        .mutual(Mutual::Optional)
        .schemes(Schemes::default().then(Scheme::Ntlm))
}

#[tokio::test]
async fn logins_stay_on_their_connection() {
    let world = World::new();
    for schemes in [Schemes::default(), Schemes::only(Scheme::Ntlm)] {
        let server = server(schemes, Options::default()).await;
        let client = client(world.plain_client(server.address)).build().unwrap();
        for number in 0..3 {
            let response = client.request(post(&format!("{URL}echo"), format!("{number}"))).await.unwrap();
            let logged_in = response.extensions().get::<LoggedIn>().unwrap();
            assert!(!logged_in.is_mutual() && logged_in.mechanism() == gss::oid::NTLMSSP);
            assert_eq!(text(response).await, number.to_string());
        }
        assert_eq!(server.connections(), 1);
        let seen = server.seen();
        assert_eq!(seen.last().unwrap().user.as_deref(), Some("EXAMPLE\\alice"));
        // One login, and then no credentials any more.
        let tokens: Vec<_> = seen.iter().map(|seen| u8::from(seen.has_credentials())).collect();
        assert_eq!(tokens[0], 0);
        assert_eq!(tokens[tokens.len() - 2..], [0, 0], "{tokens:?}");
    }
}

#[tokio::test]
async fn it_is_never_sent_where_the_server_has_to_prove_itself() {
    let world = World::new();
    for schemes in [Schemes::default(), Schemes::only(Scheme::Ntlm)] {
        let server = server(schemes, Options::default()).await;
        for mutual in [Mutual::Required, Mutual::Insist] {
            let client = client(world.plain_client(server.address)).mutual(mutual).build().unwrap();
            let error = client.request(get(URL)).await.unwrap_err();
            let told = matches!(&error, Error::Login { source, .. } if matches!(**source, LoginError::ProvesNothing));
            assert!(told, "{error}");
        }
        assert!(server.seen().iter().all(|seen| !seen.has_credentials()));
    }
}

#[tokio::test]
async fn the_scheme_is_answered_only_where_it_is_listed() {
    let world = World::new();
    let server = server(Schemes::only(Scheme::Ntlm), Options::default()).await;
    let client = client(world.plain_client(server.address)).schemes(Schemes::default()).build().unwrap();
    let error = client.request(get(URL)).await.unwrap_err();
    assert!(matches!(&error, Error::NotOffered { offered, .. } if offered == &["NTLM"]), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_wrong_password_is_refused_without_a_second_try() {
    let world = World::new();
    let server = server(Schemes::only(Scheme::Ntlm), Options::default()).await;
    let login = NtlmLogin::with_password("alice", "EXAMPLE", "wrong");
    let client = client(world.plain_client(server.address)).login(login, Hosts::any_host()).build().unwrap();
    let error = client.request(get(URL)).await.unwrap_err();
    assert!(error.is_denied(), "{error}");
    assert_eq!(server.statuses(), [401, 401, 401]);
}

#[tokio::test]
async fn streams_go_out_after_the_login_on_its_connection() {
    let world = World::new();
    let server = server(Schemes::only(Scheme::Ntlm), Options::default()).await;
    let client = client(world.plain_client(server.address)).build().unwrap();
    for _ in 0..2 {
        let body = Body::stream(http_body_util::Full::new(bytes::Bytes::from("text")));
        let response = client.request(post(&format!("{URL}echo"), body)).await.unwrap();
        assert_eq!(text(response).await, "text");
    }
    let methods: Vec<_> = server.seen().iter().map(|seen| seen.method.clone()).collect();
    assert_eq!(methods, ["HEAD", "HEAD", "HEAD", "POST", "POST"]);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn http2_is_left_for_http1() {
    let world = World::new();
    // A server that offers NTLM on HTTP/1.1 alone refuses on HTTP/2 what it could have said there.
    for schemes in [Schemes::default(), Schemes::only(Scheme::Ntlm)] {
        let server = server(schemes, Options::tls(&world.site, &[b"h2", b"http/1.1"])).await;
        let client = client(world.plain_client(server.address)).build().unwrap();
        for _ in 0..2 {
            let response = client.request(post("https://www.example.com/echo", "text")).await.unwrap();
            assert!(response.extensions().get::<LoggedIn>().unwrap().is_bound());
            assert_eq!(text(response).await, "text");
        }
        // HTTP/2 once, then never again for this user.
        assert_eq!(server.connections(), 2);
        assert!(server.seen().iter().rev().take(3).all(|seen| seen.version == Version::HTTP_11));
    }
}

#[tokio::test]
async fn kerberos_comes_first_where_both_are_named() {
    let world = World::new();
    let both = || KerberosOrNtlmLogin::new(world.login("alice"), alice());
    let kerberos = Server::start(&world, SITE, Options::default()).await;
    let ntlm = server(Schemes::default(), Options::default()).await;
    for (server, mutual, user) in [
        (&kerberos, Mutual::Optional, Some("alice@EXAMPLE.COM")),
        (&kerberos, Mutual::Required, Some("alice@EXAMPLE.COM")),
        (&ntlm, Mutual::Optional, Some("EXAMPLE\\alice")),
        (&ntlm, Mutual::Required, None),
    ] {
        let client =
            client(world.plain_client(server.address)).login(both(), Hosts::any_host()).mutual(mutual);
        let outcome = client.build().unwrap().request(get(URL)).await;
        match user {
            Some(user) => assert_eq!(text(outcome.unwrap()).await, format!("you are {user}")),
            None => assert!(outcome.is_err()),
        }
    }
    // Without a ticket for the service there is NTLM, if it may be.
    world.kdc.remove("HTTP/www.example.com@EXAMPLE.COM").unwrap();
    for (mutual, logs_in) in [(Mutual::Optional, true), (Mutual::Required, false)] {
        let client = client(world.plain_client(ntlm.address)).login(both(), Hosts::any_host()).mutual(mutual);
        assert_eq!(client.build().unwrap().request(get(URL)).await.is_ok(), logs_in);
    }
}

#[tokio::test]
async fn a_login_that_is_cut_off_between_its_legs_begins_anew_once() {
    let world = World::new();
    for (deaths, lives) in [(1, true), (2, false)] {
        let options = Options { die_on_token: deaths, ..Options::default() };
        let server = server(Schemes::only(Scheme::Ntlm), options).await;
        let client = client(world.plain_client(server.address)).build().unwrap();
        assert_eq!(client.request(get(URL)).await.is_ok(), lives);
        assert!(server.connections() == 2);
    }
    // One that closes after its challenge can never be logged in at.
    let options = Options { close_with_challenge: true, ..Options::default() };
    let server = server(Schemes::only(Scheme::Ntlm), options).await;
    let client = client(world.plain_client(server.address)).build().unwrap();
    let error = client.request(get(URL)).await.unwrap_err();
    assert!(matches!(error, Error::ConnectionLost { .. }), "{error}");
    assert!(server.connections() <= 4);
}
