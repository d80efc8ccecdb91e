//! The plan in virtual time: no sockets, no clock.

use core::net::Ipv4Addr;

use krb5_asn1::ErrorCode;

use super::*;
use crate::reply::tests::krb_error;

/// What a server of the script does when it is asked.
#[derive(Clone)]
enum Does {
    /// Nothing.
    Silent,
    /// Takes the connection and says nothing.
    TakesOnly,
    /// Answers this after so many milliseconds.
    Answers(u64, Vec<u8>),
    /// Answers this at once, and that after so many milliseconds.
    Rubbish(Vec<u8>, u64, Vec<u8>),
    /// Refuses at once.
    Refuses,
}

/// What the plan did, and when, in milliseconds.
#[derive(Debug, PartialEq, Eq)]
enum Log {
    Ask(u64, String),
    Again(u64, String),
    Resolve(u64, String),
}

/// When what happens to an attempt: it is connected, gets bytes or fails.
type Happens = (u64, AttemptId, Result<Option<Vec<u8>>, Reason>);

enum End {
    Answer(u64, String),
    None(u64, Vec<Attempt>),
}

struct Script {
    schedule: Schedule,
    servers: Vec<(&'static str, Does)>,
    hosts: Vec<(&'static str, Result<Vec<IpAddr>, String>)>,
}

fn ok() -> Vec<u8> {
    krb_error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED)
}

fn ip(last: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, last).into()
}

impl Script {
    fn new(addresses: &[&str], servers: Vec<(&'static str, Does)>) -> Self {
        Self::with(Service::Kdc, Timing::default(), 100, addresses, servers)
    }

    fn with(
        service: Service,
        timing: Timing,
        len: usize,
        addresses: &[&str],
        servers: Vec<(&'static str, Does)>,
    ) -> Self {
        let addresses: Vec<_> =
            addresses.iter().map(|text| KdcAddress::parse(text, service).unwrap()).collect();
        Self { schedule: Schedule::new(timing, service, &addresses, len, 1465), servers, hosts: Vec::new() }
    }

    fn name(&self, id: AttemptId) -> String {
        let (_, endpoint) = self.schedule.target(id).unwrap();
        endpoint.to_string()
    }

    /// Plays the script; servers are found by what their endpoint prints as.
    fn play(mut self) -> (Vec<Log>, End) {
        let mut log = Vec::new();
        let mut now = 0;
        let mut events: Vec<Happens> = Vec::new();
        loop {
            match self.schedule.poll(Duration::from_millis(now)) {
                Step::Resolve(index) => {
                    let host = self.schedule.server(index).unwrap().host_name().unwrap().to_owned();
                    let found = self.hosts.iter().find(|(name, _)| *name == host);
                    if let Some((_, addresses)) = found {
                        self.schedule.resolved(index, addresses.clone());
                    }
                    log.push(Log::Resolve(now, host));
                }
                Step::Open(id) => {
                    let name = self.name(id);
                    let does = self.servers.iter().find(|(server, _)| *server == name);
                    match does.map(|(_, does)| does.clone()).unwrap_or(Does::Silent) {
                        Does::Silent => {}
                        Does::TakesOnly => events.push((now, id, Ok(None))),
                        Does::Answers(after, bytes) => {
                            events.push((now, id, Ok(None)));
                            events.push((now + after, id, Ok(Some(bytes))));
                        }
                        Does::Rubbish(rubbish, after, bytes) => {
                            events.push((now, id, Ok(Some(rubbish))));
                            events.push((now + after, id, Ok(Some(bytes))));
                        }
                        Does::Refuses => events.push((now, id, Err(Reason::Refused))),
                    }
                    log.push(Log::Ask(now, name));
                }
                Step::Resend(id) => log.push(Log::Again(now, self.name(id))),
                Step::Wait(until) => {
                    let until = u64::try_from(until.as_millis()).unwrap();
                    assert!(until > now, "a wait that is over");
                    events.sort_by_key(|(at, ..)| *at);
                    if events.first().is_none_or(|(at, ..)| *at > until) {
                        now = until;
                        continue;
                    }
                    let (at, id, event) = events.remove(0);
                    now = at.max(now);
                    if !self.schedule.is_live(id) {
                        continue;
                    }
                    let is_udp = self.name(id).ends_with("UDP");
                    match event {
                        Ok(None) if is_udp => {}
                        Ok(None) => self.schedule.connected(id, Duration::from_millis(now)),
                        Ok(Some(bytes)) => {
                            if self.schedule.received(id, &bytes) == Verdict::Answer {
                                return (log, End::Answer(now, self.name(id)));
                            }
                        }
                        Err(reason) => self.schedule.failed(id, reason),
                    }
                }
                Step::GiveUp => {
                    let attempts = self.schedule.into_attempts(Duration::from_millis(now));
                    return (log, End::None(now, attempts));
                }
            }
        }
    }

    fn answered(self) -> (Vec<Log>, u64, String) {
        match self.play() {
            (log, End::Answer(at, name)) => (log, at, name),
            (log, End::None(at, attempts)) => panic!("no answer at {at}: {log:?} {attempts:?}"),
        }
    }

    fn failed(self) -> (Vec<Log>, u64, Vec<Attempt>) {
        match self.play() {
            (log, End::None(at, attempts)) => (log, at, attempts),
            (_, End::Answer(at, name)) => panic!("{name} answered at {at}"),
        }
    }
}

fn ask(at: u64, name: &str) -> Log {
    Log::Ask(at, name.into())
}

fn again(at: u64, name: &str) -> Log {
    Log::Again(at, name.into())
}

const UDP1: &str = "192.0.2.1:88 by UDP";
const TCP1: &str = "192.0.2.1:88 by TCP";
const UDP2: &str = "192.0.2.2:88 by UDP";
const TCP2: &str = "192.0.2.2:88 by TCP";

#[test]
fn a_silent_server_is_asked_as_mit_krb5_asks() {
    let (log, at, attempts) = Script::new(&["192.0.2.1"], vec![]).failed();
    // One second by UDP, one by TCP, a pause of 2 s; again by UDP, a pause of 4 s; again, a pause of 8 s.
    let expected = [ask(0, UDP1), ask(1000, TCP1), again(4000, UDP1), again(9000, UDP1)];
    assert_eq!(log, expected);
    assert_eq!(at, 18_000);
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0].reason, Reason::Silent { waited: Duration::from_secs(18), sent: 3 });
    assert_eq!(attempts[1].reason, Reason::NotConnected { waited: Duration::from_secs(17) });
}

#[test]
fn the_second_server_is_asked_after_a_second() {
    let servers = vec![(UDP2, Does::Answers(30, ok()))];
    let (log, at, name) = Script::new(&["192.0.2.1", "192.0.2.2"], servers).answered();
    assert_eq!(log, [ask(0, UDP1), ask(1000, UDP2)]);
    assert_eq!((at, name.as_str()), (1030, UDP2));
}

#[test]
fn a_slow_answer_of_an_earlier_server_counts() {
    let servers = vec![(UDP1, Does::Answers(1500, ok()))];
    let (log, at, name) = Script::new(&["192.0.2.1", "192.0.2.2"], servers).answered();
    assert_eq!(log, [ask(0, UDP1), ask(1000, UDP2)]);
    assert_eq!((at, name.as_str()), (1500, UDP1));
}

#[test]
fn a_refusal_leads_on_at_once_and_ends_at_once() {
    let servers = vec![(UDP1, Does::Refuses), (UDP2, Does::Answers(1, ok()))];
    let (log, at, _) = Script::new(&["192.0.2.1", "192.0.2.2"], servers).answered();
    assert_eq!(log, [ask(0, UDP1), ask(0, UDP2)]);
    assert_eq!(at, 1);

    let servers = vec![(UDP1, Does::Refuses), (TCP1, Does::Refuses)];
    let (_, at, attempts) = Script::new(&["192.0.2.1"], servers).failed();
    assert_eq!(at, 0);
    assert!(attempts.iter().all(|attempt| attempt.reason == Reason::Refused));
}

#[test]
fn long_requests_go_by_tcp_first() {
    let servers = vec![(TCP1, Does::Refuses), (UDP1, Does::Answers(1, ok()))];
    let script = |len| {
        Script::with(Service::Kdc, Timing::default(), len, &["192.0.2.1"], servers.clone()).answered().0
    };
    assert_eq!(script(1465), [ask(0, UDP1)]);
    assert_eq!(script(1466), [ask(0, TCP1), ask(0, UDP1)]);
}

#[test]
fn stated_transports_are_kept_to() {
    let (log, ..) = Script::new(&["udp/192.0.2.1", "tcp/192.0.2.2"], vec![]).failed();
    assert_eq!(log, [ask(0, UDP1), ask(1000, TCP2), again(4000, UDP1), again(9000, UDP1)]);
}

#[test]
fn a_server_that_took_the_connection_has_its_time() {
    let servers = vec![(TCP1, Does::TakesOnly), (TCP2, Does::Answers(5, ok()))];
    let (log, at, name) = Script::new(&["tcp/192.0.2.1", "tcp/192.0.2.2"], servers).answered();
    assert_eq!(log, [ask(0, TCP1), ask(10_000, TCP2)]);
    assert_eq!((at, name.as_str()), (10_005, TCP2));
}

#[test]
fn too_big_for_udp_leads_to_tcp_of_the_same_server() {
    let too_big = krb_error(ErrorCode::KRB_ERR_RESPONSE_TOO_BIG);
    let servers = vec![(UDP2, Does::Answers(10, too_big.clone())), (TCP2, Does::Answers(5, ok()))];
    let (log, at, name) = Script::new(&["192.0.2.1", "192.0.2.2"], servers).answered();
    assert_eq!(log, [ask(0, UDP1), ask(1000, UDP2), ask(1010, TCP2)]);
    assert_eq!((at, name.as_str()), (1015, TCP2));

    // Where there is no other way, that is what is said.
    let servers = vec![(UDP1, Does::Answers(10, too_big))];
    let (log, at, attempts) = Script::new(&["udp/192.0.2.1", "udp/192.0.2.2"], servers).failed();
    assert_eq!(log, [ask(0, UDP1)]);
    assert_eq!(at, 10);
    assert_eq!(attempts[0].reason, Reason::TooBigForUdp);
    assert_eq!(attempts[1].reason, Reason::NoWay);
}

#[test]
fn too_big_over_tcp_is_an_answer() {
    let too_big = krb_error(ErrorCode::KRB_ERR_RESPONSE_TOO_BIG);
    let servers = vec![(TCP1, Does::Answers(10, too_big))];
    let (_, at, _) = Script::new(&["tcp/192.0.2.1"], servers).answered();
    assert_eq!(at, 10);
}

#[test]
fn rubbish_by_udp_does_not_keep_the_answer_out() {
    let servers = vec![(UDP1, Does::Rubbish(b"rubbish".to_vec(), 700, ok()))];
    let (log, at, _) = Script::new(&["192.0.2.1"], servers).answered();
    assert_eq!(log, [ask(0, UDP1)]);
    assert_eq!(at, 700);
}

#[test]
fn rubbish_over_a_connection_leads_on() {
    let servers = vec![(TCP1, Does::Answers(7, b"HTTP".to_vec())), (TCP2, Does::Answers(1, ok()))];
    let (log, at, _) = Script::new(&["tcp/192.0.2.1", "tcp/192.0.2.2"], servers.clone()).answered();
    assert_eq!(log, [ask(0, TCP1), ask(7, TCP2)]);
    assert_eq!(at, 8);
    let (_, _, attempts) = Script::new(&["tcp/192.0.2.1"], servers).failed();
    assert_eq!(attempts[0].reason, Reason::NotKerberos { len: 4, first: Some(b'H') });
}

#[test]
fn a_server_that_cannot_serve_leads_on() {
    let unavailable = krb_error(ErrorCode::KDC_ERR_SVC_UNAVAILABLE);
    let servers = vec![(UDP1, Does::Answers(20, unavailable.clone())), (UDP2, Does::Answers(1, ok()))];
    let (log, at, _) = Script::new(&["192.0.2.1", "192.0.2.2"], servers).answered();
    assert_eq!(log, [ask(0, UDP1), ask(20, UDP2)]);
    assert_eq!(at, 21);
    let servers = vec![(UDP1, Does::Answers(20, unavailable))];
    let (_, _, attempts) = Script::new(&["udp/192.0.2.1"], servers).failed();
    assert_eq!(attempts[0].reason, Reason::Unavailable);
}

#[test]
fn passwords_are_changed_by_tcp_and_by_udp_only_after_that() {
    let (udp, tcp) = ("192.0.2.1:464 by UDP", "192.0.2.1:464 by TCP");
    let reply = vec![0, 6, 0, 1, 0, 0];
    let servers = vec![(tcp, Does::Refuses), (udp, Does::Answers(1, reply))];
    let script = Script::with(Service::Kpasswd, Timing::default(), 100, &["192.0.2.1"], servers);
    let (log, at, _) = script.answered();
    assert_eq!(log, [ask(0, tcp), ask(0, udp)]);
    assert_eq!(at, 1);

    let script = Script::with(Service::Kpasswd, Timing::default(), 100, &["192.0.2.1"], vec![]);
    let (log, at, _) = script.failed();
    // 1 + 2 + 4 + 8 s for the connection, then 3 passes of UDP.
    assert_eq!(log[..2], [ask(0, tcp), ask(15_000, udp)]);
    assert_eq!(at, 32_000);
}

#[test]
fn the_limit_ends_it() {
    let timing = Timing { limit: Duration::from_millis(1500), ..Timing::default() };
    let addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
    let (_, at, attempts) = Script::with(Service::Kdc, timing, 100, &addresses, vec![]).failed();
    assert_eq!(at, 1500);
    let reason = |index: usize| &attempts[index].reason;
    assert_eq!(*reason(0), Reason::Silent { waited: Duration::from_millis(1500), sent: 1 });
    let third = attempts.iter().find(|attempt| attempt.server.host_name() == Some("192.0.2.3")).unwrap();
    assert_eq!(third.reason, Reason::NotAsked);

    // Also while a connection stands.
    let script = Script::with(Service::Kdc, timing, 100, &["tcp/192.0.2.1"], vec![(TCP1, Does::TakesOnly)]);
    let (_, at, attempts) = script.failed();
    assert_eq!(at, 1500);
    assert_eq!(attempts[0].reason, Reason::Silent { waited: Duration::from_millis(1500), sent: 1 });
}

#[test]
fn names_are_looked_up_when_it_is_their_turn() {
    let mut script = Script::new(&["one", "two", "three"], vec![(UDP2, Does::Answers(1, ok()))]);
    script.hosts =
        vec![("one", Err("unknown".into())), ("two", Ok(vec![ip(1), ip(2)])), ("three", Ok(vec![ip(3)]))];
    let (log, at, name) = script.answered();
    let resolve = |host: &str| Log::Resolve(0, host.into());
    assert_eq!(log, [resolve("one"), resolve("two"), ask(0, UDP1), ask(1000, UDP2)]);
    assert_eq!((at, name.as_str()), (1001, UDP2));
}

#[test]
fn names_without_addresses_are_reported() {
    let mut script = Script::new(&["one", "two"], vec![]);
    script.hosts = vec![("one", Err("unknown".into())), ("two", Ok(vec![]))];
    let (_, at, attempts) = script.failed();
    assert_eq!(at, 0);
    assert_eq!(attempts[0].reason, Reason::NoAddress { text: "unknown".into() });
    assert!(matches!(&attempts[1].reason, Reason::NoAddress { text } if text.contains("no address")));
}

#[test]
fn a_look_up_that_does_not_end_is_left_behind() {
    let mut script = Script::new(&["one", "two"], vec![(UDP2, Does::Answers(1, ok()))]);
    script.hosts = vec![("two", Ok(vec![ip(2)]))];
    let (log, at, _) = script.answered();
    assert_eq!(log[1], Log::Resolve(10_000, "two".into()));
    assert_eq!(at, 10_001);
}

#[test]
fn hosts_with_many_addresses_are_cut_short() {
    let mut script = Script::new(&["udp/one"], vec![]);
    script.hosts = vec![("one", Ok((0..100).map(ip).collect()))];
    let (_, _, attempts) = script.failed();
    assert_eq!(attempts.len(), MAX_ADDRESSES);
}

#[test]
fn proxies_and_local_sockets_count_as_connections() {
    let https = "192.0.2.1:443 by HTTPS";
    let (log, ..) = Script::new(&["https://192.0.2.1/KdcProxy", "/run/kdc"], vec![]).failed();
    assert_eq!(log, [ask(0, https), ask(1000, "a local socket")]);
}

proptest::proptest! {
    /// Whatever servers do, the plan ends within its limit and tells of every server.
    #[test]
    fn always_ends(behaviours in proptest::collection::vec(0u8..7, 1..6), len in 1000usize..2000) {
        let names: Vec<String> = (1..=behaviours.len()).map(|last| format!("192.0.2.{last}")).collect();
        let addresses: Vec<&str> = names.iter().map(String::as_str).collect();
        let servers = names.iter().zip(&behaviours).flat_map(|(name, behaviour)| {
            let does = match behaviour {
                0 => Does::Silent,
                1 => Does::TakesOnly,
                2 => Does::Refuses,
                3 => Does::Answers(500, krb_error(ErrorCode::KRB_ERR_RESPONSE_TOO_BIG)),
                4 => Does::Answers(5000, krb_error(ErrorCode::KDC_ERR_SVC_UNAVAILABLE)),
                5 => Does::Answers(10, vec![1, 2, 3]),
                _ => Does::Rubbish(vec![], 900, ok()),
            };
            let leak = |text: String| -> &'static str { text.leak() };
            [(leak(format!("{name}:88 by UDP")), does.clone()), (leak(format!("{name}:88 by TCP")), does)]
        });
        let script = Script::with(Service::Kdc, Timing::default(), len, &addresses, servers.collect());
        match script.play().1 {
            End::Answer(at, ..) => proptest::prop_assert!(at <= 60_000),
            End::None(at, attempts) => {
                proptest::prop_assert!(at <= 60_000);
                for address in addresses {
                    proptest::prop_assert!(attempts.iter().any(|a| a.server.host_name() == Some(address)));
                }
            }
        }
    }
}
