//! Kerberos: keys and policy of acceptors, tickets of initiators, contexts from keys.

use super::answer::Failure;
use super::policy::{Allowance, parse_flags};
use super::replay::{NoReplayCache, Remembered};
use super::request::{self, ImportKrb5};
use super::session::Parts;
use super::tickets::{self, Wanted};
use crate::kerberos::Local;
use crate::source;
use alloc::sync::Arc;
use gss::krb5::{AcceptorConfig, Allow, EncType, Key, Principal, TransitedPolicy, service_keys, to_ccache};
use gss::{Context, ContextFlags, Diagnose, Initiator, Role, Target};
use gss_krb5::message::{self, Parameters};
use krb5_files::Ccache;
use krb5_net::cache::CacheError;
use std::fs;
use std::path::Path;
use zeroize::Zeroizing;

/// The Kerberos part of an acceptor.
pub(super) fn acceptor(
    request: &request::Acceptor,
    allow: &[Allowance],
    replay: &Arc<Remembered>,
) -> Result<AcceptorConfig, Failure> {
    let path = request.keytab.as_deref();
    let path = path.ok_or_else(|| Failure::bad_request("field `keytab` is missing, expected a file"))?;
    let keytab = read(path, "keytab")?;
    let keys = service_keys(&keytab)?;
    let mut config = if request.replay_cache {
        AcceptorConfig::new(keys, Arc::clone(replay))
    } else {
        AcceptorConfig::new(keys, NoReplayCache)
    };
    if let Some(principal) = &request.principal {
        let service = Principal::parse(principal, None)
            .map_err(|error| Failure::bad_request(format!("principal {principal:?}: {error}")))?;
        config = config.accept_only(service);
    }
    if let Some(skew) = request.skew {
        config = config.skew(skew);
    }
    Ok(allow.iter().fold(config, |config, allowance| match allowance {
        Allowance::Kerberos(allow) => config.allow(*allow),
        Allowance::UncheckedPath => config.transited(TransitedPolicy::TrustUncheckedPath),
        Allowance::Anonymous => config.allow(Allow::ANONYMOUS),
        Allowance::Ntlm(_) => config,
    }))
}

/// What an initiator has to begin with.
pub(super) enum Found {
    Ticket(Box<Initiator>),
    NoTicket(Failure),
    /// No cache was named, and none can be read where caches are by default.
    NoCache(Failure),
}

/// The Kerberos part of an initiator.
pub(super) fn initiator(
    request: &request::Initiator,
    target: &Target<'_>,
    flags: Option<ContextFlags>,
    allow: &[Allowance],
) -> Result<Found, Failure> {
    let rc4 = allow.contains(&Allowance::Kerberos(Allow::WEAK_ENCTYPES));
    let delegate = request.delegate || flags.is_some_and(|flags| flags.contains(ContextFlags::DELEGATION));
    let wanted = Wanted { target, delegate, rc4 };
    let tickets = if request.tickets.principal.is_some() {
        tickets::log_in(request, &wanted)?
    } else {
        let name = request.ccache.as_ref().map(|path| path.to_string_lossy());
        let held = match load_cache(name.as_deref()) {
            Ok(held) => held,
            Err(failure) if name.is_none() => return Ok(Found::NoCache(failure)),
            Err(failure) => return Err(failure),
        };
        match tickets::from_cache(request, &held, &wanted)? {
            Ok(tickets) => tickets,
            Err(missing) => return Ok(Found::NoTicket(missing)),
        }
    };
    let mut initiator = Initiator::with_ticket(tickets.service);
    if rc4 {
        initiator = initiator.allow_weak_enctypes();
    }
    if let Some(ticket) = tickets.delegated {
        initiator = initiator.delegate(ticket);
    }
    Ok(Found::Ticket(Box::new(initiator)))
}

/// A context from its key and sequence numbers.
pub(super) fn import(request: &ImportKrb5) -> Result<Parts, Failure> {
    let flags = parse_flags(&request.flags)?;
    let key = Key::new(EncType(request.etype), &request.key.0)
        .map_err(|error| Failure::bad_request(error.to_string()))?;
    let (sealer, opener) = message::halves(&Parameters {
        role: match request.role {
            request::Role::Initiator => Role::Initiator,
            request::Role::Acceptor => Role::Acceptor,
        },
        key: &key,
        acceptor_subkey: request.acceptor_subkey,
        send_sequence: request.send_seq,
        receive_sequence: request.recv_seq,
        flags,
    })
    .map_err(|error| Failure::bad_request(error.to_string()))?;
    Ok(Parts {
        sealer: Box::new(sealer),
        opener: Box::new(opener),
        key: Some(Zeroizing::clone(&request.key.0)),
    })
}

fn load_cache(name: Option<&str>) -> Result<Ccache, Failure> {
    let no_cache = |error: anyhow::Error| Failure::new("GSS_S_NO_CRED", "no_ccache", format!("{error:#}"));
    let cache = Local::open(false).and_then(|local| local.cache(name)).map_err(no_cache)?;
    cache.load().map_err(|error| {
        let code =
            if let CacheError::Format { .. } = error { "malformed_ccache" } else { "cannot_read_file" };
        Failure::new(error.major().name(), code, error.to_string())
    })
}

/// Writes the tickets that the initiator delegated.
pub(super) fn store_delegated(context: &Context, path: &Path) -> Result<(), Failure> {
    let Some(first) = context.delegated().first() else {
        return Err(Failure::new("GSS_S_NO_CRED", "nothing_delegated", "the initiator delegated nothing"));
    };
    let bytes = to_ccache(&first.client, context.delegated())
        .map_err(|error| Failure::new("GSS_S_FAILURE", "cannot_write_ccache", error.to_string()))?;
    fs::write(path, &bytes).map_err(|error| {
        let message = format!("cannot write {}: {error}", path.display());
        Failure::new("GSS_S_FAILURE", "cannot_write_file", message)
    })
}

pub(super) fn read(path: &Path, what: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    source::read(path, what)
        .map_err(|error| Failure::new("GSS_S_NO_CRED", "cannot_read_file", format!("{error:#}")))
}
