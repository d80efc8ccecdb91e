//! Bodies of any size, and services that are away or slow.

use crate::client::{LogIn, RequestBody, empty, full, get, negotiate, post};
use crate::service::{MANY, Service, answer_once, scripted};
use crate::world::World;
use bytes::Bytes;
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A body of what comes from somewhere.
fn streaming(chunks: mpsc::Receiver<Bytes>) -> RequestBody {
    let next = |mut chunks: mpsc::Receiver<Bytes>| async {
        let chunk = chunks.recv().await?;
        Some((Ok(Frame::data(chunk)), chunks))
    };
    BodyExt::boxed_unsync(StreamBody::new(futures_util::stream::unfold(chunks, next)))
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_stream_through() {
    let service = Service::start().await;
    let world = World::start(service.address, &[]).await;
    let alice = world.site.credentials("alice");
    let mut connection = world.client.http1().await;
    let response = connection.open(get("/bytes").log_in(&alice), empty()).await;
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), MANY);

    // A response without its body says how long that would be.
    let seen = connection.open(Request::head("/").log_in(&alice), empty()).await;
    assert!(seen.headers()["content-length"].to_str().unwrap().parse::<u32>().unwrap() > 0);
    assert!(seen.into_body().collect().await.unwrap().to_bytes().is_empty());

    // Both ways at once: each part is sent after the one before came back.
    let (send, chunks) = mpsc::channel(1);
    let mut back = connection.open(post("/echo").log_in(&alice), streaming(chunks)).await.into_body();
    for number in 0..10 {
        let chunk = Bytes::from(vec![number; 64 << 10]);
        send.send(chunk.clone()).await.unwrap();
        let mut seen = Vec::new();
        while seen.len() < chunk.len() {
            seen.extend(back.frame().await.unwrap().unwrap().into_data().unwrap());
        }
        assert!(seen == chunk);
    }
    drop(send);
    assert!(back.frame().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_unknown_length_arrive_with_every_method() {
    let service = Service::start().await;
    let world = World::start(service.address, &[]).await;
    let alice = world.site.credentials("alice");
    for method in ["GET", "DELETE", "POST"] {
        let mut connection = world.client.http1().await;
        let (send, chunks) = mpsc::channel(1);
        send.send(Bytes::from_static(b"found")).await.unwrap();
        drop(send);
        let request = Request::builder().method(method).uri("/echo").header("transfer-encoding", "chunked");
        let response = connection.open(request.log_in(&alice), streaming(chunks)).await;
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "found", "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_too_long_are_refused() {
    let service = Service::start().await;
    let world = World::start(service.address, &["--max-body", "64K"]).await;
    let alice = world.site.credentials("alice");
    let mut connection = world.client.http1().await;
    let response = connection.open(post("/echo").log_in(&alice), full(vec![b'x'; 64 << 10])).await;
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), 64 << 10);

    // Who says how much it is, is told before it is sent; who does not, when it is too much.
    let chunk = format!("10001\r\n{}", "x".repeat(0x10001));
    for (field, body) in
        [("Content-Length: 65537\r\nExpect: 100-continue", ""), ("Transfer-Encoding: chunked", &*chunk)]
    {
        let login = negotiate(&alice);
        let head =
            format!("POST /gate HTTP/1.1\r\nHost: localhost\r\nAuthorization: {login}\r\n{field}\r\n\r\n");
        let answer = world.client.raw(head + body).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{field}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_away() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let world = World::start(address, &[]).await;
    let seen = world.client.send(get("/").log_in(&world.site.credentials("alice"))).await;
    assert_eq!(seen.status, 502);
    // Where it is, the client need not know; the log says it.
    assert_eq!(seen.text, "the service behind this gateway cannot be reached\n");
    let log = world.log();
    assert!(log[0].starts_with("alice@EXAMPLE.TEST GET / 502, ") && log[0].contains("refused"), "{log:?}");
    assert!(seen.lines("www-authenticate")[0].starts_with("Negotiate "), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_slow() {
    let service = Service::start().await;
    let world = World::start(service.address, &["--upstream-timeout", "1s"]).await;
    let seen = world.client.send(get("/gate").log_in(&world.site.credentials("alice"))).await;
    assert_eq!(
        (seen.status, seen.text.as_str()),
        (504, "the service behind this gateway does not answer in time\n")
    );
    assert_eq!(world.log(), ["alice@EXAMPLE.TEST GET /gate 504, no response of the service after 1s"]);

    // In the middle of its response there is nobody to tell, but the response does not look whole.
    const HALF: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = World::start(listener.local_addr().unwrap(), &["--upstream-timeout", "1s"]).await;
    let mut connection = world.client.http1().await;
    let request = get("/").log_in(&world.site.credentials("alice"));
    let (_stream, response) = tokio::join!(answer_once(&listener, HALF), connection.open(request, empty()));
    assert!(response.into_body().collect().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_slow() {
    let service = Service::start().await;
    let world = World::start(service.address, &["--client-timeout", "1s"]).await;
    let login = negotiate(&world.site.credentials("alice"));
    let request = format!(
        "POST /gate HTTP/1.1\r\nHost: localhost\r\nAuthorization: {login}\r\nContent-Length: 5\r\n\r\nx"
    );
    let mut stream = world.client.connect(b"http/1.1").await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 408");
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_answer_nonsense() {
    const NONSENSE: &str = "nonsense\r\n\r\n";
    const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage";
    const CHANGE: &str = "HTTP/1.1 101 Why\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    let world = World::start(scripted(&[NONSENSE, "", CHANGE, "", PAGE]).await, &[]).await;
    let alice = world.site.credentials("alice");
    // What may have changed something is not sent again.
    for _ in 0..2 {
        assert_eq!(world.client.send(post("/").log_in(&alice)).await.status, 502);
    }
    assert_eq!(world.client.send(post("/").log_in(&alice)).await.status, 502);
    // What changes nothing is, once.
    assert_eq!(world.client.send(get("/").log_in(&alice)).await.text, "page");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_too_long_are_refused() {
    let service = Service::start().await;
    let world = World::start(service.address, &[]).await;
    // Not a byte more than is read, so that the answer is not lost.
    let head = "GET / HTTP/1.1\r\nHost: localhost\r\nX: ";
    let rest = "a".repeat(gss_tower::RECOMMENDED_MAX_HEADER_BYTES - head.len());
    let answer = world.client.raw(format!("{head}{rest}")).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert_eq!(service.requests(), 0);
}
