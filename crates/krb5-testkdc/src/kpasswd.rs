//! Changing and setting passwords (RFC 3244).

use core::net::IpAddr;

use krb5_asn1::{
    AddressType, ApRep, ApReq, ChangePasswdData, Decode, EncApRepPart, EncKrbPrivPart, ErrorCode,
    HostAddress, KrbPriv, MessageType, Octets, Principal, TicketFlags, UInt32,
};
use krb5_crypto::KeyUsage;

use crate::ap_req::{Authenticated, authenticate, check_replay, check_times};
use crate::database::{Database, PASSWORD_SERVICE, password_service};
use crate::fault::Fault;
use crate::refusal::{Outcome, Refusal, der, kerberos_time, micros, refuse};
use crate::sealed::{encrypted, open_data, seal};
use crate::turn::Turn;

/// What came of a change (RFC 3244 section 2). Part of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ResultCode {
    Success = 0,
    Malformed = 1,
    AuthError = 3,
    SoftError = 4,
    AccessDenied = 5,
    BadVersion = 6,
    InitialFlagNeeded = 7,
}

type Verdict = (ResultCode, String);

/// Asks for one's own password to be changed.
const CHANGE: u16 = 1;
/// Asks for anybody's password to be set.
const SET: u16 = 0xff80;
/// Version of every reply.
const REPLY: u16 = 1;

/// Answers a password request. `None` for what has not even its form.
pub(crate) fn answer(
    db: &mut Database,
    turn: &mut Turn<'_>,
    message: &[u8],
    own_address: IpAddr,
) -> Option<Vec<u8>> {
    turn.occasion.request = Some(MessageType::AP_REQ);
    let (length, rest) = number(message)?;
    let (version, rest) = number(rest)?;
    if usize::from(length) != message.len() {
        return refusal(db, turn, None, (ResultCode::Malformed, "length does not fit the message".into()));
    }
    if version != CHANGE && version != SET {
        let text = format!("protocol version {version:#06x}, expected 1 or 0xff80");
        return refusal(db, turn, None, (ResultCode::BadVersion, text));
    }
    let parts = number(rest).and_then(|(length, rest)| rest.split_at_checked(length.into()));
    let Some((ap_req, private)) = parts else {
        return refusal(db, turn, None, (ResultCode::Malformed, "AP-REQ is cut short".into()));
    };
    let client = match authenticated(db, turn, ap_req) {
        Ok(client) => client,
        Err(error) => {
            let text = error.text.clone();
            return refusal(db, turn, Some(*error), (ResultCode::AuthError, text));
        }
    };
    let forced = |fault: &Fault| if let Fault::Refuse(code) = fault { Some(*code) } else { None };
    if let Some(code) = turn.fault(forced) {
        let error = refuse(code, "as the test asked");
        return refusal(db, turn, Some(*error), (ResultCode::AuthError, "as the test asked".into()));
    }
    let verdict = carry_out(db, turn, &client, version, private);
    reply(turn, &client, &verdict, own_address).ok()
}

fn authenticated(db: &Database, turn: &mut Turn<'_>, ap_req: &[u8]) -> Outcome<Authenticated> {
    let request = ApReq::from_der(ap_req).map_err(crate::kdc::undecodable)?;
    turn.parties.server = Some(Principal::from(request.ticket.sname.in_realm(request.ticket.realm)));
    let client = authenticate(db, turn, &request, KeyUsage::AP_REQ_AUTHENTICATOR)?;
    check_replay(db, turn, &request)?;
    check_times(db, turn, &client.ticket)?;
    if !client.ticket.server.name().is(&PASSWORD_SERVICE) {
        let text = format!("ticket for {}, not for the password service", client.ticket.server);
        return Err(refuse(ErrorCode::KRB_AP_ERR_NOT_US, text));
    }
    Ok(client)
}

fn carry_out(
    db: &mut Database,
    turn: &Turn<'_>,
    client: &Authenticated,
    version: u16,
    private: &[u8],
) -> Verdict {
    let malformed = |text: &str| (ResultCode::Malformed, text.to_owned());
    let Ok(private) = KrbPriv::from_der(private) else { return malformed("no KRB-PRIV behind the AP-REQ") };
    let Some(plain) = open_data(client.key(), KeyUsage::KRB_PRIV, &private.enc_part) else {
        return (ResultCode::AuthError, "KRB-PRIV does not decrypt".into());
    };
    let Ok(part) = EncKrbPrivPart::from_der(&plain) else {
        return malformed("KRB-PRIV holds something else");
    };
    let data = part.user_data.as_bytes();
    let own = &client.ticket.contents.client;
    let (password, target) = if version == CHANGE {
        (data, own.clone())
    } else {
        let Ok(data) = ChangePasswdData::from_der(data) else {
            return malformed("no ChangePasswdData in KRB-PRIV");
        };
        let realm = data.targ_realm.unwrap_or(own.realm());
        let target = data.targ_name.map_or_else(|| own.clone(), |name| Principal::from(name.in_realm(realm)));
        (data.new_passwd.as_bytes(), target)
    };
    let Ok(password) = core::str::from_utf8(password) else { return malformed("password is not UTF-8") };
    let asker = db.find(own).map(|record| (record.principal.clone(), record.account.administrator));
    let is_own = db.find(&target).map(|record| &record.principal) == asker.as_ref().map(|(name, _)| name);
    if !is_own && !asker.is_some_and(|(_, administrator)| administrator) {
        return (ResultCode::AccessDenied, format!("{own} may not set the password of {target}"));
    }
    if is_own && !client.ticket.contents.flags.contains(TicketFlags::INITIAL) {
        return (ResultCode::InitialFlagNeeded, "ticket was not got with the password itself".into());
    }
    let shortest = db.realm(target.realm().as_bytes()).map_or(0, |realm| realm.min_password_len);
    if password.chars().count() < shortest {
        return (ResultCode::SoftError, format!("Password is too short: at least {shortest} characters"));
    }
    let Some(record) = db.find_mut(&target) else {
        return (ResultCode::AccessDenied, format!("{target} is not known here"));
    };
    record.set_password(password);
    record.account.must_change_password = false;
    if record.account.password_expires.is_some_and(|end| end <= turn.now) {
        record.account.password_expires = None;
    }
    (ResultCode::Success, "Password changed".into())
}

/// The reply to a client that authenticated.
fn reply(
    turn: &mut Turn<'_>,
    client: &Authenticated,
    verdict: &Verdict,
    own_address: IpAddr,
) -> Outcome<Vec<u8>> {
    let seq_number = UInt32(turn.random_u32() >> 2);
    let part = EncApRepPart {
        ctime: kerberos_time(client.time),
        cusec: micros(client.time),
        subkey: None,
        seq_number: Some(seq_number),
    };
    let session_key = &client.ticket.contents.session_key;
    let cipher = seal(session_key, KeyUsage::AP_REP, &der(&part)?, turn.rng());
    let ap_rep = der(&ApRep { enc_part: encrypted(session_key, None, &cipher) })?;
    let (addr_type, address) = match own_address {
        IpAddr::V4(address) => (AddressType::IPV4, address.octets().to_vec()),
        IpAddr::V6(address) => (AddressType::IPV6, address.octets().to_vec()),
    };
    let user_data = result(verdict);
    let part = EncKrbPrivPart {
        user_data: Octets::new(&user_data),
        timestamp: Some(kerberos_time(turn.now)),
        usec: Some(micros(turn.now)),
        seq_number: Some(seq_number),
        s_address: HostAddress { addr_type, address: Octets::new(&address) },
        r_address: None,
    };
    let cipher = seal(client.key(), KeyUsage::KRB_PRIV, &der(&part)?, turn.rng());
    let private = der(&KrbPriv { enc_part: encrypted(client.key(), None, &cipher) })?;
    frame(&ap_rep, &private).ok_or_else(|| refuse(ErrorCode::KRB_ERR_FIELD_TOOLONG, "reply is too long"))
}

/// The reply to a client that did not: a KRB-ERROR with the result as its data.
fn refusal(db: &Database, turn: &Turn<'_>, error: Option<Refusal>, verdict: Verdict) -> Option<Vec<u8>> {
    let error = error.unwrap_or_else(|| *refuse(ErrorCode::KRB_ERR_GENERIC, verdict.1.clone()));
    let mut parties = turn.parties.clone();
    if parties.server.is_none() {
        parties.server = db.realms().next().map(|realm| password_service(&realm.name));
    }
    let error = error.encode(&parties, turn.now, Some(&result(&verdict)))?;
    frame(&[], &error)
}

fn result((code, text): &Verdict) -> Vec<u8> {
    let mut bytes = (*code as u16).to_be_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

fn frame(ap_rep: &[u8], rest: &[u8]) -> Option<Vec<u8>> {
    let total = u16::try_from(ap_rep.len().checked_add(rest.len())?.checked_add(6)?).ok()?;
    let ap_rep_len = u16::try_from(ap_rep.len()).ok()?;
    let mut reply: Vec<u8> = [total, REPLY, ap_rep_len].into_iter().flat_map(u16::to_be_bytes).collect();
    reply.extend_from_slice(ap_rep);
    reply.extend_from_slice(rest);
    Some(reply)
}

fn number(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u16::from_be_bytes(*number), rest))
}
