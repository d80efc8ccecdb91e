//! Several realms: referrals to services and clients, with KDCs of MIT and Heimdal.

use anyhow::{Context, Result, ensure};
use interop::kdc::Kdc;
use interop::kdc::heimdal::Heimdal;
use interop::kdc::mit::Mit;
use interop::site::Site;
use krb5_asn1::Principal;
use krb5_client::{RealmPath, TgsOptions};

use super::common::{principal, tgt};
use super::ours::{Ours, refused};
use super::{HEIMDAL, MIT, OTHER_MIT, connect, directory, host, populate, service};

/// Named with its realm; and by the host alone, where the KDC refers.
#[test]
fn services_of_other_realms() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let mit = Mit::start(&site, &directory, MIT)?;
    let other = Mit::start(&site, &directory, OTHER_MIT)?;
    let heimdal = Heimdal::start(&site, &directory, HEIMDAL)?;
    let realms = [(&mit as &dyn Kdc, MIT), (&other, OTHER_MIT), (&heimdal, HEIMDAL)];
    connect(&realms)?;
    let ours = Ours::new(&directory);
    for (first, from) in realms {
        let tgt = tgt(&ours, from, |_| ())?;
        for (last, to) in realms {
            let named = principal(&service(to), to)?;
            let referred = Principal::new_service("HTTP", host(to), from);
            let somewhere = Principal::new_service("HTTP", host(to), "");
            // Heimdal's answers to a TGS-REQ are outside of FAST.
            let fast: &[bool] = if [from, to].contains(&HEIMDAL) { &[false] } else { &[false, true] };
            for &fast in fast {
                for server in [&named, &referred, &somewhere] {
                    let case =
                        || format!("from {from} for {server}, FAST: {fast}\n{}{}", first.logs(), last.logs());
                    let options = TgsOptions { fast, ..TgsOptions::default() };
                    let outcome = ours.service(&tgt, server, options)?.with_context(case)?;
                    let ticket = outcome.credential;
                    ensure!(ticket.server == named && ticket.client == tgt.client, "{ticket:?}");
                    let met: Vec<_> = outcome.cross_realm.iter().map(|tgt| tgt.server.to_string()).collect();
                    let expected = if from == to { vec![] } else { vec![format!("krbtgt/{to}@{from}")] };
                    ensure!(met == expected, "{met:?}");
                }
            }
        }
    }
    Ok(())
}

/// The realms at the ends share no key; the one between shares a key with each.
#[test]
fn through_a_realm_in_between() -> Result<()> {
    let (site, directory) = (Site::new()?, directory()?);
    let directory = directory.path(HEIMDAL, OTHER_MIT, MIT).path(OTHER_MIT, HEIMDAL, MIT);
    let mit = Mit::start(&site, &directory, MIT)?;
    let other = Mit::start(&site, &directory, OTHER_MIT)?;
    let heimdal = Heimdal::start(&site, &directory, HEIMDAL)?;
    for (kdc, realm) in [(&mit as &dyn Kdc, MIT), (&other, OTHER_MIT), (&heimdal, HEIMDAL)] {
        populate(kdc, realm)?;
    }
    for (one, another) in
        [((&mit as &dyn Kdc, MIT), (&other as &dyn Kdc, OTHER_MIT)), ((&mit, MIT), (&heimdal, HEIMDAL))]
    {
        one.0.trust(another.1, "between realms")?;
        another.0.trust(one.1, "between realms")?;
    }
    let ours = Ours::new(&directory);
    for (from, to) in [(HEIMDAL, OTHER_MIT), (OTHER_MIT, HEIMDAL)] {
        let logs = || [&mit as &dyn Kdc, &other, &heimdal].map(Kdc::logs).concat();
        let tgt = tgt(&ours, from, |_| ())?;
        let server = principal(&service(to), to)?;
        let path = RealmPath::Through(vec![MIT.into()]);
        let outcome = ours.service(&tgt, &server, TgsOptions { path, ..TgsOptions::default() })?;
        let outcome = outcome.with_context(logs)?;
        ensure!(outcome.credential.server == server, "{outcome:?}");
        let met: Vec<_> = outcome.cross_realm.iter().map(|tgt| tgt.server.to_string()).collect();
        ensure!(met == [format!("krbtgt/{MIT}@{from}"), format!("krbtgt/{to}@{MIT}")], "{met:?}");
    }
    // There and nowhere else.
    let lonely = principal(&service(OTHER_MIT), "NOWHERE.TEST")?;
    let tgt = tgt(&ours, HEIMDAL, |_| ())?;
    let nowhere = ours.service(&tgt, &lonely, TgsOptions::default())?;
    refused(nowhere, "realm_unreachable", &["NOWHERE.TEST", "[domain_realm]"])
}
