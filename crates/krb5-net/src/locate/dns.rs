//! Servers of a realm by records in DNS.

use core::net::SocketAddr;
use core::time::Duration;
use std::time::Instant;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use krb5_client::Service;
use krb5_files::config::{Server, Transport};

use super::order::{Ranked, order};
use crate::address::file_service;
use crate::{KdcAddress, Origin};

/// How DNS is asked for servers of realms that nothing else names. Addresses of hosts are always looked up by the
/// system's own resolver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Dns {
    /// By the system's name servers.
    #[default]
    System,
    /// By these name servers, over UDP and TCP.
    Servers(Vec<SocketAddr>),
    /// Not at all.
    Off,
}

/// The longest wait for one name server, twice for each query.
const TIMEOUT: Duration = Duration::from_secs(2);
const TRIES: usize = 2;
/// The longest time that an answer is kept, whatever it says of itself.
const MAX_KEPT: Duration = Duration::from_secs(300);
/// Records of type URI (RFC 7553), which hickory-proto has no name for.
const URI: RecordType = RecordType::Unknown(256);

/// What is looked for.
pub(super) struct Question<'a> {
    pub(super) realm: &'a str,
    pub(super) service: Service,
    /// The site whose servers come first, as Active Directory has them.
    pub(super) site: Option<&'a str>,
    /// Whether URI records are asked for.
    pub(super) uri: bool,
}

/// What was found.
pub(super) struct Found {
    pub(super) servers: Vec<KdcAddress>,
    pub(super) origin: Origin,
    pub(super) until: Instant,
}

impl Dns {
    /// Asks for URI records, then for SRV records. What came to nothing is added to `looked`.
    pub(super) async fn find(&self, question: &Question<'_>, looked: &mut Vec<String>) -> Option<Found> {
        let resolver = match self.resolver() {
            Ok(Some(resolver)) => resolver,
            Ok(None) => {
                looked.push("DNS is off".into());
                return None;
            }
            Err(text) => {
                looked.push(format!("DNS cannot be asked: {text}"));
                return None;
            }
        };
        if question.uri
            && let Some(found) = by_uri(&resolver, question, looked).await
        {
            return Some(found);
        }
        by_srv(&resolver, question, looked).await
    }

    /// A resolver for one question: what it starts belongs to the runtime of the caller, which may end with it.
    pub(crate) fn resolver(&self) -> Result<Option<TokioResolver>, String> {
        let mut builder = match self {
            Self::Off => return Ok(None),
            Self::System => TokioResolver::builder_tokio().map_err(|error| error.to_string())?,
            Self::Servers(servers) => {
                let servers = servers.iter().map(|server| {
                    let at = |mut connection: ConnectionConfig| {
                        connection.port = server.port();
                        connection
                    };
                    let connections = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
                    NameServerConfig::new(server.ip(), true, connections)
                });
                let config = ResolverConfig::from_name_servers(servers.collect());
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        let options = builder.options_mut();
        options.timeout = TIMEOUT;
        options.attempts = TRIES;
        options.edns0 = true;
        builder.build().map(Some).map_err(|error| error.to_string())
    }
}

/// By URI records: `krb5srv:flags:transport:residual` (draft-ietf-kitten-krb-service-discovery).
async fn by_uri(
    resolver: &TokioResolver,
    question: &Question<'_>,
    looked: &mut Vec<String>,
) -> Option<Found> {
    let label = match question.service {
        Service::Kdc | Service::PrimaryKdc => "_kerberos",
        Service::Kpasswd => "_kpasswd",
    };
    let (name, lookup) = ask(resolver, question, label, URI, looked).await?;
    let records = lookup.answers().iter().filter_map(|record| match &record.data {
        RData::Unknown { code, rdata } if *code == URI => ranked_uri(&rdata.anything),
        _ => None,
    });
    let records = order(records.collect(), &mut draw);
    let servers: Vec<_> = records.iter().filter_map(|text| read_uri(text, question.service)).collect();
    found(servers, "URI", &name, lookup.valid_until(), looked)
}

/// By SRV records (RFC 4120 section 7.2.3.2).
async fn by_srv(
    resolver: &TokioResolver,
    question: &Question<'_>,
    looked: &mut Vec<String>,
) -> Option<Found> {
    let service = match question.service {
        Service::Kdc => "_kerberos",
        Service::PrimaryKdc => "_kerberos-master",
        Service::Kpasswd => "_kpasswd",
    };
    let (udp_label, tcp_label) = (format!("{service}._udp"), format!("{service}._tcp"));
    let mut looked_tcp = Vec::new();
    let (udp, tcp) = tokio::join!(
        ask(resolver, question, &udp_label, RecordType::SRV, looked),
        ask(resolver, question, &tcp_label, RecordType::SRV, &mut looked_tcp),
    );
    looked.append(&mut looked_tcp);
    let mut servers = Vec::new();
    let mut origin: Option<(Name, Instant)> = None;
    for (answer, transport) in [(udp, Transport::Udp), (tcp, Transport::Tcp)] {
        let Some((name, lookup)) = answer else { continue };
        let records = lookup.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(srv) => Some(Ranked { priority: srv.priority, weight: srv.weight, value: srv }),
            _ => None,
        });
        for srv in order(records.collect(), &mut draw) {
            // A lone dot says that there is no such service (RFC 2782).
            if srv.target.is_root() {
                continue;
            }
            servers.push(KdcAddress::Host { transport, host: srv.target.to_ascii(), port: srv.port });
        }
        let until = lookup.valid_until();
        origin = match origin {
            Some((first, earlier)) => Some((first, earlier.min(until))),
            None => Some((name, until)),
        };
    }
    let (name, until) = origin?;
    found(servers, "SRV", &name, until, looked)
}

fn found(
    servers: Vec<KdcAddress>,
    kind: &'static str,
    name: &Name,
    until: Instant,
    looked: &mut Vec<String>,
) -> Option<Found> {
    if servers.is_empty() {
        looked.push(format!("the {kind} records of {name} name no server"));
        return None;
    }
    let until = until.min(Instant::now() + MAX_KEPT);
    Some(Found { servers, origin: Origin::Dns { kind, name: name.to_string() }, until })
}

/// Asks for the records of a label in the realm, those of its site first.
async fn ask(
    resolver: &TokioResolver,
    question: &Question<'_>,
    label: &str,
    kind: RecordType,
    looked: &mut Vec<String>,
) -> Option<(Name, Lookup)> {
    let realm = question.realm;
    let of_site = question.site.map(|site| format!("{label}.{site}._sites.{realm}."));
    for text in of_site.into_iter().chain([format!("{label}.{realm}.")]) {
        let name = match Name::from_ascii(&text) {
            Ok(name) => name,
            Err(error) => {
                looked.push(format!("{text:?} is no name in DNS: {error}"));
                continue;
            }
        };
        let kind_name = if kind == URI { "URI" } else { "SRV" };
        match resolver.lookup(name.clone(), kind).await {
            Ok(lookup) => return Some((name, lookup)),
            Err(error) if error.is_no_records_found() => {
                looked.push(format!("no {kind_name} records of {name}"));
            }
            Err(error) => looked.push(format!("{kind_name} records of {name}: {error}")),
        }
    }
    None
}

/// The text of a URI record with its rank (RFC 7553 section 4.5).
fn ranked_uri(data: &[u8]) -> Option<Ranked<String>> {
    let (&[p1, p0, w1, w0], text) = data.split_first_chunk::<4>()?;
    // The text ends up in messages for people.
    let text =
        core::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))?;
    let (priority, weight) = (u16::from_be_bytes([p1, p0]), u16::from_be_bytes([w1, w0]));
    Some(Ranked { priority, weight, value: text.into() })
}

/// The server that a URI record names; `None` for what is none, or not for this service.
fn read_uri(text: &str, service: Service) -> Option<KdcAddress> {
    let mut fields = text.splitn(4, ':');
    if !fields.next()?.eq_ignore_ascii_case("krb5srv") {
        return None;
    }
    let is_primary = fields.next()?.contains(['m', 'M']);
    if service == Service::PrimaryKdc && !is_primary {
        return None;
    }
    let transport = fields.next()?;
    let (server, rest) = Server::parse(fields.next()?, file_service(service)).ok()?;
    // What DNS says must not lead to a socket of this machine.
    match (server, rest) {
        (Server::Https { .. }, "") if transport.eq_ignore_ascii_case("kkdcp") => Some(server.into()),
        (Server::Host { transport: Transport::Any, host, port }, "") => {
            if transport.eq_ignore_ascii_case("udp") {
                Some(KdcAddress::udp(host, port))
            } else if transport.eq_ignore_ascii_case("tcp") {
                Some(KdcAddress::tcp(host, port))
            } else {
                None
            }
        }
        _ => None,
    }
}

/// A number from 0 to `most`. Without randomness the order of DNS stays, which is only less even.
fn draw(most: u32) -> u32 {
    let drawn = getrandom::u32().map_or(0, u64::from);
    u32::try_from((drawn * (u64::from(most) + 1)) >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_uri_records() {
        let read = |text| read_uri(text, Service::Kdc).map(|server| server.to_string());
        for (text, server) in [
            ("krb5srv:m:tcp:kdc1.example.com", "tcp/kdc1.example.com:88"),
            ("KRB5SRV::UDP:192.0.2.1:750", "udp/192.0.2.1:750"),
            ("krb5srv::tcp:[2001:db8::1]", "tcp/[2001:db8::1]:88"),
            ("krb5srv:x:kkdcp:https://p.example.com/KdcProxy", "https://p.example.com:443/KdcProxy"),
        ] {
            assert_eq!(read(text).as_deref(), Some(server), "{text}");
        }
        let kpasswd = read_uri("krb5srv::tcp:kdc", Service::Kpasswd);
        assert_eq!(kpasswd, Some(KdcAddress::tcp("kdc", 464)));
    }

    #[test]
    fn passes_over_uri_records_that_name_no_server() {
        for text in [
            "",
            "krb5srv",
            "krb5srv:m",
            "krb5srv:m:tcp",
            "krb5srv:m:tcp:",
            "krb5srv:m:sctp:kdc",
            "other:m:tcp:kdc",
            "krb5srv:m:kkdcp:kdc",
            "krb5srv:m:kkdcp:http://kdc/",
            "krb5srv:m:tcp:https://kdc/",
            "krb5srv:m:tcp:/run/secret.sock",
            "krb5srv:m:tcp:udp/kdc",
            "krb5srv:m:tcp:kdc more",
            "krb5srv:m:tcp:kdc:99999",
        ] {
            assert_eq!(read_uri(text, Service::Kdc), None, "{text}");
        }
        assert_eq!(ranked_uri(&[0, 1, 0]), None);
        for text in ["\u{e9}", "a\x1b[2J", "a b"] {
            assert_eq!(ranked_uri(&[&[0, 1, 0, 2], text.as_bytes()].concat()), None, "{text:?}");
        }
        assert!(ranked_uri(b"\0\x01\0\x02krb5srv").is_some());
    }

    #[test]
    fn primary_kdcs_are_those_marked() {
        assert_eq!(read_uri("krb5srv::tcp:kdc", Service::PrimaryKdc), None);
        let primary = read_uri("krb5srv:M:tcp:kdc", Service::PrimaryKdc);
        assert_eq!(primary, Some(KdcAddress::tcp("kdc", 88)));
    }

    #[test]
    fn draws_stay_within_bounds() {
        for most in [0, 1, 7, u32::MAX] {
            assert!((0..100).all(|_| draw(most) <= most));
        }
    }
}
