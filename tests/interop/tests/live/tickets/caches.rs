//! Credential caches: ours read by the stock clients, theirs used by our client.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use interop::curl;
use interop::enctype::Enctype;
use interop::gssctl::Server;
use interop::kdc::client::{Client, Maker};
use interop::kdc::heimdal::Heimdal;
use interop::kdc::mit::Mit;
use interop::kdc::{Account, Directory, Kdc};
use interop::peer;
use interop::site::Site;
use krb5_client::{Credential, TgsOptions};
use krb5_files::Ccache;

use super::common::{principal, tgt};
use super::ours::Ours;
use super::{HEIMDAL, MIT, PASSWORD, USER, directory, populate, service};

fn write(site: &Site, credentials: &[&Credential]) -> Result<PathBuf> {
    let first = credentials.first().context("no credential")?;
    let mut ccache = Ccache::new(first.client.clone());
    ccache.entries.extend(credentials.iter().map(|credential| credential.to_file()));
    let path = site.fresh_path("our-ccache");
    fs::write(&path, ccache.to_bytes()?)?;
    // Heimdal opens no other.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    Ok(path)
}

fn read(path: &Path) -> Result<Credential> {
    let ccache = Ccache::parse(&fs::read(path)?)?;
    Ok(ccache.tgt().context("no ticket-granting ticket")?.try_into()?)
}

/// What our client gets, `klist` of both makers shows, and their clients show to the KDC.
fn both_ways(site: &Site, directory: &Directory, realm: &str, kdc: &dyn Kdc) -> Result<()> {
    let ours = Ours::new(directory);
    let server = principal(&service(realm), realm)?;
    for maker in [Maker::Mit, Maker::Heimdal] {
        let case = || format!("{maker:?}'s programs in {realm}\n{}", kdc.logs());
        let client = Client::new(maker, site, directory, realm)?;
        let tgt = tgt(&ours, realm, |options| options.forwardable = true)?;
        let ticket = ours.service(&tgt, &server, TgsOptions::default())??.credential;
        let ccache = write(site, &[&tgt, &ticket])?;
        let mut klist = match maker {
            Maker::Mit => client.command("klist")?,
            Maker::Heimdal => client.command("heimtools")?,
        };
        if maker == Maker::Heimdal {
            klist.arg("klist");
        }
        let listed = peer::succeed(klist.arg("-c").arg(&ccache), b"").with_context(case)?;
        for word in [format!("{USER}@{realm}"), format!("krbtgt/{realm}@{realm}"), server.to_string()] {
            ensure!(listed.contains(&word), "{word}: {listed}");
        }
        let ccache = write(site, &[&tgt])?;
        client.ticket(&ccache, &[], &server.to_string()).with_context(case)?;
        ensure!(client.klist(&ccache)?.contains(&server.to_string()), "{}", client.klist(&ccache)?);

        let theirs = read(&client.kinit(&format!("{USER}@{realm}"), PASSWORD, &["-f"])?)?;
        let ticket = ours.service(&theirs, &server, TgsOptions::default())?.with_context(case)?.credential;
        ensure!(ticket.server == server && ticket.client == theirs.client, "{ticket:?}");
    }
    Ok(())
}

#[test]
fn with_mits_kdc() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let mit = Mit::start(&site, &directory, MIT)?;
    populate(&mit, MIT)?;
    both_ways(&site, &directory, MIT, &mit)
}

#[test]
fn with_heimdals_kdc() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let heimdal = Heimdal::start(&site, &directory, HEIMDAL)?;
    populate(&heimdal, HEIMDAL)?;
    both_ways(&site, &directory, HEIMDAL, &heimdal)
}

/// curl logs in to our server with a cache of ours.
#[test]
fn with_curl() -> Result<()> {
    let (mut site, directory) = (Site::new()?, directory()?.host("localhost", MIT));
    let config = site.fresh_path("curl.conf");
    fs::write(&config, directory.profile(MIT, Enctype::ALL))?;
    site.set("KRB5_CONFIG", config);
    site.without_ntlm();
    let mit = Mit::start(&site, &directory, MIT)?;
    populate(&mit, MIT)?;
    mit.add(&Account::service("HTTP/localhost"))?;
    let server = Server::start(&site, &mit.keytab("HTTP/localhost")?, &[])?;
    let ours = Ours::new(&directory);
    let tgt = tgt(&ours, MIT, |_| ())?;
    let service = principal("HTTP/localhost", MIT)?;
    let ticket = ours.service(&tgt, &service, TgsOptions::default())??.credential;
    // With the service ticket alone, and with what can get one.
    for credentials in [&[&ticket][..], &[&tgt]] {
        let fetched = curl::negotiate(&site, Some(&write(&site, credentials)?), &[&server.url()])?;
        ensure!(fetched.last()?.status == 200, "{fetched:?}\n{}", server.log_tail());
        ensure!(fetched.body.contains(&format!("{USER}@{MIT}")), "{fetched:?}");
    }
    Ok(())
}
