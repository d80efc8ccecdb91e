//! `gssctl kdc`: a realm for tests.

use crate::{password, text};
use alloc::sync::Arc;
use anyhow::{Context, Result, anyhow, bail};
use krb5_crypto::EncType;
use krb5_net::cache::{Cache, CacheName, CacheOptions};
use krb5_testkdc::serve::{Ports, Server, Via};
use krb5_testkdc::{Account, Domain, Kdc, PacStyle, Realm};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Runs a KDC on 127.0.0.1 for tests: tickets, passwords and a proxy over HTTPS, all in memory.
///
/// It writes what programs need to work with it into a folder: krb5.conf, the keytab of the services and the certificate
/// of the proxy's authority.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where the files go
    folder: PathBuf,
    /// The realm's name
    #[arg(long, value_name = "NAME", default_value = "EXAMPLE.COM")]
    realm: String,
    /// A user, like alice:secret, or without a password like alice, to be asked for it at the terminal
    #[arg(long, value_name = "NAME[:PASSWORD]")]
    user: Vec<String>,
    /// A service, like HTTP/www.example.com; its keys go into FOLDER/keytab
    #[arg(long, value_name = "NAME")]
    service: Vec<String>,
    /// Enctypes of all keys, best first
    #[arg(long, value_name = "ENCTYPE", value_delimiter = ',', value_parser = text::parse_enctype)]
    enctype: Vec<EncType>,
    /// What tickets say about their client
    #[arg(long, default_value = "minimal")]
    pac: Pac,
    /// Give tickets without pre-authentication
    #[arg(long)]
    no_preauth: bool,
    /// Port of the KDC; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// Port for password changes
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    kpasswd_port: u16,
    /// Port of the proxy
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    https_port: u16,
    /// Which way the krb5.conf leads
    #[arg(long, default_value = "udp")]
    via: Way,
    /// Put tickets of this user for all services into FOLDER/tickets, without any login
    #[arg(long, value_name = "NAME")]
    log_in: Option<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Pac {
    /// Nothing
    None,
    /// The name, signed, as MIT's KDC does
    Minimal,
    /// SIDs and names, as a Windows domain does
    Domain,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Way {
    /// UDP, and TCP for what is long
    Udp,
    /// TCP at once
    Tcp,
    /// The proxy
    Https,
}

/// Runs it until Ctrl-C.
///
/// # Errors
/// A name is none, a port is taken, or the folder cannot be written.
pub fn run(arguments: &Arguments) -> Result<()> {
    let kdc = Arc::new(Kdc::new(realm(arguments)?)?);
    let ports = Ports { kdc: arguments.port, kpasswd: arguments.kpasswd_port, https: arguments.https_port };
    let running = Server::for_kdc(Arc::clone(&kdc)).ports(ports).start().context("the KDC's ports")?;

    let folder = &arguments.folder;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let via = match arguments.via {
        Way::Udp => Via::Udp,
        Way::Tcp => Via::Tcp,
        Way::Https => Via::Https,
    };
    let config = hosts(&arguments.service)
        .fold(running.client_config(via), |config, host| config.host(host, &arguments.realm));
    let config = config.write_to(folder).context("krb5.conf")?;
    write_keytab(arguments, &kdc)?;
    let addresses = running.addresses();
    println!(
        "realm {}: KDC {}, kpasswd {}, proxy {}",
        arguments.realm,
        addresses.kdc,
        addresses.kpasswd,
        addresses.proxy_url()
    );
    println!("export KRB5_CONFIG={}", config.display());
    if let Some(user) = &arguments.log_in {
        let tickets = folder.join("tickets");
        write_tickets(arguments, &kdc, user, &tickets)?;
        println!("export KRB5CCNAME=FILE:{}", tickets.display());
    }
    std::io::stdout().flush()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tokio::signal::ctrl_c())?;
    Ok(())
}

fn realm(arguments: &Arguments) -> Result<Realm> {
    let mut realm = Realm::new(&arguments.realm);
    if !arguments.enctype.is_empty() {
        realm.enctypes.clone_from(&arguments.enctype);
    }
    realm.pac = match arguments.pac {
        Pac::None => PacStyle::None,
        Pac::Minimal => PacStyle::Minimal,
        Pac::Domain => {
            let first = arguments.realm.split('.').next().unwrap_or_default();
            PacStyle::Domain(Domain::new(first.to_ascii_uppercase()))
        }
    };
    for user in &arguments.user {
        let account = match user.split_once(':') {
            Some((name, password)) => Account::user(name, password),
            None => Account::user(user, password::obtain(None, &format!("Password of {user}: "))?.as_str()),
        };
        realm = realm.account(Account { requires_preauth: !arguments.no_preauth, ..account });
    }
    Ok(arguments.service.iter().fold(realm, Realm::service))
}

/// The hosts in the services' names.
fn hosts(services: &[String]) -> impl Iterator<Item = &str> {
    services.iter().filter_map(|service| service.split_once('/')).map(|(_, host)| host)
}

fn full_names(arguments: &Arguments) -> Vec<String> {
    arguments.service.iter().map(|service| format!("{service}@{}", arguments.realm)).collect()
}

fn write_keytab(arguments: &Arguments, kdc: &Kdc) -> Result<()> {
    let names = full_names(arguments);
    let keytab = kdc.keytab(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
    write_secret(&arguments.folder.join("keytab"), &keytab.to_bytes()?)
}

fn write_tickets(arguments: &Arguments, kdc: &Kdc, user: &str, path: &Path) -> Result<()> {
    let realm = &arguments.realm;
    if user.contains('@') {
        bail!("{user:?} has a realm; --log-in takes a name of {realm}");
    }
    let mut names = vec![format!("krbtgt/{realm}@{realm}")];
    names.extend(full_names(arguments));
    let servers: Vec<_> = names.iter().map(String::as_str).collect();
    let tickets = kdc.ccache(&format!("{user}@{realm}"), &servers)?;
    let cache = Cache::resolve(&CacheName::File(path.into()), &CacheOptions::default())?;
    cache.replace(&tickets).map_err(|error| anyhow!(error))
}

/// Writes a file that its owner alone can read.
fn write_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(bytes));
    written.with_context(|| format!("cannot write {}", path.display()))
}
