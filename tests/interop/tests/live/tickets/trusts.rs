//! A Samba domain that trusts realms of other makers, and is trusted by them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use gss::krb5::service_ticket;
use gss::{Acceptor, AcceptorConfig, Context, Env, Handshake as _, Initiator, Step};
use interop::kdc::heimdal::Heimdal;
use interop::kdc::mit::Mit;
use interop::kdc::{Directory, Kdc};
use interop::samba;
use interop::site::Site;
use interop::testkdc::TestKdc;
use krb5_asn1::{NameType, Principal};
use krb5_client::{AsOptions, Credential, RealmPath, Secret, TgsOptions, TgsOutcome};
use krb5_crypto::EncType;
use krb5_testkdc::{PacStyle, Realm};

use super::common::{principal, tgt, ticket_enctype};
use super::domain::{Domain, FRONT, flat_name};
use super::ours::{Ours, refused};
use super::{HEIMDAL, HOSTS, MIT, OURS, PASSWORD, USER, host, populate, service};

const SAMBA: &str = samba::REALM;
const SECRET: &str = "Between 2 realms";

/// The domain in the middle, and realms of which each shares a key with it alone.
struct World<'s> {
    domain: Domain<'s>,
    mit: Mit,
    heimdal: Heimdal<'s>,
    ours: TestKdc,
    directory: Directory,
}

impl<'s> World<'s> {
    fn start(site: &'s Site) -> Result<Self> {
        let domain = Domain::start(site)?;
        let ours = our_kdc()?;
        let directory = Directory::new(&[MIT, HEIMDAL])?
            .and(domain.address())
            .and(ours.address(OURS)?)
            .path(OURS, MIT, SAMBA);
        let directory = HOSTS.iter().fold(directory, |directory, (host, realm)| directory.host(host, realm));
        let mit = Mit::start(site, &directory, MIT)?;
        let heimdal = Heimdal::start(site, &directory, HEIMDAL)?;
        for (kdc, realm) in [(&mit as &dyn Kdc, MIT), (&heimdal, HEIMDAL)] {
            populate(kdc, realm)?;
            kdc.trust(SAMBA, SECRET)?;
        }
        for realm in [MIT, HEIMDAL, OURS] {
            domain.trust(realm, SECRET)?;
        }
        Ok(Self { domain, mit, heimdal, ours, directory })
    }

    fn keytab(&self, realm: &str) -> Result<PathBuf> {
        match realm {
            MIT => self.mit.keytab(&service(MIT)),
            HEIMDAL => self.heimdal.keytab(&service(HEIMDAL)),
            OURS => self.ours.keytab_file(&format!("{}@{OURS}", service(OURS))),
            _ => self.domain.keytab(FRONT),
        }
    }

    fn logs(&self) -> String {
        [&self.domain as &dyn Kdc, &self.mit, &self.heimdal].map(Kdc::logs).concat()
    }
}

/// It speaks of its users as a domain does.
fn our_kdc() -> Result<TestKdc> {
    let pac = PacStyle::Domain(krb5_testkdc::Domain::new(flat_name(OURS)));
    let realm = Realm { pac, ..Realm::new(OURS) }.user(USER, PASSWORD).service(service(OURS));
    let kdc = krb5_testkdc::Kdc::builder().realm(realm.host(host(SAMBA), SAMBA));
    TestKdc::start(kdc.trust_with_password(OURS, SAMBA, SECRET).trust_with_password(SAMBA, OURS, SECRET))
}

/// A realm's service, named with the realm, as one of the client's realm, and without any.
fn names(realm: &str, clients_realm: &str) -> Result<[Principal; 3]> {
    let referred = Principal::new_service("HTTP", host(realm), clients_realm);
    let somewhere = Principal::new_service("HTTP", host(realm), "");
    Ok([principal(&service(realm), realm)?, referred, somewhere])
}

/// Logs in to an acceptor of ours.
fn present(ours: &Ours<'_>, ticket: Credential, keytab: &Path) -> Result<Context> {
    let mut rng = UnwrapErr(SysRng);
    let mut env = Env::new(ours.now(), &mut rng);
    let (mut token, mut answer) = (Vec::new(), Vec::new());
    let initiator = Initiator::with_ticket(service_ticket(ticket).into());
    let Step::Continue(initiator) = initiator.step(&mut [], &mut token, &mut env)? else {
        bail!("the initiator waits for no answer");
    };
    let acceptor = Acceptor::new(AcceptorConfig::from_keytab(&fs::read(keytab)?)?.into());
    let Step::Done(context) = acceptor.step(&mut token, &mut answer, &mut env)? else {
        bail!("the acceptor waits for another token");
    };
    ensure!(matches!(initiator.step(&mut answer, &mut Vec::new(), &mut env)?, Step::Done(_)));
    Ok(context)
}

/// That the outcome is a user's ticket for a service, reached by these realms; gives what its acceptor knows then.
fn arrived(ours: &Ours<'_>, world: &World<'_>, outcome: TgsOutcome, realms: &[&str]) -> Result<Context> {
    let [from, .., to] = *realms else { bail!("{realms:?}") };
    let ticket = outcome.credential;
    let client = principal(USER, from)?;
    ensure!(ticket.client == client && ticket.server == principal(&service(to), to)?, "{ticket:?}");
    let met: Vec<_> = outcome.cross_realm.iter().map(|tgt| tgt.server.to_string()).collect();
    let expected: Vec<_> = realms.windows(2).map(|pair| format!("krbtgt/{}@{}", pair[1], pair[0])).collect();
    ensure!(met == expected, "{met:?}");
    for tgt in &outcome.cross_realm {
        ensure!(tgt.client == client && ticket_enctype(tgt)? == EncType::AES256_CTS_HMAC_SHA1_96, "{tgt:?}");
    }
    let context = present(ours, ticket, &world.keytab(to)?)?;
    let accepted = context.krb5_accepted().context("not Kerberos")?;
    ensure!(*accepted.client() == client, "{}", accepted.client());
    Ok(context)
}

/// That the ticket's PAC is what the user's own domain says.
fn is_of_domain(context: &Context, domain: &str) -> Result<()> {
    let pac = context.pac().context("no PAC")?;
    let logon = pac.logon_info()?.context("no logon information")?;
    let names = (logon.logon_domain_name.to_string(), logon.effective_name.to_string());
    ensure!(names == (domain.into(), USER.into()), "{names:?}");
    ensure!(logon.user_sid().and_then(|sid| sid.domain()) == logon.logon_domain_id, "{logon:?}");
    Ok(())
}

/// The domain itself refers by the DNS domain of the host.
#[test]
fn users_of_the_domain_reach_services_elsewhere() -> Result<()> {
    let site = Site::new()?;
    let world = World::start(&site)?;
    let ours = Ours::new(&world.directory);
    let tgt = tgt(&ours, SAMBA, |_| ())?;
    // Heimdal's answers to a TGS-REQ are outside of FAST.
    for (to, fast) in [(MIT, false), (MIT, true), (HEIMDAL, false), (OURS, false), (OURS, true)] {
        for server in names(to, SAMBA)? {
            let case = || format!("{server}, FAST: {fast}\n{}", world.logs());
            let options = TgsOptions { fast, ..TgsOptions::default() };
            let outcome = ours.service(&tgt, &server, options)?.with_context(case)?;
            let context = arrived(&ours, &world, outcome, &[SAMBA, to]).with_context(case)?;
            // The KDCs of MIT and Heimdal say nothing of users from elsewhere.
            if to == OURS {
                is_of_domain(&context, samba::DOMAIN).with_context(case)?;
            }
        }
    }
    Ok(())
}

/// Samba takes tickets from elsewhere only if their PAC says who the user is.
#[test]
fn users_from_elsewhere_reach_services_of_the_domain() -> Result<()> {
    let site = Site::new()?;
    let world = World::start(&site)?;
    let ours = Ours::new(&world.directory);
    let from_ours = tgt(&ours, OURS, |_| ())?;
    for fast in [false, true] {
        for server in names(SAMBA, OURS)? {
            let case = || format!("{server}, FAST: {fast}\n{}", world.logs());
            let options = TgsOptions { fast, ..TgsOptions::default() };
            let outcome = ours.service(&from_ours, &server, options)?.with_context(case)?;
            let context = arrived(&ours, &world, outcome, &[OURS, SAMBA]).with_context(case)?;
            is_of_domain(&context, flat_name(OURS)).with_context(case)?;
        }
    }
    // The PAC of MIT's KDC has no logon information; Heimdal 7 makes none.
    for (from, code, words) in [
        (MIT, "refused", ["KRB_ERR_GENERIC", "Invalid argument"]),
        (HEIMDAL, "tgt_revoked", ["KDC_ERR_TGT_REVOKED", "without a PAC"]),
    ] {
        let tgt = tgt(&ours, from, |_| ())?;
        for server in names(SAMBA, from)? {
            refused(ours.service(&tgt, &server, TgsOptions::default())?, code, &words)?;
        }
    }
    Ok(())
}

/// The domain shows the way to what is not its own: services of another realm, and users who name theirs.
#[test]
fn the_domain_sends_users_on() -> Result<()> {
    let site = Site::new()?;
    let world = World::start(&site)?;
    let ours = Ours::new(&world.directory);
    let name = format!("{USER}@{}", OURS.to_lowercase());
    let named = Principal::from_components(NameType::ENTERPRISE, [name.as_str()], SAMBA)?;
    let outcome = ours.login(AsOptions::new(named), Secret::password(PASSWORD))?;
    let tgt = outcome.with_context(|| world.logs())?.credential;
    ensure!(tgt.client == principal(USER, OURS)?, "{tgt:?}");

    let path = RealmPath::Through(vec![SAMBA.into()]);
    let server = principal(&service(MIT), MIT)?;
    let outcome = ours.service(&tgt, &server, TgsOptions { path, ..TgsOptions::default() })?;
    let outcome = outcome.with_context(|| world.logs())?;
    arrived(&ours, &world, outcome, &[OURS, SAMBA, MIT]).with_context(|| world.logs()).map(drop)
}
