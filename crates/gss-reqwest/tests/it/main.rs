//! reqwest's requests against a server of gss-tower.

extern crate alloc;

// The example runs as it is, save for its `main`.
#[allow(dead_code, reason = "main needs a real credential cache")]
#[path = "../../examples/reqwest_client.rs"]
mod reqwest_client;

use alloc::sync::Arc;
use core::convert::Infallible;
use core::net::SocketAddr;
use core::time::Duration;
use gss::AcceptorConfig;
use gss_hyper::{ClientBuilder, Hosts, KerberosLogin, LoggedIn, Login};
use gss_reqwest::{Client, Error, SendAuthenticated};
use gss_rustls::ServerEndPoints;
use gss_tower::serve::Server;
use gss_tower::{Authenticated, AuthenticationLayer, GssScheme, Requirement};
use http::header::LOCATION;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use krb5_net::TransportError;
use krb5_net::credentials::Credentials;
use krb5_testkdc::{Kdc, Port, Realm};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tower_layer::Layer;

const URL: &str = "https://www.example.com/";

struct World {
    kdc: Arc<Kdc>,
    address: SocketAddr,
    tls: ClientConfig,
}

impl World {
    async fn start() -> Self {
        let realm = Realm { spake: false, ..Realm::new("EXAMPLE.COM") };
        let realm = realm.user("alice", "secret").user("bob", "secret").service("HTTP/www.example.com");
        let kdc = Arc::new(Kdc::new(realm).unwrap());
        let certified = rcgen::generate_simple_self_signed(["www.example.com".to_owned()]).unwrap();
        let certificate = certified.cert.der().clone();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.into())
            .unwrap();
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let tls =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let tls = tls.with_root_certificates(roots).with_no_client_auth();

        let keytab = kdc.keytab(&["HTTP/www.example.com@EXAMPLE.COM"]).unwrap().to_bytes().unwrap();
        let layer = AuthenticationLayer::builder(AcceptorConfig::from_keytab(&keytab).unwrap())
            .gss(GssScheme::new("https://www.example.com"))
            .requirement(|parts| match parts.uri.path() {
                "/public" => Requirement::None,
                _ => Requirement::Required,
            })
            .build()
            .unwrap();
        let end_points = ServerEndPoints::new([&certificate]).unwrap();
        let listening = Server::bind("127.0.0.1:0").await.unwrap().tls(server, end_points);
        let address = listening.local_addr().unwrap();
        tokio::spawn(listening.serve(layer.layer(tower::service_fn(answer))));
        Self { kdc, address, tls }
    }

    fn credentials(&self, user: &str) -> Credentials {
        let kdc = Arc::clone(&self.kdc);
        let line = move |request: &krb5_client::Request| {
            let silence = || TransportError::Other(std::io::Error::other("silence").into());
            kdc.answer(Port::Kdc, &request.message).ok_or_else(silence)
        };
        Credentials::with_password(format!("{user}@EXAMPLE.COM").parse().unwrap(), "secret", line)
    }

    fn builder(&self) -> ClientBuilder {
        gss_hyper::Client::builder().tls(self.tls.clone()).resolve("www.example.com", [self.address])
    }

    fn client(&self) -> Client {
        let login = KerberosLogin::new("alice", self.credentials("alice"));
        let hosts = Hosts::new(["www.example.com"]).unwrap();
        self.builder().login(login, hosts).build().unwrap().into()
    }
}

/// Who the user is, and the body.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let who = request.extensions().get::<Authenticated>().map_or("nobody".to_owned(), ToString::to_string);
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    if path == "/moved" {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::FOUND;
        response.headers_mut().insert(LOCATION, HeaderValue::from_static("/public"));
        return Ok(response);
    }
    Ok(Response::new(Full::from([format!("{who} {method} ").as_bytes(), &body].concat())))
}

#[tokio::test]
async fn requests_of_reqwest_log_in() {
    let world = World::start().await;
    let (client, http) = (world.client(), reqwest::Client::new());
    let response = http.get(URL).send_authenticated(&client).await.unwrap();
    let login = response.extensions().get::<LoggedIn>().unwrap();
    assert!(login.is_mutual() && login.is_bound());
    assert_eq!(response.url().as_str(), URL);
    assert_eq!(response.text().await.unwrap(), "alice@EXAMPLE.COM GET ");
    let response = http.post(URL).body("text").send_authenticated(&client).await.unwrap();
    assert_eq!(response.text().await.unwrap(), "alice@EXAMPLE.COM POST text");
    let request = http.put(URL).header("x", "y").build().unwrap();
    let response = client.execute(request).await.unwrap();
    assert_eq!(response.text().await.unwrap(), "alice@EXAMPLE.COM PUT ");
    // As somebody else, and as nobody.
    let bob: Arc<dyn Login> = Arc::new(KerberosLogin::new("bob", world.credentials("bob")));
    let response = http.get(URL).send_as(&bob, &client).await.unwrap();
    assert_eq!(response.text().await.unwrap(), "bob@EXAMPLE.COM GET ");
    let response = client.execute_anonymously(http.get(URL).build().unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_url_of_a_response_is_the_last_one() {
    let world = World::start().await;
    let request = reqwest::Client::new().get(format!("{URL}moved"));
    let response = request.send_authenticated(&world.client()).await.unwrap();
    assert_eq!(response.url().as_str(), format!("{URL}public"));
    assert!(response.extensions().get::<LoggedIn>().is_none());
    assert_eq!(response.text().await.unwrap(), "nobody GET ");
}

#[tokio::test]
async fn bodies_may_be_streams_both_ways() {
    let world = World::start().await;
    let (client, http) = (world.client(), reqwest::Client::new());
    for builder in [world.builder(), world.builder().gss_scheme(), world.builder().http1_only()] {
        let login = KerberosLogin::new("alice", world.credentials("alice"));
        let client: Client = builder.login(login, Hosts::any_host()).build().unwrap().into();
        let body = reqwest::Body::wrap(Full::new(Bytes::from(vec![b'x'; 1 << 20])));
        let request = http.post(URL).body(body).build().unwrap();
        assert!(request.try_clone().is_none());
        let mut response = client.execute(request).await.unwrap();
        let mut length = 0;
        while let Some(chunk) = response.chunk().await.unwrap() {
            length += chunk.len();
        }
        assert_eq!(length, "alice@EXAMPLE.COM POST ".len() + (1 << 20));
    }
    let bytes = vec![b'x'; 1 << 20];
    let response = http.post(URL).body(bytes).send_authenticated(&client).await.unwrap();
    assert!(response.bytes().await.unwrap().len() > 1 << 20);
}

#[tokio::test]
async fn errors_say_what_failed() {
    let world = World::start().await;
    let client = world.client();
    let http = reqwest::Client::new();
    let error = http.get("no url").send_authenticated(&client).await.unwrap_err();
    assert!(matches!(error, Error::Request(_)), "{error}");
    let limit = Duration::from_nanos(1);
    let error = http.get(URL).timeout(limit).send_authenticated(&client).await.unwrap_err();
    assert!(matches!(error, Error::Send(gss_hyper::Error::TimedOut { .. })), "{error}");
    let listed =
        world.builder().login(KerberosLogin::new("alice", world.credentials("alice")), Hosts::none());
    let client: Client = listed.build().unwrap().into();
    let error = http.get(URL).send_authenticated(&client).await.unwrap_err();
    assert!(matches!(error, Error::Send(gss_hyper::Error::HostNotAllowed { .. })), "{error}");
}

#[tokio::test]
async fn the_example_fetches_pages() {
    let world = World::start().await;
    let mut output = Vec::new();
    let urls = [URL.to_owned(), format!("{URL}public")];
    reqwest_client::fetch(&urls, world.credentials("alice"), world.builder(), &mut output).await.unwrap();
    assert_eq!(String::from_utf8(output).unwrap(), "alice@EXAMPLE.COM GET nobody GET ");
}
