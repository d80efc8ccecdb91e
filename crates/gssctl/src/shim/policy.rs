//! Names of mechanisms, flags and weak parts.

use super::answer::Failure;
use gss::ContextFlags;
use gss::krb5::Allow;

/// Whether these mechanisms are the ones there are.
pub(super) fn only_krb5(mechs: &[String]) -> Result<(), Failure> {
    match mechs.iter().find(|mech| *mech != "krb5") {
        None if mechs.is_empty() => Err(Failure::bad_request("field `mechs` is empty, expected krb5")),
        None => Ok(()),
        Some(mech) if mech == "ntlm" => Err(Failure::unavailable("NTLM")),
        Some(mech) => Err(Failure::bad_request(format!("mechanism {mech:?}, expected krb5 or ntlm"))),
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

/// A part that safe defaults refuse.
pub(super) enum Allowance {
    Kerberos(Allow),
    UncheckedPath,
    /// Known, and nothing that the mechanisms at hand would refuse or could grant.
    OfNoUse,
}

impl Allowance {
    pub(super) fn parse(name: &str) -> Result<Self, Failure> {
        match name {
            "rc4" => Ok(Self::Kerberos(Allow::WEAK_ENCTYPES)),
            "bare_ap_req" => Ok(Self::Kerberos(Allow::BARE_AP_REQ)),
            "missing_checksum" => Ok(Self::Kerberos(Allow::MISSING_CHECKSUM)),
            "unchecked_path" => Ok(Self::UncheckedPath),
            "anonymous" | "ntlm_without_mic" => Ok(Self::OfNoUse),
            _ => Err(Failure::bad_request(format!(
                "allow {name:?}, expected rc4, bare_ap_req, missing_checksum, unchecked_path, anonymous or \
                 ntlm_without_mic"
            ))),
        }
    }
}
