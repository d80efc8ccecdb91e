//! Java's Krb5LoginModule and JGSS.

use anyhow::{Result, anyhow, ensure};
use interop::java::{self, Secret, Ticket};
use interop::testkdc::TestKdc;
use krb5_crypto::EncType;
use krb5_testkdc::Realm;
use krb5_testkdc::serve::Via;

use super::{PASSWORD, SERVICE, USER, realm, start};

fn login(kdc: &TestKdc, via: Via, secret: Secret<'_>) -> Result<Vec<Ticket>> {
    let config = kdc.config_file(via, "[libdefaults]\nforwardable = true\n")?;
    let said = java::login(kdc.site(), &config, USER, secret, SERVICE)?;
    said.map_err(|said| anyhow!("{via:?}: Java says {}{}", said.stdout, said.stderr))
}

fn assert_both(tickets: &[Ticket], enctype: u16) -> Result<()> {
    for service in ["krbtgt/SOCKET.TEST@SOCKET.TEST", SERVICE] {
        ensure!(
            tickets.iter().any(|ticket| ticket.service == service
                && ticket.client == USER
                && ticket.enctype == enctype
                && ticket.forwardable),
            "{service}, {enctype}: {tickets:?}"
        );
    }
    Ok(())
}

#[test]
fn password_and_keytab() -> Result<()> {
    let kdc = start(realm())?;
    let keytab = kdc.keytab_file(USER)?;
    for (via, secret) in [
        (Via::Udp, Secret::Password(PASSWORD)),
        (Via::Tcp, Secret::Password(PASSWORD)),
        (Via::Udp, Secret::Keytab(&keytab)),
    ] {
        assert_both(&login(&kdc, via, secret)?, 18)?;
    }
    Ok(())
}

/// Those that Java 17 has.
#[test]
fn every_enctype() -> Result<()> {
    for enctype in [
        EncType::AES128_CTS_HMAC_SHA1_96,
        EncType::AES256_CTS_HMAC_SHA384_192,
        EncType::AES128_CTS_HMAC_SHA256_128,
        EncType::RC4_HMAC,
    ] {
        let kdc = start(Realm { enctypes: vec![enctype], ..realm() })?;
        assert_both(&login(&kdc, Via::Tcp, Secret::Password(PASSWORD))?, enctype.0.try_into()?)?;
    }
    Ok(())
}

#[test]
fn wrong_password() -> Result<()> {
    let kdc = start(realm())?;
    let error = login(&kdc, Via::Udp, Secret::Password("wrong")).unwrap_err().to_string();
    ensure!(error.contains("Pre-authentication information was invalid (24)"), "{error}");
    Ok(())
}
