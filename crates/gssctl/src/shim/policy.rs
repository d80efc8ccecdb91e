//! Names of mechanisms, flags and weak parts.

use super::answer::Failure;
use super::request::Policy;
use gss::{AcceptableBindings, BindingPolicy, ChannelBindings, ContextFlags, krb5, ntlm};

/// The mechanisms that a request lists: at least one.
#[derive(Clone, Copy)]
pub(super) struct Mechs {
    pub(super) krb5: bool,
    pub(super) ntlm: bool,
}

impl Mechs {
    pub(super) fn parse(names: &[String]) -> Result<Self, Failure> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match names[..] {
            ["krb5"] => Ok(Self { krb5: true, ntlm: false }),
            ["ntlm"] => Ok(Self { krb5: false, ntlm: true }),
            ["krb5", "ntlm"] => Ok(Self { krb5: true, ntlm: true }),
            _ => {
                let reason = match names.iter().find(|name| !["krb5", "ntlm"].contains(name)) {
                    Some(name) => format!("mechanism {name:?} is not known"),
                    None if names.is_empty() => "field `mechs` is empty".into(),
                    None => format!("mechs {names:?}: Kerberos goes before NTLM, and each once"),
                };
                Err(Failure::bad_request(format!(
                    "{reason}; expected [\"krb5\"], [\"ntlm\"] or [\"krb5\", \"ntlm\"]"
                )))
            }
        }
    }
}

/// Flags by their names.
pub(super) fn parse_flags(names: &[String]) -> Result<ContextFlags, Failure> {
    names.iter().try_fold(ContextFlags::NONE, |flags, name| {
        let flag = ContextFlags::from_name(name).ok_or_else(|| {
            Failure::bad_request(format!(
                "flag {name:?}, expected one of {}",
                ContextFlags::from_bits(u32::MAX).names().collect::<Vec<_>>().join(", ")
            ))
        })?;
        Ok(flags.with(flag))
    })
}

/// A part that safe defaults refuse. Mechanisms and roles pass over what is none of their business.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowance {
    Kerberos(krb5::Allow),
    UncheckedPath,
    Ntlm(ntlm::Allow),
    /// Of both mechanisms.
    Anonymous,
}

const ALLOWANCES: [(&str, Allowance); 7] = [
    ("rc4", Allowance::Kerberos(krb5::Allow::WEAK_ENCTYPES)),
    ("bare_ap_req", Allowance::Kerberos(krb5::Allow::BARE_AP_REQ)),
    ("missing_checksum", Allowance::Kerberos(krb5::Allow::MISSING_CHECKSUM)),
    ("unchecked_path", Allowance::UncheckedPath),
    ("anonymous", Allowance::Anonymous),
    ("ntlm_without_mic", Allowance::Ntlm(ntlm::Allow::WITHOUT_MIC)),
    ("keys_56_bit", Allowance::Ntlm(ntlm::Allow::KEYS_OF_56_BITS)),
];

impl Allowance {
    pub(super) fn parse_all(names: &[String]) -> Result<Vec<Self>, Failure> {
        names.iter().map(|name| Self::parse(name)).collect()
    }

    fn parse(name: &str) -> Result<Self, Failure> {
        let found = ALLOWANCES.iter().find(|(known, _)| *known == name);
        found.map(|(_, allowance)| *allowance).ok_or_else(|| {
            let known = ALLOWANCES.map(|(known, _)| known).join(", ");
            Failure::bad_request(format!("allow {name:?}, expected one of {known}"))
        })
    }
}

impl From<Policy> for BindingPolicy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Ignore => Self::Ignore,
            Policy::Verify => Self::VerifyIfPresent,
            Policy::Require => Self::Require,
        }
    }
}

/// What an acceptor does with channel bindings.
pub(super) fn acceptable<'b>(
    policy: Policy,
    channel: Option<&'b ChannelBindings<'b>>,
) -> AcceptableBindings<'b> {
    AcceptableBindings { policy: policy.into(), any_of: channel.map_or(&[], core::slice::from_ref) }
}
