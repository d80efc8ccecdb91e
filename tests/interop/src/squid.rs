//! squid, a proxy that wants a login.

use core::fmt::Write as _;
use core::net::Ipv4Addr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::authority::ServerCertificate;
use crate::peer::{self, Peer};
use crate::site::open_to_service_users;
use crate::web::{PROXY, REALM, WWW, World};
use crate::{packages, port, python};

/// Schemes that the proxy offers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Offer {
    /// Negotiate with Kerberos. The proxy does not send its last token, hence proves nothing.
    Negotiate,
    /// The scheme NTLM, for connections, with gss-ntlmssp behind it, which refuses curl. Its user is [`NTLM_USER`].
    Ntlm,
    /// The same with Debian's helper. Any password is right: it looks at the names alone, and reads each of them one byte too
    /// far. The offsets in its challenges lead out of them, which curl does not look at and our client refuses.
    FakeNtlm,
}

/// The user of [`Offer::Ntlm`]: domain, name and password.
pub const NTLM_USER: [&str; 3] = ["INTEROP", "carol", "Staple 7 battery"];

/// A request as the proxy's log has it, written when the response or the tunnel ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Access {
    /// Status of the response.
    pub status: u16,
    /// Method of the request.
    pub method: String,
    /// URL, or host and port of a tunnel.
    pub target: String,
    /// Who has logged in; absent for nobody.
    pub user: Option<String>,
}

/// A running proxy at host [`PROXY`]. It lets everybody who has logged in go everywhere.
#[derive(Debug)]
pub struct Squid {
    peer: Peer,
    port: u16,
    tls_port: u16,
    access_log: PathBuf,
    cache_log: PathBuf,
}

impl Squid {
    /// Starts it on free loopback ports, with these schemes in order.
    ///
    /// # Errors
    /// A package is missing, or squid does not start.
    pub fn start(world: &World, offers: &[Offer]) -> Result<Self> {
        Self::start_with(world, offers, "proxy_auth REQUIRED")
    }

    /// The same, which lets one user go everywhere and everybody else nowhere.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_for(world: &World, offers: &[Offer], user: &str) -> Result<Self> {
        Self::start_with(world, offers, &format!("proxy_auth {user}"))
    }

    fn start_with(world: &World, offers: &[Offer], known: &str) -> Result<Self> {
        let site = world.site();
        let folder = site.fresh_path("squid");
        fs::create_dir(&folder)?;
        // squid serves as another user when the tests run as root.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))?;
        fs::write(folder.join("hosts"), format!("{} {WWW}\n", Ipv4Addr::LOCALHOST))?;
        let (port, tls_port) = (port::free()?, port::free()?);
        let config = folder.join("squid.conf");
        let mut text = configuration(&folder, offers, known, &world.keytab(PROXY)?)?;
        let ServerCertificate { certificate, key } = world.certificate();
        let (certificate, key) = (certificate.display(), key.display());
        writeln!(text, "http_port 127.0.0.1:{port}")?;
        writeln!(text, "https_port 127.0.0.1:{tls_port} tls-cert={certificate} tls-key={key}")?;
        fs::write(&config, text)?;
        let mut command = site.command(packages::find("squid")?);
        // -N: one process in the foreground, whose helpers end when it does.
        command.arg("-N").arg("-f").arg(&config).current_dir(&folder);
        command.env("KRB5RCACHENAME", format!("file2:{}", folder.join("replay-cache").display()));
        let mut peer = Peer::start("squid", &mut command, folder.join("output.log"))?;
        let cache_log = folder.join("cache.log");
        for port in [port, tls_port] {
            peer.wait_for_port(port).map_err(|error| error.context(peer::log_tail(&cache_log)))?;
        }
        Ok(Self { peer, port, tls_port, access_log: folder.join("access.log"), cache_log })
    }

    /// Its port without TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of that port, whose host has no address in DNS.
    pub fn url(&self) -> String {
        format!("http://{PROXY}:{}", self.port)
    }

    /// The URL of its other port, where clients speak TLS with it.
    pub fn tls_url(&self) -> String {
        format!("https://{PROXY}:{}", self.tls_port)
    }

    /// What curl has to be told to come by one of its URLs; the authority comes on top for TLS.
    pub fn curl_arguments(&self, url: &str) -> Vec<String> {
        let address = |port| format!("{PROXY}:{port}:127.0.0.1");
        let (clear, tls) = (address(self.port), address(self.tls_port));
        ["--noproxy", "", "--proxy", url, "--resolve", &clear, "--resolve", &tls].map(str::to_owned).to_vec()
    }

    /// Waits until this many requests have ended, and gives all that have.
    ///
    /// # Errors
    /// They do not end, or the log cannot be read.
    pub fn accesses(&mut self, count: usize) -> Result<Vec<Access>> {
        let log = &self.access_log;
        let requests = || {
            let text = fs::read_to_string(log).unwrap_or_default();
            let lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
            // Connections without a request, like the one that saw whether anybody listens.
            lines.filter(|line| !line.contains(" error:")).map(str::to_owned).collect::<Vec<_>>()
        };
        self.peer.wait_until("log its requests", || requests().len() >= count)?;
        let requests = requests().into_iter();
        requests.map(|line| access(&line).with_context(|| format!("squid logs {line:?}"))).collect()
    }

    /// The end of its logs.
    pub fn log_tail(&self) -> String {
        let logs = [&self.access_log, &self.cache_log].map(|log| peer::log_tail(log));
        format!("{}\n{}", self.peer.log_tail(), logs.join("\n"))
    }
}

fn configuration(folder: &Path, offers: &[Offer], known: &str, keytab: &Path) -> Result<String> {
    let path = folder.display();
    // Nothing is kept, looked up or sent to anybody else.
    let mut text = format!(
        "udp_outgoing_address 127.0.0.1\n\
         dns_nameservers 127.0.0.1\n\
         hosts_file {path}/hosts\n\
         visible_hostname {PROXY}\n\
         pid_filename none\n\
         coredump_dir none\n\
         netdb_filename none\n\
         pinger_enable off\n\
         cache deny all\n\
         cache_mem 4 MB\n\
         shutdown_lifetime 0 seconds\n\
         cache_log {path}/cache.log\n\
         logformat interop %>Hs %rm %ru %un\n\
         access_log stdio:{path}/access.log logformat=interop\n"
    );
    for offer in offers {
        let (scheme, program) = match offer {
            Offer::Negotiate => {
                let helper = packages::find("negotiate_kerberos_auth")?;
                let service = format!("HTTP/{PROXY}@{REALM}");
                ("negotiate", format!("{} -d -k {} -s {service}", helper.display(), keytab.display()))
            }
            Offer::Ntlm => ("ntlm", ntlm_helper(folder)?),
            Offer::FakeNtlm => ("ntlm", packages::find("ntlm_fake_auth")?.display().to_string()),
        };
        writeln!(text, "auth_param {scheme} program {program}")?;
        writeln!(text, "auth_param {scheme} children 4 startup=1 idle=1")?;
        writeln!(text, "auth_param {scheme} keep_alive on")?;
    }
    writeln!(text, "acl known {known}\nhttp_access allow known\nhttp_access deny all")?;
    Ok(text)
}

/// Has the helper where squid's own user can read it, and gives its command line.
fn ntlm_helper(folder: &Path) -> Result<String> {
    const PROGRAM: &str = "squid_ntlm.py";
    packages::find("python3-gssapi")?;
    let (program, users) = (folder.join(PROGRAM), folder.join("ntlm-users"));
    fs::copy(Path::new(python::PROGRAMS).join(PROGRAM), &program)?;
    fs::write(&users, NTLM_USER.join(":") + "\n")?;
    for path in [&program, &users] {
        open_to_service_users(path)?;
    }
    Ok(format!(
        "{} NTLM_USER_FILE={} GSS_MECH_CONFIG={} {} -I -B {}",
        packages::find("env")?.display(),
        users.display(),
        packages::find("gss-ntlmssp")?.display(),
        packages::find("python3")?.display(),
        program.display()
    ))
}

fn access(line: &str) -> Option<Access> {
    let [status, method, target, user] = line.split(' ').collect::<Vec<_>>()[..] else { return None };
    Some(Access {
        status: status.parse().ok()?,
        method: method.into(),
        target: target.into(),
        user: (user != "-").then(|| user.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_log() {
        let read = access("200 CONNECT www.example.test:443 alice@EXAMPLE.TEST").unwrap();
        assert_eq!((read.status, read.method.as_str()), (200, "CONNECT"));
        assert_eq!(read.user.as_deref(), Some("alice@EXAMPLE.TEST"));
        assert_eq!(access("407 GET http://a/ -").unwrap().user, None);
        assert_eq!(access("407 GET http://a/"), None);
    }
}
