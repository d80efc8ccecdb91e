//! NTLM: users and policy of acceptors, logons of initiators, recorded exchanges.

use super::answer::{self, Failure};
use super::policy::{Allowance, acceptable};
use super::request::{self, NtlmServer, NtlmVerify, Password};
use crate::random;
use alloc::sync::Arc;
use gss::ntlm::{AcceptorConfig, Allow, Logon, MemoryUsers, NtHash, ServerNames, split_account};
use gss::{ChannelBindings, ContextFlags, Env, Handshake, Step, Target, Timestamp};
use gss_core::bindings::BindingCheck;
use serde_json::Value;

/// The NTLM part of an acceptor.
pub(super) fn acceptor(
    server: &NtlmServer,
    skew: Option<u32>,
    allow: &[Allowance],
) -> Result<AcceptorConfig, Failure> {
    let mut config = AcceptorConfig::new(names(server), users(&server.users)?);
    if let Some(target) = &server.target {
        config = config.accept_target(&parse_target(target)?);
    }
    config = config.target_policy(server.target_policy.into());
    if let Some(skew) = skew {
        config = config.max_time_difference(skew);
    }
    Ok(allow.iter().fold(config, |config, allowance| match allowance {
        Allowance::Ntlm(allow) => config.allow(*allow),
        Allowance::Anonymous => config.allow(Allow::ANONYMOUS),
        Allowance::Kerberos(_) | Allowance::UncheckedPath => config,
    }))
}

fn names(server: &NtlmServer) -> ServerNames {
    let NtlmServer { computer, domain_name, dns_computer, dns_domain, dns_tree, .. } = server;
    let mut names = ServerNames::new(computer);
    for (set, name) in [
        (ServerNames::domain as fn(ServerNames, &str) -> ServerNames, domain_name),
        (ServerNames::dns_computer, dns_computer),
        (ServerNames::dns_domain, dns_domain),
        (ServerNames::dns_tree, dns_tree),
    ] {
        if let Some(name) = name {
            names = set(names, name);
        }
    }
    names
}

fn users(listed: &[request::User]) -> Result<MemoryUsers, Failure> {
    if listed.is_empty() {
        return Err(Failure::bad_request(
            "field `users` is missing or empty: an NTLM acceptor needs \
             [{\"user\": .., \"domain\": ..?, \"password\": .. or \"nt_hash\": HEX}]",
        ));
    }
    let mut users = MemoryUsers::new();
    for entry in listed {
        let (domain, user) = account(&entry.user, entry.domain.as_deref());
        users.add_nt_hash(user, domain, nt_hash(&entry.user, &entry.secret)?);
    }
    Ok(users)
}

/// Domain and user.
fn account<'a>(user: &'a str, domain: Option<&'a str>) -> (&'a str, &'a str) {
    match domain {
        Some(domain) => (domain, user),
        None => split_account(user),
    }
}

fn nt_hash(user: &str, secret: &Password) -> Result<NtHash, Failure> {
    match (&secret.password, &secret.nt_hash) {
        (Some(password), None) => Ok(NtHash::of_password(&password.0)),
        (None, Some(hash)) => <[u8; 16]>::try_from(&hash.0[..]).map(NtHash::from_bytes).map_err(|_| {
            let length = hash.0.len();
            Failure::bad_request(format!("nt_hash of user {user:?} has {length} bytes, expected 16"))
        }),
        (None, None) => Err(Failure::bad_request(format!(
            "user {user:?} has no secret, expected \"password\" or \"nt_hash\" with it"
        ))),
        (Some(_), Some(_)) => Err(Failure::bad_request(format!(
            "user {user:?} has both \"password\" and \"nt_hash\", expected one of them"
        ))),
    }
}

pub(super) fn parse_target(target: &str) -> Result<Target<'_>, Failure> {
    Target::parse(target).map_err(|error| Failure::new("GSS_S_BAD_NAME", "bad_target", error.to_string()))
}

/// Who logs on.
pub(super) fn logon(
    request: &request::Initiator,
    target: &Target<'_>,
    allow: &[Allowance],
) -> Result<Arc<Logon>, Failure> {
    let logon = match &request.user {
        Some(name) => {
            let (domain, user) = account(name, request.domain.as_deref());
            Logon::with_nt_hash(user, domain, nt_hash(name, &request.secret)?)
        }
        None if allow.contains(&Allowance::Anonymous) => Logon::anonymous(),
        None => {
            return Err(Failure::bad_request(
                "field `user` is missing: NTLM needs \"user\", \"domain\" and \"password\" or \"nt_hash\"; to log on \
                 as nobody, \"allow\": [\"anonymous\"]",
            ));
        }
    };
    Ok(Arc::new(logon.workstation(&request.workstation).target(target)))
}

/// An initiator for what the facade has no words for: datagrams, and keys of 56 bits. `None` if neither is wanted.
pub(super) fn initiator(
    request: &request::Initiator,
    logon: &Arc<Logon>,
    flags: Option<ContextFlags>,
    allow: &[Allowance],
) -> Result<Option<gss_ntlm::Initiator<Arc<Logon>>>, Failure> {
    let weak = allow.contains(&Allowance::Ntlm(Allow::KEYS_OF_56_BITS));
    if !weak && !request.datagram {
        return Ok(None);
    }
    let asked = if weak { "allow `keys_56_bit`" } else { "`datagram`" };
    only_raw_ntlm(asked, &request.mechs, request.framing)?;
    let mut initiator = gss_ntlm::Initiator::new(Arc::clone(logon));
    if let Some(flags) = flags {
        initiator = initiator.flags(flags);
    }
    if let Some(data) = &request.channel_bindings {
        initiator = initiator.channel_bindings(&ChannelBindings::new(&data.0));
    }
    if weak {
        initiator = initiator.allow_56_bit_keys();
    }
    Ok(Some(if request.datagram { initiator.datagram() } else { initiator }))
}

/// What makes no sense with other mechanisms, nor inside SPNEGO.
pub(super) fn only_raw_ntlm(asked: &str, mechs: &[String], framing: request::Framing) -> Result<(), Failure> {
    if framing == request::Framing::Raw && mechs == ["ntlm"] {
        return Ok(());
    }
    Err(Failure::bad_request(format!("{asked} goes with framing \"raw\" and mechs [\"ntlm\"] only")))
}

/// The whole verdict on three recorded messages.
pub(super) fn verify(request: &mut NtlmVerify) -> Result<Value, Failure> {
    let allow = Allowance::parse_all(&request.allow)?;
    let channel = request.channel_bindings.as_ref().map(|data| ChannelBindings::new(&data.0));
    let bindings = BindingCheck::new(&acceptable(request.cb_policy, channel.as_ref()))?;
    let config = acceptor(&request.server, request.skew, &allow)?.channel_bindings(bindings);
    let acceptor = match gss_ntlm::Acceptor::resumed(&config, &request.negotiate.0, &request.challenge.0) {
        Ok(acceptor) => acceptor,
        Err(error) => return Ok(Failure::from(error).into_step(&[])),
    };
    let mut rng = random::system();
    let now = request.now.map_or_else(Timestamp::now, |now| now.0);
    let step = acceptor.step(&mut request.authenticate.0, &mut Vec::new(), &mut Env::new(now, &mut rng));
    Ok(match step {
        Ok(Step::Done(context)) => answer::accepted_by_ntlm(&context),
        Ok(Step::Continue(_)) => answer::to_be_continued(&[]),
        Err(error) => Failure::from(error).into_step(&[]),
    })
}
