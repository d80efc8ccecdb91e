//! Our client with Samba's KDC.

use anyhow::{Context, Result, ensure};
use interop::enctype::Enctype;
use interop::kdc::{Account, Kdc as _};
use interop::samba::REALM;
use interop::site::Site;
use krb5_asn1::{ErrorCode, NameType, Principal};
use krb5_client::{AsOptions, PasswordExchange, PasswordOptions, Secret, Service, TgsOptions};
use krb5_net::{KdcAddress, Network};

use super::common::{self, every_enctype, inside_fast, principal};
use super::domain::{ADMINISTRATOR, BACK, Domain, FRONT, UPN, WILLING};
use super::ours::{Ours, Over, refused};
use super::{PASSWORD, USER};

/// The enctypes of Active Directory.
const ENCTYPES: &[Enctype] = &[Enctype::AES256_SHA1, Enctype::AES128_SHA1, Enctype::RC4];

#[test]
fn logins() -> Result<()> {
    let site = Site::new()?;
    let domain = Domain::start(&site)?;
    let directory = domain.directory();
    let ours = Ours::new(&directory);
    every_enctype(&domain, &directory, REALM, ENCTYPES, |_| true)?;
    inside_fast(&domain, &ours, REALM)?;
    common::tickets_of_tickets(&domain, &ours, REALM)?;
    common::user_to_user(&ours, REALM, "back", BACK)?;
    let later = ours.now().saturating_add_seconds(3600);
    let options = AsOptions { start: Some(later), ..AsOptions::new(principal(USER, REALM)?) };
    refused(ours.login(options, Secret::password(PASSWORD))?, "policy", &["postdate"])?;

    // The name that users type, in whatever domain it is; the ticket says who it is.
    let upn = Principal::from_components(NameType::ENTERPRISE, [UPN], REALM)?;
    let outcome = ours.login(AsOptions::new(upn), Secret::password(PASSWORD))??;
    ensure!(outcome.credential.client == principal(USER, REALM)?, "{outcome:?}");
    // Names are the same whatever the case of their letters; only with `canonicalize` may the ticket say so.
    let mut options = AsOptions::new(principal("ALICE", REALM)?);
    options.canonicalize = true;
    let outcome = ours.login(options, Secret::password(PASSWORD))??;
    ensure!(outcome.credential.client == principal(USER, REALM)?, "{outcome:?}");

    // A reply with a PAC is too long for UDP.
    let long = Ours::new(&directory).over(Over::Udp);
    let error = long.login(AsOptions::new(principal(USER, REALM)?), Secret::password(PASSWORD))?;
    let code = error.err().and_then(|error| error.refusal().map(|refusal| refusal.code));
    ensure!(code == Some(ErrorCode::KRB_ERR_RESPONSE_TOO_BIG), "{code:?}");
    // Our own transport asks again over TCP.
    let address = directory.address(REALM)?.kdc;
    let server = KdcAddress::host(address.ip().to_string(), address.port());
    let network = Network::builder().servers(REALM, Service::Kdc, [server]).build();
    let ours = Ours::new(&directory).over(Over::Network(network.blocking()));
    common::tgt(&ours, REALM, |_| ()).map(drop)
}

/// Delegation that the back end allows, Samba knows with MIT's KDC only, which Debian does not build it with.
#[test]
fn service_acts_for_users() -> Result<()> {
    let site = Site::new()?;
    let domain = Domain::start(&site)?;
    let directory = domain.directory();
    let ours = Ours::new(&directory);
    let (front, keytab) = (principal("front", REALM)?, domain.keytab("front")?);
    let evidence = common::for_user(&ours, &keytab, &front, REALM)?;
    let back = principal(BACK, REALM)?;
    common::is_for_user(&common::at_back_end(&ours, &evidence, &back)??, &back, REALM)?;
    domain.add(&Account::service("HTTP/forbidden.test"))?;
    for forbidden in ["HTTP/forbidden.test", WILLING] {
        let refusal = common::at_back_end(&ours, &evidence, &principal(forbidden, REALM)?)?;
        refused(refusal, "option_refused", &["allowed to delegate"])?;
    }
    // The evidence of a user who came with a ticket.
    let user = common::tgt(&ours, REALM, |options| options.forwardable = true)?;
    let shown = ours.service(&user, &principal(FRONT, REALM)?, TgsOptions::default())??.credential;
    let ticket = common::at_back_end(&ours, &(evidence.0, shown), &back)??;
    common::is_for_user(&ticket, &back, REALM)
}

#[test]
fn passwords() -> Result<()> {
    let site = Site::new()?;
    let domain = Domain::start(&site)?;
    let directory = domain.directory();
    let ours = Ours::new(&directory);
    common::change_password(&domain, &ours, REALM)?;
    let user = principal(USER, REALM)?;
    let set = |as_whom: &str, password: &str, new: &str| {
        let ticket = common::for_passwords(&ours, as_whom, password, REALM)?;
        let options = PasswordOptions::default();
        ours.run(|_, env| PasswordExchange::set(&ticket, &user, new, &options, env))
    };
    let (administrator, password) = ADMINISTRATOR;
    set(administrator, password, PASSWORD)?.with_context(|| domain.logs())?;
    ours.login(AsOptions::new(user.clone()), Secret::password(PASSWORD))??;
    refused(
        set("back", PASSWORD, "Another pass 7 word")?,
        "password_rejected",
        &["may not set that password"],
    )?;
    let ticket = common::for_passwords(&ours, USER, PASSWORD, REALM)?;
    refused(common::change(&ours, &ticket, "short")?, "password_rejected", &["7 characters"])
}
