//! Apache with mod_auth_gssapi.

use core::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::authority::ServerCertificate;
use crate::peer::{self, Peer};
use crate::site::Site;
use crate::{packages, port};

/// What the server's page says.
pub const PAGE: &str = "behind the gate\n";

const MODULES: &[&str] = &[
    "mpm_event",
    "authn_core",
    "authz_core",
    "authz_user",
    "auth_gssapi",
    "headers",
    "mime",
    "dir",
    "setenvif",
];

const TLS_MODULES: &[&str] = &["socache_shmcb", "ssl", "http2"];

/// What the server is made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct ApacheOptions<'a> {
    /// Drops the final token from successful answers, so that the server does not prove itself.
    pub unproven: bool,
    /// Speaks TLS with this certificate, over HTTP/1.1 and HTTP/2. The module knows no channel bindings.
    pub certificate: Option<&'a ServerCertificate>,
    /// A login holds for its connection, which field `Persistent-Auth` says.
    pub connection_bound: bool,
}

/// A running server whose every page is behind Negotiate with Kerberos.
#[derive(Debug)]
pub struct Apache {
    port: u16,
    peer: Peer,
    delegated: PathBuf,
    error_log: PathBuf,
    access_log: PathBuf,
}

impl Apache {
    /// Starts the server with a keytab on a free loopback port. Field `X-User` of its answers says who logged
    /// in.
    ///
    /// # Errors
    /// A package is missing, or Apache does not start.
    pub fn start(site: &impl AsRef<Site>, keytab: &Path, options: &ApacheOptions<'_>) -> Result<Self> {
        let site = site.as_ref();
        let module = packages::find("mod_auth_gssapi")?;
        let modules = module.parent().unwrap_or(Path::new("/"));
        let port = port::free()?;
        let folder = site.fresh_path("apache");
        fs::create_dir(&folder)?;
        fs::create_dir(folder.join("pages"))?;
        let state = folder.join("state");
        fs::create_dir(&state)?;
        let delegated = folder.join("delegated");
        fs::create_dir(&delegated)?;
        // Apache serves as another user when the tests run as root.
        for writable in [&state, &delegated] {
            fs::set_permissions(writable, fs::Permissions::from_mode(0o777))?;
        }
        fs::write(folder.join("pages/index.html"), PAGE)?;
        let config = folder.join("apache.conf");
        fs::write(&config, configuration(&folder, modules, keytab, port, options)?)?;
        let mut command = site.command(packages::find("apache2")?);
        // -X: one process in the foreground, which ends when it is killed.
        command.arg("-X").arg("-f").arg(&config);
        command.env("KRB5RCACHENAME", format!("file2:{}", state.join("replay-cache").display()));
        let mut peer = Peer::start("apache2", &mut command, folder.join("output.log"))?;
        let error_log = folder.join("error.log");
        peer.wait_for_port(port).map_err(|error| error.context(peer::log_tail(&error_log)))?;
        let access_log = folder.join("access.log");
        Ok(Self { port, peer, delegated, error_log, access_log })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its requests: status, version of HTTP, user or `-`, and whether credentials came with it (scheme or `-`).
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn requests(&self) -> Result<Vec<String>> {
        let text = fs::read_to_string(&self.access_log)?;
        let lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        Ok(lines.map(str::to_owned).collect())
    }

    /// The same, once this many requests are there: Apache writes after it has answered.
    ///
    /// # Errors
    /// They do not come, or the log cannot be read.
    pub fn wait_for_requests(&mut self, count: usize) -> Result<Vec<String>> {
        let log = &self.access_log;
        let there = || fs::read_to_string(log).is_ok_and(|text| text.matches('\n').count() >= count);
        self.peer.wait_until("log its requests", there)?;
        self.requests()
    }

    /// Its root page, under the host name that the service's principal has.
    pub fn url(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }

    /// The ccache with what a user has delegated; absent until then.
    pub fn delegated(&self, user: &str) -> PathBuf {
        self.delegated.join(user)
    }

    /// The end of its logs.
    pub fn log_tail(&self) -> String {
        format!("{}\n{}", self.peer.log_tail(), peer::log_tail(&self.error_log))
    }
}

fn configuration(
    folder: &Path,
    modules: &Path,
    keytab: &Path,
    port: u16,
    options: &ApacheOptions<'_>,
) -> Result<String> {
    let mut text = String::new();
    let modules_of_tls = options.certificate.map_or(&[][..], |_| TLS_MODULES);
    for name in MODULES.iter().chain(modules_of_tls) {
        writeln!(text, "LoadModule {name}_module {}/mod_{name}.so", modules.display())?;
    }
    let (folder, keytab) = (folder.display(), keytab.display());
    let bound = if options.connection_bound { "On" } else { "Off" };
    // The user counts only when the tests run as root, as whom Apache refuses to serve.
    write!(
        text,
        "ServerName localhost\n\
         ServerRoot {folder}\n\
         PidFile {folder}/pid\n\
         DefaultRuntimeDir {folder}\n\
         Mutex pthread\n\
         Listen 127.0.0.1:{port}\n\
         User www-data\n\
         Group www-data\n\
         ErrorLog {folder}/error.log\n\
         LogLevel info auth_gssapi:debug\n\
         LogFormat \"%>s %H %u %{{scheme}}e\" interop\n\
         CustomLog {folder}/access.log interop\n\
         SetEnvIf Authorization \"^([A-Za-z]+)\" scheme=$1\n\
         TypesConfig /dev/null\n\
         DocumentRoot {folder}/pages\n\
         DirectoryIndex index.html\n\
         Header always set X-User \"expr=%{{REMOTE_USER}}\"\n\
         <Location />\n\
         AuthType GSSAPI\n\
         AuthName interop\n\
         GssapiAllowedMech krb5\n\
         GssapiCredStore keytab:{keytab}\n\
         GssapiDelegCcacheDir {folder}/delegated\n\
         GssapiDelegCcachePerms mode:0644\n\
         GssapiConnectionBound {bound}\n\
         GssapiSignalPersistentAuth {bound}\n\
         Require valid-user\n\
         </Location>\n"
    )?;
    if let Some(ServerCertificate { certificate, key }) = options.certificate {
        write!(
            text,
            "Protocols h2 http/1.1\n\
             SSLEngine on\n\
             SSLCertificateFile {}\n\
             SSLCertificateKeyFile {}\n\
             SSLSessionCache none\n",
            certificate.display(),
            key.display()
        )?;
    }
    if options.unproven {
        text.push_str("Header always unset WWW-Authenticate \"expr=%{REQUEST_STATUS} == 200\"\n");
    }
    Ok(text)
}
