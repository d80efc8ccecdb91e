//! The same ticket again: renewed, or made valid (RFC 4120 sections 3.3.3.1 and 3.3.3).

use krb5_asn1::{ErrorCode, KdcOptions, TicketFlags};
use krb5_crypto::Key;

use super::target::Target;
use super::{Answer, Request};
use crate::database::{Database, tgs_realm};
use crate::grant;
use crate::pac;
use crate::refusal::{Outcome, Padata, refuse};
use crate::ticket::{Contents, Times};
use crate::turn::Turn;

pub(super) fn grant(db: &Database, turn: &mut Turn<'_>, request: &Request<'_>) -> Outcome<Vec<u8>> {
    let held = &request.client.ticket;
    let same = request.body.sname.is_some_and(|name| name == held.server.name())
        && request.body.realm == tgs_realm(held.server.name()).unwrap_or(held.server.realm());
    let record = db
        .find(&held.server)
        .filter(|_| same)
        .ok_or_else(|| refuse(ErrorCode::KDC_ERR_SERVER_NOMATCH, format!("ticket is for {}", held.server)))?;
    let validate = request.body.kdc_options.contains(KdcOptions::VALIDATE);
    let times = if validate { validated(turn, request)? } else { renewed(turn, request)? };
    let session_key = Key::generate(held.contents.session_key.enctype(), turn.rng())
        .map_err(|error| refuse(ErrorCode::KDC_ERR_ETYPE_NOSUPP, error.to_string()))?;
    let contents = Contents {
        flags: held.contents.flags.without(TicketFlags::INVALID | TicketFlags::INITIAL),
        session_key,
        client: held.contents.client.clone(),
        transited: held.contents.transited.clone(),
        times,
        addresses: held.contents.addresses.clone(),
        authdata: held.contents.authdata.clone(),
    };
    let target = Target { record, name: held.server.clone() };
    let pac = pac::verified(db, held, !target.is_tgs())?;
    let answer = Answer {
        target: &target,
        contents: &contents,
        pac,
        second: None,
        padata: Padata::default(),
        sealed_padata: Padata::default(),
    };
    answer.encode(db, turn, request)
}

fn validated(turn: &Turn<'_>, request: &Request<'_>) -> Outcome<Times> {
    let Contents { flags, times, .. } = &request.client.ticket.contents;
    if !flags.contains(TicketFlags::INVALID) {
        return Err(refuse(ErrorCode::KDC_ERR_BADOPTION, "ticket is valid already"));
    }
    let skew = i64::from(request.realm.skew);
    if times.start.seconds() > turn.now.seconds().saturating_add(skew) {
        return Err(refuse(ErrorCode::KRB_AP_ERR_TKT_NYV, format!("ticket holds from {} on", times.start)));
    }
    if times.end < turn.now {
        return Err(refuse(ErrorCode::KRB_AP_ERR_TKT_EXPIRED, format!("ticket held until {}", times.end)));
    }
    Ok(*times)
}

fn renewed(turn: &Turn<'_>, request: &Request<'_>) -> Outcome<Times> {
    let Contents { flags, times, .. } = &request.client.ticket.contents;
    let Some(limit) = times.renew_till.filter(|_| flags.contains(TicketFlags::RENEWABLE)) else {
        return Err(refuse(ErrorCode::KDC_ERR_BADOPTION, "ticket cannot be renewed"));
    };
    if flags.contains(TicketFlags::INVALID) {
        return Err(refuse(ErrorCode::KRB_AP_ERR_TKT_NYV, "ticket has to be validated first"));
    }
    let now = grant::whole(turn.now);
    if limit <= now {
        return Err(refuse(
            ErrorCode::KRB_AP_ERR_TKT_EXPIRED,
            format!("ticket could be renewed until {limit}"),
        ));
    }
    if times.end < now {
        return Err(refuse(ErrorCode::KRB_AP_ERR_TKT_EXPIRED, format!("ticket held until {}", times.end)));
    }
    let life = times.end.seconds().saturating_sub(times.start.seconds()).max(0);
    Ok(Times {
        auth: times.auth,
        start: now,
        end: now.saturating_add_seconds(life).min(limit),
        renew_till: Some(limit),
    })
}
