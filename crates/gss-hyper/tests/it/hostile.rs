//! Servers that mean no good.

use crate::raw::{Raw, Say, response};
use crate::server::{Options, Server};
use crate::world::{SITE, World, get, text};
use alloc::sync::Arc;
use core::time::Duration;
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use gss::Handshake;
use gss_http::ClientError;
use gss_hyper::{Error, Mutual};
use tokio::time::timeout;

const URL: &str = "http://www.example.com/";
const BARE: &str = "WWW-Authenticate: Negotiate";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a client that may log in makes of such a server.
async fn outcome(world: &World, raw: &Raw) -> Result<http::StatusCode, Error> {
    let client = world.client(raw.address).build().unwrap();
    let request = client.request(get(URL));
    timeout(PATIENCE, request).await.unwrap().map(|response| response.status())
}

/// The line in which a server takes the token of a request, and proves itself.
fn proof(config: &Arc<gss::AcceptorConfig>, head: &str) -> String {
    let token = head.split_once("Negotiate ").unwrap().1.lines().next().unwrap();
    let (mut input, mut output) = (Vec::new(), Vec::new());
    gss_http::legs::decode_token(token, 1 << 16, &mut input).unwrap();
    let mut rng = UnwrapErr(SysRng);
    let mut env = gss::Env::new(gss::Timestamp::now(), &mut rng);
    let acceptor = gss::Acceptor::new(Arc::clone(config));
    assert!(matches!(acceptor.step(&mut input, &mut output, &mut env), Ok(gss::Step::Done(_))));
    let mut line = b"www-authenticate: ".to_vec();
    gss_http::Scheme::Negotiate.write_token(&output, &mut line).unwrap();
    String::from_utf8(line).unwrap()
}

/// That it proved itself once says nothing about who answers now.
#[tokio::test]
async fn a_server_that_asks_again_has_to_prove_itself_again() {
    let world = World::new();
    let config = Arc::new(world.acceptor(SITE));
    let server = Raw::start(move |number, head| {
        Say::Bytes(match number {
            0 | 2 => response(401, &["www-authenticate: Negotiate"], ""),
            1 => response(200, &[&proof(&config, head)], "proven"),
            _ => response(200, &[], "not proven"),
        })
    })
    .await;
    let client = world.client(server.address).build().unwrap();
    let first = client.request(get("http://www.example.com/")).await.unwrap();
    assert_eq!(text(first).await, "proven");
    let error = client.request(get("http://www.example.com/")).await.unwrap_err();
    assert!(error.is_unproven(), "{error}");
    assert_eq!((server.heads().len(), server.connections()), (4, 1));
}

#[tokio::test]
async fn endless_challenges_end() {
    let world = World::new();
    for line in [
        BARE,
        // A token that is none.
        "WWW-Authenticate: Negotiate AAAA",
        "WWW-Authenticate: Negotiate oQcwBaADCgEB",
    ] {
        let raw = Raw::start(move |_, _| Say::Bytes(response(401, &[line], "no"))).await;
        let error = outcome(&world, &raw).await.unwrap_err();
        assert!(error.exchange().is_some(), "{error}");
        assert!(raw.heads().len() <= 3, "{}", raw.heads().len());
        // And with a connection for each.
        let raw = Raw::start(move |_, _| Say::Last(response(401, &[line, "connection: close"], "no"))).await;
        assert!(outcome(&world, &raw).await.is_err());
        assert!(raw.connections() <= 4, "{}", raw.connections());
    }
}

#[tokio::test]
async fn wrong_tokens_and_missing_ones_end_the_login() {
    let world = World::new();
    for (answer, code) in [
        (response(200, &["WWW-Authenticate: Negotiate AAAA"], "trust me"), None),
        (response(200, &[], "trust me"), Some("missing")),
        (response(200, &[BARE], "trust me"), Some("missing")),
        (response(200, &["WWW-Authenticate: Negotiate !!!"], "trust me"), None),
        (response(401, &["WWW-Authenticate: Basic realm=x"], "no"), Some("denied")),
        (response(500, &[], "trust me"), Some("missing")),
    ] {
        let shown = String::from_utf8_lossy(&answer).into_owned();
        let raw = Raw::start(move |number, _| {
            Say::Bytes(if number == 0 { response(401, &[BARE], "") } else { answer.clone() })
        })
        .await;
        let error = outcome(&world, &raw).await.unwrap_err();
        let found = match error.exchange().unwrap() {
            ClientError::MissingFinalToken => Some("missing"),
            ClientError::Denied { .. } => Some("denied"),
            _ => None,
        };
        assert_eq!(found, code, "{shown}: {error}");
        assert_eq!(raw.heads().len(), 2, "{shown}");
    }
}

#[tokio::test]
async fn a_recorded_answer_of_another_login_proves_nothing() {
    let world = World::new();
    let server = Server::start(&world, SITE, Options::default()).await;
    let client = world.client(server.address).build().unwrap();
    let response_of_another = client.request(get(URL)).await.unwrap();
    let token = response_of_another.headers()["www-authenticate"].to_str().unwrap().to_owned();
    let raw = Raw::start(move |number, _| {
        let line = if number == 0 { BARE.to_owned() } else { format!("WWW-Authenticate: {token}") };
        Say::Bytes(response(if number == 0 { 401 } else { 200 }, &[&line], "trust me"))
    })
    .await;
    let error = outcome(&world, &raw).await.unwrap_err();
    assert!(matches!(error.exchange(), Some(ClientError::Handshake(_))), "{error}");
}

#[tokio::test]
async fn unclear_challenges_are_not_answered() {
    let world = World::new();
    for lines in [
        &["WWW-Authenticate: Negotiate", "WWW-Authenticate: Negotiate YIIB"][..],
        &["WWW-Authenticate: Negotiate YIIB"],
        &["WWW-Authenticate: Basic realm=\"x"],
        &["WWW-Authenticate: Digest realm=x"],
    ] {
        let raw = Raw::start(move |_, _| Say::Bytes(response(401, lines, ""))).await;
        let error = outcome(&world, &raw).await.unwrap_err();
        let expected =
            matches!(error.exchange(), Some(ClientError::Offer(_) | ClientError::UnsolicitedToken))
                || matches!(error, Error::NotOffered { .. });
        assert!(expected, "{lines:?}: {error}");
        assert!(raw.heads().iter().all(|head| !head.contains("authorization")), "{lines:?}");
    }
}

#[tokio::test]
async fn two_differing_challenges_in_an_answer_are_no_proof() {
    let world = World::new();
    let raw = Raw::start(|number, _| {
        let lines = ["WWW-Authenticate: Negotiate AAAA", "WWW-Authenticate: Negotiate BBBB"];
        Say::Bytes(if number == 0 { response(401, &[BARE], "") } else { response(200, &lines, "trust me") })
    })
    .await;
    let error = outcome(&world, &raw).await.unwrap_err();
    assert!(matches!(error.exchange(), Some(ClientError::Offer(_))), "{error}");
}

#[tokio::test]
async fn heads_that_are_too_long_are_refused() {
    let world = World::new();
    let long = format!("x: {}", "y".repeat(200 * 1024));
    let raw = Raw::start(move |_, _| Say::Bytes(response(200, &[&long], ""))).await;
    let error = outcome(&world, &raw).await.unwrap_err();
    assert!(matches!(&error, Error::Http { source, .. } if source.is_parse_too_large()), "{error}");
    // Nor is one that never ends.
    let raw = Raw::start(|_, _| Say::Endless(b"HTTP/1.1 200 x\r\n".to_vec(), b"x: y\r\n".to_vec())).await;
    assert!(outcome(&world, &raw).await.is_err());
    // What Active Directory may send is not too long.
    let fits = format!("x: {}", "y".repeat(96 * 1024));
    let raw = Raw::start(move |_, _| Say::Bytes(response(200, &[&fits], ""))).await;
    assert_eq!(outcome(&world, &raw).await.unwrap(), 200);
}

#[tokio::test]
async fn bodies_of_challenges_are_not_read_for_ever() {
    let world = World::new();
    let start =
        || b"HTTP/1.1 401 x\r\nwww-authenticate: Negotiate\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let raw = Raw::start(move |_, _| Say::Endless(start(), b"4\r\nmore\r\n".to_vec())).await;
    let error = outcome(&world, &raw).await.unwrap_err();
    // The second connection brings the token along and is challenged again, which is a refusal.
    assert!(error.is_denied(), "{error}");
    assert_eq!(raw.connections(), 2);
}

#[tokio::test]
async fn a_407_from_a_server_proves_nothing() {
    let world = World::new();
    let raw = Raw::start(|number, _| {
        Say::Bytes(if number == 0 { response(401, &[BARE], "") } else { response(407, &[], "trust me") })
    })
    .await;
    let client = world.client(raw.address).mutual(Mutual::Optional).build().unwrap();
    let error = client.request(get(URL)).await.unwrap_err();
    assert!(matches!(error, Error::ProxyLoginNeeded { .. }), "{error}");
}
