//! Credential caches of ours with MIT's programs and Heimdal's daemon.

use std::fs;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context as _, Result, bail, ensure};
use interop::kcm::Daemon;
use interop::realm::{PASSWORD, REALM, Realm, RealmOptions, SERVICE_PRINCIPAL, USER};
use interop::{packages, peer};
use krb5_asn1::Principal;
use krb5_files::{Ccache, KdcOffset};
use krb5_net::Network;
use krb5_net::cache::{Cache, CacheError, CacheName, CacheOptions, Collection, MemoryCaches};
use krb5_net::credentials::Credentials;
use krb5_net::source;

/// A realm, and the name of a cache or collection that both sides use.
struct Place {
    realm: Realm,
    config: PathBuf,
    name: String,
    options: CacheOptions,
    // Ends before the folder goes.
    _daemon: Option<Daemon>,
}

impl Place {
    fn file() -> Result<Self> {
        let realm = Realm::start(&RealmOptions::default())?;
        let name = format!("FILE:{}", realm.fresh_path("cc").display());
        Ok(Self::new(realm, name))
    }

    fn folder() -> Result<Self> {
        let realm = Realm::start(&RealmOptions::default())?;
        let name = format!("DIR:{}", realm.fresh_path("cc").display());
        Ok(Self::new(realm, name))
    }

    fn daemon() -> Result<Self> {
        let realm = Realm::start(&RealmOptions::default())?;
        let daemon = Daemon::start(realm.as_ref())?;
        let socket = daemon.socket().to_owned();
        let profile = fs::read_to_string(realm.config())?;
        let with_socket = format!("[libdefaults]\nkcm_socket = {}\n", socket.display());
        let config = realm.fresh_path("krb5.conf");
        fs::write(&config, profile.replacen("[libdefaults]\n", &with_socket, 1))?;
        let place = Self::new(realm, "KCM:".into());
        let options = CacheOptions { kcm_socket: Some(socket), ..place.options };
        Ok(Self { config, options, _daemon: Some(daemon), ..place })
    }

    fn new(realm: Realm, name: String) -> Self {
        let options =
            CacheOptions { kcm_socket: None, memory: MemoryCaches::new(), ..CacheOptions::default() };
        Self { config: realm.config().to_owned(), realm, name, options, _daemon: None }
    }

    /// Runs a program of MIT's that has to succeed.
    fn mit(&self, program: &str, arguments: &[&str], input: &str) -> Result<String> {
        let mut command = self.realm.command(packages::find(program)?);
        command.env("KRB5_CONFIG", &self.config).env("KRB5CCNAME", &self.name).args(arguments);
        peer::succeed(&mut command, input.as_bytes())
    }

    fn kinit(&self, user: &str) -> Result<()> {
        self.mit("kinit", &[user], &format!("{PASSWORD}\n")).map(drop)
    }

    fn cache(&self) -> Result<Cache> {
        Ok(Cache::resolve(&CacheName::parse(&self.name)?, &self.options)?)
    }

    fn collection(&self) -> Result<Collection> {
        Ok(Collection::new(CacheName::parse(&self.name)?, self.options.clone()))
    }

    /// What a login with a TGT and nothing else gives, read from a cache of MIT's.
    fn login(&self) -> Result<Ccache> {
        let file = self.realm.kinit_with(self.realm.config(), &["-f"])?;
        Ok(Cache::resolve(&CacheName::File(file), &self.options)?.load()?)
    }
}

fn principal(text: &str) -> Principal {
    Principal::parse(text, None).unwrap()
}

fn tgt() -> Principal {
    Principal::new_tgs(REALM, REALM)
}

/// MIT's programs write, we read.
fn theirs_are_read(place: &Place) -> Result<()> {
    place.kinit(USER)?;
    place.mit("kvno", &[SERVICE_PRINCIPAL], "")?;
    let cache = place.cache()?;
    assert_eq!(cache.principal()?.to_string(), USER);
    for server in [tgt(), principal(SERVICE_PRINCIPAL)] {
        let ticket = cache.find(&server)?.with_context(|| format!("{server} in {:?}", cache.load()))?;
        ensure!(ticket.decode_ticket().is_ok() && !ticket.key.keyvalue().is_empty(), "{ticket:?}");
    }
    // kinit notes how it pre-authenticated.
    ensure!(cache.load()?.pa_type(&tgt()).is_some(), "{:?}", cache.load()?.config().collect::<Vec<_>>());

    // What we remove is gone for MIT, what we leave is there.
    cache.remove(&principal(SERVICE_PRINCIPAL))?;
    let listed = place.mit("klist", &["-C"], "")?;
    ensure!(!listed.contains(SERVICE_PRINCIPAL) && listed.contains("krbtgt/"), "{listed}");
    ensure!(listed.contains("pa_type"), "{listed}");
    // And the other way round.
    place.mit("kdestroy", &[], "")?;
    ensure!(matches!(cache.load(), Err(CacheError::NotFound { .. })), "{:?}", cache.load());
    Ok(())
}

/// We write, MIT's programs read, use and add to it.
fn ours_are_used(place: &Place) -> Result<()> {
    let content = place.login()?;
    let cache = place.cache()?;
    cache.initialize(&content.default_principal)?;
    for ticket in content.credentials() {
        cache.store(ticket)?;
    }
    cache.set_config("fast_avail", Some(&tgt()), b"yes")?;
    cache.set_kdc_offset(KdcOffset { seconds: 2, microseconds: 0 })?;

    let listed = place.mit("klist", &["-C", "-f"], "")?;
    for text in [cache.name().to_string().as_str(), USER, "krbtgt/", "fast_avail", "= yes"] {
        ensure!(listed.contains(text), "{text}: {listed}");
    }
    place.mit("kvno", &[SERVICE_PRINCIPAL], "")?;
    ensure!(cache.find(&principal(SERVICE_PRINCIPAL))?.is_some(), "{:?}", cache.load()?);
    assert_eq!(cache.kdc_offset()?.map(|offset| offset.seconds), Some(2));
    assert_eq!(cache.config("fast_avail", Some(&tgt()))?.as_deref(), Some(b"yes".as_slice()));

    // All at once, in place of what is there.
    cache.replace(&content)?;
    let listed = place.mit("klist", &[], "")?;
    ensure!(!listed.contains(SERVICE_PRINCIPAL) && listed.contains("krbtgt/"), "{listed}");
    cache.destroy()?;
    ensure!(place.mit("klist", &[], "").is_err(), "destroyed, and still listed");
    Ok(())
}

/// Several caches, the primary one chosen by either side.
fn collection_is_shared(place: &Place) -> Result<()> {
    place.kinit(USER)?;
    let theirs = place.cache()?;
    let ours = place.collection()?.create()?;
    let bob = principal("bob@INTEROP.TEST");
    ours.initialize(&bob)?;

    let listed = place.mit("klist", &["-l"], "")?;
    ensure!(listed.contains(USER) && listed.contains("bob@INTEROP.TEST"), "{listed}");
    ensure!(place.mit("klist", &["-A"], "")?.contains(&ours.name().to_string()), "{}", ours.name());

    ours.switch_to()?;
    let listed = place.mit("klist", &[], "")?;
    ensure!(listed.contains("bob@INTEROP.TEST"), "{listed}");
    assert_eq!(place.cache()?.name(), ours.name());

    place.mit("kswitch", &["-p", USER], "")?;
    assert_eq!(place.cache()?.name(), theirs.name());
    let names: Vec<_> = place.collection()?.caches()?.iter().map(|cache| cache.name().clone()).collect();
    assert_eq!(names, [theirs.name().clone(), ours.name().clone()]);
    let found = place.collection()?.find(&bob)?.context("bob's cache")?;
    assert_eq!(found.name(), ours.name());
    Ok(())
}

#[test]
fn file_of_theirs() -> Result<()> {
    theirs_are_read(&Place::file()?)
}

#[test]
fn file_of_ours() -> Result<()> {
    ours_are_used(&Place::file()?)
}

#[test]
fn folder_of_theirs() -> Result<()> {
    theirs_are_read(&Place::folder()?)
}

#[test]
fn folder_of_ours() -> Result<()> {
    ours_are_used(&Place::folder()?)
}

#[test]
fn folder_of_both() -> Result<()> {
    collection_is_shared(&Place::folder()?)
}

#[test]
fn daemon_with_theirs() -> Result<()> {
    theirs_are_read(&Place::daemon()?)
}

#[test]
fn daemon_with_ours() -> Result<()> {
    ours_are_used(&Place::daemon()?)
}

#[test]
fn daemon_with_both() -> Result<()> {
    collection_is_shared(&Place::daemon()?)
}

#[test]
fn daemon_without_caches_has_an_empty_collection() -> Result<()> {
    let place = Place::daemon()?;
    ensure!(place.collection()?.caches()?.is_empty(), "{:?}", place.collection()?.caches()?);
    ensure!(!place.cache()?.exists()?, "{:?}", place.cache()?.load());
    Ok(())
}

/// Both append to one file at the same time. Their locks do not know each other.
#[test]
fn file_that_both_append_to_keeps_everything() -> Result<()> {
    const OURS: u32 = 200;
    let place = Place::file()?;
    let content = place.login()?;
    let cache = place.cache()?;
    cache.replace(&content)?;
    let ticket = content.credentials().next().context("a ticket")?;
    thread::scope(|scope| -> Result<()> {
        let appending = scope.spawn(|| -> Result<()> {
            for number in 0..OURS {
                let server = principal(&format!("ours/{number}@INTEROP.TEST"));
                cache.store(&krb5_files::Credential { server, ..ticket.clone() })?;
            }
            Ok(())
        });
        for service in [SERVICE_PRINCIPAL, "host/localhost@INTEROP.TEST"] {
            place.mit("kvno", &[service], "")?;
        }
        match appending.join() {
            Ok(done) => done,
            Err(_) => bail!("the writer panicked"),
        }
    })?;
    let content = cache.load()?;
    let ours = content.credentials().filter(|ticket| ticket.server.to_string().starts_with("ours/")).count();
    assert_eq!(u32::try_from(ours)?, OURS);
    for service in [SERVICE_PRINCIPAL, "host/localhost@INTEROP.TEST"] {
        ensure!(content.find(&principal(service)).is_some(), "{service}");
    }
    ensure!(place.mit("klist", &[], "")?.contains("ours/199@"), "klist");
    Ok(())
}

/// Our credentials live on a login of MIT's, and leave their tickets where MIT's programs find them.
#[test]
fn tickets_of_our_credentials_are_found_in_the_cache() -> Result<()> {
    for place in [Place::file()?, Place::folder()?, Place::daemon()?] {
        place.kinit(USER)?;
        let network = Network::new(source::load(&[place.config.display().to_string()])?);
        let me = Credentials::from_cache(place.cache()?, network);
        let ticket = me.ticket_blocking(&principal(SERVICE_PRINCIPAL))?;
        assert_eq!(ticket.client.to_string(), USER);
        let listed = place.mit("klist", &[], "")?;
        ensure!(listed.contains(SERVICE_PRINCIPAL), "{}: {listed}", place.name);
        // MIT uses it: another one would be listed as well.
        place.mit("kvno", &["--cached-only", SERVICE_PRINCIPAL], "")?;
    }
    Ok(())
}
