//! AP-REQs to the KDC itself: in TGS requests, as FAST armor, and in front of password changes.

use gss_core::Timestamp;
use krb5_asn1::{ApReq, Authenticator, Decode, ErrorCode, Principal, TicketFlags};
use krb5_crypto::{EncType, Key, KeyUsage};

use crate::database::Database;
use crate::refusal::{Outcome, refuse, timestamp};
use crate::sealed::open_data;
use crate::ticket::Opened;
use crate::turn::Turn;

/// A client that showed that it has the session key of its ticket.
pub(crate) struct Authenticated {
    pub(crate) ticket: Opened,
    pub(crate) subkey: Option<Key>,
    /// Type and bytes of the checksum.
    pub(crate) checksum: Option<(i32, Vec<u8>)>,
    pub(crate) time: Timestamp,
    /// Whether the authenticator is meant for armor only (RFC 6113 section 5.4.1.1).
    pub(crate) armor_only: bool,
}

impl Authenticated {
    /// The subkey, or else the session key.
    pub(crate) fn key(&self) -> &Key {
        self.subkey.as_ref().unwrap_or(&self.ticket.contents.session_key)
    }
}

/// Checks ticket and authenticator. Whether the ticket's times fit is the caller's to ask.
pub(crate) fn authenticate(
    db: &Database,
    turn: &mut Turn<'_>,
    request: &ApReq<'_>,
    usage: KeyUsage,
) -> Outcome<Authenticated> {
    let ticket = Opened::open(db, &request.ticket)?;
    turn.occasion.client = Some(ticket.contents.client.clone());
    turn.parties.client = Some(ticket.contents.client.clone());
    turn.skew_clock();
    let session_key = &ticket.contents.session_key;
    let plain = open_data(session_key, usage, &request.authenticator)
        .ok_or_else(|| refuse(ErrorCode::KRB_AP_ERR_BAD_INTEGRITY, "authenticator does not decrypt"))?;
    let read = Authenticator::from_der(&plain).map_err(|error| {
        refuse(ErrorCode::KRB_AP_ERR_BAD_INTEGRITY, format!("in the authenticator: {error}"))
    })?;
    let client = Principal::from(read.cname.in_realm(read.crealm));
    if client != ticket.contents.client {
        let text = format!("authenticator of {client}, ticket of {}", ticket.contents.client);
        return Err(refuse(ErrorCode::KRB_AP_ERR_BADMATCH, text));
    }
    let time = timestamp(read.ctime);
    let time = Timestamp::new(time.seconds(), read.cusec.get()).unwrap_or(time);
    let skew = skew_of(db, &ticket.server);
    check_skew(turn.now, time, skew)?;
    let subkey = match read.subkey {
        Some(key) => Some(
            Key::new(EncType(key.keytype), key.keyvalue.as_bytes())
                .map_err(|error| refuse(ErrorCode::KDC_ERR_ETYPE_NOSUPP, format!("subkey: {error}")))?,
        ),
        None => None,
    };
    let armor_only = read.authorization_data.is_some_and(|data| {
        data.iter().any(|element| element.ad_type == krb5_asn1::AuthDataType::FX_FAST_ARMOR)
    });
    Ok(Authenticated {
        subkey,
        checksum: read.cksum.map(|checksum| (checksum.cksumtype, checksum.checksum.as_bytes().to_vec())),
        time,
        armor_only,
        ticket,
    })
}

/// Takes an authenticator once. Not for FAST armor, which a client may use for all requests of an exchange.
pub(crate) fn check_replay(db: &Database, turn: &mut Turn<'_>, request: &ApReq<'_>) -> Outcome<()> {
    let server = Principal::from(request.ticket.sname.in_realm(request.ticket.realm));
    let window = skew_of(db, &server).saturating_mul(2);
    if turn.tools.replays.note(request.authenticator.cipher.as_bytes(), turn.now, window) {
        return Ok(());
    }
    Err(refuse(ErrorCode::KRB_AP_ERR_REPEAT, "authenticator was seen before"))
}

/// The skew that the realm of a ticket's server puts up with.
fn skew_of(db: &Database, server: &Principal) -> i64 {
    let own = crate::database::tgs_realm(server.name()).unwrap_or(server.realm());
    db.realm(own.as_bytes()).map_or(300, |realm| realm.skew.into())
}

pub(crate) fn check_skew(now: Timestamp, seen: Timestamp, skew: i64) -> Outcome<()> {
    if now.seconds().saturating_sub(seen.seconds()).saturating_abs() <= skew {
        return Ok(());
    }
    let text = format!("client's clock shows {seen}, the KDC's {now}");
    Err(refuse(ErrorCode::KRB_AP_ERR_SKEW, text))
}

/// Whether a ticket holds now (RFC 4120 section 3.2.3).
pub(crate) fn check_times(db: &Database, turn: &Turn<'_>, ticket: &Opened) -> Outcome<()> {
    let skew = skew_of(db, &ticket.server);
    let times = ticket.contents.times;
    if ticket.contents.flags.contains(TicketFlags::INVALID) {
        return Err(refuse(ErrorCode::KRB_AP_ERR_TKT_NYV, "ticket has to be validated first"));
    }
    if times.start.seconds().saturating_sub(skew) > turn.now.seconds() {
        return Err(refuse(ErrorCode::KRB_AP_ERR_TKT_NYV, format!("ticket holds from {} on", times.start)));
    }
    check_end(turn, ticket, skew)
}

fn check_end(turn: &Turn<'_>, ticket: &Opened, skew: i64) -> Outcome<()> {
    let end = ticket.contents.times.end;
    if end.seconds().saturating_add(skew) < turn.now.seconds() {
        return Err(refuse(ErrorCode::KRB_AP_ERR_TKT_EXPIRED, format!("ticket held until {end}")));
    }
    Ok(())
}
