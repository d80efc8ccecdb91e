//! The AS exchange: a first ticket (RFC 4120 section 3.1).

use krb5_asn1::{
    AsReq, Decode, ErrorCode, KdcOptions, KdcReqBody, KrbFastReq, MessageType, NameType, PaData, PaDataType,
    PaPacRequest, Principal, PrincipalName, Raw, SeqOf, TicketFlags,
};

use crate::Realm;
use crate::as_preauth;
use crate::database::{Database, PASSWORD_SERVICE, Record, tgs_realm};
use crate::fast::{self, Armor, find};
use crate::fault::Fault;
use crate::grant::{self, Limits};
use crate::pac;
use crate::refusal::{Outcome, Padata, Refusal, refuse};
use crate::reply::{Kind, Reply};
use crate::ticket::{Contents, Recipient, Times};
use crate::turn::Turn;

/// A request with the armor taken off.
pub(crate) struct Request<'a> {
    /// DER of the AS-REQ.
    pub(crate) message: &'a [u8],
    pub(crate) body: Raw<'a, KdcReqBody<'a>>,
    pub(crate) padata: Vec<PaData<'a>>,
    pub(crate) armor: Option<&'a Armor>,
}

/// Options that an AS-REQ cannot have.
const ONLY_TGS: KdcOptions = KdcOptions(
    KdcOptions::FORWARDED.0
        | KdcOptions::PROXY.0
        | KdcOptions::ENC_TKT_IN_SKEY.0
        | KdcOptions::CNAME_IN_ADDL_TKT.0
        | KdcOptions::RENEW.0
        | KdcOptions::VALIDATE.0
        | KdcOptions::REQUEST_ANONYMOUS.0,
);

/// Answers an AS-REQ.
pub(crate) fn answer(db: &Database, turn: &mut Turn<'_>, message: &[u8]) -> Option<Vec<u8>> {
    turn.occasion.request = Some(MessageType::AS_REQ);
    let request = match AsReq::from_der(message) {
        Ok(request) => request,
        Err(error) => return fast::refusal(turn, *crate::kdc::undecodable(error), None),
    };
    let outer: Vec<_> = request.padata.iter().flat_map(SeqOf::iter).collect();
    name_parties(turn, &request.req_body);
    turn.skew_clock();
    let tunnel = match find(&outer, PaDataType::FX_FAST).filter(|_| offers_fast(db, &request.req_body)) {
        Some(value) => match fast::enter_as(db, turn, value, request.req_body.as_der()) {
            Ok(tunnel) => Some(tunnel),
            Err(refusal) => return fast::refusal(turn, *refusal, None),
        },
        None => None,
    };
    let Some((armor, inner)) = &tunnel else {
        let plain = Request { message, body: request.req_body, padata: outer, armor: None };
        return finish(turn, None, |turn| grant(db, turn, &plain));
    };
    // It was decoded once already.
    let inner = KrbFastReq::from_der(inner).ok()?;
    name_parties(turn, &inner.req_body);
    let padata = inner.padata.iter().collect();
    let armored = Request { message, body: inner.req_body, padata, armor: Some(armor) };
    finish(turn, Some(armor), |turn| grant(db, turn, &armored))
}

/// The outcome as a message.
pub(crate) fn finish(
    turn: &mut Turn<'_>,
    armor: Option<&Armor>,
    outcome: impl FnOnce(&mut Turn<'_>) -> Outcome<Vec<u8>>,
) -> Option<Vec<u8>> {
    let refused = |fault: &Fault| if let Fault::Refuse(code) = fault { Some(*code) } else { None };
    let outcome = match turn.fault(refused) {
        Some(code) => Err(refuse(code, "as the test asked")),
        None => outcome(turn),
    };
    outcome.or_else(|refusal: Box<Refusal>| fast::refusal(turn, *refusal, armor).ok_or(())).ok()
}

fn offers_fast(db: &Database, body: &KdcReqBody<'_>) -> bool {
    db.realm(body.realm.as_bytes()).is_none_or(|realm| realm.fast)
}

fn name_parties(turn: &mut Turn<'_>, body: &KdcReqBody<'_>) {
    let named = |name: PrincipalName<'_>| Principal::from(name.in_realm(body.realm));
    turn.parties.client = body.cname.map(named);
    turn.parties.server = body.sname.map(named);
    turn.occasion.client = turn.parties.client.clone();
}

fn grant(db: &Database, turn: &mut Turn<'_>, request: &Request<'_>) -> Outcome<Vec<u8>> {
    let body = &request.body;
    let options = body.kdc_options;
    let Some(realm) = db.realm(body.realm.as_bytes()) else {
        let text = format!("realm {} is not served here", body.realm);
        return Err(refuse(ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN, text));
    };
    let (client, client_name) = find_client(db, realm, body)?;
    let (server, server_name) = find_server(db, realm, body)?;
    check_client(turn, client, &server_name)?;
    grant::check_server(turn, server)?;
    if options.0 & ONLY_TGS.0 != 0 {
        return Err(refuse(ErrorCode::KDC_ERR_BADOPTION, format!("{options:?} in AS-REQ")));
    }
    if server.account.user_to_user_only {
        let text = format!("{server_name} is reached by user-to-user only");
        return Err(refuse(ErrorCode::KDC_ERR_MUST_USE_USER2USER, text));
    }
    let proven = as_preauth::check(turn, realm, client, request)?;
    let contents = contents(turn, realm, (client, &client_name), server, request, proven.done)?;
    let asked_pac = find(&request.padata, PaDataType::PAC_REQUEST)
        .and_then(|value| PaPacRequest::from_der(value).ok())
        .map(|asked| asked.include_pac);
    let pac = if asked_pac == Some(false) || server.account.without_pac {
        None
    } else {
        pac::for_client(realm, client, &client_name, contents.times, asked_pac)?
    };
    let is_tgs = tgs_realm(server.principal.name()).is_some();
    let pac = if is_tgs { pac } else { pac.map(pac::for_service) };
    let no_key = || refuse(ErrorCode::KDC_ERR_NULL_KEY, format!("{server_name} has no key"));
    let (key, kvno) = server.ticket_key().ok_or_else(no_key)?;
    let (kdc_key, _) = db.tgs(&realm.name).and_then(Record::ticket_key).ok_or_else(no_key)?;
    let to = Recipient { server: &server_name, key, kvno: Some(kvno), kdc_key, service: !is_tgs };
    let ticket = contents.seal(pac.as_ref(), &to, turn.rng())?;
    let wants_proof = find(&request.padata, PaDataType::REQ_ENC_PA_REP).is_some();
    let mut sealed_padata = Padata::default();
    if wants_proof && realm.fast {
        sealed_padata.push(PaDataType::FX_FAST, Vec::new());
    }
    let reply = Reply {
        kind: Kind::As { covered: wants_proof.then_some(request.message) },
        client: &client_name,
        server: &server_name,
        contents: &contents,
        ticket,
        nonce: body.nonce.0,
        key_expiration: client.account.password_expires,
        reply_key: &proven.reply_key,
        kvno: proven.kvno,
        padata: proven.padata,
        sealed_padata,
        armor: request.armor,
    };
    reply.encode(turn)
}

/// The client's account, and the name that the ticket gives it.
fn find_client<'d>(
    db: &'d Database,
    realm: &Realm,
    body: &KdcReqBody<'_>,
) -> Outcome<(&'d Record, Principal)> {
    let canonicalize = body.kdc_options.contains(KdcOptions::CANONICALIZE);
    let unknown =
        |name: &str| refuse(ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN, format!("{name} is not known here"));
    let Some(cname) = body.cname else { return Err(unknown("a client without a name")) };
    let asked = Principal::from(cname.in_realm(body.realm));
    let Some(record) = db.find_user(&asked) else {
        return Err(match elsewhere(db, realm, cname) {
            Some(other) if canonicalize => wrong_realm(other),
            _ => unknown(&asked.to_string()),
        });
    };
    if let Some(elsewhere) = &record.account.moved_to {
        return Err(if canonicalize { wrong_realm(elsewhere) } else { unknown(&asked.to_string()) });
    }
    let name = if canonicalize { record.principal.clone() } else { asked };
    Ok((record, name))
}

/// The other realm that an enterprise name is of (RFC 6806 section 7).
fn elsewhere<'d>(db: &'d Database, realm: &'d Realm, name: PrincipalName<'_>) -> Option<&'d str> {
    let text = name.components().next().filter(|_| name.name_type == NameType::ENTERPRISE)?;
    let (_, domain) = text.as_str()?.rsplit_once('@')?;
    let served = db.realms().map(|served| served.name.as_str());
    served
        .filter(|served| *served != realm.name)
        .find(|served| served.eq_ignore_ascii_case(domain))
        .or_else(|| realm.realm_of_host(domain))
}

/// Sends the client to another realm (RFC 6806 section 7).
fn wrong_realm(realm: &str) -> Box<Refusal> {
    let mut refusal = refuse(ErrorCode::KDC_ERR_WRONG_REALM, format!("client is in realm {realm}"));
    refusal.client_realm = Some(realm.to_owned());
    refusal
}

fn find_server<'d>(
    db: &'d Database,
    realm: &Realm,
    body: &KdcReqBody<'_>,
) -> Outcome<(&'d Record, Principal)> {
    let name = body.sname.map(|name| Principal::from(name.in_realm(body.realm)));
    let unknown = || {
        let name = name.as_ref().map_or_else(|| "a service without a name".into(), Principal::to_string);
        refuse(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN, format!("{name} is not known in {}", realm.name))
    };
    let asked = name.clone().ok_or_else(unknown)?;
    let record = db.find(&asked).ok_or_else(unknown)?;
    Ok((record, asked))
}

fn check_client(turn: &Turn<'_>, client: &Record, server: &Principal) -> Outcome<()> {
    let account = &client.account;
    let name = &client.principal;
    if account.locked {
        return Err(refuse(ErrorCode::KDC_ERR_CLIENT_REVOKED, format!("{name} is locked")));
    }
    if account.expires.is_some_and(|end| end <= turn.now) {
        return Err(refuse(ErrorCode::KDC_ERR_NAME_EXP, format!("{name} has expired")));
    }
    let stale = account.must_change_password || account.password_expires.is_some_and(|end| end <= turn.now);
    if stale && !server.name().is(&PASSWORD_SERVICE) {
        let text = format!("password of {name} has expired or has to be changed");
        return Err(refuse(ErrorCode::KDC_ERR_KEY_EXPIRED, text));
    }
    Ok(())
}

fn contents(
    turn: &mut Turn<'_>,
    realm: &Realm,
    (client, name): (&Record, &Principal),
    server: &Record,
    request: &Request<'_>,
    preauthenticated: bool,
) -> Outcome<Contents> {
    let body = &request.body;
    let session_key = grant::session_key(turn, body, server)?;
    let denied = client.account.denied() | server.account.denied();
    let may_postdate = !denied.contains(TicketFlags::MAY_POSTDATE);
    let (start, postdated) = grant::start(turn, body, realm.skew, may_postdate)?;
    let forever = gss_core::Timestamp::from_seconds(i64::MAX);
    let renewable = (!denied.contains(TicketFlags::RENEWABLE)).then_some(forever);
    let limits = Limits::new(realm, &[client, server]);
    let (mut end, renew_till) = grant::ends(body, start, limits, None, renewable)?;
    if turn.goes_wrong(&Fault::ExpiredTicket) {
        end = start.saturating_add_seconds(-60);
    }
    let mut flags = grant::optional_flags(body.kdc_options, denied) | TicketFlags::INITIAL | postdated;
    let facts = [
        (preauthenticated, TicketFlags::PRE_AUTHENT),
        (renew_till.is_some(), TicketFlags::RENEWABLE),
        (server.account.ok_as_delegate, TicketFlags::OK_AS_DELEGATE),
        (find(&request.padata, PaDataType::REQ_ENC_PA_REP).is_some(), TicketFlags::ENC_PA_REP),
    ];
    for (holds, flag) in facts {
        if holds {
            flags = flags | flag;
        }
    }
    Ok(Contents {
        flags,
        session_key,
        client: name.clone(),
        transited: Vec::new(),
        times: Times { auth: grant::whole(turn.now), start: grant::whole(start), end, renew_till },
        addresses: crate::ticket::own_addresses(body.addresses),
        authdata: Vec::new(),
    })
}
