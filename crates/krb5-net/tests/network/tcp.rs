//! TCP and local sockets.

use core::time::Duration;

use gss_core::{Blame, Diagnose};
use krb5_net::{KdcAddress, Reason, Timing, Via};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::script::{
    self, SOON, Then, closed_port, count, failure, framed, knowing, patient, reply, request, tcp,
};

/// Why a server that does this gives no answer, and that the next server gives one.
async fn leads_on(then: Then) -> Reason {
    let (broken, _) = tcp(then).await;
    let (server, _) = tcp(Then::Close(framed(&reply()))).await;
    let broken = KdcAddress::tcp("127.0.0.1", broken.port());
    let servers = [broken.clone(), server.into()];
    let network = knowing(servers).udp_preference_limit(0).timing(patient()).build();
    let began = Instant::now();
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());

    let error = failure(&knowing([broken]).timing(patient()).build()).await;
    assert!(began.elapsed() < SOON, "nobody may be waited for");
    assert_eq!(error.attempts()[0].endpoint.map(|endpoint| endpoint.via), Some(Via::Tcp));
    error.attempts()[0].reason.clone()
}

#[tokio::test]
async fn the_answer_comes_back() {
    let (server, seen) = tcp(Then::Hold(framed(&reply()))).await;
    let network = knowing([server.into()]).udp_preference_limit(0).build();
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());
    assert_eq!(*seen.lock().unwrap(), [request().message]);
}

#[tokio::test]
async fn bytes_may_come_one_by_one() {
    let listener = tokio::net::TcpListener::bind(script::ANY_PORT).await.unwrap();
    let server = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        for byte in framed(&reply()) {
            stream.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let network = knowing([server.into()]).udp_preference_limit(0).build();
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());
}

#[tokio::test]
async fn a_length_above_the_limit_is_refused_unread() {
    for len in [(1 << 20) + 1, 1 << 31, u32::MAX] {
        // The connection stays open: whoever waited for the rest would not come to the next server at once.
        let reason = leads_on(Then::Hold(len.to_be_bytes().to_vec())).await;
        assert_eq!(reason, Reason::TooLong { len: len.into(), limit: 1 << 20 });
    }
}

#[tokio::test]
async fn the_longest_answer_is_taken() {
    // An AS-REP as far as its length goes.
    let content = vec![0; (1 << 20) - 5];
    let longest = [&[0x6b, 0x83, 0x0f, 0xff, 0xfb], content.as_slice()].concat();
    assert_eq!(longest.len(), 1 << 20);
    let (server, _) = tcp(Then::Hold(framed(&longest))).await;
    let network = knowing([server.into()]).udp_preference_limit(0).build();
    assert!(network.exchange(&request()).await.unwrap() == longest);
}

#[tokio::test]
async fn wrong_lengths_lead_on() {
    let mut short = framed(&reply());
    short.truncate(20);
    assert_eq!(leads_on(Then::Close(short)).await, Reason::Closed { received: 20 });
    // A length of one less than there is cuts the message.
    let mut cut = framed(&reply());
    cut[3] -= 1;
    assert!(matches!(leads_on(Then::Close(cut)).await, Reason::NotKerberos { first: Some(0x7e), .. }));
    assert_eq!(leads_on(Then::Close(vec![0; 4])).await, Reason::NotKerberos { len: 0, first: None });
}

#[tokio::test]
async fn closing_leads_on() {
    assert_eq!(leads_on(Then::Close(vec![])).await, Reason::Closed { received: 0 });
    assert_eq!(leads_on(Then::Close(vec![0, 0])).await, Reason::Closed { received: 2 });
    let reason = leads_on(Then::HangUp).await;
    assert_eq!(reason, Reason::Closed { received: 0 });
}

#[tokio::test]
async fn rubbish_leads_on() {
    let reason = leads_on(Then::Close(framed(b"rubbish"))).await;
    assert_eq!(reason, Reason::NotKerberos { len: 7, first: Some(b'r') });
    // Another service on the port: its first letters are taken for a length.
    let reason = leads_on(Then::Hold(b"SSH-2.0-OpenSSH\r\n".to_vec())).await;
    assert_eq!(reason, Reason::TooLong { len: 0x5353_482d, limit: 1 << 20 });
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_leads_on_after_a_while() {
    let (silent, asked) = tcp(Then::Hold(vec![])).await;
    let (server, _) = tcp(Then::Close(framed(&reply()))).await;
    let network = knowing([silent.into(), server.into()]).udp_preference_limit(0).build();
    let began = Instant::now();
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());
    assert_eq!(began.elapsed().as_secs(), Timing::default().patience.as_secs());
    assert_eq!(count(&asked), 1);

    let error = failure(&knowing([KdcAddress::tcp("127.0.0.1", silent.port())]).build()).await;
    assert_eq!((error.code(), error.blame()), ("kdc_silent", Blame::Environment));
    assert!(matches!(error.attempts()[0].reason, Reason::Silent { sent: 1, .. }));
}

#[tokio::test(start_paused = true)]
async fn the_limit_holds_whatever_a_server_does() {
    // It sends something every now and then, but never all of it.
    let listener = tokio::net::TcpListener::bind(script::ANY_PORT).await.unwrap();
    let server = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut sent = stream.write_all(&[0, 0, 255, 255]).await;
        while sent.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            sent = stream.write_all(&[0]).await;
        }
    });
    let timing = Timing { limit: Duration::from_secs(7), ..Timing::default() };
    let network = knowing([KdcAddress::tcp("127.0.0.1", server.port())]).timing(timing).build();
    let began = Instant::now();
    let error = failure(&network).await;
    assert_eq!(error.code(), "kdc_silent");
    assert_eq!(began.elapsed().as_secs(), 7);
}

#[tokio::test]
async fn nobody_there_is_told() {
    let nobody = closed_port().await;
    let error = failure(&knowing([nobody.address.into()]).build()).await;
    let reasons: Vec<_> = error.attempts().iter().map(|attempt| attempt.reason.clone()).collect();
    assert_eq!(reasons, [Reason::Refused, Reason::Refused]);
    let text = error.to_string();
    assert!(text.contains("by UDP): refused") && text.contains("by TCP): refused"), "{text}");
    assert!(text.contains("named by the program"), "{text}");
}

#[cfg(unix)]
#[tokio::test]
async fn local_sockets_are_spoken_to_as_tcp_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kdc.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        script::serve(&mut stream, &Then::Close(framed(&reply()))).await.unwrap();
    });
    let address = KdcAddress::Socket { path: path.to_str().unwrap().into() };
    assert_eq!(knowing([address]).build().exchange(&request()).await.unwrap(), reply());

    let missing = KdcAddress::Socket { path: "/nonexistent/kdc.sock".into() };
    let error = failure(&knowing([missing]).build()).await;
    assert!(matches!(error.attempts()[0].reason, Reason::Io { kind: std::io::ErrorKind::NotFound, .. }));
}
