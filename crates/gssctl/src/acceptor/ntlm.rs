//! The options about NTLM.

use super::Allowance;
use super::ntlm_auth::NtlmAuth;
use crate::source;
use anyhow::{Context, Result};
use gss::Target;
use gss::ntlm::{AcceptorConfig, Allow, MemoryUsers, ServerNames};
use std::path::PathBuf;

/// NTLM is legacy: it proves nothing about the server, and hands whoever listens something to try passwords on.
#[derive(Debug, clap::Args)]
#[group(id = "ntlm")]
#[command(next_help_heading = "NTLM (legacy: proves nothing about the server; off unless users are given)")]
pub(super) struct Arguments {
    /// Let in the users of a file with lines like DOMAIN:user:password, or of smbpasswd
    #[arg(long, value_name = "FILE")]
    ntlm_users: Option<PathBuf>,
    /// Let in the users of the domain that this machine is a member of: asks Samba's ntlm_auth
    #[arg(
        long,
        value_name = "PROGRAM",
        num_args = 0..=1,
        default_missing_value = "/usr/bin/ntlm_auth",
        conflicts_with = "ntlm_users"
    )]
    ntlm_auth: Option<PathBuf>,
    /// NetBIOS name of this server
    #[arg(long, value_name = "NAME", default_value = "SERVER")]
    ntlm_computer: String,
    /// NetBIOS name of the domain
    #[arg(long, value_name = "NAME")]
    ntlm_domain: Option<String>,
    /// Refuse clients that mean another service than this one, like HTTP/host.example.com
    #[arg(long, value_name = "SERVICE/HOST")]
    ntlm_target: Vec<String>,
}

impl Arguments {
    /// Whether another program is asked about users.
    pub(super) const fn asks_others(&self) -> bool {
        self.ntlm_auth.is_some()
    }
}

/// The configuration, if users are given, and one of them who may give any domain.
pub(super) fn config(
    arguments: &Arguments,
    allowances: &[Allowance],
) -> Result<Option<(AcceptorConfig, Option<String>)>> {
    let mut names = ServerNames::new(&arguments.ntlm_computer);
    if let Some(domain) = &arguments.ntlm_domain {
        names = names.domain(domain);
    }
    let mut of_any_domain = None;
    let mut config = match (&arguments.ntlm_users, &arguments.ntlm_auth) {
        (Some(path), _) => {
            let users = MemoryUsers::from_user_file(&source::read(path, "users")?)
                .with_context(|| format!("users {}", path.display()))?;
            of_any_domain = users.of_any_domain().next().map(Into::into);
            AcceptorConfig::new(names, users)
        }
        (None, Some(program)) => AcceptorConfig::new(names, NtlmAuth::new(program.clone())),
        (None, None) => return Ok(None),
    };
    for target in &arguments.ntlm_target {
        let target = Target::parse(target).with_context(|| format!("--ntlm-target {target}"))?;
        config = config.accept_target(&target);
    }
    for allowance in allowances {
        config = match allowance {
            Allowance::NtlmWithoutMic => config.allow(Allow::WITHOUT_MIC),
            Allowance::Anonymous => config.allow(Allow::ANONYMOUS),
            _ => config,
        };
    }
    Ok(Some((config, of_any_domain)))
}
