//! What AS and TGS decide alike: enctypes, flags and times of a ticket.

use gss_core::Timestamp;
use krb5_asn1::{ErrorCode, KdcOptions, KdcReqBody, KerberosTime, TicketFlags};
use krb5_crypto::{EncType, Key};

use crate::Realm;
use crate::database::Record;
use crate::fault::Fault;
use crate::refusal::{Outcome, kerberos_time, refuse, timestamp};
use crate::turn::Turn;

/// A new session key, of the client's first enctype that the service understands.
pub(crate) fn session_key(turn: &mut Turn<'_>, body: &KdcReqBody<'_>, server: &Record) -> Outcome<Key> {
    let forced =
        |fault: &Fault| if let Fault::SessionEnctype(number) = fault { Some(EncType(*number)) } else { None };
    let known = server.session_enctypes();
    let enctype = turn.fault(forced).or_else(|| {
        let mut offered = body.etype.iter().map(EncType);
        offered.find(|enctype| enctype.is_supported() && known.contains(enctype))
    });
    enctype.and_then(|enctype| Key::generate(enctype, turn.rng()).ok()).ok_or_else(|| {
        let text = format!("none of the client's enctypes is understood by {}", server.principal);
        refuse(ErrorCode::KDC_ERR_ETYPE_NOSUPP, text)
    })
}

/// Whether a service can be had at all.
pub(crate) fn check_server(turn: &Turn<'_>, server: &Record) -> Outcome<()> {
    if server.account.locked {
        return Err(refuse(ErrorCode::KDC_ERR_SERVICE_REVOKED, format!("{} is locked", server.principal)));
    }
    if server.account.expires.is_some_and(|end| end <= turn.now) {
        return Err(refuse(ErrorCode::KDC_ERR_SERVICE_EXP, format!("{} has expired", server.principal)));
    }
    Ok(())
}

/// Flags that correspond to options, as far as both accounts allow them.
pub(crate) fn optional_flags(options: KdcOptions, denied: TicketFlags) -> TicketFlags {
    let pairs = [
        (KdcOptions::FORWARDABLE, TicketFlags::FORWARDABLE),
        (KdcOptions::PROXIABLE, TicketFlags::PROXIABLE),
        (KdcOptions::ALLOW_POSTDATE, TicketFlags::MAY_POSTDATE),
    ];
    let asked = pairs.iter().filter(|(option, _)| options.contains(*option));
    asked.fold(TicketFlags::NONE, |flags, (_, flag)| flags | *flag).without(denied)
}

/// Limits of lives.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) life: i64,
    pub(crate) renewable_life: i64,
}

impl Limits {
    pub(crate) fn new(realm: &Realm, accounts: &[&Record]) -> Self {
        let smallest = |of_realm: u32, of_account: fn(&Record) -> Option<u32>| {
            let own = accounts.iter().filter_map(|record| of_account(record)).min();
            i64::from(own.map_or(of_realm, |own| own.min(of_realm)))
        };
        Self {
            life: smallest(realm.max_life, |record| record.account.max_life),
            renewable_life: smallest(realm.max_renewable_life, |record| record.account.max_renewable_life),
        }
    }
}

/// The time until which a request wants something; the epoch stands for as long as can be (RFC 4120 section 5.4.1).
fn wanted(till: KerberosTime) -> Timestamp {
    if till.unix_seconds() <= 0 { Timestamp::from_seconds(i64::MAX) } else { timestamp(till) }
}

/// When the ticket begins. In the future only where that was asked for (RFC 4120 section 3.1.3).
pub(crate) fn start(
    turn: &Turn<'_>,
    body: &KdcReqBody<'_>,
    skew: u32,
    may: bool,
) -> Outcome<(Timestamp, TicketFlags)> {
    let now = Timestamp::from_seconds(turn.now.seconds());
    let from = body.from.map_or(now, timestamp);
    if from.seconds() <= now.seconds().saturating_add(skew.into()) {
        return Ok((now, TicketFlags::NONE));
    }
    if !body.kdc_options.contains(KdcOptions::POSTDATED) || !may {
        return Err(refuse(ErrorCode::KDC_ERR_CANNOT_POSTDATE, format!("ticket from {from} on")));
    }
    Ok((from, TicketFlags::POSTDATED | TicketFlags::INVALID))
}

/// End and renewal, from what is asked for and the limits. `within`: the end of the ticket that this one is got with.
pub(crate) fn ends(
    body: &KdcReqBody<'_>,
    start: Timestamp,
    limits: Limits,
    within: Option<Timestamp>,
    renewable: Option<Timestamp>,
) -> Outcome<(Timestamp, Option<Timestamp>)> {
    let till = wanted(body.till);
    let longest = start.saturating_add_seconds(limits.life);
    let end = till.min(longest).min(within.unwrap_or(longest));
    let end = Timestamp::from_seconds(end.seconds());
    if end <= start {
        return Err(refuse(ErrorCode::KDC_ERR_NEVER_VALID, format!("ticket from {start} to {end}")));
    }
    let options = body.kdc_options;
    let asked = options.contains(KdcOptions::RENEWABLE);
    let instead = options.contains(KdcOptions::RENEWABLE_OK) && till > end;
    let renew_till = match renewable {
        Some(limit) if asked || instead => {
            let wish = if asked { body.rtime.map_or(till, wanted) } else { till };
            Some(wish.min(start.saturating_add_seconds(limits.renewable_life)).min(limit))
        }
        _ => None,
    };
    // What cannot be renewed once is not renewable.
    Ok((end, renew_till.filter(|renew_till| *renew_till > end)))
}

/// The time as the reply can hold it, in whole seconds.
pub(crate) fn whole(time: Timestamp) -> Timestamp {
    timestamp(kerberos_time(time))
}
