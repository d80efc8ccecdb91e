//! What clients cannot say, and what does not go further than here.

use crate::client::{LogIn, get, negotiate, post};
use crate::service::{Service, scripted};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_says_who_they_are() {
    let service = Service::start().await;
    let options =
        ["--mechanism-header", "X-Mechanism", "--sids-header", "X-SIDs", "--drop-header", "X-Admin"];
    let world = World::start(service.address, &options).await;
    let bob = world.site.credentials("bob");
    let spellings = [
        "X-Remote-User",
        "x-remote-user",
        "X_Remote_User",
        "X-REMOTE_USER",
        "x.remote.user",
        "X-Remote-User_".trim_end_matches('_'),
        "X-Mechanism",
        "X_MECHANISM",
        "X-SIDs",
        "x_sids",
        "x-admin",
        "X_Admin",
    ];
    for spelling in spellings {
        let forged = get("/").header(spelling, "root@EXAMPLE.TEST").header(spelling, "root@EXAMPLE.TEST");
        assert_eq!(world.client.send(get("/").header(spelling, "root@EXAMPLE.TEST")).await.status, 401);
        let seen = world.client.send(forged.log_in(&bob)).await;
        assert_eq!(seen.field("x-remote-user"), ["bob@EXAMPLE.TEST"]);
        assert!(!seen.text.contains("root"), "{spelling}: {}", seen.text);
        let mut http2 = world.client.http2().await;
        let forged = get("/").header(spelling, "root@EXAMPLE.TEST");
        let seen = http2.send(forged.log_in(&bob)).await;
        assert_eq!(seen.field("x-remote-user"), ["bob@EXAMPLE.TEST"]);
        assert!(!seen.text.contains("root"), "{spelling}: {}", seen.text);
    }
}

/// A request as bytes: a login, and other lines.
fn raw(login: &str, first: &str, lines: &str, body: &str) -> String {
    format!("{first}\r\nAuthorization: {login}\r\n{lines}Connection: close\r\n\r\n{body}")
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_and_connection_options_do_not_help() {
    let service = Service::start().await;
    let world = World::start(service.address, &[]).await;
    let bob = world.site.credentials("bob");
    // Trailer fields are header fields to some services: the service here would send them back.
    let body = "1\r\nx\r\n0\r\nX-Remote-User: root\r\n\r\n";
    let lines = "Host: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Remote-User\r\nTE: trailers\r\n";
    let answer = world.client.raw(raw(&negotiate(&bob), "POST /echo HTTP/1.1", lines, body)).await;
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.to_lowercase().contains("root"), "{answer}");
    // To call a field one of this hop does not remove ours.
    let lines = "Host: localhost\r\nConnection: X-Remote-User, Via, Host\r\nX-Remote-User: root\r\n";
    let answer = world.client.raw(raw(&negotiate(&bob), "GET / HTTP/1.1", lines, "")).await;
    assert!(answer.contains("\r\n") && answer.contains("x-remote-user: bob@EXAMPLE.TEST\n"), "{answer}");
    assert!(answer.contains("host: localhost\n") && !answer.contains("root"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_is_told_where_requests_come_from() {
    let service = Service::start().await;
    let world = World::start(service.address, &[]).await;
    let alice = world.site.credentials("alice");
    let request = get("/").header("x-forwarded-for", "10.0.0.1").header("forwarded", "for=10.0.0.1");
    let seen = world.client.send(request.log_in(&alice)).await;
    assert_eq!(seen.field("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(seen.field("x-forwarded-proto"), ["https"]);
    assert_eq!(seen.field("x-forwarded-host"), ["localhost"]);
    assert_eq!(seen.field("forwarded"), ["for=127.0.0.1;host=\"localhost\";proto=https"]);
    assert_eq!(seen.field("via"), ["1.1 gssctl"]);
    assert_eq!(seen.field("host"), ["localhost"]);

    let world = World::start(service.address, &["--upstream-host"]).await;
    let seen = world.client.send(get("/").log_in(&world.site.credentials("alice"))).await;
    assert_eq!(seen.field("host"), [service.address.to_string()]);
    assert_eq!(seen.field("x-forwarded-host"), ["localhost"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_unclear_are_not_passed_on() {
    let service = Service::start().await;
    let options = ["--upstream", &format!("http://{}/base", service.address)];
    let world = World::start(service.address, &options).await;
    let alice = world.site.credentials("alice");
    let host = "Host: localhost\r\n";
    for (first, lines, status) in [
        ("GET / HTTP/1.1", "", 400),
        ("GET / HTTP/1.1", "Host: localhost\r\nHost: other\r\n", 400),
        ("GET / HTTP/1.1", "Host: user@localhost\r\n", 400),
        ("GET / HTTP/1.1", "Host: local host\r\n", 400),
        ("GET http://a@localhost/ HTTP/1.1", "", 400),
        ("OPTIONS * HTTP/1.1", host, 400),
        ("CONNECT other.example:443 HTTP/1.1", host, 400),
        ("GET /../admin HTTP/1.1", host, 400),
        ("GET /%2e%2E/admin HTTP/1.1", host, 400),
        ("POST / HTTP/1.1", "Host: localhost\r\nTransfer-Encoding: gzip, chunked\r\n", 501),
        ("POST / HTTP/1.1", "Host: localhost\r\nTransfer-Encoding: gzip\r\n", 400),
        ("POST / HTTP/1.1", "Host: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n", 400),
    ] {
        let body = if lines.contains("chunked") { "0\r\n\r\n" } else { "" };
        let answer = world.client.raw(raw(&negotiate(&alice), first, lines, body)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{first} {lines:?}: {answer}");
    }
    assert_eq!(service.requests(), 0);

    // Length and chunks: the chunks count, only they are passed on, and what follows is no request.
    let lines = "Host: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n";
    let body = "1\r\nx\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let request = format!("POST / HTTP/1.1\r\nAuthorization: {}\r\n{lines}\r\n{body}", negotiate(&alice));
    let answer = world.client.raw(request).await;
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("content-length: 4"), "{answer}");
    assert_eq!((answer.matches("HTTP/1.1 ").count(), service.requests()), (1, 1), "{answer}");

    // The oldest clients need no Host; of a whole URL the host counts.
    let answer = world.client.raw(raw(&negotiate(&alice), "GET /x HTTP/1.0", "", "")).await;
    assert!(answer.contains("GET /base/x\n"), "{answer}");
    let whole = raw(&negotiate(&alice), "GET http://www.example.com/x HTTP/1.1", host, "");
    let answer = world.client.raw(whole).await;
    assert!(answer.contains("GET /base/x\n") && answer.contains("host: www.example.com\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_own_challenges_are_for_the_client() {
    const CHALLENGE: &str =
        "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"inner\"\r\nContent-Length: 0\r\n\r\n";
    const PROXY: &str = "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n";
    const PAGE: &str = "HTTP/1.1 200 OK\r\nWWW-Authenticate: Negotiate AAAA\r\nKeep-Alive: x\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\
         Content-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npage\r\n0\r\n\r\n";
    let world = World::start(scripted(&[CHALLENGE, PROXY, PAGE]).await, &[]).await;
    let alice = world.site.credentials("alice");
    let seen = world.client.send(get("/").log_in(&alice)).await;
    assert_eq!((seen.status, seen.lines("www-authenticate")), (401, vec!["Basic realm=\"inner\""]));
    let seen = world.client.send(post("/").log_in(&alice)).await;
    assert_eq!((seen.status, seen.lines("proxy-authenticate").len()), (502, 0));
    let seen = world.client.send(post("/").log_in(&alice)).await;
    assert_eq!((seen.status, seen.text.as_str()), (200, "page"));
    // One challenge, which is ours.
    let [challenge] = seen.lines("www-authenticate")[..] else { panic!("{seen:?}") };
    assert!(challenge.len() > "Negotiate AAAA".len(), "{challenge}");
    for gone in ["keep-alive", "x-hop"] {
        assert!(seen.lines(gone).is_empty(), "{seen:?}");
    }
    assert_ne!(seen.lines("content-length"), ["99"]);
}
