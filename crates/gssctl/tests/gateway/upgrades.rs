//! WebSocket and other protocols.

use crate::client::{LogIn, Seen, empty, get, negotiate};
use crate::service::Service;
use crate::world::World;
use http::request::Builder;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn websocket(protocol: &str) -> Builder {
    get("/chat")
        .header("connection", "Upgrade")
        .header("upgrade", protocol)
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

#[tokio::test(flavor = "multi_thread")]
async fn websockets_are_passed_on_after_a_login() {
    let service = Service::start().await;
    let world = World::start(service.address, &[]).await;
    let mut connection = world.client.http1().await;
    let refused = Seen::of(connection.open(websocket("websocket"), empty()).await).await;
    assert_eq!((refused.status, service.requests()), (401, 0));

    let request = websocket("websocket").log_in(&world.site.credentials("alice"));
    let mut response = connection.open(request, empty()).await;
    assert_eq!(response.status(), 101);
    assert_eq!(response.headers()["upgrade"], "websocket");
    assert_eq!(response.headers()["connection"], "upgrade");
    assert!(response.headers()["www-authenticate"].to_str().unwrap().starts_with("Negotiate "));
    let mut io = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
    for text in ["\x01\x02 hello", "and again"] {
        io.write_all(text.as_bytes()).await.unwrap();
        let mut back = vec![0; text.len()];
        io.read_exact(&mut back).await.unwrap();
        assert_eq!(back, text.as_bytes());
    }
    // The end of one side is the end of the other.
    io.shutdown().await.unwrap();
    assert_eq!(io.read(&mut [0; 8]).await.unwrap(), 0);
    assert_eq!(world.log(), ["- GET /chat 401", "alice@EXAMPLE.TEST GET /chat 101"]);
}

/// In a protocol that carries HTTP a client could say who it is.
#[tokio::test(flavor = "multi_thread")]
async fn other_protocols_are_not_passed_on_unless_they_are_named() {
    let service = Service::start().await;
    for (options, protocol, status) in [
        (&[][..], "h2c", 200),
        (&[], "chat", 200),
        (&[], "websocket, h2c", 200),
        (&["--upgrade", "chat,irc"], "Chat", 101),
        (&["--upgrade", "chat,irc"], "websocket", 200),
    ] {
        let world = World::start(service.address, options).await;
        let request = websocket(protocol).log_in(&world.site.credentials("alice"));
        let response = world.client.http1().await.open(request, empty()).await;
        assert_eq!(response.status(), status, "{options:?} {protocol}");
        if status == 200 {
            let seen = Seen::of(response).await;
            assert_eq!((seen.field("upgrade"), seen.field("connection")), (vec![], vec![]), "{}", seen.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_behind_a_request_to_change_are_not_lost() {
    let service = Service::start().await;
    let world = World::start(service.address, &[]).await;
    let login = negotiate(&world.site.credentials("alice"));
    let request = format!(
        "GET /chat HTTP/1.1\r\nHost: localhost\r\nAuthorization: {login}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nearly"
    );
    let mut stream = world.client.connect(b"http/1.1").await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"early") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn websockets_where_nothing_happens_are_closed() {
    let service = Service::start().await;
    let world = World::start(service.address, &["--tunnel-timeout", "1s"]).await;
    let request = websocket("websocket").log_in(&world.site.credentials("alice"));
    let mut response = world.client.http1().await.open(request, empty()).await;
    let mut io = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
    // Whether it is an end or an error depends on TLS.
    assert!(!matches!(io.read(&mut [0; 8]).await, Ok(1..)));
}
