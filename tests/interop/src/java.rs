//! Java's Kerberos: `Krb5LoginModule` and JGSS.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::peer::{self, Finished};
use crate::site::Site;
use crate::{packages, python};

/// A ticket in Java's hands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ticket {
    /// Its client, with the realm.
    pub client: String,
    /// Its service, with the realm.
    pub service: String,
    /// Enctype of its session key.
    pub enctype: u16,
    /// Whether it is forwardable.
    pub forwardable: bool,
}

/// What Java logs in with.
#[derive(Clone, Copy, Debug)]
pub enum Secret<'a> {
    /// A password.
    Password(&'a str),
    /// A keytab.
    Keytab(&'a Path),
}

/// Logs in and makes a GSS context for a service, both with their realms, and gives the tickets that took, or else
/// what Java says.
///
/// # Errors
/// Java is missing, or does not end.
pub fn login(
    site: &Site,
    config: &Path,
    principal: &str,
    secret: Secret<'_>,
    service: &str,
) -> Result<Result<Vec<Ticket>, Finished>> {
    let mut command = command(site, config, "Krb5Login.java")?;
    command.args([principal, service]);
    let finished = match secret {
        Secret::Password(password) => peer::finish(&mut command, password.as_bytes())?,
        Secret::Keytab(path) => peer::finish(command.arg(path), b"")?,
    };
    if !finished.status.success() {
        return Ok(Err(finished));
    }
    let tickets =
        finished.stdout.lines().map(|line| ticket(line).with_context(|| format!("Java says {line:?}")));
    tickets.collect::<Result<_>>().map(Ok)
}

fn ticket(line: &str) -> Option<Ticket> {
    let [client, service, enctype, forwardable] = line.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    Some(Ticket {
        client: client.into(),
        service: service.into(),
        enctype: enctype.parse().ok()?,
        forwardable: forwardable.parse().ok()?,
    })
}

/// A program of the folder `peers`, compiled as it starts.
fn command(site: &Site, config: &Path, program: impl AsRef<OsStr>) -> Result<Command> {
    packages::find("javac")?;
    let mut command = site.command(packages::find("java")?);
    // Its own option, since Java does not read KRB5_CONFIG. The rest makes it start sooner.
    command.arg(format!("-Djava.security.krb5.conf={}", config.display()));
    command.args(["-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:+UseSerialGC"]);
    command.arg(Path::new(python::PROGRAMS).join(program.as_ref()));
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_tickets() {
        let read = ticket("alice@A.TEST krbtgt/A.TEST@A.TEST 18 true").unwrap();
        assert_eq!((read.enctype, read.forwardable), (18, true));
        assert_eq!((read.client.as_str(), read.service.as_str()), ("alice@A.TEST", "krbtgt/A.TEST@A.TEST"));
        assert_eq!(ticket("alice@A.TEST krbtgt/A.TEST@A.TEST 18"), None);
        assert_eq!(ticket("Exception in thread main"), None);
    }
}
