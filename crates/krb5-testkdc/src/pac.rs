//! PACs: made for clients, taken over from tickets.

use krb5_asn1::{ErrorCode, Principal};
use krb5_crypto::Key;
use krb5_pac::{
    AttributeFlags, Attributes, BufferType, BuildError, ClientInfo, DelegationInfo, FileTime,
    GroupMembership, List, LogonInfo, Pac, PacBuilder, SidAndAttributes, Text, UpnDnsInfo, UpnFlags,
    UserFlags, Verdict, VerifyingKeys,
};

use crate::database::{Database, Record, tgs_realm};
use crate::keys::KeySet;
use crate::realm::Domain;
use crate::refusal::{Outcome, refuse};
use crate::ticket::{Opened, Times};
use crate::{PacStyle, Realm};

const DOMAIN_USERS: u32 = 513;
/// UF_NORMAL_ACCOUNT.
const NORMAL_ACCOUNT: u32 = 0x10;

/// What a realm says of its own client, in a ticket-granting ticket or any other.
pub(crate) fn for_client(
    realm: &Realm,
    client: &Record,
    name: &Principal,
    times: Times,
    requested: Option<bool>,
) -> Outcome<Option<PacBuilder>> {
    let name = name.name().to_string();
    let info =
        ClientInfo { auth_time: FileTime::from_unix(times.auth.seconds()), name: name.as_str().into() };
    let built = match &realm.pac {
        PacStyle::None => return Ok(None),
        PacStyle::Minimal => PacBuilder::minimal(&info),
        PacStyle::Domain(domain) => of_domain(realm, domain, client, &info, requested),
    };
    built.map(Some).map_err(too_long)
}

fn of_domain(
    realm: &Realm,
    domain: &Domain,
    client: &Record,
    info: &ClientInfo<'_>,
    requested: Option<bool>,
) -> Result<PacBuilder, BuildError> {
    let identity = &client.account.identity;
    let account_name = client.principal.name().to_string();
    let primary = identity.primary_group.unwrap_or(DOMAIN_USERS);
    let others = identity.groups.iter().copied().filter(|group| *group != primary);
    let groups: Vec<_> = core::iter::once(primary).chain(others).map(GroupMembership::new).collect();
    let extra_sids: Vec<_> = identity.extra_sids.iter().copied().map(SidAndAttributes::new).collect();
    let logon = LogonInfo {
        logon_time: info.auth_time,
        effective_name: account_name.as_str().into(),
        full_name: identity.full_name.as_str().into(),
        user_id: client.rid,
        primary_group_id: primary,
        groups: List::from(groups.as_slice()),
        user_flags: if extra_sids.is_empty() { UserFlags::default() } else { UserFlags::EXTRA_SIDS },
        logon_server: domain.server.as_str().into(),
        logon_domain_name: domain.netbios_name.as_str().into(),
        logon_domain_id: Some(domain.sid),
        user_account_control: NORMAL_ACCOUNT,
        extra_sids: List::from(extra_sids.as_slice()),
        ..LogonInfo::default()
    };
    let made_up = format!("{account_name}@{}", realm.name.to_lowercase());
    let sid = domain.sid.with_rid(client.rid);
    let upn = UpnDnsInfo {
        upn: identity.upn.as_deref().unwrap_or(&made_up).into(),
        dns_domain_name: realm.name.as_str().into(),
        flags: if identity.upn.is_none() { UpnFlags::CONSTRUCTED } else { UpnFlags::default() },
        extended: sid.map(|sid| (Text::from(account_name.as_str()), sid)),
    };
    let flag =
        if requested == Some(true) { AttributeFlags::REQUESTED } else { AttributeFlags::GIVEN_IMPLICITLY };
    let pac = PacBuilder::domain(&logon, info, &upn)?.attributes(&Attributes::new(flag));
    Ok(match &sid {
        Some(sid) => pac.requestor_sid(sid),
        None => pac,
    })
}

/// The PAC of a ticket that came in, its signatures checked. `None`: there is none.
///
/// `service`: the ticket is no ticket-granting ticket, so its own signature counts too.
pub(crate) fn verified(db: &Database, ticket: &Opened, service: bool) -> Outcome<Option<PacBuilder>> {
    let Some(bytes) = &ticket.pac else { return Ok(None) };
    let modified = |what: String| refuse(ErrorCode::KRB_AP_ERR_MODIFIED, what);
    let pac = Pac::parse(bytes).map_err(|error| modified(error.to_string()))?;
    let covered = ticket.signed.as_ref().map(|signed| signed.as_slice());
    let verify = |server, kdc| pac.verify(&VerifyingKeys { server, kdc, ticket: covered });
    let is_good = |verdict: &Verdict| verdict.is_verified();
    if !is_good(&verify(Some(&ticket.key), None).server) {
        return Err(modified("server signature of the PAC is wrong".into()));
    }
    // The key of another realm's KDC is not known here.
    let issuer = ticket.server.realm();
    let local = tgs_realm(ticket.server.name()).is_none_or(|target| target == issuer);
    if local && let Some(tgs) = issuer.as_str().and_then(|issuer| db.tgs(issuer)) {
        let mut keys = tgs.keys.iter().flat_map(KeySet::iter);
        let signed = keys.any(|key: &Key| {
            let verdicts = verify(None, Some(key));
            let ticket_is_signed = is_good(&verdicts.ticket) && !matches!(verdicts.full, Verdict::Wrong(_));
            is_good(&verdicts.kdc) && (!service || ticket_is_signed)
        });
        if !signed {
            return Err(modified("signatures of the PAC with the KDC's key are wrong".into()));
        }
    }
    let client = ticket.contents.client.name().to_string();
    let auth_time = ticket.contents.times.auth.seconds();
    let info = pac.client_info().map_err(|error| modified(error.to_string()))?;
    if !info.is_some_and(|info| info.name == client.as_str() && info.auth_time.unix_seconds() == auth_time) {
        return Err(modified("PAC of another client or ticket".into()));
    }
    Ok(Some(PacBuilder::from_pac(&pac)))
}

/// What is said to a ticket-granting service only is left out for others.
pub(crate) fn for_service(pac: PacBuilder) -> PacBuilder {
    pac.without(BufferType::ATTRIBUTES).without(BufferType::REQUESTOR_SID)
}

/// With one more service that acts for the client (MS-PAC section 2.9).
pub(crate) fn with_delegation(pac: PacBuilder, bytes: &[u8], target: &str, by: &str) -> Outcome<PacBuilder> {
    let earlier = Pac::parse(bytes).ok().and_then(|pac| pac.delegation_info().ok().flatten().map(names));
    let mut transited = earlier.unwrap_or_default();
    transited.push(by.to_owned());
    let texts: Vec<_> = transited.iter().map(|name| Text::from(name.as_str())).collect();
    pac.delegation_info(&DelegationInfo {
        proxy_target: target.into(),
        transited: List::from(texts.as_slice()),
    })
    .map_err(too_long)
}

fn names(info: DelegationInfo<'_>) -> Vec<String> {
    info.transited.iter().map(|name| name.chars().collect()).collect()
}

fn too_long(error: BuildError) -> Box<crate::refusal::Refusal> {
    refuse(ErrorCode::KRB_ERR_GENERIC, error.to_string())
}
