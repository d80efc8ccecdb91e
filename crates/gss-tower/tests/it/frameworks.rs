//! In axum, on `axum::serve`, and in tonic.

use crate::serving::{Client, Running};
use crate::support::{both_schemes, kerberos, kerberos_and_ntlm, login};
use axum::Router;
use axum::routing::get;
use core::time::Duration;
use gss_tower::serve::Server;
use gss_tower::{Authenticated, AuthenticationLayer, Connection, Requirement};
use tokio::net::{TcpListener, TcpStream};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

async fn whoami(who: Authenticated) -> String {
    who.to_string()
}

async fn perhaps(who: Option<Authenticated>) -> String {
    who.map_or_else(|| "nobody".into(), |who| who.to_string())
}

fn router() -> Router {
    let optional =
        AuthenticationLayer::builder(kerberos()).requirement(|_| Requirement::Optional).build().unwrap();
    let ntlm = AuthenticationLayer::builder(kerberos_and_ntlm()).policy(both_schemes()).build().unwrap();
    Router::new()
        .route("/perhaps", get(perhaps))
        .route("/whoami", get(whoami))
        .layer(optional)
        .merge(Router::new().route("/", get(whoami)).layer(ntlm))
        .route("/outside", get(whoami))
}

#[tokio::test]
async fn handlers_of_axum_get_who_it_is() {
    let running = Running::start_with(router(), |server| server).await;
    let mut client = Client::http1(TcpStream::connect(running.address).await.unwrap()).await;
    for (path, token, status, text) in [
        ("/perhaps", false, 200, "nobody"),
        ("/perhaps", true, 200, "alice@EXAMPLE.COM"),
        ("/whoami", false, 401, "log in first\n"),
        ("/whoami", true, 200, "alice@EXAMPLE.COM"),
        ("/", true, 200, "alice@EXAMPLE.COM"),
        ("/outside", true, 500, "no AuthenticationLayer looked at the request; put the route inside of it\n"),
    ] {
        let request = client.get(path);
        let request = if token { request.header("authorization", login("alice").value) } else { request };
        let seen = client.send(request).await.unwrap();
        assert_eq!((seen.status, seen.text.as_str()), (status, text), "{path}");
        let asked = seen.status == 401;
        assert_eq!(seen.challenges() == ["Negotiate"], asked, "{path}");
    }
    assert_eq!(client.log_in_with_ntlm("bob").await.text, "EXAMPLE\\bob");
    running.stop().await;
}

#[tokio::test]
async fn axums_own_loop_gives_connections_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router().into_make_service_with_connect_info::<Connection>();
    let server = tokio::spawn(async { axum::serve(listener, service).await });
    let mut client = Client::http1(TcpStream::connect(address).await.unwrap()).await;
    assert_eq!(client.log_in_with_ntlm("bob").await.text, "EXAMPLE\\bob");
    let request = client.get("/");
    assert_eq!(client.send(request).await.unwrap().text, "EXAMPLE\\bob");
    let mut other = Client::http1(TcpStream::connect(address).await.unwrap()).await;
    let request = other.get("/");
    assert_eq!(other.send(request).await.unwrap().status, 401);
    server.abort();
}

/// A call by the health service, with or without a token.
async fn check(address: core::net::SocketAddr, token: Option<String>) -> Result<i32, tonic::Code> {
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{address}")).unwrap();
    let channel = channel.connect_timeout(Duration::from_secs(10)).connect().await.unwrap();
    let mut client = HealthClient::with_interceptor(channel, move |mut request: tonic::Request<()>| {
        if let Some(token) = &token {
            request.metadata_mut().insert("authorization", token.parse().unwrap());
        }
        Ok(request)
    });
    let reply = client.check(HealthCheckRequest::default()).await;
    reply.map(|reply| reply.into_inner().status).map_err(|status| status.code())
}

#[tokio::test]
async fn tonic_is_guarded_on_its_own_server_and_on_ours() {
    let (_, health) = tonic_health::server::health_reporter();
    let layer = AuthenticationLayer::new(kerberos());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    let server = tonic::transport::Server::builder().layer(layer.clone()).add_service(health.clone());
    let theirs = tokio::spawn(server.serve_with_incoming(incoming));

    let routes = tonic::service::Routes::new(health);
    let guarded = tower_layer::Layer::layer(&layer, routes.prepare());
    let ours = Running::start_with(guarded, |server: Server| server).await;
    for address in [address, ours.address] {
        assert_eq!(check(address, None).await, Err(tonic::Code::Unauthenticated));
        assert_eq!(check(address, Some(login("alice").value)).await, Ok(1));
        assert_eq!(check(address, Some("Negotiate YWJj".into())).await, Err(tonic::Code::Unauthenticated));
    }
    theirs.abort();
    ours.stop().await;
    assert_eq!(layer.counters().snapshot().logins_krb5, 2);
}
