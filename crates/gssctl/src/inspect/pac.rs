//! The Windows PAC in words.

use super::tree::{Hex, List, Node};
use gss::krb5::Key;
use gss::krb5::pac::sid::well_known::{self, rid};
use gss::krb5::pac::{
    AttributeFlags, Attributes, Buffer, BufferType, ClientInfo, CredentialInfo, DelegationInfo, DeviceInfo,
    FileTime, Identity, LogonInfo, Pac, PacError, Sid, SignatureKind, UpnDnsInfo, UpnFlags, Verdict,
    VerifyingKeys,
};

/// The buffers of a PAC, each with what it says. `key` is the one that opened the ticket around it.
pub(super) fn pac(bytes: &[u8], key: Option<&Key>) -> Vec<Node> {
    let pac = match Pac::parse(bytes) {
        Ok(pac) => pac,
        Err(error) => return vec![Node::field("malformed", error), Node::field("bytes", Hex(bytes))],
    };
    pac.buffers().map(|buffer| content(&pac, &buffer, key)).collect()
}

fn content(pac: &Pac<'_>, buffer: &Buffer<'_>, key: Option<&Key>) -> Node {
    let bytes = buffer.content;
    let node = Node::new(format_args!("{}, {} bytes at {}", buffer.buffer_type, bytes.len(), buffer.offset));
    explained(node.clone(), pac, buffer, key)
        .unwrap_or_else(|error| node.with_field("malformed", error).with_field("bytes", Hex(bytes)))
}

fn explained(node: Node, pac: &Pac<'_>, buffer: &Buffer<'_>, key: Option<&Key>) -> Result<Node, PacError> {
    let bytes = buffer.content;
    Ok(match buffer.buffer_type {
        BufferType::LOGON_INFO => logon(node, &LogonInfo::parse(bytes)?),
        BufferType::CLIENT_INFO => {
            let info = ClientInfo::parse(bytes)?;
            node.with_field("client", info.name).with_field("authenticated at", info.auth_time)
        }
        BufferType::UPN_DNS_INFO => names(node, &UpnDnsInfo::parse(bytes)?),
        BufferType::DELEGATION_INFO => {
            let info = DelegationInfo::parse(bytes)?;
            node.with_field("the ticket is for", info.proxy_target)
                .with_field("services that acted for the client", List(info.transited.iter()))
        }
        BufferType::DEVICE_INFO => device(node, &DeviceInfo::parse(bytes)?),
        BufferType::CREDENTIALS => {
            let info = CredentialInfo::parse(bytes)?;
            let length = info.encrypted.len();
            node.with_field("NTLM hashes", format_args!("{}, {length} bytes encrypted", info.enctype))
        }
        BufferType::ATTRIBUTES => node.with_field("why there is a PAC", reason(Attributes::parse(bytes)?)),
        BufferType::REQUESTOR_SID => node.with_field("asked for by", named(&Sid::from_bytes(bytes)?)),
        buffer_type => match SignatureKind::ALL.into_iter().find(|kind| kind.buffer_type() == buffer_type) {
            Some(kind) => signature(node, pac, kind, key)?,
            None => node.with_field("bytes", Hex(bytes)),
        },
    })
}

fn logon(node: Node, info: &LogonInfo<'_>) -> Node {
    let mut node = node.with_field("account", info.effective_name);
    for (name, text) in [
        ("full name", info.full_name),
        ("logon script", info.logon_script),
        ("profile", info.profile_path),
        ("home directory", info.home_directory),
        ("home drive", info.home_directory_drive),
    ] {
        node = node.with_optional(name, Some(text).filter(|text| !text.is_empty()));
    }
    node = match info.logon_domain_id {
        Some(sid) => node.with_field("domain", format_args!("{} ({sid})", info.logon_domain_name)),
        None => node.with_field("domain", info.logon_domain_name),
    };
    node = node.with_field("domain controller", info.logon_server);
    for (name, time) in [
        ("last logged on at", info.logon_time),
        ("is logged off at", info.logoff_time),
        ("is disconnected at", info.kick_off_time),
        ("password set at", info.password_last_set),
        ("password may be changed from", info.password_can_change),
        ("password must be changed by", info.password_must_change),
    ] {
        node = node.with_optional(name, Some(time).filter(|time| *time != FileTime::ZERO));
    }
    node = node
        .with_field("logons", info.logon_count)
        .with_field("wrong passwords", info.bad_password_count)
        .with_field("account control", format_args!("{:#x}", info.user_account_control))
        .with_field("user flags", format_args!("{:?}", info.user_flags));
    let sids = Node::new("SIDs that count");
    node.with(
        info.sids().fold(sids, |sids, identity| sids.with_field(role(&identity), named(&identity.sid()))),
    )
}

/// What a SID is to the client.
fn role(identity: &Identity) -> &'static str {
    match identity {
        Identity::User(_) => "user",
        Identity::PrimaryGroup(_) => "primary group",
        Identity::Group(_) => "group",
        Identity::Extra(_) => "extra SID",
        Identity::Resource(_) => "group of the service's domain",
    }
}

fn names(node: Node, info: &UpnDnsInfo<'_>) -> Node {
    let made = info.flags.contains(UpnFlags::CONSTRUCTED);
    let made = if made { " (made from account and domain, the account has none)" } else { "" };
    let node = node
        .with_field("UPN", format_args!("{}{made}", info.upn))
        .with_field("DNS name of the domain", info.dns_domain_name);
    match &info.extended {
        Some((account, sid)) => node.with_field("account", account).with_field("SID", named(sid)),
        None => node,
    }
}

fn device(node: Node, info: &DeviceInfo<'_>) -> Node {
    let in_domain = |rid: u32| info.account_domain_id.and_then(|domain| domain.with_rid(rid));
    let sids =
        |rids: Vec<u32>| rids.into_iter().filter_map(in_domain).map(|sid| named(&sid)).collect::<Vec<_>>();
    let mut node = node
        .with_field("computer", List(sids(vec![info.user_id])))
        .with_field("primary group", List(sids(vec![info.primary_group_id])))
        .with_field("groups", List(sids(info.account_groups.iter().map(|group| group.rid).collect())))
        .with_field(
            "extra SIDs",
            List(info.extra_sids.iter().map(|extra| named(&extra.sid)).collect::<Vec<_>>()),
        );
    for domain in info.domain_groups.iter() {
        let groups = domain.groups.iter().filter_map(|group| domain.domain_id.with_rid(group.rid));
        node = node.with_field("groups of another domain", List(groups.collect::<Vec<_>>()));
    }
    node
}

fn reason(info: Attributes) -> String {
    let known = [
        (AttributeFlags::REQUESTED, "the client asked for one"),
        (AttributeFlags::GIVEN_IMPLICITLY, "the client did not say"),
    ];
    let reasons = known.iter().filter(|(flag, _)| info.flags.contains(*flag)).map(|(_, reason)| reason);
    format!("{} (flags {:?})", List(reasons), info.flags)
}

fn signature(node: Node, pac: &Pac<'_>, kind: SignatureKind, key: Option<&Key>) -> Result<Node, PacError> {
    let Some(signature) = pac.signature(kind)? else { return Ok(node) };
    let covered = match kind {
        SignatureKind::Server => "the PAC, with the service's key",
        SignatureKind::Kdc => "the server signature, with the KDC's key",
        SignatureKind::Ticket => "the ticket, with the KDC's key",
        SignatureKind::Full => "the PAC, with the KDC's key",
    };
    let verdict = match pac.verify(&VerifyingKeys { server: key, ..VerifyingKeys::default() }).of(kind) {
        Verdict::Verified(_) => "verified with the key that opened the ticket".to_owned(),
        Verdict::NotChecked if kind == SignatureKind::Server => {
            "not checked, the ticket's key is not known".into()
        }
        Verdict::NotChecked => "not checked, only the KDC can".into(),
        Verdict::Missing => "not checked, what it covers is missing".into(),
        Verdict::Wrong(fault) => format!("WRONG: {fault}"),
    };
    Ok(node
        .with_field("over", covered)
        .with_field("type", signature.checksum_type)
        .with_field("bytes", Hex(signature.bytes))
        .with_optional("read-only domain controller", signature.rodc_id)
        .with_field("verdict", verdict))
}

/// A SID, and what it is known for.
fn named(sid: &Sid) -> String {
    let fixed = [
        (well_known::EVERYONE, "everyone"),
        (well_known::AUTHENTICATION_AUTHORITY_ASSERTED_IDENTITY, "identity asserted by the KDC"),
        (well_known::SERVICE_ASSERTED_IDENTITY, "identity asserted by a service"),
        (well_known::ANONYMOUS, "anonymous"),
        (well_known::ENTERPRISE_DOMAIN_CONTROLLERS, "domain controllers of the forest"),
        (well_known::AUTHENTICATED_USERS, "authenticated users"),
        (well_known::BUILTIN_ADMINISTRATORS, "built-in administrators"),
        (well_known::BUILTIN_USERS, "built-in users"),
        (well_known::BUILTIN_GUESTS, "built-in guests"),
        (well_known::CLAIMS_VALID, "claims are valid"),
    ];
    // Numbers that mean the same in every domain; the SIDs of domains begin with 21.
    let in_domains = [
        (rid::ADMINISTRATOR, "administrator"),
        (rid::GUEST, "guest"),
        (rid::KRBTGT, "the KDC's account"),
        (rid::DOMAIN_ADMINS, "domain administrators"),
        (rid::DOMAIN_USERS, "domain users"),
        (rid::DOMAIN_GUESTS, "domain guests"),
        (rid::DOMAIN_COMPUTERS, "domain computers"),
        (rid::DOMAIN_CONTROLLERS, "domain controllers"),
        (rid::ENTERPRISE_ADMINS, "administrators of the forest"),
        (rid::PROTECTED_USERS, "protected users"),
    ];
    let is_in_domain = sid.authority() == 5 && sid.sub_authorities().first() == Some(&21);
    let by_number = || {
        let number = sid.rid().filter(|_| is_in_domain)?;
        in_domains.into_iter().find(|(known, _)| *known == number)
    };
    let name = fixed.into_iter().find(|(known, _)| known == sid).map(|(_, name)| name);
    match name.or_else(|| by_number().map(|(_, name)| name)) {
        Some(name) => format!("{sid} ({name})"),
        None => sid.to_string(),
    }
}

#[cfg(test)]
mod tests;
