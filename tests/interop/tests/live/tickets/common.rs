//! What the KDCs of all makers are asked alike.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use interop::enctype::Enctype;
use interop::kdc::{Account, Directory, Kdc};
use krb5_asn1::{Decode as _, PaDataType, Principal, Ticket};
use krb5_client::{AsOptions, Credential, Secret, TgsOptions};
use krb5_crypto::EncType;
use krb5_files::Keytab;

use super::ours::Ours;
use super::{PASSWORD, USER, service};

pub(crate) fn enctype(enctype: Enctype) -> EncType {
    EncType(enctype.0.into())
}

pub(crate) fn principal(name: &str, realm: &str) -> Result<Principal> {
    Ok(Principal::parse(name, Some(realm))?)
}

pub(crate) fn keys(keytab: &Path, principal: &Principal) -> Result<Secret> {
    let keytab = Keytab::parse(&fs::read(keytab)?)?;
    Ok(Secret::from_keytab(&keytab, principal)?)
}

/// The enctype that a ticket is encrypted in.
pub(crate) fn ticket_enctype(credential: &Credential) -> Result<EncType> {
    Ok(EncType(Ticket::from_der(&credential.ticket)?.enc_part.etype))
}

/// The user's ticket-granting ticket, with a password.
pub(crate) fn tgt(ours: &Ours<'_>, realm: &str, options: impl FnOnce(&mut AsOptions)) -> Result<Credential> {
    let mut asked = AsOptions::new(principal(USER, realm)?);
    options(&mut asked);
    Ok(ours.login(asked, Secret::password(PASSWORD))??.credential)
}

/// A ticket-granting ticket of a principal in a keytab.
pub(crate) fn tgt_of(
    ours: &Ours<'_>,
    keytab: &Path,
    client: Principal,
    options: impl FnOnce(&mut AsOptions),
) -> Result<Credential> {
    let secret = keys(keytab, &client)?;
    let mut asked = AsOptions::new(client);
    options(&mut asked);
    Ok(ours.login(asked, secret)??.credential)
}

/// Password and keytab, with and without pre-authentication, and a service ticket: everything in one enctype. Each
/// enctype has a user with pre-authentication, one without, and a service.
pub(crate) fn every_enctype(
    kdc: &dyn Kdc,
    directory: &Directory,
    realm: &str,
    enctypes: &[Enctype],
) -> Result<()> {
    for &number in enctypes {
        let wanted = enctype(number);
        let (service, single) = (format!("HTTP/etype{}.test", number.0), [number]);
        kdc.add(&Account::service(&service).enctypes(&single))?;
        let ours = Ours::new(directory).only(wanted);
        for preauth in [true, false] {
            let case = || format!("{wanted}, pre-authentication: {preauth}\n{}", kdc.logs());
            let name = format!("user{}{preauth}", number.0);
            let account = Account::user(&name, PASSWORD).enctypes(&single);
            kdc.add(&if preauth { account } else { account.without_preauth() })?;
            let client = principal(&name, realm)?;
            let keys = keys(&kdc.keytab(&name)?, &client)?;
            for secret in [Secret::password(PASSWORD), keys] {
                let kind = format!("{secret:?}");
                let outcome = ours.login(AsOptions::new(client.clone()), secret)?.with_context(case)?;
                ensure!(outcome.pa_type.is_some() == preauth, "{kind}: {outcome:?}");
                let tgt = outcome.credential;
                ensure!(tgt.client == client && tgt.session_key.enctype() == wanted, "{kind}: {tgt:?}");
                let server = principal(&service, realm)?;
                let options = TgsOptions::default();
                let ticket = ours.service(&tgt, &server, options)?.with_context(case)?.credential;
                ensure!(ticket.client == client && ticket.server == server, "{ticket:?}");
                ensure!(ticket.session_key.enctype() == wanted, "{ticket:?}");
                ensure!(ticket_enctype(&ticket)? == wanted, "{ticket:?}");
            }
        }
    }
    Ok(())
}

/// Inside FAST, with the armor of another principal's ticket: a user with pre-authentication and one without, and
/// further tickets, also inside FAST.
pub(crate) fn inside_fast(kdc: &dyn Kdc, ours: &Ours<'_>, realm: &str, expected: PaDataType) -> Result<()> {
    kdc.add(&Account::service("host/armor.test"))?;
    kdc.add(&Account::user("unasked", PASSWORD).without_preauth())?;
    let keytab = kdc.keytab("host/armor.test")?;
    let armor = tgt_of(ours, &keytab, principal("host/armor.test", realm)?, |_| ())?;
    for (name, preauth) in [(USER, Some(expected)), ("unasked", None)] {
        let mut options = AsOptions::new(principal(name, realm)?);
        options.armor = Some(armor.clone());
        let outcome = ours.login(options, Secret::password(PASSWORD))?.with_context(|| kdc.logs())?;
        ensure!(outcome.fast_used && outcome.fast_available, "{name}: {outcome:?}");
        ensure!(outcome.pa_type == preauth, "{name}: {outcome:?}");
        let server = principal(&service(realm), realm)?;
        let options = TgsOptions { fast: true, ..TgsOptions::default() };
        let ticket = ours.service(&outcome.credential, &server, options)?.with_context(|| kdc.logs())?;
        ensure!(ticket.credential.server == server, "{ticket:?}");
    }
    Ok(())
}
