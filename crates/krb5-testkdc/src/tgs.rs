//! The TGS exchange: further tickets (RFC 4120 section 3.3).

use krb5_asn1::{
    ApReq, AuthorizationData, Decode, ErrorCode, KdcOptions, KdcReqBody, KrbFastReq, MessageType, PaData,
    PaDataType, Principal, Raw, SeqOf, TgsReq, TicketFlags,
};
use krb5_crypto::{ChecksumType, Key, KeyUsage};
use krb5_pac::PacBuilder;

use crate::Realm;
use crate::ap_req::{Authenticated, authenticate, check_replay, check_times};
use crate::as_exchange::finish;
use crate::database::{Database, Record, tgs_realm};
use crate::fast::{self, Armor, find};
use crate::fault::Fault;
use crate::grant::{self, Limits};
use crate::pac;
use crate::refusal::{Outcome, Padata, refuse};
use crate::reply::{Kind, Reply};
use crate::sealed::open_data;
use crate::ticket::{Contents, Opened, Recipient, Times};
use crate::turn::Turn;

mod again;
mod s4u;
mod target;
mod transited;

use s4u::OnBehalf;
use target::Target;

/// A request with the armor taken off, from a client that is known.
struct Request<'a> {
    realm: &'a Realm,
    client: &'a Authenticated,
    body: Raw<'a, KdcReqBody<'a>>,
    padata: Vec<PaData<'a>>,
    armor: Option<&'a Armor>,
}

/// Answers a TGS-REQ.
pub(crate) fn answer(db: &Database, turn: &mut Turn<'_>, message: &[u8]) -> Option<Vec<u8>> {
    if let Some(reply) = turn.tools.repeats.find(message) {
        return Some(reply);
    }
    turn.occasion.request = Some(MessageType::TGS_REQ);
    let request = match TgsReq::from_der(message) {
        Ok(request) => request,
        Err(error) => return fast::refusal(turn, *crate::kdc::undecodable(error), None),
    };
    name_server(turn, &request.req_body);
    let padata: Vec<_> = request.padata.iter().flat_map(SeqOf::iter).collect();
    let reply = match enter(db, turn, &request, &padata) {
        Ok(entered) => answer_client(db, turn, &request, padata, &entered),
        Err(refusal) => fast::refusal(turn, *refusal, None),
    }?;
    turn.tools.repeats.note(message, &reply);
    Some(reply)
}

/// What comes before the request itself is looked at.
struct Entered {
    client: Authenticated,
    tunnel: Option<(Armor, zeroize::Zeroizing<Vec<u8>>)>,
}

fn enter(
    db: &Database,
    turn: &mut Turn<'_>,
    request: &TgsReq<'_>,
    padata: &[PaData<'_>],
) -> Outcome<Entered> {
    let Some(ap_req) = find(padata, PaDataType::TGS_REQ) else {
        return Err(refuse(ErrorCode::KDC_ERR_PADATA_TYPE_NOSUPP, "TGS-REQ without a ticket"));
    };
    let decoded = ApReq::from_der(ap_req)
        .map_err(|error| refuse(ErrorCode::KRB_ERR_GENERIC, format!("in PA-TGS-REQ: {error}")))?;
    let client = authenticate(db, turn, &decoded, KeyUsage::TGS_REQ_AUTHENTICATOR)?;
    check_replay(db, turn, &decoded)?;
    if client.armor_only {
        return Err(refuse(ErrorCode::KDC_ERR_POLICY, "authenticator for FAST armor in PA-TGS-REQ"));
    }
    check_body(&client, request.req_body.as_der())?;
    let fast = find(padata, PaDataType::FX_FAST)
        .filter(|_| db.realm(request.req_body.realm.as_bytes()).is_none_or(|realm| realm.fast));
    let tunnel = match fast {
        Some(value) => Some(fast::enter_tgs(&client, value, ap_req)?),
        None => None,
    };
    Ok(Entered { client, tunnel })
}

/// The checksum over the request's body (RFC 4120 section 3.3.2).
fn check_body(client: &Authenticated, body: &[u8]) -> Outcome<()> {
    let Some((number, tag)) = &client.checksum else {
        return Err(refuse(ErrorCode::KRB_AP_ERR_INAPP_CKSUM, "authenticator without a checksum"));
    };
    let checksum_type = ChecksumType(*number);
    let modified = || refuse(ErrorCode::KRB_AP_ERR_MODIFIED, "checksum does not fit the request");
    let key = &client.ticket.contents.session_key;
    if let Some(fits) = plain_md5(key, checksum_type, body, tag) {
        return if fits { Ok(()) } else { Err(modified()) };
    }
    key.checksum_with_type(checksum_type, KeyUsage::TGS_REQ_AUTHENTICATOR_CHECKSUM)
        .ok_or_else(|| {
            let text = format!("checksum of type {checksum_type} does not fit the session key");
            refuse(ErrorCode::KRB_AP_ERR_INAPP_CKSUM, text)
        })?
        .verify(&[body], tag)
        .map(|_verified| ())
        .map_err(|_| modified())
}

/// Under RC4, Heimdal takes a checksum without a key. The authenticator that it is encrypted in has one.
/// `None` where this is something else.
#[cfg(feature = "rc4")]
fn plain_md5(key: &Key, checksum_type: ChecksumType, body: &[u8], tag: &[u8]) -> Option<bool> {
    let is_this = checksum_type == ChecksumType::RSA_MD5 && key.enctype() == krb5_crypto::EncType::RC4_HMAC;
    is_this.then(|| krb5_crypto::rc4_hmac::md5(&[body]) == tag)
}

#[cfg(not(feature = "rc4"))]
fn plain_md5(_: &Key, _: ChecksumType, _: &[u8], _: &[u8]) -> Option<bool> {
    None
}

fn answer_client(
    db: &Database,
    turn: &mut Turn<'_>,
    outer: &TgsReq<'_>,
    padata: Vec<PaData<'_>>,
    entered: &Entered,
) -> Option<Vec<u8>> {
    let client = &entered.client;
    match &entered.tunnel {
        None => finish(turn, None, |turn| {
            let realm = own_realm(db, client, &outer.req_body)?;
            grant(db, turn, &Request { realm, client, body: outer.req_body, padata, armor: None })
        }),
        Some((armor, inner)) => {
            let inner = KrbFastReq::from_der(inner).ok()?;
            name_server(turn, &inner.req_body);
            finish(turn, Some(armor), |turn| {
                let realm = own_realm(db, client, &inner.req_body)?;
                let padata = inner.padata.iter().collect();
                grant(db, turn, &Request { realm, client, body: inner.req_body, padata, armor: Some(armor) })
            })
        }
    }
}

fn name_server(turn: &mut Turn<'_>, body: &KdcReqBody<'_>) {
    turn.parties.server = body.sname.map(|name| Principal::from(name.in_realm(body.realm)));
}

/// The realm that is asked, which has to be the one that the ticket is for.
fn own_realm<'d>(db: &'d Database, client: &Authenticated, body: &KdcReqBody<'_>) -> Outcome<&'d Realm> {
    let server = &client.ticket.server;
    let asked = body.realm;
    let realm = db.realm(asked.as_bytes());
    let ours = tgs_realm(server.name()).unwrap_or(server.realm());
    match realm {
        Some(realm) if ours == asked => Ok(realm),
        Some(_) => {
            let text = format!("ticket for {server} in a request to realm {asked}");
            Err(refuse(ErrorCode::KRB_AP_ERR_NOT_US, text))
        }
        None => {
            let text = format!("realm {asked} is not served here");
            Err(refuse(ErrorCode::KDC_ERR_WRONG_REALM, text))
        }
    }
}

fn grant(db: &Database, turn: &mut Turn<'_>, request: &Request<'_>) -> Outcome<Vec<u8>> {
    let options = request.body.kdc_options;
    if options.0 & (KdcOptions::RENEW.0 | KdcOptions::VALIDATE.0) != 0 {
        return again::grant(db, turn, request);
    }
    check_ticket(db, turn, request)?;
    let target = Target::find(db, turn, request)?;
    grant::check_server(turn, target.record)?;
    let second = target.second_ticket(db, turn, request)?;
    let on_behalf = OnBehalf::find(db, turn, request, &target)?;
    let contents = contents(db, turn, request, &target, on_behalf.as_ref())?;
    let pac = tgs_pac(db, request, &target, &contents, on_behalf.as_ref())?;
    let mut sealed_padata = Padata::default();
    let mut padata = Padata::default();
    if let Some(on_behalf) = &on_behalf {
        on_behalf.reply_padata(request, &mut padata, &mut sealed_padata)?;
    }
    target.supported_enctypes(request.realm, &mut sealed_padata);
    let answer = Answer { target: &target, contents: &contents, pac, second, padata, sealed_padata };
    answer.encode(db, turn, request)
}

/// A decision, to be made a message.
struct Answer<'a> {
    target: &'a Target<'a>,
    contents: &'a Contents,
    pac: Option<PacBuilder>,
    /// The ticket in whose session key this one is sealed.
    second: Option<Opened>,
    padata: Padata,
    sealed_padata: Padata,
}

impl Answer<'_> {
    fn encode(self, db: &Database, turn: &mut Turn<'_>, request: &Request<'_>) -> Outcome<Vec<u8>> {
        let Target { record, name, .. } = self.target;
        let no_key = || refuse(ErrorCode::KDC_ERR_NULL_KEY, format!("{name} has no key"));
        let (kdc_key, _) = db.tgs(&request.realm.name).and_then(Record::ticket_key).ok_or_else(no_key)?;
        let (key, kvno) = match &self.second {
            Some(second) => (&second.contents.session_key, None),
            None => {
                let (key, kvno) = record.ticket_key().ok_or_else(no_key)?;
                (key, Some(kvno))
            }
        };
        let service = tgs_realm(name.name()).is_none();
        let to = Recipient { server: name, key, kvno, kdc_key, service };
        let ticket = self.contents.seal(self.pac.as_ref(), &to, turn.rng())?;
        let reply = Reply {
            kind: Kind::Tgs { with_subkey: request.client.subkey.is_some() },
            client: &self.contents.client,
            server: name,
            contents: self.contents,
            ticket,
            nonce: request.body.nonce.0,
            key_expiration: None,
            reply_key: request.client.key(),
            kvno: None,
            padata: self.padata,
            sealed_padata: self.sealed_padata,
            armor: request.armor,
        };
        reply.encode(turn)
    }
}

/// The ticket that the request comes with: for the ticket-granting service, and good now.
fn check_ticket(db: &Database, turn: &Turn<'_>, request: &Request<'_>) -> Outcome<()> {
    let ticket = &request.client.ticket;
    check_times(db, turn, ticket)?;
    if tgs_realm(ticket.server.name()).is_none() {
        let text = format!("ticket for {}, not for the ticket-granting service", ticket.server);
        return Err(refuse(ErrorCode::KRB_AP_ERR_NOT_US, text));
    }
    // Another realm's KDC speaks for the clients of others only.
    let foreign = ticket.server.realm().as_bytes() != request.realm.name.as_bytes();
    if foreign && ticket.contents.client.realm().as_bytes() == request.realm.name.as_bytes() {
        let text = format!("{} came by way of {}", ticket.contents.client, ticket.server.realm());
        return Err(refuse(ErrorCode::KRB_AP_ERR_ILL_CR_TKT, text));
    }
    Ok(())
}

fn contents(
    db: &Database,
    turn: &mut Turn<'_>,
    request: &Request<'_>,
    target: &Target<'_>,
    on_behalf: Option<&OnBehalf<'_>>,
) -> Outcome<Contents> {
    let body = &request.body;
    let held = &request.client.ticket.contents;
    // The ticket that says who the client is.
    let basis = on_behalf.and_then(OnBehalf::evidence).map_or(held, |evidence| &evidence.contents);
    let denied = target.record.account.denied();
    let (flags, addresses) = flags(request, target, held, denied)?;
    let flags = on_behalf.map_or(flags, |on_behalf| on_behalf.flags(flags, body.kdc_options));
    let session_key = grant::session_key(turn, body, target.record)?;
    let may_postdate =
        held.flags.contains(TicketFlags::MAY_POSTDATE) && !denied.contains(TicketFlags::MAY_POSTDATE);
    let (start, postdated) = grant::start(turn, body, request.realm.skew, may_postdate)?;
    let renewable = held
        .times
        .renew_till
        .filter(|_| held.flags.contains(TicketFlags::RENEWABLE) && !denied.contains(TicketFlags::RENEWABLE));
    let limits = Limits::new(request.realm, &[target.record]);
    let within = held.times.end.min(basis.times.end);
    let (mut end, renew_till) = grant::ends(body, start, limits, Some(within), renewable)?;
    if turn.goes_wrong(&Fault::ExpiredTicket) {
        end = start.saturating_add_seconds(-60);
    }
    let (transited, checked) = transited::extend(db, request, basis)?;
    let mut flags = flags | postdated;
    let facts = [
        (renew_till.is_some(), TicketFlags::RENEWABLE),
        (target.record.account.ok_as_delegate, TicketFlags::OK_AS_DELEGATE),
        (checked, TicketFlags::TRANSITED_POLICY_CHECKED),
    ];
    for (holds, flag) in facts {
        if holds {
            flags = flags | flag;
        }
    }
    let mut authdata = basis.authdata.clone();
    authdata.extend(request_authdata(request)?);
    let client = on_behalf.map_or_else(|| held.client.clone(), OnBehalf::user);
    let auth = match on_behalf {
        Some(on_behalf) if on_behalf.evidence().is_none() => grant::whole(turn.now),
        _ => basis.times.auth,
    };
    let times = Times { auth, start: grant::whole(start), end, renew_till };
    Ok(Contents { flags, session_key, client, transited, times, addresses, authdata })
}

type Addresses = Vec<(krb5_asn1::AddressType, Vec<u8>)>;

/// Flags and addresses, from those of the ticket at hand and what is asked for (RFC 4120 section 3.3.3).
fn flags(
    request: &Request<'_>,
    target: &Target<'_>,
    held: &Contents,
    denied: TicketFlags,
) -> Outcome<(TicketFlags, Addresses)> {
    let options = request.body.kdc_options;
    let may = |flag, option: &str| {
        if held.flags.contains(flag) && !denied.contains(flag) {
            return Ok(());
        }
        Err(refuse(ErrorCode::KDC_ERR_BADOPTION, format!("ticket does not allow the option {option}")))
    };
    let inherited =
        TicketFlags::PRE_AUTHENT | TicketFlags::HW_AUTHENT | TicketFlags::FORWARDED | TicketFlags::PROXY;
    let mut flags = TicketFlags(held.flags.0 & inherited.0);
    let asked = grant::optional_flags(options, denied);
    flags = flags | TicketFlags(asked.0 & held.flags.0);
    let mut addresses = held.addresses.clone();
    if options.contains(KdcOptions::FORWARDED) {
        may(TicketFlags::FORWARDABLE, "forwarded")?;
        flags = flags | TicketFlags::FORWARDED;
        addresses = crate::ticket::own_addresses(request.body.addresses);
    }
    if options.contains(KdcOptions::PROXY) {
        may(TicketFlags::PROXIABLE, "proxy")?;
        if target.is_tgs() {
            return Err(refuse(
                ErrorCode::KDC_ERR_BADOPTION,
                "a proxy cannot be for the ticket-granting service",
            ));
        }
        flags = flags | TicketFlags::PROXY;
        addresses = crate::ticket::own_addresses(request.body.addresses);
    }
    if options.contains(KdcOptions::POSTDATED) {
        may(TicketFlags::MAY_POSTDATE, "postdated")?;
    }
    Ok((flags, addresses))
}

/// What the client wants to have in the ticket, encrypted (RFC 4120 section 5.4.1).
fn request_authdata(request: &Request<'_>) -> Outcome<Vec<(krb5_asn1::AuthDataType, Vec<u8>)>> {
    let Some(data) = &request.body.enc_authorization_data else { return Ok(Vec::new()) };
    let usage = match request.client.subkey {
        Some(_) => KeyUsage::TGS_REQ_AUTHORIZATION_DATA_SUBKEY,
        None => KeyUsage::TGS_REQ_AUTHORIZATION_DATA_SESSION_KEY,
    };
    let broken = |text: String| refuse(ErrorCode::KRB_AP_ERR_BAD_INTEGRITY, text);
    let plain = open_data(request.client.key(), usage, data)
        .ok_or_else(|| broken("authorization data does not decrypt".into()))?;
    let data = AuthorizationData::from_der(&plain).map_err(|error| broken(error.to_string()))?;
    Ok(data.iter().map(|element| (element.ad_type, element.ad_data.as_bytes().to_vec())).collect())
}

fn tgs_pac(
    db: &Database,
    request: &Request<'_>,
    target: &Target<'_>,
    contents: &Contents,
    on_behalf: Option<&OnBehalf<'_>>,
) -> Outcome<Option<PacBuilder>> {
    let held = pac::verified(db, &request.client.ticket, false)?;
    let pac = match on_behalf {
        Some(on_behalf) => on_behalf.pac(request, target, contents)?,
        None => held,
    };
    if target.record.account.without_pac {
        return Ok(None);
    }
    Ok(if target.is_tgs() { pac } else { pac.map(pac::for_service) })
}
