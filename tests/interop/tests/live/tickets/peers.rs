//! The stock clients with the stock KDCs.

use anyhow::{Context, Result, ensure};
use interop::kdc::client::{Client, Maker};
use interop::kdc::heimdal::Heimdal;
use interop::kdc::mit::Mit;
use interop::kdc::proxy::Proxy;
use interop::kdc::{Account, Kdc};
use interop::samba;
use interop::site::Site;

use super::domain::{BACK, Domain, FRONT, WILLING};
use super::{BACK_END, HEIMDAL, MIT, OTHER_MIT, PASSWORD, USER, connect, directory, host, populate, service};

#[test]
fn realms_of_mit_and_heimdal_refer_to_each_other() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let mit = Mit::start(&site, &directory, MIT)?;
    let other = Mit::start(&site, &directory, OTHER_MIT)?;
    let heimdal = Heimdal::start(&site, &directory, HEIMDAL)?;
    let realms = [(&mit as &dyn Kdc, MIT), (&other, OTHER_MIT), (&heimdal, HEIMDAL)];
    connect(&realms)?;
    for (_, from) in realms {
        for maker in [Maker::Mit, Maker::Heimdal] {
            let client = Client::new(maker, &site, &directory.without_hosts(), from)?;
            let ccache = client.kinit(&format!("{USER}@{from}"), PASSWORD, &[])?;
            for (kdc, to) in realms {
                let case = || format!("{maker:?}'s client from {from} to {to}\n{}", kdc.logs());
                // Named, and found by the KDC, whose referral the client follows.
                client.ticket(&ccache, &[], &format!("{}@{to}", service(to))).with_context(case)?;
                refer(maker, &client, from, host(to)).with_context(case)?;
            }
        }
    }
    Ok(())
}

fn refer(maker: Maker, client: &Client<'_>, from: &str, host: &str) -> Result<()> {
    let ccache = client.kinit(&format!("{USER}@{from}"), PASSWORD, &[])?;
    match maker {
        Maker::Mit => client.ticket(&ccache, &["-S", "HTTP"], host),
        Maker::Heimdal => client.ticket(&ccache, &["--hostbased", "--canonicalize"], &format!("HTTP/{host}")),
    }
}

#[test]
fn mit_logs_in_with_spake_and_inside_fast() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let mit = Mit::start(&site, &directory, MIT)?;
    populate(&mit, MIT)?;
    for group in ["edwards25519", "P-256"] {
        let profile = directory.profile(MIT, interop::enctype::Enctype::ALL)
            + &format!("[libdefaults]\nspake_preauth_groups = {group}\n");
        let client = Client::with_profile(Maker::Mit, &site, &profile)?;
        let ccache = client.kinit(USER, PASSWORD, &[])?;
        let listed = client.klist(&ccache)?;
        ensure!(listed.contains("pa_type") && listed.contains("151"), "{group}: {listed}");
        let armored = client.kinit(USER, PASSWORD, &["-T", &ccache.display().to_string()])?;
        let listed = client.klist(&armored)?;
        ensure!(listed.contains("fast_avail"), "{group}: {listed}");
    }
    Ok(())
}

#[test]
fn mit_logs_in_through_a_proxy() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let mit = Mit::start(&site, &directory, MIT)?;
    populate(&mit, MIT)?;
    let proxy = Proxy::start(&site, &directory)?;
    let (url, anchor) = (proxy.url(), proxy.certificate().display());
    let profile = format!("[realms]\n{MIT} = {{\nkdc = {url}\nhttp_anchors = FILE:{anchor}\n}}\n");
    interop::packages::find("k5tls")?;
    let client = Client::with_profile(Maker::Mit, &site, &profile)?;
    client.kinit(&format!("{USER}@{MIT}"), PASSWORD, &[]).with_context(|| proxy.log_tail())?;
    ensure!(proxy.log_tail().contains("POST /KdcProxy"), "{}", proxy.log_tail());
    Ok(())
}

/// MIT's own database knows no constrained delegation, so this is asked of Heimdal and Samba alone.
#[test]
fn heimdal_lets_a_service_act_for_users() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let heimdal = Heimdal::start(&site, &directory, HEIMDAL)?;
    populate(&heimdal, HEIMDAL)?;
    let target = format!("{BACK_END}@{HEIMDAL}");
    heimdal.add(&Account::service(BACK_END))?;
    heimdal.allow_delegation(&service(HEIMDAL), &target)?;
    let (keytab, front) = (heimdal.keytab(&service(HEIMDAL))?, format!("{}@{HEIMDAL}", service(HEIMDAL)));
    let login = ["-f", "-k", "-t", &keytab.display().to_string()];
    let (user, evidence) = (format!("{USER}@{HEIMDAL}"), site.fresh_path("evidence"));

    let client = Client::new(Maker::Mit, &site, &directory, HEIMDAL)?;
    let ccache = client.kinit(&front, "", &login)?;
    let keys = keytab.display().to_string();
    client.ticket(&ccache, &["-P", "-k", &keys, "-U", &user], &target)?;
    ensure!(client.klist(&ccache)?.contains("for client alice"), "{}", client.klist(&ccache)?);

    let client = Client::new(Maker::Heimdal, &site, &directory, HEIMDAL)?;
    let ccache = client.kinit(&front, "", &login)?;
    let (out, of) = (format!("--out-cache={}", evidence.display()), format!("--impersonate={user}"));
    client.ticket(&ccache, &["--forwardable", &out, &of], &front)?;
    let shown = format!("--delegation-credential-cache={}", evidence.display());
    client.ticket(&ccache, &[&shown], &target)?;
    ensure!(client.klist(&ccache)?.contains("for client alice"), "{}", client.klist(&ccache)?);
    Ok(())
}

/// Resource-based delegation, which [`WILLING`] allows, is nothing that the stock clients ask for.
#[test]
fn samba_lets_a_service_act_for_users() -> Result<()> {
    let site = Site::new()?;
    let domain = Domain::start(&site)?;
    let client = Client::new(Maker::Heimdal, &site, &domain.directory(), samba::REALM)?;
    let ccache = client.kinit(USER, PASSWORD, &["-f"])?;
    for service in [FRONT, BACK, WILLING] {
        client.ticket(&ccache, &[], service)?;
    }
    let keytab = domain.keytab("front")?.display().to_string();
    let ccache = client.kinit("front", "", &["-f", "-k", "-t", &keytab])?;
    let evidence = site.fresh_path("evidence").display().to_string();
    let (out, of) = (format!("--out-cache={evidence}"), format!("--impersonate={USER}"));
    client.ticket(&ccache, &["--forwardable", &out, &of], "front")?;
    client.ticket(&ccache, &[&format!("--delegation-credential-cache={evidence}")], BACK)?;
    ensure!(client.klist(&ccache)?.contains("for client alice"), "{}", client.klist(&ccache)?);
    Ok(())
}
