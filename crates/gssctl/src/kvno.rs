//! `gssctl kvno`: service tickets.

use crate::kerberos::{self, Kerberos, Local};
use crate::kinit::ticket_granting;
use crate::text;
use anyhow::{Context, Result, bail};
use gss_core::Timestamp;
use krb5_asn1::{KerberosString, Principal, Raw, Ticket};
use krb5_client::{Credential, Evidence, S4uUser, TgsExchange, TgsOptions, TgsOutcome};
use krb5_crypto::EncType;
use krb5_files::Ccache;
use krb5_net::cache::Cache;

/// Gets tickets for services and shows the versions of the services' keys.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The services, like HTTP/host.example.com; a realm behind @ says where they are, else krb5.conf and the KDCs do
    #[arg(required = true)]
    service: Vec<String>,
    /// The cache with the ticket-granting ticket, which takes the tickets too; default: KRB5CCNAME, then the usual place
    #[arg(short, long, value_name = "NAME")]
    cache: Option<String>,
    /// Ask for session keys of these enctypes only, best first
    #[arg(short, long, value_name = "ENCTYPE", value_delimiter = ',', value_parser = text::parse_enctype)]
    enctype: Vec<EncType>,
    /// Ask anew even if the cache has a ticket
    #[arg(long)]
    no_cache: bool,
    /// A ticket of this user for ourselves: S4U2self
    #[arg(short = 'U', long, value_name = "USER")]
    for_user: Option<String>,
    /// A ticket of that user for the service: S4U2proxy
    #[arg(short = 'P', long, requires = "for_user")]
    proxy: bool,
    /// A ticket for the user of this cache, who has no key at hand: user-to-user
    #[arg(long, value_name = "NAME", conflicts_with = "for_user")]
    u2u: Option<String>,
    /// Follow no referrals to other realms
    #[arg(long)]
    no_referrals: bool,
    /// Go through FAST, with the ticket-granting ticket as armor, and refuse to do without
    #[arg(long)]
    fast: bool,
    #[command(flatten)]
    kerberos: kerberos::Arguments,
}

/// Gets the tickets.
///
/// # Errors
/// There is no ticket-granting ticket, or a KDC refuses one of the services. The others are still asked for.
pub fn run(arguments: &Arguments) -> Result<()> {
    let local = Local::open(arguments.kerberos.verbose)?;
    let cache = local.cache(arguments.cache.as_deref())?;
    let held = cache.load()?;
    // --kdc is for the realm of whoever asks.
    let realm = held.default_principal.realm().to_string();
    let kerberos = Kerberos::new(local, &arguments.kerberos, Some(&realm))?;
    let asking = Asking { arguments, kerberos, cache, held };
    let mut failed = 0_usize;
    for service in &arguments.service {
        match asking.service(service) {
            Ok(credential) => println!("{}", line(&credential)?),
            Err(error) => {
                eprintln!("gssctl: {service}: {error:#}");
                failed = failed.saturating_add(1);
            }
        }
    }
    match (failed, arguments.service.len()) {
        (0, _) => Ok(()),
        (_, 1) => bail!("no ticket"),
        (failed, all) => bail!("no ticket for {failed} of {all} services"),
    }
}

struct Asking<'a> {
    arguments: &'a Arguments,
    kerberos: Kerberos,
    cache: Cache,
    held: Ccache,
}

impl Asking<'_> {
    fn service(&self, text: &str) -> Result<Credential> {
        let names = self.kerberos.service(text)?;
        if let Some(held) = names.iter().find_map(|name| self.held(name)) {
            return Ok(held);
        }
        let Some(server) = names.first() else { bail!("the service has no name") };
        let outcome = match (&self.arguments.for_user, &self.arguments.u2u) {
            (Some(user), _) => self.for_user(user, server)?,
            (None, Some(peer)) => self.user_to_user(peer, server)?,
            (None, None) => {
                self.kerberos.ticket(&self.tgt(server)?, &names, |options| self.options(options))?
            }
        };
        for credential in outcome.cross_realm.iter().chain([&outcome.credential]) {
            // A ticket in another's name does not belong to this cache's client.
            if credential.client == self.held.default_principal {
                self.cache.store(&credential.to_file())?;
            }
        }
        Ok(outcome.credential)
    }

    /// A ticket that is in the cache and holds for a while.
    fn held(&self, server: &Principal) -> Option<Credential> {
        /// A ticket that ends sooner is got anew, in seconds.
        const SOON: i64 = 60;
        let arguments = self.arguments;
        if arguments.no_cache || arguments.for_user.is_some() || arguments.u2u.is_some() {
            return None;
        }
        let found = Credential::try_from(self.held.find(server)?).ok()?;
        let fitting =
            arguments.enctype.is_empty() || arguments.enctype.contains(&found.session_key.enctype());
        let fresh = found.times.end.seconds() > Timestamp::now().seconds().saturating_add(SOON);
        (fitting && fresh).then_some(found)
    }

    /// The ticket-granting ticket of the service's realm if the cache has one, else that of the client's.
    fn tgt(&self, server: &Principal) -> Result<Credential> {
        let (ours, theirs) = (self.held.default_principal.realm().to_string(), server.realm().to_string());
        if !theirs.is_empty() && ours != theirs {
            let cross = Principal::new_tgs(&theirs, &ours);
            let usable = |found: &Credential| found.times.end > Timestamp::now();
            let found = self.held.find(&cross).and_then(|found| Credential::try_from(found).ok());
            if let Some(found) = found.filter(usable) {
                return Ok(found);
            }
        }
        ticket_granting(&self.held).with_context(|| self.cache.name().to_string())
    }

    fn options(&self, options: TgsOptions) -> TgsOptions {
        let arguments = self.arguments;
        let offset = self.held.kdc_offset().map_or(0, |offset| i64::from(offset.seconds));
        TgsOptions {
            canonicalize: !arguments.no_referrals,
            fast: arguments.fast,
            kdc_offset: offset,
            enctypes: if arguments.enctype.is_empty() {
                options.enctypes
            } else {
                Some(arguments.enctype.clone())
            },
            ..options
        }
    }

    /// S4U2self to ourselves, and from there to the service.
    fn for_user(&self, user: &str, server: &Principal) -> Result<TgsOutcome> {
        let tgt = ticket_granting(&self.held)?;
        let user = S4uUser::named(self.kerberos.local.principal(user)?);
        let ourselves = if self.arguments.proxy { &tgt.client } else { server };
        let options = || self.options(TgsOptions::default());
        let evidence = self
            .kerberos
            .run(|policy, env| TgsExchange::s4u_self(policy, &tgt, ourselves, user, options(), env))
            .context("on behalf of the user (S4U2self)")?;
        if !self.arguments.proxy {
            return Ok(evidence);
        }
        let shown = Evidence::from(&evidence.credential);
        self.kerberos
            .run(|policy, env| TgsExchange::s4u_proxy(policy, &tgt, &shown, server, options(), env))
            .context("on to the service (S4U2proxy)")
    }

    fn user_to_user(&self, peer: &str, server: &Principal) -> Result<TgsOutcome> {
        let cache = self.kerberos.local.cache(Some(peer))?;
        let peer = ticket_granting(&cache.load()?).with_context(|| cache.name().to_string())?;
        let tgt = ticket_granting(&self.held)?;
        let options = self.options(TgsOptions::default());
        self.kerberos
            .run(|policy, env| TgsExchange::user_to_user(policy, &tgt, server, &peer.ticket, options, env))
    }
}

/// What is to be said of a ticket.
fn line(credential: &Credential) -> Result<String> {
    let ticket: Raw<'_, Ticket<'_>> = Raw::new(&credential.ticket)?;
    let kvno = ticket.enc_part.kvno.map_or_else(|| "none".into(), |kvno| kvno.0.to_string());
    let enctype = EncType(ticket.enc_part.etype);
    // The realm that the KDC put in is the one that has the key.
    let realm: KerberosString<'_> = ticket.realm;
    let server = ticket.sname.in_realm(realm);
    let client = &credential.client;
    let left = credential.times.end.seconds().saturating_sub(Timestamp::now().seconds());
    let left = text::length(left);
    Ok(format!("{server}: kvno = {kvno}, {enctype}, ticket of {client}, for {left}"))
}
