//! Our client with Heimdal's KDC.

use anyhow::Result;
use interop::enctype::Enctype;
use interop::kdc::heimdal::Heimdal;
use interop::kdc::{Account, Directory, Kdc};
use interop::site::Site;
use krb5_client::TgsOptions;

use super::common::{self, every_enctype, inside_fast, principal};
use super::ours::{Ours, Over, refused};
use super::{BACK_END, HEIMDAL, PASSWORD, directory, populate, service};

fn start<'s>(site: &'s Site, directory: &Directory) -> Result<Heimdal<'s>> {
    let heimdal = Heimdal::start(site, directory, HEIMDAL)?;
    populate(&heimdal, HEIMDAL)?;
    Ok(heimdal)
}

/// Salts of the enctypes of RFC 8009 are random, and told only where pre-authentication is asked for: without it, no
/// client can log in with a password, Heimdal's own included.
#[test]
fn every_enctype_it_has() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let heimdal = start(&site, &directory)?;
    let random_salt = [Enctype::AES128_SHA256, Enctype::AES256_SHA384];
    every_enctype(&heimdal, &directory, HEIMDAL, Heimdal::ENCTYPES, |enctype| !random_salt.contains(&enctype))
}

/// It reads a TGS-REQ inside FAST, and answers outside of it.
#[test]
fn fast() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let heimdal = start(&site, &directory)?;
    let ours = Ours::new(&directory);
    inside_fast(&heimdal, &ours, HEIMDAL)?;
    let (tgt, server) = (common::tgt(&ours, HEIMDAL, |_| ())?, principal(&service(HEIMDAL), HEIMDAL)?);
    let options = TgsOptions { fast: true, ..TgsOptions::default() };
    refused(ours.service(&tgt, &server, options)?, "fast_stripped", &["answered outside of FAST"])
}

#[test]
fn tickets_of_tickets() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let heimdal = start(&site, &directory)?;
    let ours = Ours::new(&directory);
    common::tickets_of_tickets(&heimdal, &ours, HEIMDAL)?;
    common::postdated(&ours, HEIMDAL)?;
    heimdal.add(&Account::user("peer", PASSWORD))?;
    common::user_to_user(&ours, HEIMDAL, "peer", "peer")
}

#[test]
fn service_acts_for_users() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let heimdal = start(&site, &directory)?;
    heimdal.add(&Account::service(BACK_END))?;
    let (front, back) = (principal(&service(HEIMDAL), HEIMDAL)?, principal(BACK_END, HEIMDAL)?);
    heimdal.allow_delegation(&service(HEIMDAL), &back.to_string())?;
    let keytab = heimdal.keytab(&service(HEIMDAL))?;
    let ours = Ours::new(&directory);
    let evidence = common::for_user(&ours, &keytab, &front, HEIMDAL)?;
    let ticket = common::at_back_end(&ours, &evidence, &back)??;
    common::is_for_user(&ticket, &back, HEIMDAL)?;
    // A back end that nobody has allowed.
    heimdal.add(&Account::service("host/forbidden.test"))?;
    let forbidden = principal("host/forbidden.test", HEIMDAL)?;
    refused(common::at_back_end(&ours, &evidence, &forbidden)?, "option_refused", &["allowed to delegate"])
}

/// `kpasswdd` has no TCP.
#[test]
fn passwords() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let heimdal = start(&site, &directory)?;
    let ours = Ours::new(&directory).over(Over::Udp);
    common::change_password(&heimdal, &ours, HEIMDAL)
}
