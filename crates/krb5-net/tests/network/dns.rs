//! Servers by records in DNS.

use alloc::sync::Arc;
use core::net::SocketAddr;
use std::collections::HashMap;
use std::sync::Mutex;

use gss_core::Diagnose;
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{CNAME, NULL, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use krb5_client::{Request, Service};
use krb5_files::config::{Canonicalize, Config, ConfigFile};
use krb5_net::host_name::{canonicalize, service_names};
use krb5_net::{Dns, Event, KdcAddress, Network, Origin, TransportError};
use tokio::net::UdpSocket;

use crate::script::{ANY_PORT, REALM, reply, request, udp};

/// What a name server knows, and what it was asked.
#[derive(Default)]
struct Zone {
    records: HashMap<(String, u16), Vec<RData>>,
    /// Whether it says that it cannot answer.
    broken: bool,
}

const CNAME_TYPE: u16 = 5;
const SRV_TYPE: u16 = 33;
const URI_TYPE: u16 = 256;

impl Zone {
    fn srv(mut self, name: &str, records: &[(u16, u16, u16, &str)]) -> Self {
        let data = records.iter().map(|&(priority, weight, port, target)| {
            RData::SRV(SRV::new(priority, weight, port, Name::from_ascii(target).unwrap()))
        });
        self.records.insert((name.into(), SRV_TYPE), data.collect());
        self
    }

    fn uri(mut self, name: &str, records: &[(u16, &str)]) -> Self {
        let data = records.iter().map(|&(priority, target)| {
            let data = [&priority.to_be_bytes(), [0, 0].as_slice(), target.as_bytes()].concat();
            RData::Unknown { code: RecordType::Unknown(URI_TYPE), rdata: NULL::with(data) }
        });
        self.records.insert((name.into(), URI_TYPE), data.collect());
        self
    }

    fn cname(mut self, name: &str, target: &str) -> Self {
        let target = RData::CNAME(CNAME(Name::from_ascii(target).unwrap()));
        self.records.insert((name.into(), CNAME_TYPE), vec![target]);
        self
    }

    /// Serves it, and keeps what was asked.
    async fn serve(self) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
        let socket = UdpSocket::bind(ANY_PORT).await.unwrap();
        let (address, asked) = (socket.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            loop {
                let (len, from) = socket.recv_from(&mut buffer).await.unwrap();
                let question = Message::from_vec(&buffer[..len]).unwrap();
                let query = question.queries[0].clone();
                let name = query.name().to_lowercase().to_string();
                log.lock().unwrap().push(format!("{} {name}", query.query_type()));
                let mut answer = question.into_response();
                match self.records.get(&(name, u16::from(query.query_type()))) {
                    _ if self.broken => answer.metadata.response_code = ResponseCode::ServFail,
                    Some(data) => {
                        for data in data {
                            answer.add_answer(Record::from_rdata(query.name().clone(), 60, data.clone()));
                        }
                    }
                    None => answer.metadata.response_code = ResponseCode::NXDomain,
                }
                socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
            }
        });
        (address, asked)
    }
}

/// What was found: the servers in order, and where.
type FoundServers = Arc<Mutex<Option<(Vec<String>, Origin)>>>;

fn network(name_server: SocketAddr, config: &str) -> (Network, FoundServers) {
    let found = FoundServers::default();
    let log = Arc::clone(&found);
    let observe = move |event: &Event<'_>| {
        if let Event::Located { servers, origin, .. } = event {
            let servers = servers.iter().map(ToString::to_string).collect();
            *log.lock().unwrap() = Some((servers, (*origin).clone()));
        }
    };
    let config = Config::from(ConfigFile::parse("krb5.conf", config.as_bytes()).unwrap());
    let dns = Dns::Servers(vec![name_server]);
    (Network::builder().config(config).dns(dns).observer(observe).build(), found)
}

/// The servers that are found, none of which has to be there.
async fn servers(zone: Zone, service: Service, config: &str) -> (Vec<String>, String) {
    let (name_server, _) = zone.serve().await;
    let (network, found) = network(name_server, config);
    let request = Request { service, ..request() };
    let error = network.exchange(&request).await.expect_err("there is no KDC");
    let found = found.lock().unwrap().take().unwrap_or_else(|| panic!("{error}"));
    (found.0, found.1.to_string())
}

#[tokio::test]
async fn a_kdc_named_by_dns_answers() {
    let (kdc, _) = udp(|_, _| vec![reply()]).await;
    let zone = Zone::default().srv("_kerberos._udp.example.com.", &[(0, 0, kdc.port(), "localhost.")]);
    let (name_server, asked) = zone.serve().await;
    let (network, _) = network(name_server, "");
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());
    let mut seen = asked.lock().unwrap().clone();
    seen.sort();
    let expected = [
        "SRV _kerberos._tcp.example.com.",
        "SRV _kerberos._udp.example.com.",
        "TYPE256 _kerberos.example.com.",
    ];
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert_eq!(seen[..2], expected[..2]);
    assert!(seen[2].ends_with(&expected[2][8..]), "{seen:?}");

    // The answer is kept for as long as it says.
    network.exchange(&request()).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn srv_records_come_in_order_of_priority_with_udp_first() {
    let zone = Zone::default()
        .srv("_kerberos._udp.example.com.", &[(20, 0, 1, "localhost."), (10, 5, 2, "localhost.")])
        .srv("_kerberos._tcp.example.com.", &[(3, 0, 3, "localhost."), (1, 0, 4, "localhost.")]);
    let (servers, origin) = servers(zone, Service::Kdc, "").await;
    assert_eq!(servers, ["udp/localhost.:2", "udp/localhost.:1", "tcp/localhost.:4", "tcp/localhost.:3"]);
    assert_eq!(origin, "SRV records of _kerberos._udp.EXAMPLE.COM.");
}

#[tokio::test]
async fn uri_records_come_before_srv_records() {
    let zone = Zone::default()
        .uri(
            "_kerberos.example.com.",
            &[
                (30, "krb5srv::udp:localhost:1"),
                (20, "krb5srv:m:tcp:localhost:2"),
                (10, "krb5srv:m:kkdcp:https://localhost:3/KdcProxy"),
                (5, "krb5srv:m:tcp:/run/trap.sock"),
                (5, "rubbish"),
            ],
        )
        .srv("_kerberos._udp.example.com.", &[(0, 0, 9, "localhost.")]);
    let (servers, origin) = servers(zone, Service::Kdc, "").await;
    assert_eq!(servers, ["https://localhost:3/KdcProxy", "tcp/localhost:2", "udp/localhost:1"]);
    assert_eq!(origin, "URI records of _kerberos.EXAMPLE.COM.");
}

#[tokio::test]
async fn uri_records_can_be_left_alone() {
    let zone = Zone::default()
        .uri("_kerberos.example.com.", &[(1, "krb5srv::udp:localhost:1")])
        .srv("_kerberos._udp.example.com.", &[(0, 0, 9, "localhost.")]);
    let (servers, _) = servers(zone, Service::Kdc, "[libdefaults]\ndns_uri_lookup = false\n").await;
    assert_eq!(servers, ["udp/localhost.:9"]);
}

#[tokio::test]
async fn primary_kdcs_and_password_servers_have_records_of_their_own() {
    let zone = || {
        Zone::default()
            .uri(
                "_kerberos.example.com.",
                &[(1, "krb5srv::tcp:localhost:1"), (2, "krb5srv:m:tcp:localhost:2")],
            )
            .srv("_kpasswd._tcp.example.com.", &[(0, 0, 3, "localhost.")])
    };
    assert_eq!(servers(zone(), Service::PrimaryKdc, "").await.0, ["tcp/localhost:2"]);
    assert_eq!(servers(zone(), Service::Kpasswd, "").await.0, ["tcp/localhost.:3"]);
    let zone = Zone::default().srv("_kerberos-master._tcp.example.com.", &[(0, 0, 4, "localhost.")]);
    assert_eq!(servers(zone, Service::PrimaryKdc, "").await.0, ["tcp/localhost.:4"]);
    let conf = format!("[realms]\n{REALM} = {{\nadmin_server = localhost:749\n}}\n");
    assert_eq!(servers(Zone::default(), Service::Kpasswd, &conf).await.0, ["localhost:464"]);
}

#[tokio::test]
async fn servers_of_the_site_come_instead_of_all() {
    let conf = format!("[libdefaults]\ndns_uri_lookup = no\n[realms]\n{REALM} = {{\nsitename = Here\n}}\n");
    let zone = Zone::default()
        .srv("_kerberos._udp.here._sites.example.com.", &[(0, 0, 1, "localhost.")])
        .srv("_kerberos._udp.example.com.", &[(0, 0, 2, "localhost.")])
        .srv("_kerberos._tcp.example.com.", &[(0, 0, 3, "localhost.")]);
    let (servers, _) = servers(zone, Service::Kdc, &conf).await;
    assert_eq!(servers, ["udp/localhost.:1", "tcp/localhost.:3"]);
}

#[tokio::test]
async fn krb5_conf_comes_before_dns() {
    let (name_server, asked) = Zone::default().serve().await;
    let (kdc, _) = udp(|_, _| vec![reply()]).await;
    let (network, _) = network(name_server, &format!("[realms]\n{REALM} = {{\nkdc = {kdc}\n}}\n"));
    assert_eq!(network.exchange(&request()).await.unwrap(), reply());
    assert!(asked.lock().unwrap().is_empty());
}

async fn unknown(zone: Zone, realm: &str, config: &str) -> (String, usize) {
    let (name_server, asked) = zone.serve().await;
    let (network, _) = network(name_server, config);
    let error = network.exchange(&Request { realm: realm.into(), ..request() }).await.unwrap_err();
    assert!(matches!(error, TransportError::NoServer { .. }), "{error}");
    assert_eq!(error.code(), "kdc_unknown");
    let asked = asked.lock().unwrap().len();
    (error.to_string(), asked)
}

#[tokio::test]
async fn a_realm_that_dns_does_not_know_is_told_with_what_was_looked_for() {
    let (text, _) = unknown(Zone::default(), REALM, "").await;
    for part in [
        "no KDC of realm EXAMPLE.COM",
        "krb5.conf has no kdc",
        "no URI records of _kerberos.EXAMPLE.COM.",
        "no SRV records of _kerberos._tcp.EXAMPLE.COM.",
        "[realms]",
    ] {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
}

#[tokio::test]
async fn a_lone_dot_says_that_there_is_no_service() {
    let zone = Zone::default().srv("_kerberos._udp.example.com.", &[(0, 0, 0, ".")]);
    let (text, _) = unknown(zone, REALM, "").await;
    assert!(text.contains("name no server"), "{text}");
}

#[tokio::test]
async fn name_servers_that_fail_are_told() {
    let (text, _) = unknown(Zone { broken: true, ..Zone::default() }, REALM, "").await;
    assert!(text.contains("records of _kerberos._udp.EXAMPLE.COM.:"), "{text}");
}

#[tokio::test]
async fn dns_is_not_asked_where_it_is_off_or_cannot_know() {
    let (text, asked) = unknown(Zone::default(), REALM, "[libdefaults]\ndns_lookup_kdc = false\n").await;
    assert!(text.contains("dns_lookup_kdc is off"), "{text}");
    assert_eq!(asked, 0);
    let label = "L".repeat(64);
    for realm in [format!("{label}.COM"), "A..B".into()] {
        let (text, asked) = unknown(Zone::default(), &realm, "").await;
        assert!(text.contains("is no name in DNS"), "{text}");
        assert_eq!(asked, 0, "{realm}");
    }
}

#[tokio::test]
async fn many_records_are_cut_short() {
    let records: Vec<_> = (1..=200).map(|port| (0, 1, port, "localhost.")).collect();
    // Through the longer messages of EDNS: that many do not fit into 512 bytes.
    let zone = Zone::default().srv("_kerberos._udp.example.com.", &records[..40]);
    let (servers, _) = servers(zone, Service::Kdc, "").await;
    assert_eq!(servers.len(), krb5_net::MAX_SERVERS);
    let addresses: std::collections::HashSet<_> = servers.iter().collect();
    assert_eq!(addresses.len(), servers.len(), "each once: {servers:?}");
    assert!(servers.iter().all(|server| KdcAddress::parse(server, Service::Kdc).is_ok()));
}

/// The names of HTTP on this host, and what DNS was asked.
async fn names(zone: Zone, host: &str, policy: Canonicalize) -> (Vec<String>, usize) {
    let (name_server, asked) = zone.serve().await;
    let text = "[domain_realm]\n.example.com = EXAMPLE.COM\n";
    let config = Config::from(ConfigFile::parse("krb5.conf", text.as_bytes()).unwrap());
    let dns = Dns::Servers(vec![name_server]);
    let names = service_names(&config, &dns, "HTTP", host, policy).await.unwrap();
    let asked = asked.lock().unwrap().len();
    (names.iter().map(ToString::to_string).collect(), asked)
}

fn aliases() -> Zone {
    Zone::default()
        .cname("www.other.test.", "web.example.com.")
        .cname("web.example.com.", "Host7.example.com.")
}

#[tokio::test]
async fn names_of_hosts_stay_as_they_are_unless_asked_otherwise() {
    assert_eq!(
        names(aliases(), "WWW.other.test.", Canonicalize::Never).await,
        (vec!["HTTP/www.other.test@".into()], 0)
    );
    let known = names(aliases(), "www.example.com", Canonicalize::Never).await;
    assert_eq!(known.0, ["HTTP/www.example.com@EXAMPLE.COM"]);
}

#[tokio::test]
async fn aliases_are_followed_where_that_is_asked_for() {
    let always = names(aliases(), "www.other.test", Canonicalize::Always).await;
    assert_eq!(always.0, ["HTTP/host7.example.com@EXAMPLE.COM"]);
    let fallback = names(aliases(), "www.other.test", Canonicalize::Fallback).await;
    assert_eq!(fallback.0, ["HTTP/www.other.test@", "HTTP/host7.example.com@EXAMPLE.COM"]);
    let none = names(aliases(), "host7.example.com", Canonicalize::Always).await;
    assert_eq!(none.0, ["HTTP/host7.example.com@EXAMPLE.COM"]);
}

#[tokio::test]
async fn circles_of_aliases_end() {
    let zone =
        Zone::default().cname("a.example.com.", "b.example.com.").cname("b.example.com.", "a.example.com.");
    let (names, asked) = names(zone, "a.example.com", Canonicalize::Always).await;
    assert_eq!(names, ["HTTP/a.example.com@EXAMPLE.COM"]);
    assert!(asked <= 8, "{asked}");
}

#[tokio::test]
async fn what_is_no_name_of_a_host_is_refused() {
    for (service, host) in
        [("", "host"), ("HTTP", ""), ("HTTP", "."), ("HT/TP", "host"), ("HTTP", "host@REALM")]
    {
        let names = service_names(&Config::default(), &Dns::Off, service, host, Canonicalize::Never).await;
        assert_eq!(names.unwrap_err().code(), "host_name", "{service:?} {host:?}");
    }
}

#[test]
fn krb5_conf_has_to_ask_for_canonical_names() {
    let asked = |text: &str| {
        canonicalize(&Config::from(ConfigFile::parse("krb5.conf", text.as_bytes()).unwrap())).unwrap()
    };
    assert_eq!(asked(""), Canonicalize::Never);
    assert_eq!(asked("[libdefaults]\ndns_canonicalize_hostname = true\n"), Canonicalize::Always);
    assert_eq!(asked("[libdefaults]\ndns_canonicalize_hostname = fallback\n"), Canonicalize::Fallback);
}
