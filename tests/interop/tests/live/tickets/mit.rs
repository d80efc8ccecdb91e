//! Our client with MIT's KDC.

use anyhow::{Context, Result, ensure};
use interop::enctype::Enctype;
use interop::kdc::mit::Mit;
use interop::kdc::proxy::Proxy;
use interop::kdc::{Account, Directory, Kdc as _};
use interop::site::Site;
use krb5_asn1::{PaDataType, TicketFlags};
use krb5_client::{AsOptions, PasswordExchange, PasswordOptions, Secret, Service, TgsOptions};
use krb5_net::{KdcAddress, Network, Trust};

use super::common::{self, every_enctype, inside_fast, principal};
use super::ours::{Ours, Over, refused};
use super::{BACK_END, MIT, PASSWORD, USER, directory, populate, service};

/// A KDC with the user and the service.
fn start(site: &Site, directory: &Directory) -> Result<Mit> {
    let mit = Mit::start(site, directory, MIT)?;
    populate(&mit, MIT)?;
    Ok(mit)
}

#[test]
fn every_enctype_it_has() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let mit = start(&site, &directory)?;
    every_enctype(&mit, &directory, MIT, Enctype::ALL, |_| true)
}

#[test]
fn spake_comes_before_the_encrypted_timestamp() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let mit = start(&site, &directory)?;
    let ours = Ours::new(&directory);
    for only in [None, Some(PaDataType::SPAKE), Some(PaDataType::ENC_TIMESTAMP)] {
        let mut options = AsOptions::new(principal(USER, MIT)?);
        if let Some(only) = only {
            options.preauth = vec![only];
        }
        let outcome =
            ours.login(options, Secret::password(PASSWORD))?.with_context(|| format!("{only:?}"))?;
        ensure!(outcome.pa_type == Some(only.unwrap_or(PaDataType::SPAKE)), "{outcome:?}");
        ensure!(outcome.fast_available && !outcome.fast_used, "{outcome:?}");
    }
    drop(mit);
    Ok(())
}

#[test]
fn fast() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let mit = start(&site, &directory)?;
    inside_fast(&mit, &Ours::new(&directory), MIT)
}

#[test]
fn tickets_of_tickets() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let mit = start(&site, &directory)?;
    let ours = Ours::new(&directory);
    common::tickets_of_tickets(&mit, &ours, MIT)?;
    common::postdated(&ours, MIT)?;
    mit.add(&Account::user("peer", PASSWORD))?;
    common::user_to_user(&ours, MIT, "peer", "peer")
}

/// MIT's own database knows no constrained delegation: S4U2self alone works, and S4U2proxy is refused.
#[test]
fn service_gets_a_ticket_to_itself_for_a_user() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let mit = start(&site, &directory)?;
    mit.add(&Account::service(BACK_END))?;
    let (front, ours) = (principal(&service(MIT), MIT)?, Ours::new(&directory));
    let keytab = mit.keytab(&service(MIT))?;
    mit.kadmin(&["modify_principal", "+ok_to_auth_as_delegate", &service(MIT)])?;
    let forwardable = common::for_user(&ours, &keytab, &front, MIT)?;
    ensure!(forwardable.1.flags.contains(TicketFlags::FORWARDABLE), "{:?}", forwardable.1);
    let back = principal(BACK_END, MIT)?;
    refused(common::at_back_end(&ours, &forwardable, &back)?, "option_refused", &[])
}

#[test]
fn passwords() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let mit = start(&site, &directory)?;
    for over in [Over::Tcp, Over::Udp] {
        common::change_password(&mit, &Ours::new(&directory).over(over), MIT)?;
        mit.kadmin(&["change_password", "-pw", PASSWORD, USER])?;
    }
    // Everybody's password, for those who may.
    mit.add(&Account::user("admin/root", PASSWORD))?;
    let ours = Ours::new(&directory);
    let user = principal(USER, MIT)?;
    let set = |as_whom: &str, new: &str| {
        let ticket = common::for_passwords(&ours, as_whom, PASSWORD, MIT)?;
        let options = PasswordOptions::default();
        ours.run(|_, env| PasswordExchange::set(&ticket, &user, new, &options, env))
    };
    set("admin/root", "another password")?.with_context(|| mit.logs())?;
    ours.login(AsOptions::new(user.clone()), Secret::password("another password"))??;
    mit.add(&Account::user("nobody", PASSWORD))?;
    refused(set("nobody", "third password")?, "password_rejected", &["may not set that password"])?;
    // Refused by policy, in the KDC's own words.
    mit.kadmin(&["add_policy", "-minlength", "8", "long"])?;
    mit.kadmin(&["modify_principal", "-policy", "long", USER])?;
    mit.kadmin(&["change_password", "-pw", PASSWORD, USER])?;
    let ticket = common::for_passwords(&ours, USER, PASSWORD, MIT)?;
    refused(common::change(&ours, &ticket, "short")?, "password_rejected", &["too short", "take another one"])
}

/// Our own transport, by way of kdcproxy: tickets and a password change.
#[test]
fn through_a_proxy() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let mit = start(&site, &directory)?;
    let proxy = Proxy::start(&site, &directory)?;
    let trust = Trust::pem(&std::fs::read(proxy.certificate())?)?;
    let mut network = Network::builder().trust(trust);
    for service in [Service::Kdc, Service::Kpasswd] {
        network = network.servers(MIT, service, [KdcAddress::parse(&proxy.url(), service)?]);
    }
    let ours = Ours::new(&directory).over(Over::Network(network.build().blocking()));
    let log = || proxy.log_tail();
    let tgt = common::tgt(&ours, MIT, |_| ()).with_context(log)?;
    ours.service(&tgt, &principal(&service(MIT), MIT)?, TgsOptions::default())?.with_context(log)?;
    common::change_password(&mit, &ours, MIT).with_context(log)?;
    // Nobody vouches for the proxy.
    let untrusted =
        Network::builder().servers(MIT, Service::Kdc, [KdcAddress::parse(&proxy.url(), Service::Kdc)?]);
    let ours = Ours::new(&directory).over(Over::Network(untrusted.build().blocking()));
    let error = common::tgt(&ours, MIT, |_| ()).err().context("an unknown certificate is taken")?;
    ensure!(error.to_string().contains("certificate"), "{error}");
    Ok(())
}
