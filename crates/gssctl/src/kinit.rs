//! `gssctl kinit`: a ticket-granting ticket for a password, a keytab or an older ticket.

use crate::kerberos::{self, Kerberos};
use crate::{kpasswd, password, text};
use anyhow::{Context, Result, anyhow, bail};
use gss_core::Timestamp;
use krb5_asn1::{NameType, Principal};
use krb5_client::{AsError, AsExchange, AsOptions, AsOutcome, Credential, Secret, TgsExchange, TgsOptions};
use krb5_crypto::EncType;
use krb5_files::{Ccache, KdcOffset};
use krb5_net::cache::Cache;
use krb5_net::places::{self, User};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Gets a ticket-granting ticket and puts it into a credential cache.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Who asks; default: whose cache it is, the keytab's first, or the user's name in the default realm
    principal: Option<String>,
    /// The cache to write, like FILE:/tmp/tickets, DIR:/path or KCM:; default: KRB5CCNAME, then the usual place
    #[arg(short, long, value_name = "NAME")]
    cache: Option<String>,
    /// Use the key of a keytab in place of a password
    #[arg(short, long)]
    keytab: bool,
    /// That keytab; default: KRB5_KTNAME, then the usual place
    #[arg(short = 't', long, value_name = "FILE", requires = "keytab")]
    keytab_file: Option<PathBuf>,
    /// Where the password is, in the first line; - for standard input. Default: ask at the terminal
    #[arg(long, value_name = "FILE", conflicts_with = "keytab")]
    password_file: Option<PathBuf>,
    /// How long the ticket shall hold, like 10h or 7d
    #[arg(short, long, value_name = "TIME", value_parser = text::parse_duration)]
    lifetime: Option<u32>,
    /// How long it shall be renewable
    #[arg(short = 'r', long, value_name = "TIME", value_parser = text::parse_duration)]
    renewable: Option<u32>,
    /// It may be forwarded to other hosts
    #[arg(short, long)]
    forwardable: bool,
    /// Service tickets got with it may be used from other hosts
    #[arg(short, long)]
    proxiable: bool,
    /// The KDC may give the client another name, or refer to another realm
    #[arg(short = 'C', long)]
    canonicalize: bool,
    /// The principal is an enterprise name like alice@example.com
    #[arg(short = 'E', long)]
    enterprise: bool,
    /// Go through a FAST tunnel made with the ticket-granting ticket of this cache, and refuse to do without
    #[arg(short = 'T', long, value_name = "NAME")]
    armor: Option<String>,
    /// Ask for this service in place of the ticket-granting ticket
    #[arg(short = 'S', long, value_name = "SERVICE")]
    service: Option<String>,
    /// Ask for these enctypes only, best first
    #[arg(short, long, value_name = "ENCTYPE", value_delimiter = ',', value_parser = text::parse_enctype)]
    enctype: Vec<EncType>,
    /// Ask for a PAC, or for none
    #[arg(long, value_name = "BOOL")]
    pac: Option<bool>,
    /// Renew the ticket that is in the cache
    #[arg(short = 'R', long, conflicts_with_all = ["keytab", "password_file", "service", "armor"])]
    renew: bool,
    /// Make the postdated ticket that is in the cache valid
    #[arg(long, conflicts_with_all = ["renew", "keytab", "password_file", "service", "armor"])]
    validate: bool,
    #[command(flatten)]
    kerberos: kerberos::Arguments,
}

/// Gets the ticket.
///
/// # Errors
/// The KDC refuses, none answers, or the cache cannot be written.
pub fn run(arguments: &Arguments) -> Result<()> {
    let realm = arguments.principal.as_deref().and_then(text::realm_of);
    let mut kerberos = Kerberos::open(&arguments.kerberos, realm)?;
    if !arguments.enctype.is_empty() {
        kerberos.policy.enctypes.clone_from(&arguments.enctype);
    }
    let cache = kerberos.local.cache(arguments.cache.as_deref())?;
    let written = if arguments.renew || arguments.validate {
        again(arguments, &kerberos, &cache)?
    } else {
        anew(arguments, &kerberos, &cache)?
    };
    println!("{} in {}", text::describe(&written, Timestamp::now()), cache.name());
    Ok(())
}

/// The same ticket with a later end, or made valid.
fn again(arguments: &Arguments, kerberos: &Kerberos, cache: &Cache) -> Result<Credential> {
    let held = cache.load()?;
    let tgt = ticket_granting(&held).with_context(|| cache.name().to_string())?;
    let offset = held.kdc_offset().map_or(0, |offset| i64::from(offset.seconds));
    let options = TgsOptions { kdc_offset: offset, ..TgsOptions::default() };
    let outcome = kerberos.run(|policy, env| {
        if arguments.renew {
            TgsExchange::renew(policy, &tgt, options, env)
        } else {
            TgsExchange::validate(policy, &tgt, options, env)
        }
    })?;
    // Tickets that were got with the old one go with it.
    let mut fresh = Ccache::new(held.default_principal.clone());
    fresh.header.clone_from(&held.header);
    fresh.entries.extend(held.entries.iter().filter(|entry| entry.is_config()).cloned());
    fresh.entries.push(outcome.credential.to_file());
    cache.replace(&fresh)?;
    Ok(outcome.credential)
}

/// A new ticket.
fn anew(arguments: &Arguments, kerberos: &Kerberos, cache: &Cache) -> Result<Credential> {
    let client = client(arguments, kerberos, cache)?;
    let options = options(arguments, kerberos, &client)?;
    let outcome = if arguments.keytab {
        let secret = keytab_secret(arguments, kerberos, &client)?;
        kerberos.run(|policy, env| AsExchange::new(policy, options, secret, env))?
    } else {
        let prompt = format!("Password for {client}: ");
        let password = password::obtain(arguments.password_file.as_deref(), &prompt)?;
        with_password(arguments, kerberos, options, password)?
    };
    store(cache, &outcome)?;
    if let Some(expires) = outcome.key_expiration {
        text::warn_of_expiry(expires, Timestamp::now());
    }
    Ok(outcome.credential)
}

/// With a password; where it has expired, the terminal is asked for a new one.
fn with_password(
    arguments: &Arguments,
    kerberos: &Kerberos,
    options: AsOptions,
    password: Zeroizing<String>,
) -> Result<AsOutcome> {
    let secret = Secret::password(password.as_bytes());
    let begun = options.clone();
    let outcome = kerberos.run(|policy, env| AsExchange::new(policy, begun, secret.clone(), env));
    let expired = |error: &anyhow::Error| matches!(error.downcast_ref(), Some(AsError::PasswordExpired(_)));
    match outcome {
        Err(error) if expired(&error) && arguments.password_file.is_none() => {
            eprintln!("The password has expired; choose a new one.");
            let new = password::obtain_new(None)?;
            kpasswd::change(kerberos, &options.client, secret, &new)?;
            let secret = Secret::password(new.as_bytes());
            kerberos.run(|policy, env| AsExchange::new(policy, options, secret, env))
        }
        outcome => outcome,
    }
}

fn client(arguments: &Arguments, kerberos: &Kerberos, cache: &Cache) -> Result<Principal> {
    if let Some(name) = &arguments.principal {
        if !arguments.enterprise {
            return kerberos.local.principal(name);
        }
        let realm = kerberos.local.config().libdefaults().default_realm().map(|setting| setting.value);
        let realm =
            realm.or_else(|| text::realm_of(name)).context("an enterprise name needs a default_realm")?;
        return Ok(Principal::from_components(NameType::ENTERPRISE, [name], realm)?);
    }
    if arguments.keytab {
        let path = keytab_path(arguments, kerberos)?;
        let keytab = places::read_keytab(&path)?;
        let first = keytab.principals().first().copied().cloned();
        return first.with_context(|| format!("{} has no keys", path.display()));
    }
    if let Ok(client) = cache.principal() {
        return Ok(client);
    }
    let user = User::of_process().and_then(|user| User::account(user.real));
    let user = user.ok_or_else(|| anyhow!("who are you? Name a principal like alice@EXAMPLE.COM"))?;
    kerberos.local.principal(&user.name)
}

fn options(arguments: &Arguments, kerberos: &Kerberos, client: &Principal) -> Result<AsOptions> {
    let defaults = kerberos.local.config().libdefaults();
    let seconds = |given: Option<u32>, stated: i32| given.or(u32::try_from(stated).ok()).filter(|&s| s > 0);
    let mut options = AsOptions::new(client.clone());
    if let Some(lifetime) = seconds(arguments.lifetime, defaults.ticket_lifetime()?.value) {
        options.lifetime = lifetime;
    }
    options.renew_lifetime = seconds(arguments.renewable, defaults.renew_lifetime()?.value);
    options.forwardable = arguments.forwardable || defaults.forwardable().value;
    options.proxiable = arguments.proxiable || defaults.proxiable().value;
    options.canonicalize = arguments.canonicalize || defaults.canonicalize().value;
    options.request_pac = arguments.pac;
    options.preauth_at_once = arguments.keytab;
    if let Some(service) = &arguments.service {
        let realm = client.realm().to_string();
        options.server = Some(Principal::parse(service, Some(&realm)).context("the service's name")?);
    }
    if let Some(name) = &arguments.armor {
        let cache = kerberos.local.cache(Some(name))?;
        options.armor = Some(ticket_granting(&cache.load()?).with_context(|| cache.name().to_string())?);
    }
    Ok(options)
}

fn keytab_path(arguments: &Arguments, kerberos: &Kerberos) -> Result<PathBuf> {
    match &arguments.keytab_file {
        Some(path) => Ok(path.clone()),
        None => Ok(kerberos.local.places().keytab(kerberos.local.config())?),
    }
}

fn keytab_secret(arguments: &Arguments, kerberos: &Kerberos, client: &Principal) -> Result<Secret> {
    let path = keytab_path(arguments, kerberos)?;
    let keytab = places::read_keytab(&path)?;
    Secret::from_keytab(&keytab, client).with_context(|| format!("keytab {}", path.display()))
}

/// The ticket-granting ticket of a cache.
pub(crate) fn ticket_granting(held: &Ccache) -> Result<Credential> {
    let Some(tgt) = held.tgt() else {
        bail!("there is no ticket-granting ticket of {}; get one with gssctl kinit", held.default_principal)
    };
    Credential::try_from(tgt).with_context(|| format!("the session key of {}", tgt.server))
}

/// Makes the cache one of this client with this ticket, and notes what MIT krb5 notes.
fn store(cache: &Cache, outcome: &AsOutcome) -> Result<()> {
    let credential = &outcome.credential;
    let mut content = Ccache::new(credential.client.clone());
    if let Ok(seconds) = i32::try_from(outcome.kdc_offset)
        && seconds != 0
    {
        content.set_kdc_offset(KdcOffset { seconds, microseconds: 0 });
    }
    if outcome.fast_available {
        content.set_config("fast_avail", Some(&credential.server), "yes");
    }
    if let Some(pa_type) = outcome.pa_type {
        content.set_config("pa_type", Some(&credential.server), pa_type.0.to_string());
    }
    content.entries.push(credential.to_file());
    cache.replace(&content).with_context(|| format!("cannot write {}", cache.name()))
}
