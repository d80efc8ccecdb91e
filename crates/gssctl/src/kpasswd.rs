//! `gssctl kpasswd`: a new password.

use crate::kerberos::{self, Kerberos};
use crate::{password, text};
use anyhow::{Context, Result};
use krb5_asn1::{NameType, Principal};
use krb5_client::{AsExchange, AsOptions, Credential, PasswordExchange, PasswordOptions, Secret};
use std::path::PathBuf;

/// Changes a password.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Whose password, or with --set-for: who sets it. Default: whose tickets are in the usual cache
    principal: Option<String>,
    /// Set the password of this principal, as an administrator
    #[arg(long, value_name = "PRINCIPAL")]
    set_for: Option<String>,
    /// Where the old password is, in the first line; - for standard input. Default: ask at the terminal
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Where the new password is; default: ask at the terminal, twice
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,
    #[command(flatten)]
    kerberos: kerberos::Arguments,
}

/// Changes it.
///
/// # Errors
/// The KDC refuses the old password or the new one, or none answers.
pub fn run(arguments: &Arguments) -> Result<()> {
    let realm = arguments.principal.as_deref().and_then(text::realm_of);
    let kerberos = Kerberos::open(&arguments.kerberos, realm)?;
    let client = match &arguments.principal {
        Some(name) => kerberos.local.principal(name)?,
        None => kerberos.local.cache(None)?.principal().context("whose password? Name a principal")?,
    };
    let target = arguments.set_for.as_deref().map(|name| kerberos.local.principal(name)).transpose()?;
    let prompt = format!("Password for {client}: ");
    let old = Secret::password(password::obtain(arguments.password_file.as_deref(), &prompt)?.as_bytes());
    let (whose, said) = match target {
        None => {
            let new = password::obtain_new(arguments.new_password_file.as_deref())?;
            let said = change(&kerberos, &client, old, &new)?;
            (client, said)
        }
        Some(target) => {
            let new = password::obtain_new(arguments.new_password_file.as_deref())?;
            let said = set(&kerberos, &client, old, &target, &new)?;
            (target, said)
        }
    };
    println!("the password of {whose} is changed");
    if let Some(text) = said {
        println!("the server says: {}", text.escape_debug());
    }
    Ok(())
}

/// Gets a ticket for password changes with the old password, and changes it. Gives what the server has to say.
pub(crate) fn change(
    kerberos: &Kerberos,
    client: &Principal,
    old: Secret,
    new: &str,
) -> Result<Option<String>> {
    let (ticket, options) = log_in(kerberos, client, old)?;
    let outcome = kerberos.run(|_, env| PasswordExchange::change(&ticket, new.as_bytes(), &options, env))?;
    Ok(outcome.text)
}

fn set(
    kerberos: &Kerberos,
    client: &Principal,
    secret: Secret,
    target: &Principal,
    new: &str,
) -> Result<Option<String>> {
    let (ticket, options) = log_in(kerberos, client, secret)?;
    let outcome = kerberos.run(|_, env| PasswordExchange::set(&ticket, target, new, &options, env))?;
    Ok(outcome.text)
}

/// A ticket for password changes, which KDCs give for expired passwords too.
fn log_in(kerberos: &Kerberos, client: &Principal, secret: Secret) -> Result<(Credential, PasswordOptions)> {
    const LIFETIME: u32 = 300;
    let (name, realm) = (["kadmin", "changepw"], client.realm());
    let server = Principal::from_components(NameType::SRV_INST, name, realm.as_bytes())?;
    let options = AsOptions { server: Some(server), lifetime: LIFETIME, ..AsOptions::new(client.clone()) };
    let outcome = kerberos.run(|policy, env| AsExchange::new(policy, options, secret, env))?;
    let options = PasswordOptions { kdc_offset: outcome.kdc_offset, ..PasswordOptions::default() };
    Ok((outcome.credential, options))
}
