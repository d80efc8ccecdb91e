//! Logging in: every way, enctype, pre-authentication and kind of name.

use anyhow::{Context as _, Result, ensure};
use interop::kdc::client::Maker;
use interop::peer;
use interop::testkdc::{TestKdc, ways};
use krb5_crypto::EncType;
use krb5_testkdc::serve::Via;
use krb5_testkdc::{Account, Realm};

use super::{PASSWORD, SERVICE, USER, realm, start};

const MAKERS: [Maker; 2] = [Maker::Mit, Maker::Heimdal];

#[test]
fn password_by_every_way() -> Result<()> {
    let kdc = start(realm())?;
    for maker in MAKERS {
        for &via in ways(maker) {
            let case = || format!("{maker:?} {via:?}");
            let client = kdc.client(maker, via)?;
            let ccache = client.kinit(USER, PASSWORD, &[]).with_context(case)?;
            client.ticket(&ccache, &[], SERVICE).with_context(case)?;
            let listed = client.klist(&ccache)?;
            for service in [SERVICE, "krbtgt/SOCKET.TEST@SOCKET.TEST"] {
                ensure!(listed.contains(service), "{}: {listed}", case());
            }
        }
    }
    Ok(())
}

/// Reply, ticket and session key, all in one enctype.
#[test]
fn every_enctype() -> Result<()> {
    for enctype in [
        EncType::AES256_CTS_HMAC_SHA1_96,
        EncType::AES128_CTS_HMAC_SHA1_96,
        EncType::AES256_CTS_HMAC_SHA384_192,
        EncType::AES128_CTS_HMAC_SHA256_128,
        EncType::CAMELLIA256_CTS_CMAC,
        EncType::CAMELLIA128_CTS_CMAC,
        EncType::RC4_HMAC,
    ] {
        let kdc = start(Realm { enctypes: vec![enctype], ..realm() })?;
        for maker in MAKERS {
            // Heimdal 7.8 has none of RFC 6803.
            let is_camellia =
                [EncType::CAMELLIA256_CTS_CMAC, EncType::CAMELLIA128_CTS_CMAC].contains(&enctype);
            if maker == Maker::Heimdal && is_camellia {
                continue;
            }
            let case = || format!("{maker:?} {enctype}");
            let client = kdc.client(maker, Via::Tcp)?;
            let ccache = client.kinit(USER, PASSWORD, &[]).with_context(case)?;
            client.ticket(&ccache, &[], SERVICE).with_context(case)?;
            let listed = client.klist(&ccache)?.replace("DEPRECATED:", "");
            let name = interop::enctype::Enctype(enctype.0.try_into()?).mit_name();
            let both = format!("Etype (skey, tkt): {name}, {name}");
            ensure!(listed.matches(&both).count() == 2, "{}: {listed}", case());
        }
    }
    Ok(())
}

#[test]
fn keytab() -> Result<()> {
    let kdc = start(realm())?;
    for name in [USER, SERVICE] {
        let keytab = kdc.keytab_file(name)?.display().to_string();
        for maker in MAKERS {
            let client = kdc.client(maker, Via::Udp)?;
            let ccache = client.kinit(name, "", &["-k", "-t", &keytab]).with_context(|| name.to_owned())?;
            ensure!(
                client.klist(&ccache)?.contains(&format!("Default principal: {name}")),
                "{maker:?} {name}"
            );
        }
    }
    Ok(())
}

#[test]
fn without_preauth() -> Result<()> {
    let eve = Account { requires_preauth: false, ..Account::user("eve", PASSWORD) };
    let kdc = start(realm().account(eve))?;
    for maker in MAKERS {
        let client = kdc.client(maker, Via::Udp)?;
        let ccache = client.kinit("eve@SOCKET.TEST", PASSWORD, &[])?;
        ensure!(!client.klist(&ccache)?.contains("pa_type"), "{maker:?}: {}", client.klist(&ccache)?);
    }
    Ok(())
}

/// MIT writes into the cache how it logged in: 2 is the encrypted timestamp, 138 the encrypted challenge of FAST, and
/// 151 SPAKE. Heimdal 7.8 cannot log in inside FAST wherever the KDC strengthens the reply key (RFC 6113 section
/// 5.4.3), since it reads the strengthening key and does not use it.
#[test]
fn preauth_of_every_kind() -> Result<()> {
    let armor_kdc = start(realm())?;
    let by = |kdc: &TestKdc, options: &[&str], extra: &str| -> Result<String> {
        let client = kdc.client_with(Maker::Mit, Via::Udp, extra)?;
        let ccache = client.kinit(USER, PASSWORD, options)?;
        client.ticket(&ccache, &[], SERVICE)?;
        let listed = client.klist(&ccache)?;
        let kind =
            listed.lines().find_map(|line| line.split_once("pa_type")).map(|(_, kind)| kind.to_owned());
        Ok(kind.unwrap_or_default().chars().filter(char::is_ascii_digit).collect())
    };
    for group in ["edwards25519", "P-256"] {
        let extra = format!("[libdefaults]\nspake_preauth_groups = {group}\n");
        assert_eq!(by(&armor_kdc, &[], &extra)?, "151", "{group}");
    }
    let timestamp = start(Realm { spake: false, ..realm() })?;
    assert_eq!(by(&timestamp, &[], "")?, "2");
    let armor = timestamp.client(Maker::Mit, Via::Udp)?.kinit(USER, PASSWORD, &[])?;
    assert_eq!(by(&timestamp, &["-T", &armor.display().to_string()], "")?, "138");
    let armor = armor_kdc.client(Maker::Mit, Via::Udp)?.kinit(USER, PASSWORD, &[])?;
    assert_eq!(by(&armor_kdc, &["-T", &armor.display().to_string()], "")?, "151", "SPAKE inside FAST");
    Ok(())
}

/// An alias, and an enterprise name: the ticket is for the account.
#[test]
fn canonical_names() -> Result<()> {
    let liddell = Account {
        aliases: vec!["al".into(), "alice\\@wonder.land".into()],
        ..Account::user("liddell", PASSWORD)
    };
    let kdc = start(realm().account(liddell))?;
    let canonical = "Default principal: liddell@SOCKET.TEST";
    let mit = kdc.client(Maker::Mit, Via::Udp)?;
    let heimdal = kdc.client(Maker::Heimdal, Via::Udp)?;
    for (client, name, options) in [
        (&mit, "al", ["-C"].as_slice()),
        (&mit, "alice@wonder.land", &["-E", "-C"]),
        (&heimdal, "al", &["--canonicalize"]),
        (&heimdal, "alice@wonder.land", &["--enterprise", "--canonicalize"]),
    ] {
        let case = || format!("{name} {options:?}");
        let ccache = client.kinit(name, PASSWORD, options).with_context(case)?;
        let listed = client.klist(&ccache)?;
        ensure!(listed.contains(canonical), "{}: {listed}", case());
        client.ticket(&ccache, &[], SERVICE).with_context(case)?;
    }
    Ok(())
}

#[test]
fn renewal() -> Result<()> {
    let kdc = start(realm())?;
    for maker in MAKERS {
        let client = kdc.client(maker, Via::Udp)?;
        let options: &[&str] = match maker {
            Maker::Mit => &["-l", "1h", "-r", "2d"],
            Maker::Heimdal => &["--lifetime=1h", "--renewable-life=2d"],
        };
        let ccache = client.kinit(USER, PASSWORD, options)?;
        let before = client.klist(&ccache)?;
        ensure!(before.contains("renew until") && flags(&before).contains('R'), "{before}");
        kdc.clock().advance(core::time::Duration::from_secs(120));
        let mut renew = client.command("kinit")?;
        peer::succeed(renew.arg("-c").arg(&ccache).args(["-R", USER]), b"")
            .with_context(|| format!("{maker:?}"))?;
        let after = client.klist(&ccache)?;
        ensure!(flags(&after).contains('R') && after != before, "{after}");
        kdc.clock().turn_back(core::time::Duration::from_secs(120));
    }
    Ok(())
}

/// Flags of a cache's first ticket.
fn flags(listed: &str) -> &str {
    listed.split_once("Flags: ").map_or("", |(_, rest)| rest.lines().next().unwrap_or_default())
}

#[test]
fn flags_that_were_asked_for() -> Result<()> {
    let kdc = start(realm())?;
    let client = kdc.client(Maker::Mit, Via::Udp)?;
    for (options, has, lacks) in [
        (["-f", "-P"], 'F', 'P'),
        (["-F", "-p"], 'P', 'F'),
        (["-l", "1h"], 'I', 'R'),
        (["-f", "-p"], 'P', 'f'),
    ] {
        let ccache = client.kinit(USER, PASSWORD, &options)?;
        let listed = client.klist(&ccache)?;
        ensure!(flags(&listed).contains(has) && !flags(&listed).contains(lacks), "{options:?}: {listed}");
    }
    Ok(())
}
