//! Our client with MIT's KDC.

use anyhow::{Context, Result, ensure};
use interop::enctype::Enctype;
use interop::kdc::Directory;
use interop::kdc::mit::Mit;
use interop::site::Site;
use krb5_asn1::PaDataType;
use krb5_client::{AsOptions, Secret};

use super::common::{every_enctype, inside_fast, principal};
use super::ours::Ours;
use super::{MIT, PASSWORD, USER, directory, populate};

/// A KDC with the user and the service.
fn start<'s>(site: &'s Site, directory: &Directory) -> Result<Mit> {
    let mit = Mit::start(site, directory, MIT)?;
    populate(&mit, MIT)?;
    Ok(mit)
}

#[test]
fn every_enctype_it_has() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let mit = start(&site, &directory)?;
    every_enctype(&mit, &directory, MIT, Enctype::ALL)
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
    inside_fast(&mit, &Ours::new(&directory), MIT, PaDataType::ENCRYPTED_CHALLENGE)
}
