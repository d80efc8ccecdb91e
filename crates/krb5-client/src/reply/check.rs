//! The checks themselves, in the order in which they are made.

use alloc::boxed::Box;
use alloc::vec::Vec;

use gss_core::Timestamp;
use krb5_asn1::{
    Checksum, Decode, EncAsRepPart, EncKdcRepPart, EncTgsRepPart, KerberosTime, Owned, PrincipalRef, SeqOf,
    TicketFlags,
};
use krb5_crypto::{EncType, Key, KeyUsage};
use krb5_files::Address;
use zeroize::Zeroizing;

use super::{Asked, ClientRule, Names, Reply, ReplyError, ReplyFacts, ReplyKind, ServerRule};
use crate::sealed::{self, OpenError};
use crate::{Credential, Times};

pub(super) fn open(
    reply: &Reply<'_>,
    keys: &[(&Key, KeyUsage)],
    asked: &Asked<'_>,
) -> Result<(Credential, ReplyFacts), ReplyError> {
    // In a TGS-REP the enctype is that of the ticket shown, which `keys` holds it to.
    if reply.kind == ReplyKind::As {
        reply.enctype(asked.enctypes)?;
    }
    let plaintext = decrypt(reply, keys)?;
    let part = match reply.kind {
        ReplyKind::As => EncAsRepPart::from_der(&plaintext).map(|part| part.0),
        ReplyKind::Tgs => EncTgsRepPart::from_der(&plaintext).map(|part| part.0),
    }
    .map_err(ReplyError::EncPart)?;

    if part.nonce.0 != asked.nonce {
        return Err(ReplyError::Nonce { expected: asked.nonce, found: part.nonce.0 });
    }
    let server = part.sname.in_realm(part.srealm);
    check_client(reply.client, server, asked)?;
    check_server(reply, server, asked)?;
    check_flags(&part, asked)?;
    let times = check_times(&part, asked)?;
    let addresses = check_addresses(&part, asked)?;
    let session_key = session_key(&part, asked)?;

    let credential = Credential {
        client: reply.client.into(),
        server: server.into(),
        session_key,
        flags: part.flags,
        times,
        addresses,
        ticket: reply.ticket.as_der().to_vec(),
        second_ticket: None,
    };
    let encrypted_pa_data = part.encrypted_pa_data.map(|padata| Owned::encode(&padata)).transpose();
    let facts = ReplyFacts {
        key_expiration: part.key_expiration.map(seconds),
        encrypted_pa_data: encrypted_pa_data.map_err(ReplyError::EncPart)?,
    };
    Ok((credential, facts))
}

/// The key of an enctype other than the reply's is passed over, unless it is the last one.
fn decrypt(reply: &Reply<'_>, keys: &[(&Key, KeyUsage)]) -> Result<Zeroizing<Vec<u8>>, ReplyError> {
    let mut outcome = Err(OpenError::Integrity);
    for (key, usage) in keys {
        outcome = sealed::open(key, *usage, &reply.enc_part);
        if outcome.is_ok() {
            break;
        }
    }
    outcome.map_err(|error| match error {
        OpenError::EncType { expected, found } => {
            ReplyError::EncType { found, asked: Vec::from([expected]).into() }
        }
        OpenError::Integrity => ReplyError::Integrity,
    })
}

fn names(expected: PrincipalRef<'_>, found: PrincipalRef<'_>) -> Box<Names> {
    Box::new(Names { expected: expected.into(), found: found.into() })
}

/// The client is named in the clear part alone.
fn check_client(
    client: PrincipalRef<'_>,
    server: PrincipalRef<'_>,
    asked: &Asked<'_>,
) -> Result<(), ReplyError> {
    let realm = match asked.client_rule {
        ClientRule::Exact => asked.client.realm,
        ClientRule::Canonical => server.realm,
    };
    if client.realm != realm {
        return Err(ReplyError::ClientRealm(names(asked.client.name.in_realm(realm), client)));
    }
    if asked.client_rule == ClientRule::Exact && client.name != asked.client.name {
        return Err(ReplyError::Client(names(asked.client, client)));
    }
    Ok(())
}

fn check_server(reply: &Reply<'_>, server: PrincipalRef<'_>, asked: &Asked<'_>) -> Result<(), ReplyError> {
    let ticket = reply.ticket.sname.in_realm(reply.ticket.realm);
    if ticket != server {
        return Err(ReplyError::TicketServer(names(server, ticket)));
    }
    let is_tgs = server.name.components().len() == 2
        && server.name.components().next().is_some_and(|first| first.as_bytes() == b"krbtgt");
    if asked.server_rule == ServerRule::AnyTgs && is_tgs {
        return Ok(());
    }
    if server.realm != asked.server.realm {
        return Err(ReplyError::ServerRealm(names(asked.server, server)));
    }
    let fits = match asked.server_rule {
        ServerRule::Referral => is_tgs || server.name == asked.server.name,
        ServerRule::Exact | ServerRule::AnyTgs => server.name == asked.server.name,
    };
    if fits { Ok(()) } else { Err(ReplyError::Server(names(asked.server, server))) }
}

fn check_flags(part: &EncKdcRepPart<'_>, asked: &Asked<'_>) -> Result<(), ReplyError> {
    let unasked = TicketFlags(part.flags.0 & asked.unasked_flags.0);
    if unasked == TicketFlags::NONE { Ok(()) } else { Err(ReplyError::Flags { unasked }) }
}

fn check_times(part: &EncKdcRepPart<'_>, asked: &Asked<'_>) -> Result<Times, ReplyError> {
    let start = part.starttime.unwrap_or(part.authtime);
    if part.endtime <= start {
        return Err(ReplyError::NeverValid { start: seconds(start), end: seconds(part.endtime) });
    }
    if let Some(expected) = asked.start.filter(|expected| *expected != start) {
        return Err(ReplyError::Start { expected: seconds(expected), found: seconds(start) });
    }
    if let Some(till) = asked.till.filter(|till| part.endtime > *till) {
        return Err(ReplyError::End { asked: seconds(till), found: seconds(part.endtime) });
    }
    // Without the flag the field has no meaning.
    let renew_till = part.renew_till.filter(|_| part.flags.contains(TicketFlags::RENEWABLE));
    if let Some((till, found)) = asked.renew_till.zip(renew_till).filter(|(till, found)| found > till) {
        return Err(ReplyError::RenewTill { asked: seconds(till), found: seconds(found) });
    }
    if let Some((now, limit)) = asked.clock {
        let ahead = start.unix_seconds().saturating_sub(now.seconds());
        if ahead.unsigned_abs() > u64::from(limit) {
            return Err(ReplyError::Skew { ahead, limit });
        }
    }
    Ok(Times {
        auth: seconds(part.authtime),
        start: seconds(start),
        end: seconds(part.endtime),
        renew_till: renew_till.map(seconds),
    })
}

fn check_addresses(part: &EncKdcRepPart<'_>, asked: &Asked<'_>) -> Result<Vec<Address>, ReplyError> {
    let mut addresses = Vec::new();
    for address in part.caddr.unwrap_or(SeqOf::EMPTY) {
        let found = Address { addr_type: address.addr_type, data: address.address.as_bytes().to_vec() };
        if !asked.addresses.contains(&found) {
            return Err(ReplyError::Address { found });
        }
        addresses.push(found);
    }
    Ok(addresses)
}

fn session_key(part: &EncKdcRepPart<'_>, asked: &Asked<'_>) -> Result<Key, ReplyError> {
    let enctype = EncType(part.key.keytype);
    if !asked.enctypes.contains(&enctype) {
        return Err(ReplyError::SessionEncType { found: enctype, asked: asked.enctypes.into() });
    }
    Key::new(enctype, part.key.keyvalue.as_bytes()).map_err(ReplyError::SessionKey)
}

/// The checksum over the whole AS-REQ, of the reply key's own type (RFC 6806 section 11).
pub(super) fn request_checksum(der: &[u8], reply_key: &Key, as_req: &[u8]) -> Result<(), ReplyError> {
    let checksum = Checksum::from_der(der).map_err(ReplyError::EncPart)?;
    let key = reply_key.checksum(KeyUsage::AS_REQUEST_CHECKSUM);
    if checksum.cksumtype != key.checksum_type().0 {
        return Err(ReplyError::RequestChecksum);
    }
    key.verify(&[as_req], checksum.checksum.as_bytes())
        .map(|_verified| ())
        .map_err(|_| ReplyError::RequestChecksum)
}

fn seconds(time: KerberosTime) -> Timestamp {
    Timestamp::from_seconds(time.unix_seconds())
}
