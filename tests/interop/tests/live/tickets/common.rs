//! What the KDCs of all makers are asked alike.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use interop::enctype::Enctype;
use interop::kdc::{Account, Directory, Kdc};
use krb5_asn1::{Decode as _, PaDataType, Principal, Ticket, TicketFlags};
use krb5_client::{
    AsOptions, Credential, PasswordError, PasswordExchange, PasswordOptions, PasswordOutcome, S4uUser,
    Secret, TgsError, TgsExchange, TgsOptions,
};
use krb5_crypto::{EncType, KeyUsage};
use krb5_files::Keytab;

use super::ours::{Ours, Outcome, refused};
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
/// enctype has a user with pre-authentication, one without, and a service. `tells_salt` says whether the KDC does so to
/// whom it does not ask for pre-authentication.
pub(crate) fn every_enctype(
    kdc: &dyn Kdc,
    directory: &Directory,
    realm: &str,
    enctypes: &[Enctype],
    tells_salt: impl Fn(Enctype) -> bool,
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
            let password = (preauth || tells_salt(number)).then(|| Secret::password(PASSWORD));
            for secret in password.into_iter().chain([keys]) {
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

/// Inside FAST, with the armor of another principal's ticket: a user with pre-authentication and one without.
pub(crate) fn inside_fast(kdc: &dyn Kdc, ours: &Ours<'_>, realm: &str) -> Result<()> {
    kdc.add(&Account::user("armor", PASSWORD))?;
    kdc.add(&Account::user("unasked", PASSWORD).without_preauth())?;
    let armor = tgt_of(ours, &kdc.keytab("armor")?, principal("armor", realm)?, |_| ())?;
    for (name, preauth) in [(USER, Some(PaDataType::ENCRYPTED_CHALLENGE)), ("unasked", None)] {
        let mut options = AsOptions::new(principal(name, realm)?);
        options.armor = Some(armor.clone());
        let outcome = ours.login(options, Secret::password(PASSWORD))?.with_context(|| kdc.logs())?;
        ensure!(outcome.fast_used && outcome.fast_available, "{name}: {outcome:?}");
        ensure!(outcome.pa_type == preauth, "{name}: {outcome:?}");
    }
    Ok(())
}

/// A ticket for later.
pub(crate) fn postdated(ours: &Ours<'_>, realm: &str) -> Result<()> {
    let begin = ours.now().saturating_add_seconds(12 * 60 * 60);
    let later = tgt(ours, realm, |options| options.start = Some(begin))?;
    ensure!(later.flags.contains(TicketFlags::INVALID | TicketFlags::POSTDATED), "{later:?}");
    ensure!(later.times.start == begin, "{later:?}");
    let validated =
        ours.run(|policy, env| TgsExchange::validate(policy, &later, TgsOptions::default(), env))?;
    refused(validated, "ticket_not_yet_valid", &[])
}

/// Renewed and forwarded tickets.
pub(crate) fn tickets_of_tickets(kdc: &dyn Kdc, ours: &Ours<'_>, realm: &str) -> Result<()> {
    const DAY: i64 = 24 * 60 * 60;
    let log = || kdc.logs();
    let first = tgt(ours, realm, |options| {
        (options.lifetime, options.renew_lifetime) = (3600, Some(2 * 24 * 60 * 60));
        options.forwardable = true;
    })?;
    ensure!(first.flags.contains(TicketFlags::RENEWABLE | TicketFlags::FORWARDABLE), "{first:?}");
    let renew_till = first.times.renew_till.context("no renew-till")?;
    ensure!((renew_till.seconds() - first.times.auth.seconds() - 2 * DAY).abs() <= 5, "{first:?}");
    let none = TgsOptions::default;

    let renewed =
        ours.run(|policy, env| TgsExchange::renew(policy, &first, none(), env))?.with_context(log)?;
    let renewed = renewed.credential;
    ensure!(renewed.ticket != first.ticket && renewed.times.auth == first.times.auth, "{renewed:?}");
    ensure!(renewed.is_tgt() && renewed.times.renew_till == first.times.renew_till, "{renewed:?}");
    let server = principal(&service(realm), realm)?;
    ours.service(&renewed, &server, none())?.with_context(log)?;

    let forward =
        |tgt: &Credential| ours.run(|policy, env| TgsExchange::forward(policy, tgt, Vec::new(), none(), env));
    let forwarded = forward(&renewed)?.with_context(log)?.credential;
    ensure!(forwarded.flags.contains(TicketFlags::FORWARDED), "{forwarded:?}");
    ours.service(&forwarded, &server, none())?.with_context(log)?;
    let plain = tgt(ours, realm, |_| ())?;
    refused(forward(&plain)?, "ticket_lacks_flag", &["FORWARDABLE", "log in again"])?;

    Ok(())
}

/// A ticket for a user, who is known as a server under another name perhaps, and has no long-term key at hand.
pub(crate) fn user_to_user(ours: &Ours<'_>, realm: &str, user: &str, server: &str) -> Result<()> {
    let (own_tgt, peer) = (tgt(ours, realm, |_| ())?, principal(server, realm)?);
    let peer_tgt =
        ours.login(AsOptions::new(principal(user, realm)?), Secret::password(PASSWORD))??.credential;
    let ticket = ours
        .run(|policy, env| {
            TgsExchange::user_to_user(policy, &own_tgt, &peer, &peer_tgt.ticket, TgsOptions::default(), env)
        })??
        .credential;
    ensure!(ticket.server == peer && ticket.second_ticket.as_ref() == Some(&peer_tgt.ticket), "{ticket:?}");
    // Nobody but the peer opens it, and without a long-term key.
    let mut sealed = Ticket::from_der(&ticket.ticket)?.enc_part.cipher.as_bytes().to_vec();
    peer_tgt.session_key.cipher(KeyUsage::TICKET).decrypt_in_place(&mut sealed)?;
    Ok(())
}

/// A service's ticket to itself in the user's name.
pub(crate) fn for_user(
    ours: &Ours<'_>,
    keytab: &Path,
    front: &Principal,
    realm: &str,
) -> Result<(Credential, Credential)> {
    let tgt = tgt_of(ours, keytab, front.clone(), |options| options.forwardable = true)?;
    let user = S4uUser::named(principal(USER, realm)?);
    let options = TgsOptions::default();
    let evidence =
        ours.run(|policy, env| TgsExchange::s4u_self(policy, &tgt, front, user, options, env))??.credential;
    is_for_user(&evidence, front, realm)?;
    Ok((tgt, evidence))
}

pub(crate) fn is_for_user(ticket: &Credential, server: &Principal, realm: &str) -> Result<()> {
    ensure!(ticket.client == principal(USER, realm)? && ticket.server == *server, "{ticket:?}");
    Ok(())
}

/// A ticket to another service on the strength of that.
pub(crate) fn at_back_end(
    ours: &Ours<'_>,
    (tgt, evidence): &(Credential, Credential),
    back: &Principal,
) -> Outcome<Credential, TgsError> {
    let outcome = ours.run(|policy, env| {
        TgsExchange::s4u_proxy(policy, tgt, &evidence.into(), back, TgsOptions::default(), env)
    })?;
    Ok(outcome.map(|outcome| outcome.credential))
}

/// A ticket for the server of password changes.
pub(crate) fn for_passwords(
    ours: &Ours<'_>,
    client: &str,
    password: &str,
    realm: &str,
) -> Result<Credential> {
    let mut options = AsOptions::new(principal(client, realm)?);
    options.server = Some(principal("kadmin/changepw", realm)?);
    options.lifetime = 300;
    Ok(ours.login(options, Secret::password(password))??.credential)
}

pub(crate) fn change(
    ours: &Ours<'_>,
    ticket: &Credential,
    new: &str,
) -> Outcome<PasswordOutcome, PasswordError> {
    ours.run(|_, env| PasswordExchange::change(ticket, new.as_bytes(), &PasswordOptions::default(), env))
}

/// The user changes the password; then the new one holds.
pub(crate) fn change_password(kdc: &dyn Kdc, ours: &Ours<'_>, realm: &str) -> Result<()> {
    const NEW: &str = "Käse & Brot 4 everybody";
    let ticket = for_passwords(ours, USER, PASSWORD, realm)?;
    change(ours, &ticket, NEW)?.with_context(|| kdc.logs())?;
    let user = || Ok::<_, anyhow::Error>(AsOptions::new(principal(USER, realm)?));
    ours.login(user()?, Secret::password(NEW))??;
    refused(ours.login(user()?, Secret::password(PASSWORD))?, "wrong_password", &["wrong"])
}
