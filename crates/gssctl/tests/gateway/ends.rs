//! How a gateway ends.

use crate::client::{LogIn, Seen, empty, get};
use crate::service::Service;
use crate::world::World;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_have_begun_end_and_new_ones_do_not_begin() {
    let service = Service::start().await;
    let mut world = World::start(service.address, &[]).await;
    let request = get("/gate").log_in(&world.site.credentials("alice"));
    let mut connection = world.client.http1().await;
    let address = world.address;
    let running = async {
        service.arrived().await;
        world.stop();
        // Nobody can connect any more, from some moment on.
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        service.let_through();
    };
    let (response, ()) = tokio::join!(connection.open(request, empty()), running);
    let seen = Seen::of(response).await;
    assert_eq!((seen.status, seen.field("x-remote-user")), (200, vec!["alice@EXAMPLE.TEST"]));
    assert_eq!(world.ended().await.left, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_end_in_time_is_cut() {
    let service = Service::start().await;
    let mut world = World::start(service.address, &["--drain", "1s"]).await;
    let alice = world.site.credentials("alice");
    let request = get("/chat").header("connection", "upgrade").header("upgrade", "websocket");
    let mut response = world.client.http1().await.open(request.log_in(&alice), empty()).await;
    let mut io = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
    io.write_all(b"x").await.unwrap();
    assert_eq!(io.read_u8().await.unwrap(), b'x');
    world.stop();
    let left = world.ended().await.left;
    assert_eq!(left, 1);
    assert!(!matches!(io.read(&mut [0; 8]).await, Ok(1..)));
}
