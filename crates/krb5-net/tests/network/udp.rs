//! UDP.

use core::time::Duration;

use gss_core::Diagnose;
use krb5_asn1::ErrorCode;
use krb5_client::{Request, Service};
use krb5_net::{KdcAddress, Reason, Timing, Via};
use tokio::net::UdpSocket;
use tokio::time::Instant;

use crate::script::{
    self, ANY_PORT, SOON, Then, both_protocols, closed_port, count, failure, framed, knowing, krb_error,
    patient, reply, request, tcp_on, udp,
};

#[tokio::test]
async fn the_answer_comes_back() {
    let (server, seen) = udp(|_, _| vec![reply()]).await;
    let network = knowing([server.into()]).build();
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());
    assert_eq!(*seen.lock().unwrap(), [request().message]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_datagram_is_sent_again() {
    let (server, seen) = udp(|nth, _| if nth == 0 { vec![] } else { vec![reply()] }).await;
    let network = knowing([KdcAddress::udp("127.0.0.1", server.port())]).build();
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());
    let seen = seen.lock().unwrap();
    assert!(seen.len() >= 2 && seen.iter().all(|message| *message == request().message));
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_named_with_how_long_it_was_waited_for() {
    let (server, seen) = udp(|_, _| vec![]).await;
    let network = knowing([KdcAddress::udp("127.0.0.1", server.port())]).build();
    let began = Instant::now();
    let error = failure(&network).await;
    assert_eq!(error.code(), "kdc_silent");
    assert_eq!(count(&seen), 3);
    // Three times a second, and pauses of 2, 4 and 8 seconds.
    assert_eq!(began.elapsed().as_secs(), 17);
    assert!(matches!(error.attempts()[0].reason, Reason::Silent { sent: 3, .. }));
    let text = error.to_string();
    for part in ["EXAMPLE.COM", &server.to_string(), "UDP", "asked 3 times", "firewall"] {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
}

#[tokio::test]
async fn nobody_there_leads_to_the_next_server_at_once() {
    let nobody = closed_port().await;
    let (server, _) = udp(|_, _| vec![reply()]).await;
    let servers = [KdcAddress::udp("127.0.0.1", nobody.address.port()), server.into()];
    let network = knowing(servers.clone()).timing(patient()).build();
    let began = Instant::now();
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());
    assert!(began.elapsed() < SOON);

    let error = failure(&knowing(servers.into_iter().take(1)).build()).await;
    assert_eq!(error.code(), "kdc_unreachable");
    assert_eq!(error.attempts()[0].reason, Reason::Refused);
}

#[tokio::test]
async fn rubbish_does_not_keep_the_answer_out() {
    let rubbish = [vec![], b"rubbish".to_vec(), vec![0x6b, 5, 0], vec![0; 65_000]];
    let (server, seen) = udp(move |_, _| rubbish.iter().cloned().chain([reply()]).collect()).await;
    let network = knowing([server.into()]).build();
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());
    assert_eq!(count(&seen), 1);
}

#[tokio::test(start_paused = true)]
async fn answers_from_other_addresses_are_not_heard() {
    // The server has somebody else answer, with an answer that would do.
    let other = UdpSocket::bind(ANY_PORT).await.unwrap();
    let socket = UdpSocket::bind(ANY_PORT).await.unwrap();
    let server = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 1000];
        while let Ok((_, from)) = socket.recv_from(&mut buffer).await {
            other.send_to(&krb_error(ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN), from).await.unwrap();
        }
    });
    let network = knowing([KdcAddress::udp("127.0.0.1", server.port())]).build();
    assert_eq!(failure(&network).await.code(), "kdc_silent");
}

#[tokio::test]
async fn an_answer_too_big_for_udp_is_fetched_by_tcp() {
    // Both on one port, as KDCs have it.
    let (tcp, socket) = both_protocols().await;
    let (tcp, by_tcp) = tcp_on(tcp.listen(8).unwrap(), Then::Close(framed(&reply())));
    tokio::spawn(async move {
        let mut buffer = [0; 1000];
        while let Ok((_, from)) = socket.recv_from(&mut buffer).await {
            socket.send_to(&krb_error(ErrorCode::KRB_ERR_RESPONSE_TOO_BIG), from).await.unwrap();
        }
    });
    let network = knowing([tcp.into()]).timing(patient()).build();
    let began = Instant::now();
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());
    assert!(began.elapsed() < SOON);
    assert_eq!(count(&by_tcp), 1);

    let error = failure(&knowing([KdcAddress::udp("127.0.0.1", tcp.port())]).build()).await;
    assert_eq!(error.attempts()[0].reason, Reason::TooBigForUdp);
}

#[tokio::test]
async fn a_server_that_cannot_serve_leads_on() {
    let (away, _) = udp(|_, _| vec![krb_error(ErrorCode::KDC_ERR_SVC_UNAVAILABLE)]).await;
    let (server, _) = udp(|_, _| vec![reply()]).await;
    let network = knowing([away.into(), server.into()]).timing(patient()).build();
    let began = Instant::now();
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());
    assert!(began.elapsed() < SOON);

    let error = failure(&knowing([KdcAddress::udp("127.0.0.1", away.port())]).build()).await;
    assert_eq!((error.code(), error.minor()), ("kdc_unavailable", Some(29)));
}

#[tokio::test(start_paused = true)]
async fn the_server_that_answered_is_asked_first_from_then_on() {
    let (silent, asked_silent) = udp(|_, _| vec![]).await;
    let (server, asked) = udp(|_, _| vec![reply()]).await;
    let network = knowing([silent.into(), server.into()]).build();
    for _ in 0..3 {
        network.exchange(&request()).await.unwrap();
    }
    assert_eq!((count(&asked_silent), count(&asked)), (1, 3));
}

#[tokio::test]
async fn names_are_looked_up() {
    let (server, _) = udp(|_, _| vec![reply()]).await;
    let network = knowing([KdcAddress::host("localhost", server.port())]).build();
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());

    let network = knowing([KdcAddress::host("no\0name", 88)]).build();
    let error = failure(&network).await;
    assert!(matches!(error.attempts()[0].reason, Reason::NoAddress { .. }), "{error}");
    assert_eq!((error.code(), error.attempts()[0].endpoint), ("kdc_unreachable", None));
}

#[tokio::test]
async fn long_requests_go_by_tcp() {
    let (server, _) = script::tcp(Then::Close(framed(&reply()))).await;
    let mut long = request();
    long.message.resize(1466, 0);
    assert_eq!(knowing([server.into()]).build().exchange(&long).await.unwrap(), reply());
    let error = failure(&knowing([KdcAddress::udp("127.0.0.1", server.port())]).build()).await;
    assert_eq!(error.attempts()[0].endpoint.map(|endpoint| endpoint.via), Some(Via::Udp));
}

#[tokio::test(start_paused = true)]
async fn requests_wait_for_their_turn() {
    // Whoever is asked second has to wait until the first has its answer, or is given up.
    let (server, seen) = udp(|nth, _| if nth == 0 { vec![] } else { vec![reply()] }).await;
    let network = knowing([KdcAddress::udp("127.0.0.1", server.port())]).at_once(1).build();
    let first = tokio::spawn({
        let network = network.clone();
        async move { network.exchange(&request()).await }
    });
    while count(&seen) == 0 {
        tokio::task::yield_now().await;
    }
    let patience = Duration::from_millis(500);
    assert!(tokio::time::timeout(patience, network.exchange(&request())).await.is_err());
    assert_eq!(count(&seen), 1);
    first.abort();
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());

    // Other realms have turns of their own.
    let (silent, asked) = udp(|_, _| vec![]).await;
    let network =
        knowing([silent.into()]).servers("OTHER.COM", Service::Kdc, [server.into()]).at_once(1).build();
    let first = tokio::spawn({
        let network = network.clone();
        async move { network.exchange(&request()).await }
    });
    while count(&asked) == 0 {
        tokio::task::yield_now().await;
    }
    let other = Request { realm: "OTHER.COM".into(), ..request() };
    assert_eq!(network.exchange(&other).await.unwrap(), reply());
    first.abort();
}

#[tokio::test(start_paused = true)]
async fn the_limit_holds_while_a_request_waits_for_its_turn() {
    let (silent, asked) = udp(|_, _| vec![]).await;
    let timing = Timing { limit: Duration::from_secs(5), ..Timing::default() };
    let silent = KdcAddress::udp("127.0.0.1", silent.port());
    let network = knowing([silent]).timing(timing).at_once(1).build();
    let first = tokio::spawn({
        let network = network.clone();
        async move { failure(&network).await }
    });
    while count(&asked) == 0 {
        tokio::task::yield_now().await;
    }
    let began = Instant::now();
    let error = failure(&network).await;
    assert_eq!(began.elapsed().as_secs(), 5);
    assert_eq!((error.code(), &error.attempts()[0].reason), ("kdc_silent", &Reason::NotAsked));
    assert!(matches!(first.await.unwrap().attempts()[0].reason, Reason::Silent { .. }));
}
