//! The tickets of a Kerberos initiator: from a credential cache, and from KDCs.

use super::answer::Failure;
use super::krb5::read;
use super::request;
use crate::kerberos::{self, Kerberos};
use crate::kinit::ticket_granting;
use crate::text;
use alloc::sync::Arc;
use gss::krb5::{
    Credential, Credentials, CredentialsError, EncType, ServiceTicket, TicketFlags, service_ticket,
};
use gss::{Diagnose, Target, Timestamp};
use krb5_client::{AsError, AsExchange, AsOptions, Secret, SecretError, TgsError, TgsExchange, TgsOptions};
use krb5_files::config::{ConfigError, ValueError};
use krb5_files::{Ccache, Keytab};
use krb5_net::cache::CacheError;
use krb5_net::{AddressError, TransportError, TrustError};

/// What tickets are wanted.
pub(super) struct Wanted<'a> {
    pub(super) target: &'a Target<'a>,
    /// One to delegate, too.
    pub(super) delegate: bool,
    /// RC4 is good enough.
    pub(super) rc4: bool,
}

/// The tickets of an initiator.
pub(super) struct Tickets {
    pub(super) service: Arc<ServiceTicket>,
    /// A ticket-granting ticket to hand to the acceptor.
    pub(super) delegated: Option<Arc<ServiceTicket>>,
}

/// Tickets for a password or a keytab.
pub(super) fn log_in(request: &request::Initiator, wanted: &Wanted<'_>) -> Result<Tickets, Failure> {
    let name = request.tickets.principal.as_deref().unwrap_or_default();
    if request.ccache.is_some() {
        let both = "fields `principal` and `ccache` are both there, expected one of them";
        return Err(Failure::bad_request(both));
    }
    let mut kdc = Kdc::open(request, text::realm_of(name), wanted)?;
    let client = kdc.kerberos.local.principal(name).map_err(failed)?;
    let mut options = AsOptions::new(client);
    options.forwardable = wanted.delegate;
    options.preauth_at_once = request.tickets.keytab.is_some();
    if let Some(armor) = &request.tickets.fast_ccache {
        let held =
            kdc.kerberos.local.cache(Some(armor)).and_then(|cache| Ok(cache.load()?)).map_err(failed)?;
        options.armor = Some(ticket_granting(&held).map_err(failed)?);
    }
    let secret = secret(request, &options)?;
    let outcome = kdc.kerberos.run(|policy, env| AsExchange::new(policy, options, secret, env));
    let outcome = outcome.map_err(failed)?;
    if kdc.kerberos.policy.follow_kdc_clock {
        kdc.offset = outcome.kdc_offset;
    }
    let tgt = outcome.credential;
    let service = kdc.service(&tgt, wanted.target)?;
    let delegated = if wanted.delegate { kdc.forwarded(&tgt)? } else { None };
    Ok(Tickets { service, delegated })
}

fn secret(request: &request::Initiator, options: &AsOptions) -> Result<Secret, Failure> {
    match (&request.secret.password, &request.tickets.keytab) {
        (_, Some(path)) => {
            let bytes = read(path, "keytab")?;
            let keytab = Keytab::parse(&bytes).map_err(CredentialsError::Keytab)?;
            Ok(Secret::from_keytab(&keytab, &options.client)?)
        }
        (Some(password), None) => Ok(Secret::password(password.0.as_bytes())),
        (None, None) => Err(Failure::bad_request(
            "field `principal` is there without a secret, expected \"password\" or \"keytab\" with it",
        )),
    }
}

/// Tickets of a credential cache, and what KDCs give for its ticket-granting ticket. The cache stays as it is.
///
/// KDCs that the request names have the last word. Those that only krb5.conf names are asked for what is missing, and
/// where that fails it goes on being missing.
pub(super) fn from_cache(
    request: &request::Initiator,
    held: &Ccache,
    wanted: &Wanted<'_>,
) -> Result<Result<Tickets, Failure>, Failure> {
    let credentials = Credentials::from(held);
    let kdc = Kdc::for_cache(request, held, wanted)?;
    let now = request.now.map_or_else(Timestamp::now, |now| now.0);
    let service = match credentials.ticket_for(wanted.target) {
        Ok(ticket) if ticket.times.end > now => ticket,
        found => match (kdc.as_ref().map(|(kdc, tgt)| (kdc, kdc.service(tgt, wanted.target))), found) {
            (Some((_, Ok(ticket))), _) => ticket,
            (Some((kdc, Err(failure))), _) if kdc.named => return Err(failure),
            // An expired one: the first step says so.
            (_, Ok(ticket)) => ticket,
            (Some((_, Err(failure))), Err(missing)) => {
                return Ok(Err(Failure::from(missing).after(&failure)));
            }
            (None, Err(missing)) => return Ok(Err(missing.into())),
        },
    };
    Ok(Ok(Tickets { service, delegated: to_delegate(&credentials, kdc.as_ref(), wanted)? }))
}

/// A ticket-granting ticket of the cache to delegate: a forwarded one if a KDC can be asked.
///
/// Without one that may be forwarded there is no delegation and still a context (RFC 2743 section 1.2.9).
fn to_delegate(
    credentials: &Credentials,
    kdc: Option<&(Kdc, Credential)>,
    wanted: &Wanted<'_>,
) -> Result<Option<Arc<ServiceTicket>>, Failure> {
    let Ok(held) = credentials.ticket_granting_ticket() else { return Ok(None) };
    if !wanted.delegate || !held.flags.contains(TicketFlags::FORWARDABLE) {
        return Ok(None);
    }
    match kdc.map(|(kdc, tgt)| (kdc, kdc.forwarded(tgt))) {
        Some((_, Ok(Some(forwarded)))) => Ok(Some(forwarded)),
        Some((kdc, Err(failure))) if kdc.named => Err(failure),
        _ => Ok(Some(held)),
    }
}

/// Whom to ask for tickets.
struct Kdc {
    kerberos: Kerberos,
    /// The request names servers.
    named: bool,
    enctypes: Option<Vec<EncType>>,
    rc4: bool,
    /// What to add to our clock for the KDC's, in seconds.
    offset: i64,
}

impl Kdc {
    fn open(request: &request::Initiator, realm: Option<&str>, wanted: &Wanted<'_>) -> Result<Self, Failure> {
        let asked = &request.tickets;
        let arguments = kerberos::Arguments {
            kdc: asked.kdc.to_vec(),
            kdc_cacert: asked.kdc_cacert.clone(),
            timeout: asked.kdc_timeout,
            verbose: false,
        };
        let kerberos = Kerberos::open(&arguments, realm).map_err(failed)?;
        let mut kerberos = kerberos.at(request.now.map(|now| now.0));
        let parse = |name: &String| text::parse_enctype(name).map_err(Failure::bad_request);
        let listed =
            asked.enctypes.as_ref().map(|names| names.iter().map(parse).collect::<Result<Vec<_>, _>>());
        let enctypes = listed.transpose()?;
        if let Some(enctypes) = &enctypes {
            kerberos.policy.enctypes.clone_from(enctypes);
        } else if wanted.rc4 {
            add_rc4(&mut kerberos.policy.enctypes);
        }
        Ok(Self { kerberos, named: !arguments.kdc.is_empty(), enctypes, rc4: wanted.rc4, offset: 0 })
    }

    /// The KDC of a cache's client, and what to show it. `None` where the cache has no ticket-granting ticket, or nobody
    /// has named a KDC.
    fn for_cache(
        request: &request::Initiator,
        held: &Ccache,
        wanted: &Wanted<'_>,
    ) -> Result<Option<(Self, Credential)>, Failure> {
        let realm = held.default_principal.realm().to_string();
        let Ok(tgt) = ticket_granting(held) else { return Ok(None) };
        let mut kdc = Self::open(request, Some(&realm), wanted)?;
        let stated = kdc.kerberos.local.config().realm(&realm).kdcs();
        if !kdc.named && !stated.is_ok_and(|servers| !servers.is_empty()) {
            return Ok(None);
        }
        kdc.offset = held.kdc_offset().map_or(0, |offset| i64::from(offset.seconds));
        Ok(Some((kdc, tgt)))
    }

    fn service(&self, tgt: &Credential, target: &Target<'_>) -> Result<Arc<ServiceTicket>, Failure> {
        let name = format!("{}/{}", target.service(), target.host());
        let server = self.kerberos.service(&name).map_err(failed)?;
        let outcome = self.kerberos.ticket(tgt, &server, |options| self.adjust(options)).map_err(failed)?;
        Ok(Arc::new(service_ticket(outcome.credential)))
    }

    /// A ticket-granting ticket for the acceptor to use; none where it must not be forwarded.
    fn forwarded(&self, tgt: &Credential) -> Result<Option<Arc<ServiceTicket>>, Failure> {
        if !tgt.flags.contains(TicketFlags::FORWARDABLE) {
            return Ok(None);
        }
        let options = self.adjust(TgsOptions::default());
        let outcome =
            self.kerberos.run(|policy, env| TgsExchange::forward(policy, tgt, Vec::new(), options, env));
        Ok(Some(Arc::new(service_ticket(outcome.map_err(failed)?.credential))))
    }

    fn adjust(&self, options: TgsOptions) -> TgsOptions {
        let stated = options.enctypes.map(|mut enctypes| {
            if self.rc4 {
                add_rc4(&mut enctypes);
            }
            enctypes
        });
        TgsOptions { enctypes: self.enctypes.clone().or(stated), kdc_offset: self.offset, ..options }
    }
}

fn add_rc4(enctypes: &mut Vec<EncType>) {
    if !enctypes.contains(&EncType::RC4_HMAC) {
        enctypes.push(EncType::RC4_HMAC);
    }
}

/// What went wrong, as the error under its context says.
fn failed(error: anyhow::Error) -> Failure {
    fn find<E: Diagnose + Send + Sync + 'static>(error: &anyhow::Error) -> Option<&dyn Diagnose> {
        error.downcast_ref::<E>().map(|error| error as &dyn Diagnose)
    }
    let known = [
        find::<AsError>,
        find::<TgsError>,
        find::<TransportError>,
        find::<AddressError>,
        find::<TrustError>,
        find::<CacheError>,
        find::<SecretError>,
        find::<ConfigError>,
        find::<ValueError>,
    ];
    let message = format!("{error:#}");
    match known.iter().find_map(|find| find(&error)) {
        Some(diagnosed) => Failure::worded(diagnosed, message),
        None => Failure::bad_request(message),
    }
}
