//! Logins at proxies, at servers behind them, and at both.

use crate::proxy::{Options, Proxy};
use crate::raw::{Raw, Say, response};
use crate::server::{self, Server};
use crate::world::{PROXY, SITE, World, get, post, text};
use gss_core::bindings::TlsBinding;
use gss_http::ClientError;
use gss_hyper::connect::{Connector, Offer};
use gss_hyper::{ClientBuilder, Error, Hosts, LoggedIn, Mutual, Origin, Proxies};
use http::Method;

const PLAIN: &str = "http://www.example.com/";
const SECURE: &str = "https://www.example.com/";

fn proxy_at(proxy: &Proxy, tls: bool) -> gss_hyper::Proxy {
    let scheme = if tls { "https" } else { "http" };
    gss_hyper::Proxy::new(&format!("{scheme}://{PROXY}:{}", proxy.address.port()).parse().unwrap()).unwrap()
}

/// A client of alice's, who goes through the proxy. No host but the proxy has an address.
fn client(world: &World, proxy: &Proxy, named: gss_hyper::Proxy) -> ClientBuilder {
    world
        .plain_client(([127, 0, 0, 1], 1).into())
        .resolve(PROXY, [proxy.address])
        .login(world.login("alice"), Hosts::new([SITE]).unwrap())
        .proxies(Proxies::all(named))
}

#[tokio::test]
async fn both_sides_log_in_each_with_its_own() {
    let world = World::new();
    for (url, tls_proxy) in [(PLAIN, false), (PLAIN, true), (SECURE, false), (SECURE, true)] {
        let secure = url == SECURE;
        let options =
            if secure { server::Options::tls(&world.site, &[]) } else { server::Options::default() };
        let server = Server::start(&world, SITE, options).await;
        let options = Options { tls: tls_proxy, ..Options::kerberos(&world, server.address) };
        let proxy = Proxy::start(&world.proxy, options).await;
        let named = proxy_at(&proxy, tls_proxy).login(world.login("bob")).mutual(Mutual::Required);
        let client = client(&world, &proxy, named).build().unwrap();
        for _ in 0..3 {
            let response = client.request(post(&format!("{url}echo"), "text")).await.unwrap();
            let logged_in = response.extensions().get::<LoggedIn>().unwrap();
            assert_eq!(logged_in.server(), Some("HTTP/www.example.com@EXAMPLE.COM"));
            assert_eq!(logged_in.is_bound(), secure);
            assert_eq!(text(response).await, "text");
        }
        assert_eq!((proxy.connections(), server.connections()), (1, 1), "{url} {tls_proxy}");
        let asked = proxy.asked();
        // Each is bound to the certificate of its own side.
        let users: Vec<_> = asked.iter().filter(|asked| asked.user.is_some()).collect();
        assert!(users.iter().all(|asked| asked.user.as_deref() == Some("bob@EXAMPLE.COM")));
        assert!(!users.is_empty() && users.iter().all(|asked| asked.bound == tls_proxy));
        assert!(asked.iter().all(|asked| (asked.method == Method::CONNECT) == secure));
        assert!(!secure || asked.iter().all(|asked| asked.uri == "www.example.com:443"));
        assert!(!secure || asked.iter().all(|asked| !asked.fields.contains_key("authorization")));
        let seen = server.seen();
        assert!(seen.iter().all(|seen| !seen.fields.contains_key("proxy-authorization")));
        assert_eq!(seen.last().unwrap().user.as_deref(), Some("alice@EXAMPLE.COM"));
    }
}

#[tokio::test]
async fn a_proxy_that_closes_with_its_challenge_gets_the_token_on_the_next_connection() {
    let world = World::new();
    let server = Server::start(&world, SITE, server::Options::tls(&world.site, &[])).await;
    let options = Options { close_with_challenge: true, ..Options::kerberos(&world, server.address) };
    let proxy = Proxy::start(&world.proxy, options).await;
    let client = client(&world, &proxy, proxy_at(&proxy, false).login(world.login("bob"))).build().unwrap();
    assert_eq!(text(client.request(get(SECURE)).await.unwrap()).await, "you are alice@EXAMPLE.COM");
    assert_eq!((proxy.connections(), server.connections()), (2, 1));
}

#[tokio::test]
async fn a_proxy_gets_no_login_that_is_not_its_own() {
    let world = World::new();
    let server = Server::start(&world, SITE, server::Options::default()).await;
    let proxy = Proxy::start(&world.proxy, Options::kerberos(&world, server.address)).await;
    let client = client(&world, &proxy, proxy_at(&proxy, false)).build().unwrap();
    for url in [PLAIN, SECURE] {
        let error = client.request(get(url)).await.unwrap_err();
        assert!(matches!(&error, Error::ProxyLoginNeeded { proxy } if proxy.contains(PROXY)), "{error}");
    }
    assert!(proxy.asked().iter().all(|asked| !asked.fields.contains_key("proxy-authorization")));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_proxy_that_may_mix_connections_gets_no_login_of_the_server() {
    let world = World::new();
    let server = Server::start(&world, SITE, server::Options::default()).await;
    let options = Options { session_based: false, ..Options::new(server.address) };
    let proxy = Proxy::start(&world.proxy, options).await;
    let client = client(&world, &proxy, proxy_at(&proxy, false)).build().unwrap();
    let error = client.request(get(PLAIN)).await.unwrap_err();
    assert!(matches!(error.exchange(), Some(ClientError::ProxyNotSessionBased)), "{error}");
    assert!(server.seen().iter().all(|seen| !seen.has_credentials()));
}

#[tokio::test]
async fn a_proxy_proves_itself_where_it_has_to() {
    let world = World::new();
    let server = Server::start(&world, SITE, server::Options::tls(&world.site, &[])).await;
    let options = Options { drop_final: true, ..Options::kerberos(&world, server.address) };
    let proxy = Proxy::start(&world.proxy, options).await;
    for (mutual, goes) in [(Mutual::Optional, true), (Mutual::Required, false)] {
        let named = proxy_at(&proxy, false).login(world.login("bob")).mutual(mutual);
        let outcome = client(&world, &proxy, named).build().unwrap().request(get(SECURE)).await;
        assert_eq!(outcome.is_ok(), goes);
        assert!(goes || outcome.unwrap_err().is_unproven());
    }
    // Nothing went through the second tunnel.
    assert_eq!(server.statuses(), [401, 200]);
}

#[tokio::test]
async fn a_proxy_that_asks_for_nothing_is_not_enough_for_who_insists() {
    let world = World::new();
    let server = Server::start(&world, SITE, server::Options::tls(&world.site, &[])).await;
    let plain = Server::start(&world, SITE, server::Options::default()).await;
    for (url, upstream) in [(SECURE, server.address), (PLAIN, plain.address)] {
        let asking = Proxy::start(&world.proxy, Options::kerberos(&world, upstream)).await;
        let silent = Proxy::start(&world.proxy, Options::new(upstream)).await;
        for (proxy, asks) in [(asking, true), (silent, false)] {
            let named = proxy_at(&proxy, false).login(world.login("bob"));
            for (mutual, goes) in [(Mutual::Insist, asks), (Mutual::Required, true)] {
                let client = client(&world, &proxy, named.clone().mutual(mutual)).build().unwrap();
                let outcome = client.request(get(&format!("{url}public"))).await;
                assert_eq!(outcome.is_ok(), goes, "{url} {mutual:?}");
                assert!(goes || matches!(outcome.unwrap_err(), Error::NotAsked { .. }));
            }
        }
    }
}

#[tokio::test]
async fn users_keep_their_tunnels_and_hosts_may_go_without() {
    let world = World::new();
    let server = Server::start(&world, SITE, server::Options::tls(&world.site, &[])).await;
    let proxy = Proxy::start(&world.proxy, Options::new(server.address)).await;
    let client = client(&world, &proxy, proxy_at(&proxy, false)).build().unwrap();
    let bob: alloc::sync::Arc<dyn gss_hyper::Login> = alloc::sync::Arc::new(world.login("bob"));
    for _ in 0..3 {
        assert_eq!(text(client.request(get(SECURE)).await.unwrap()).await, "you are alice@EXAMPLE.COM");
        assert_eq!(
            text(client.request_as(&bob, get(SECURE)).await.unwrap()).await,
            "you are bob@EXAMPLE.COM"
        );
    }
    assert_eq!((proxy.connections(), server.connections()), (2, 2));
    let direct = Proxies::all(proxy_at(&proxy, false)).except(Hosts::new([SITE]).unwrap());
    let client = world.client(server.address).proxies(direct).build().unwrap();
    assert_eq!(text(client.request(get(SECURE)).await.unwrap()).await, "you are alice@EXAMPLE.COM");
    assert_eq!(proxy.connections(), 2);
}

#[tokio::test]
async fn what_a_proxy_says_instead_of_a_tunnel_is_an_error() {
    let world = World::new();
    for (status, line) in [(403, "x: y"), (200, "x: y"), (302, "location: http://www.example.com/")] {
        let raw = Raw::start(move |_, _| Say::Last(response(status, &[line], "a page of the proxy's"))).await;
        let named = gss_hyper::Proxy::new(&format!("http://{PROXY}").parse().unwrap()).unwrap();
        let client = world
            .plain_client(([127, 0, 0, 1], 1).into())
            .resolve(PROXY, [raw.address])
            .proxies(Proxies::all(named))
            .build()
            .unwrap();
        let error = client.request(get(SECURE)).await.unwrap_err();
        match status {
            // The page is taken for TLS, which it is not.
            200 => assert!(matches!(error, Error::Tls { .. }), "{error}"),
            status => assert!(matches!(&error, Error::Tunnel { status: found, .. } if *found == status)),
        }
        assert_eq!(raw.connections(), 1);
    }
}

#[tokio::test]
async fn a_connector_gives_the_stream_and_what_to_bind_to() {
    let world = World::new();
    let server = Server::start(&world, SITE, server::Options::tls(&world.site, &[b"h2"])).await;
    let proxy = Proxy::start(&world.proxy, Options::kerberos(&world, server.address)).await;
    let named = proxy_at(&proxy, false).login(world.login("bob"));
    let connector = Connector::new(&world.tls()).proxies(Proxies::all(named)).resolve(PROXY, [proxy.address]);
    let origin = |url: &str| Origin::of(&url.parse().unwrap()).unwrap();
    let tunnel = connector.connect(&origin(SECURE), Offer::Any).await.unwrap();
    assert!(tunnel.is_http2 && tunnel.forwarding.is_none());
    let expected = gss_rustls::server_end_point(&world.site.certificate).unwrap().unwrap();
    let end_point = gss::ChannelBindings::tls_server_end_point(&expected);
    assert!(tunnel.channel.of(TlsBinding::ServerEndPoint).eq([end_point]));
    let refused = connector.connect(&origin(SECURE), Offer::Http1).await;
    assert!(matches!(refused, Err(Error::Tls { .. })));
    let forwarded = connector.connect(&origin(PLAIN), Offer::Any).await.unwrap();
    assert_eq!(forwarded.forwarding.unwrap().proxy.host(), PROXY);
}

#[tokio::test]
async fn the_example_fetches_a_page() {
    let world = World::new();
    let server = Server::start(&world, SITE, server::Options::tls(&world.site, &[])).await;
    let proxy = Proxy::start(&world.proxy, Options::kerberos(&world, server.address)).await;
    let job = crate::proxy_client::Job {
        url: SECURE.to_owned(),
        proxy: format!("http://{PROXY}:{}", proxy.address.port()),
        credentials: world.credentials("alice", "secret"),
    };
    let builder = world.plain_client(([127, 0, 0, 1], 1).into()).resolve(PROXY, [proxy.address]);
    let mut output = Vec::new();
    crate::proxy_client::fetch(job, builder, &mut output).await.unwrap();
    assert_eq!(String::from_utf8(output).unwrap(), "you are alice@EXAMPLE.COM");
    assert_eq!(proxy.asked().last().unwrap().user.as_deref(), Some("alice@EXAMPLE.COM"));
}

mod ntlm {
    use super::*;
    use gss::AcceptorConfig;
    use gss::ntlm::{self, MemoryUsers, ServerNames};
    use gss_http::{Scheme, Schemes, ServerPolicy};
    use gss_hyper::NtlmLogin;

    fn acceptor(user: &str) -> AcceptorConfig {
        let mut users = MemoryUsers::new();
        users.add(user, "EXAMPLE", "correct horse");
        AcceptorConfig::ntlm(ntlm::AcceptorConfig::new(ServerNames::new("WWW"), users))
    }

    fn login(user: &str) -> NtlmLogin {
        NtlmLogin::with_password(user, "EXAMPLE", "correct horse")
    }

    #[tokio::test]
    async fn several_legs_at_both_sides_stay_on_their_connections() {
        let world = World::new();
        let schemes = [Schemes::default(), Schemes::only(Scheme::Ntlm)];
        for (url, at_proxy, at_server) in [
            (PLAIN, schemes[0], schemes[0]),
            (PLAIN, schemes[1], schemes[1]),
            (SECURE, schemes[0], schemes[1]),
            (SECURE, schemes[1], schemes[0]),
        ] {
            let secure = url == SECURE;
            let base =
                if secure { server::Options::tls(&world.site, &[]) } else { server::Options::default() };
            let policy = ServerPolicy { schemes: at_server, ..ServerPolicy::default() };
            let server = Server::with(acceptor("alice"), server::Options { policy, ..base }).await;
            let options =
                Options { login: Some((acceptor("bob"), at_proxy)), ..Options::new(server.address) };
            let proxy = Proxy::start(&world.proxy, options).await;
            let named = proxy_at(&proxy, false).login(login("bob"));
            let client = client(&world, &proxy, named)
                .login(login("alice"), Hosts::new([SITE]).unwrap())
                .schemes(Schemes::default().then(Scheme::Ntlm))
                .mutual(Mutual::Optional)
                .build()
                .unwrap();
            for number in 0..3 {
                let response =
                    client.request(post(&format!("{url}echo"), format!("{number}"))).await.unwrap();
                assert_eq!(text(response).await, number.to_string());
            }
            assert_eq!((proxy.connections(), server.connections()), (1, 1), "{url}");
            assert_eq!(server.seen().last().unwrap().user.as_deref(), Some("EXAMPLE\\alice"));
            assert_eq!(proxy.asked().last().unwrap().user.as_deref(), Some("EXAMPLE\\bob"));
        }
    }
}
