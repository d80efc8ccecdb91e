//! The two faces, and what an observer sees.

use alloc::sync::Arc;
use std::sync::Mutex;

use gss_core::{Diagnose, Env, Timestamp};
use krb5_client::{Exchange, KdcTransport, Progress, Request, RunError};
use krb5_files::config::{Config, ConfigFile};
use krb5_net::{AsyncKdcTransport, Event, KdcAddress, Network, TransportError, Via, drive};
use test_support::TestRng;
use tokio::time::Instant;

use crate::script::{Then, closed_port, failure, framed, knowing, patient, reply, request, tcp, udp};

/// Asks twice and counts the bytes of the answers.
struct Twice {
    request: Request,
    answers: Vec<usize>,
}

impl Twice {
    fn new() -> Self {
        Self { request: request(), answers: Vec::new() }
    }
}

impl Exchange for Twice {
    type Outcome = Vec<usize>;
    type Error = TransportError;

    fn request(&self) -> &Request {
        &self.request
    }

    fn receive(mut self, reply: &[u8], _: &mut Env<'_>) -> Result<Progress<Self>, TransportError> {
        self.answers.push(reply.len());
        Ok(if self.answers.len() < 2 { Progress::Ask(self) } else { Progress::Done(self.answers) })
    }
}

const fn is_shared<T: Clone + Send + Sync>(_: &T) {}

/// A server on a runtime of its own thread, for clients in real time.
fn elsewhere(nobody_first: bool) -> Network {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let nobody = closed_port().await;
            let (server, _) = udp(|_, _| vec![reply()]).await;
            sender.send((nobody.address, server)).unwrap();
            core::future::pending::<()>().await;
        });
    });
    let (nobody, server) = receiver.recv().unwrap();
    let servers = [KdcAddress::from(nobody), server.into()].into_iter().skip(usize::from(!nobody_first));
    knowing(servers).timing(patient()).build()
}

#[test]
fn blocking_outside_a_runtime() {
    let network = elsewhere(true);
    is_shared(&network);
    let mut blocking = network.blocking();
    assert_eq!(blocking.exchange(&request()).unwrap(), reply());
    let transport: &mut dyn KdcTransport<Error = TransportError> = &mut blocking;
    assert_eq!(transport.exchange(&request()).unwrap(), reply());
    let mut clock = || Timestamp::from_seconds(0);
    let outcome =
        krb5_client::run(Twice::new(), &mut blocking, &mut clock, &mut TestRng::insecure(1)).unwrap();
    assert_eq!(outcome, [reply().len(); 2]);
}

#[tokio::test]
async fn blocking_inside_a_runtime_of_one_thread() {
    assert_eq!(elsewhere(false).blocking().exchange(&request()).unwrap(), reply());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocking_inside_a_runtime_of_many_threads() {
    let blocking = elsewhere(false).blocking();
    let here = blocking.clone();
    let elsewhere = tokio::task::spawn_blocking(move || blocking.exchange(&request()));
    assert_eq!(here.exchange(&request()).unwrap(), reply());
    assert_eq!(elsewhere.await.unwrap().unwrap(), reply());
}

#[tokio::test]
async fn drive_asks_until_the_exchange_is_over() {
    let (server, _) = tcp(Then::Close(framed(&reply()))).await;
    let network = knowing([server.into()]).udp_preference_limit(0).build();
    let outcome =
        drive(Twice::new(), &network, &mut Timestamp::now, &mut TestRng::insecure(1)).await.unwrap();
    assert_eq!(outcome, [reply().len(); 2]);
}

#[tokio::test]
async fn a_function_can_stand_in_for_the_network() {
    let function = |request: &Request| Ok(request.message.clone());
    let transport: &dyn AsyncKdcTransport = &function;
    let outcome =
        drive(Twice::new(), transport, &mut Timestamp::now, &mut TestRng::insecure(1)).await.unwrap();
    assert_eq!(outcome, [request().message.len(); 2]);

    let failing = |_: &Request| Err(TransportError::Other("no network today".into()));
    let failed = drive(Twice::new(), &failing, &mut Timestamp::now, &mut TestRng::insecure(1)).await;
    let Err(RunError::Transport(error)) = failed else { panic!("the transport failed") };
    assert_eq!((error.code(), error.to_string().as_str()), ("transport_failed", "no network today"));
}

#[tokio::test(start_paused = true)]
async fn an_exchange_can_be_given_up() {
    let (server, asked) = udp(|_, _| vec![]).await;
    let network = knowing([server.into()]).build();
    let patience = core::time::Duration::from_millis(500);
    assert!(tokio::time::timeout(patience, network.exchange(&request())).await.is_err());
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn futures_go_to_other_threads() {
    const fn is_send<T: Send>(future: T) -> T {
        future
    }
    let (server, _) = udp(|_, _| vec![reply()]).await;
    let network = knowing([server.into()]).build();
    let task = tokio::spawn(is_send(async move { network.exchange(&request()).await }));
    assert_eq!(task.await.unwrap().unwrap(), reply());
}

#[tokio::test]
async fn the_observer_is_told_of_each_step() {
    let closed = closed_port().await;
    let nobody = closed.address;
    let (server, _) = udp(|_, _| vec![reply()]).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let observe = move |event: &Event<'_>| log.lock().unwrap().push(event.to_string());
    let servers = [KdcAddress::udp("127.0.0.1", nobody.port()), server.into()];
    knowing(servers).observer(observe).build().exchange(&request()).await.unwrap();
    let seen = seen.lock().unwrap();
    let expected = [
        format!("servers of EXAMPLE.COM by the program: udp/{nobody} {server}"),
        format!("asking udp/{nobody} ({nobody} by UDP)"),
        format!("udp/{nobody} ({nobody} by UDP): refused: nothing listens there"),
        format!("asking {server} ({server} by UDP)"),
    ];
    assert_eq!(seen[..4], expected);
    assert!(seen[4].starts_with(&format!("{server} ({server} by UDP) answered with")), "{}", seen[4]);
    assert_eq!(seen.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn krb5_conf_says_how_long_and_by_what() {
    let (silent, asked_by_udp) = udp(|_, _| vec![]).await;
    let network = |settings: &str| {
        let text = format!("[libdefaults]\n{settings}[realms]\nEXAMPLE.COM = {{\nkdc = {silent}\n}}\n");
        Network::new(Config::from(ConfigFile::parse("krb5.conf", text.as_bytes()).unwrap()))
    };
    let began = Instant::now();
    let error = failure(&network("request_timeout = 3\n")).await;
    assert_eq!((began.elapsed().as_secs(), error.code()), (3, "kdc_silent"));
    assert!(error.to_string().contains("named by krb5.conf:5"), "{error}");
    assert_eq!(asked_by_udp.lock().unwrap().len(), 1);

    let error = failure(&network("udp_preference_limit = 1\n")).await;
    let ways: Vec<_> = error.attempts().iter().filter_map(|attempt| attempt.endpoint).collect();
    assert_eq!(ways.iter().map(|way| way.via).collect::<Vec<_>>(), [Via::Tcp, Via::Udp]);

    for wrong in ["request_timeout = soon\n", "udp_preference_limit = big\n"] {
        let error = failure(&network(wrong)).await;
        assert!(matches!(&error, TransportError::Config(error) if error.line == 2), "{error}");
    }
}
