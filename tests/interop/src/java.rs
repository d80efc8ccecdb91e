//! Java's Kerberos: `Krb5LoginModule`, JGSS, and the login of `HttpURLConnection`.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::peer::{self, Finished};
use crate::site::Site;
use crate::web::Target;
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
    let mut command = command(site, config, &[], "Krb5Login.java")?;
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

/// Fetches a page with `HttpURLConnection` and the tickets of a ccache, as text. It binds its login to the channel if
/// `bound` says so, which is not its default. Gives status and page.
///
/// # Errors
/// Java is missing, or fails, or does not end.
pub fn get(site: &Site, config: &Path, target: &Target, ccache: &Path, bound: bool) -> Result<(u16, String)> {
    let hosts = site.fresh_path("hosts");
    fs::write(&hosts, format!("127.0.0.1 {}\n", target.host()))?;
    let binding = if bound { "always" } else { "never" };
    // Java finds the tickets by itself only if it may look further than its own login.
    let properties = [
        format!("-Djdk.net.hosts.file={}", hosts.display()),
        "-Djavax.security.auth.useSubjectCredsOnly=false".into(),
        format!("-Djdk.https.negotiate.cbt={binding}"),
    ];
    let mut command = command(site, config, &properties, "HttpGet.java")?;
    command.env("KRB5CCNAME", ccache).arg(target.url()).arg(target.authority());
    let output = peer::succeed(&mut command, b"")?;
    let (status, page) = output.split_once('\n').with_context(|| format!("Java says {output:?}"))?;
    Ok((status.parse()?, page.into()))
}

/// A program of the folder `peers`, compiled as it starts, with more properties.
fn command(site: &Site, config: &Path, properties: &[String], program: impl AsRef<OsStr>) -> Result<Command> {
    packages::find("javac")?;
    let mut command = site.command(packages::find("java")?);
    // Its own option, since Java does not read KRB5_CONFIG. The rest makes it start sooner.
    command.arg(format!("-Djava.security.krb5.conf={}", config.display()));
    command.args(properties).args(["-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:+UseSerialGC"]);
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
