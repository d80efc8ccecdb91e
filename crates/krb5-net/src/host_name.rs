//! Names of services on hosts, as KDCs know them.
//!
//! Whoever can change what DNS says chooses the service that a ticket is for, if names are made canonical by DNS. So none
//! are, unless the caller asks for it.

use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use krb5_asn1::{NameType, Principal};
use krb5_files::config::{Canonicalize, Config, Origin, ValueError};

use crate::Dns;

/// Most CNAME records that are followed.
const MAX_ALIASES: usize = 8;

/// What krb5.conf asks for by `dns_canonicalize_hostname`. Where it says nothing, names stay as they are; MIT krb5 takes
/// `true` then.
///
/// # Errors
/// The value is neither a boolean nor `fallback`.
pub fn canonicalize(config: &Config) -> Result<Canonicalize, ValueError> {
    let setting = config.libdefaults().dns_canonicalize_hostname()?;
    Ok(if setting.origin == Origin::Default { Canonicalize::Never } else { setting.value })
}

/// The names that a service on a host may have, in the order in which KDCs are to be asked for them.
///
/// The host's name is taken in lower case and without a dot at its end. The realm is that of `[domain_realm]`; where that
/// is silent it is empty, and KDCs say by referrals where the service is. With [`Canonicalize::Always`] the name is the one
/// that CNAME records lead to; with [`Canonicalize::Fallback`] that comes second. Addresses are not looked up backwards.
///
/// # Errors
/// Service or host are no part of a name.
pub async fn service_names(
    config: &Config,
    dns: &Dns,
    service: &str,
    host: &str,
    canonicalize: Canonicalize,
) -> Result<Vec<Principal>, HostNameError> {
    let given = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let is_part =
        |text: &str| !text.is_empty() && !text.contains(['/', '@']) && !text.contains(char::is_control);
    let too_long = || HostNameError { service: service.into(), host: host.into() };
    if !is_part(service) || !is_part(&given) {
        return Err(too_long());
    }
    let canonical = match canonicalize {
        Canonicalize::Never => None,
        Canonicalize::Always | Canonicalize::Fallback => canonical(dns, &given).await,
    };
    let hosts = match (canonicalize, canonical) {
        (Canonicalize::Always, Some(canonical)) => vec![canonical],
        (Canonicalize::Fallback, Some(canonical)) => vec![given, canonical],
        _ => vec![given],
    };
    let name = |host: &String| {
        let realm = config.host_realm(host).map_or("", |setting| setting.value);
        Principal::from_components(NameType::SRV_HST, [service, host], realm).map_err(|_| too_long())
    };
    hosts.iter().map(name).collect()
}

/// The name at the end of a host's CNAME records; `None` if it has none, or DNS cannot be asked.
async fn canonical(dns: &Dns, host: &str) -> Option<String> {
    let resolver = dns.resolver().ok().flatten()?;
    let mut name = Name::from_ascii(format!("{host}.")).ok()?;
    let first = name.clone();
    for _ in 0..MAX_ALIASES {
        let Ok(answer) = resolver.lookup(name.clone(), RecordType::CNAME).await else { break };
        let target = answer.answers().iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == name => Some(target.0.clone()),
            _ => None,
        });
        match target {
            Some(target) => name = target,
            None => break,
        }
    }
    let text = name.to_ascii().to_ascii_lowercase();
    (name != first).then(|| text.trim_end_matches('.').to_owned()).filter(|text| !text.is_empty())
}

/// Texts that do not make the name of a service on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostNameError {
    /// The service.
    pub service: String,
    /// The host.
    pub host: String,
}

impl fmt::Display for HostNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, host } = self;
        write!(
            f,
            "{service:?} on {host:?} makes no name; expected a service like HTTP and a host like www.example.com"
        )
    }
}

impl core::error::Error for HostNameError {}

impl Diagnose for HostNameError {
    fn blame(&self) -> Blame {
        Blame::Caller
    }

    fn code(&self) -> &'static str {
        "host_name"
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::BAD_NAME
    }
}
