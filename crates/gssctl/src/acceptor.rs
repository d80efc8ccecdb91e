//! The options of servers about whom they let in, and what these make: an acceptor's configuration.

mod ntlm;
mod ntlm_auth;

use crate::source;
use anyhow::{Context, Result};
use gss::krb5::replay::{MemoryReplayCache, ReplayCache};
use gss::krb5::{self, Allow, Principal, TransitedPolicy, service_keys};
use gss::{AcceptorConfig, BindingPolicy, Framing};
use krb5_net::places::Places;
use std::path::PathBuf;

/// Whom to let in.
#[derive(Debug, clap::Args)]
#[group(id = "acceptor")]
pub(crate) struct Arguments {
    /// The service's keys; default: KRB5_KTNAME, then that of krb5.conf or /etc/krb5.keytab, or no Kerberos if NTLM is given
    #[arg(long, value_name = "FILE")]
    keytab: Option<PathBuf>,
    /// Accept tickets for this service only, like HTTP/host.example.com@EXAMPLE.COM
    #[arg(long, value_name = "NAME@REALM")]
    principal: Vec<Principal>,
    /// Let in what is refused by default
    #[arg(long, value_delimiter = ',')]
    allow: Vec<Allowance>,
    /// What to do with the clients' channel bindings
    #[arg(long, default_value = "verify")]
    cb_policy: CbPolicy,
    /// Channel that clients are bound to, as text like tls-server-end-point:... in hex; for a server behind TLS
    #[arg(long, value_name = "HEX", value_parser = parse_hex)]
    channel_bindings: Vec<Bytes>,
    /// By how many seconds clocks may differ
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    skew: u32,
    #[command(flatten)]
    ntlm: ntlm::Arguments,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Allowance {
    /// RC4-HMAC, which is weak
    Rc4,
    /// AP-REQ without GSS-API framing
    BareApReq,
    /// Authenticators without a GSS-API checksum
    MissingChecksum,
    /// Tickets through other realms whose path the KDC did not check
    UncheckedPath,
    /// NTLM clients that send no MIC, like curl
    NtlmWithoutMic,
    /// Clients that log in as nobody: anonymous tickets, and NTLM without a user
    Anonymous,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum CbPolicy {
    /// Do not look at them
    Ignore,
    /// Refuse bindings to another channel
    Verify,
    /// Refuse clients without bindings too
    Require,
}

/// An acceptor's configuration.
pub(crate) struct Configured {
    pub(crate) config: AcceptorConfig,
    /// A user of NTLM who may give any domain.
    pub(crate) of_any_domain: Option<String>,
}

#[derive(Clone, Debug)]
struct Bytes(Vec<u8>);

fn parse_hex(text: &str) -> Result<Bytes, crate::decode::InputError> {
    let read = crate::decode::read_input(text.as_bytes(), crate::decode::Spelling::Hex)?;
    Ok(Bytes(read.tokens.into_iter().flatten().collect()))
}

impl Arguments {
    /// The configuration, channel bindings left out, with a replay cache in this process.
    pub(crate) fn config(&self) -> Result<AcceptorConfig> {
        Ok(self.config_with(MemoryReplayCache::new())?.config)
    }

    /// The configuration, channel bindings left out, and what is to be known of its users.
    pub(crate) fn config_with(&self, replay: impl ReplayCache + Send + Sync + 'static) -> Result<Configured> {
        let (ntlm, of_any_domain) = ntlm::config(&self.ntlm, &self.allow)?.unzip();
        let config = match (&self.keytab, ntlm) {
            (None, Some(ntlm)) => AcceptorConfig::ntlm(ntlm),
            (keytab, ntlm) => {
                let path = keytab.clone().map_or_else(default_keytab, Ok)?;
                let krb5 = self
                    .krb5_config(&source::read(&path, "keytab")?, replay)
                    .with_context(|| format!("keytab {}", path.display()))?;
                let config = AcceptorConfig::krb5(krb5);
                match ntlm {
                    Some(ntlm) => config.with_ntlm(ntlm),
                    None => config,
                }
            }
        };
        let of_any_domain = of_any_domain.flatten();
        Ok(Configured { config: config.framing(Framing::SpnegoOrRaw), of_any_domain })
    }

    fn krb5_config(
        &self,
        keytab: &[u8],
        replay: impl ReplayCache + Send + Sync + 'static,
    ) -> Result<krb5::AcceptorConfig> {
        let mut config = krb5::AcceptorConfig::new(service_keys(keytab)?, replay).skew(self.skew);
        for principal in &self.principal {
            config = config.accept_only(principal.clone());
        }
        for allowance in &self.allow {
            config = match allowance {
                Allowance::Rc4 => config.allow(Allow::WEAK_ENCTYPES),
                Allowance::BareApReq => config.allow(Allow::BARE_AP_REQ),
                Allowance::MissingChecksum => config.allow(Allow::MISSING_CHECKSUM),
                Allowance::UncheckedPath => config.transited(TransitedPolicy::TrustUncheckedPath),
                Allowance::Anonymous => config.allow(Allow::ANONYMOUS),
                Allowance::NtlmWithoutMic => config,
            };
        }
        Ok(config)
    }

    /// What to do with the clients' channel bindings.
    pub(crate) const fn binding_policy(&self) -> BindingPolicy {
        match self.cb_policy {
            CbPolicy::Ignore => BindingPolicy::Ignore,
            CbPolicy::Verify => BindingPolicy::VerifyIfPresent,
            CbPolicy::Require => BindingPolicy::Require,
        }
    }

    /// The channels that were named, as application data.
    pub(crate) fn channels(&self) -> impl Iterator<Item = &[u8]> {
        self.channel_bindings.iter().map(|bytes| &bytes.0[..])
    }

    /// By how many seconds clocks may differ.
    pub(crate) const fn skew(&self) -> u32 {
        self.skew
    }

    /// Whether another process is asked about users.
    pub(crate) const fn asks_others(&self) -> bool {
        self.ntlm.asks_others()
    }
}

fn default_keytab() -> Result<PathBuf> {
    let places = Places::of_process();
    Ok(places.keytab(&places.config().context("krb5.conf")?)?)
}
