//! A Kerberos realm of its own: MIT KDC, principals, keytab, tickets.

use core::net::{Ipv4Addr, SocketAddrV4};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::enctype::{Enctype, mit_names};
use crate::peer::{self, Peer};
use crate::site::{Site, open_to_service_users};
use crate::{kdc, packages, port};

/// Name of every test realm.
pub const REALM: &str = "INTEROP.TEST";
/// The user of every test realm, as `name@REALM`.
pub const USER: &str = "alice@INTEROP.TEST";
/// The service of every test realm, as a GSS host-based name.
pub const SERVICE: &str = "HTTP@localhost";
/// The same service as `name@REALM`.
pub const SERVICE_PRINCIPAL: &str = "HTTP/localhost@INTEROP.TEST";
/// The service that MIT's sample programs use, as a GSS host-based name.
pub const HOST_SERVICE: &str = "host@localhost";

const HOST_PRINCIPAL: &str = "host/localhost@INTEROP.TEST";
/// The user's password.
pub const PASSWORD: &str = "correct horse battery staple";

/// What a realm is made of.
#[derive(Clone, Debug)]
pub struct RealmOptions {
    /// Enctypes of the services' long-term keys, hence of their tickets.
    pub service: Vec<Enctype>,
    /// Enctypes that client and server programs permit, best first.
    pub permitted: Vec<Enctype>,
}

impl RealmOptions {
    /// Everything in one enctype: ticket, session key and subkeys.
    pub fn single(enctype: Enctype) -> Self {
        Self { service: vec![enctype], permitted: vec![enctype] }
    }
}

impl Default for RealmOptions {
    /// The four AES enctypes, aes256-cts-hmac-sha1-96 first.
    fn default() -> Self {
        let enctypes =
            vec![Enctype::AES256_SHA1, Enctype::AES128_SHA1, Enctype::AES256_SHA384, Enctype::AES128_SHA256];
        Self { service: enctypes.clone(), permitted: enctypes }
    }
}

/// A running realm in a temporary folder; dropping it stops the KDC and removes the folder.
#[derive(Debug)]
pub struct Realm {
    // Before the folder, so that the KDC has stopped when its files go.
    _kdc: Peer,
    site: Site,
    port: u16,
    config: PathBuf,
    keytab: PathBuf,
}

impl Realm {
    /// Makes a database with the user and both services, and starts a KDC for it.
    ///
    /// # Errors
    /// A package is missing, or one of MIT's programs fails.
    pub fn start(options: &RealmOptions) -> Result<Self> {
        let mut site = Site::new()?;
        site.without_ntlm();
        let path = site.folder();
        let port = port::free()?;
        fs::write(path.join("kdc.conf"), kdc_profile(path, port))?;
        fs::write(path.join("kdc-krb5.conf"), client_profile(port, Enctype::ALL))?;
        let config = path.join("krb5.conf");
        fs::write(&config, client_profile(port, &options.permitted))?;
        let keytab = path.join("service.keytab");
        create_database(path)?;
        add_principals(path, &options.service, &keytab)?;
        open_to_service_users(&keytab)?;

        let mut command = kdc_command("krb5kdc", path)?;
        command.arg("-n");
        let mut kdc = Peer::start("krb5kdc", &mut command, path.join("krb5kdc.log"))?;
        kdc.wait_for_port(port)?;
        Ok(Self { _kdc: kdc, site, port, config, keytab })
    }

    /// The temporary folder, for files of other peers.
    pub fn folder(&self) -> &Path {
        self.site.folder()
    }

    /// A file name in the folder that has not been handed out yet.
    pub fn fresh_path(&self, stem: &str) -> PathBuf {
        self.site.fresh_path(stem)
    }

    /// The krb5.conf of client and server programs.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Writes another krb5.conf, for programs that permit other enctypes than the realm's.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn config_for(&self, permitted: &[Enctype]) -> Result<PathBuf> {
        let path = self.fresh_path("krb5.conf");
        fs::write(&path, client_profile(self.port, permitted))?;
        Ok(path)
    }

    /// Writes a krb5.conf whose KDC is at another port.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn config_with_kdc_at(&self, port: u16) -> Result<PathBuf> {
        let path = self.fresh_path("krb5.conf");
        fs::write(&path, client_profile(port, RealmOptions::default().permitted.as_slice()))?;
        Ok(path)
    }

    /// Sends a message to the KDC over TCP and gives its reply, both without the length in front.
    ///
    /// # Errors
    /// The KDC does not answer.
    pub fn ask_kdc(&self, request: &[u8]) -> Result<Vec<u8>> {
        kdc::tcp(SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.port), request)
    }

    /// The keytab with the keys of both services.
    pub fn keytab(&self) -> &Path {
        &self.keytab
    }

    /// A program that sees this realm and nothing of the machine's own Kerberos set-up.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.site.command(program)
    }

    /// Lets MIT's library, in programs started from now on, have NTLM besides Kerberos.
    ///
    /// # Errors
    /// gss-ntlmssp is missing.
    pub fn add_ntlm(&mut self) -> Result<()> {
        self.site.with_ntlm()
    }

    /// Logs the user in with `kinit`, under a krb5.conf, into a new FILE ccache.
    ///
    /// # Errors
    /// `kinit` is missing or fails.
    pub fn kinit_with(&self, config: &Path, options: &[&str]) -> Result<PathBuf> {
        let ccache = self.fresh_path("ccache");
        let mut command = self.command(packages::find("kinit")?);
        command.env("KRB5_CONFIG", config).arg("-c").arg(&ccache).args(options).arg(USER);
        peer::succeed(&mut command, format!("{PASSWORD}\n").as_bytes())?;
        Ok(ccache)
    }

    /// Logs the user in: a ccache with a forwardable TGT and a ticket for the service.
    ///
    /// # Errors
    /// `kinit` or `kvno` is missing or fails.
    pub fn login(&self) -> Result<PathBuf> {
        let ccache = self.kinit_with(&self.config, &["-f"])?;
        self.kvno(&ccache, SERVICE_PRINCIPAL)?;
        Ok(ccache)
    }

    /// Fetches a service ticket into a ccache.
    ///
    /// # Errors
    /// `kvno` is missing or fails.
    pub fn kvno(&self, ccache: &Path, service: &str) -> Result<()> {
        self.kvno_with(&self.config, ccache, service)
    }

    /// Fetches a service ticket into a ccache, under another krb5.conf.
    ///
    /// # Errors
    /// `kvno` is missing or fails.
    pub fn kvno_with(&self, config: &Path, ccache: &Path, service: &str) -> Result<()> {
        let mut command = self.command(packages::find("kvno")?);
        command.env("KRB5_CONFIG", config).arg("-c").arg(ccache).arg(service);
        peer::succeed(&mut command, b"").map(drop)
    }

    /// What MIT's `klist` says.
    ///
    /// # Errors
    /// `klist` is missing or fails.
    pub fn klist(&self, options: &[&str], file: &Path) -> Result<String> {
        let mut command = self.command(packages::find("klist")?);
        command.args(options).arg(file);
        peer::succeed(&mut command, b"")
    }

    /// Gives the service new keys, so that tickets from now on do not fit the old keytab.
    ///
    /// # Errors
    /// `kadmin.local` is missing or fails.
    pub fn change_service_key(&self) -> Result<()> {
        kadmin(self.folder(), &["change_password", "-randkey", SERVICE_PRINCIPAL])
    }

    /// A copy of the keytab whose keys are all wrong, with everything else as it was.
    ///
    /// # Errors
    /// The keytab is not as MIT writes it.
    pub fn keytab_with_wrong_keys(&self) -> Result<PathBuf> {
        let mut bytes = fs::read(&self.keytab)?;
        let mut at = 2;
        while let Some(length) = bytes.get(at..at + 4) {
            let length =
                usize::try_from(i32::from_be_bytes(length.try_into()?)).context("a hole in the keytab")?;
            at += 4 + length;
            // The key is followed by the 32-bit kvno.
            let last = bytes.get_mut(at - 5).context("a truncated keytab")?;
            *last ^= 0x55;
        }
        let path = self.fresh_path("wrong.keytab");
        fs::write(&path, bytes)?;
        Ok(path)
    }

    /// A keytab of the other service only.
    ///
    /// # Errors
    /// `kadmin.local` is missing or fails.
    pub fn keytab_of_host(&self) -> Result<PathBuf> {
        let path = self.fresh_path("host.keytab");
        let Some(name) = path.to_str() else { bail!("the temporary folder is not UTF-8") };
        kadmin(self.folder(), &["ktadd", "-norandkey", "-k", name, HOST_PRINCIPAL])?;
        Ok(path)
    }
}

impl AsRef<Site> for Realm {
    fn as_ref(&self) -> &Site {
        &self.site
    }
}

fn client_profile(port: u16, permitted: &[Enctype]) -> String {
    // Without `default_tkt_enctypes` a TGT of another enctype is fetched, and then ignored on account of
    // `default_tgs_enctypes`. `allow_rc4` is needed from MIT 1.21 on.
    let enctypes = mit_names(permitted, " ");
    let allow_rc4 = permitted.contains(&Enctype::RC4);
    format!(
        "[libdefaults]\n\
         default_realm = {REALM}\n\
         dns_lookup_realm = false\n\
         dns_lookup_kdc = false\n\
         dns_canonicalize_hostname = false\n\
         rdns = false\n\
         qualify_shortname = \"\"\n\
         udp_preference_limit = 1\n\
         permitted_enctypes = {enctypes}\n\
         default_tkt_enctypes = {enctypes}\n\
         default_tgs_enctypes = {enctypes}\n\
         allow_rc4 = {allow_rc4}\n\
         [realms]\n\
         {REALM} = {{\n  kdc = 127.0.0.1:{port}\n}}\n\
         [domain_realm]\n\
         localhost = {REALM}\n"
    )
}

fn kdc_profile(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    let keys: Vec<_> = Enctype::ALL.iter().map(|enctype| format!("{}:normal", enctype.mit_name())).collect();
    let keys = keys.join(" ");
    format!(
        "[realms]\n\
         {REALM} = {{\n\
         \x20 database_name = {folder}/principal\n\
         \x20 key_stash_file = {folder}/stash\n\
         \x20 acl_file = {folder}/kadm5.acl\n\
         \x20 kdc_listen = 127.0.0.1:{port}\n\
         \x20 kdc_tcp_listen = 127.0.0.1:{port}\n\
         \x20 supported_enctypes = {keys}\n\
         \x20 max_life = 24h\n\
         \x20 max_renewable_life = 48h\n\
         \x20 default_principal_flags = +preauth\n\
         }}\n\
         [logging]\n\
         kdc = FILE:{folder}/krb5kdc-requests.log\n"
    )
}

fn create_database(folder: &Path) -> Result<()> {
    let mut command = kdc_command("kdb5_util", folder)?;
    command.args(["create", "-s", "-r", REALM, "-P", "master password"]);
    peer::succeed(&mut command, b"").map(drop)
}

fn add_principals(folder: &Path, service: &[Enctype], keytab: &Path) -> Result<()> {
    let Some(keytab) = keytab.to_str() else { bail!("the temporary folder is not UTF-8") };
    let keys: Vec<_> = service.iter().map(|enctype| format!("{}:normal", enctype.mit_name())).collect();
    let keys = keys.join(",");
    kadmin(folder, &["add_principal", "-pw", PASSWORD, USER])?;
    for principal in [SERVICE_PRINCIPAL, HOST_PRINCIPAL] {
        kadmin(folder, &["add_principal", "-randkey", "-e", &keys, principal])?;
    }
    kadmin(folder, &["ktadd", "-norandkey", "-k", keytab, SERVICE_PRINCIPAL, HOST_PRINCIPAL])
}

fn kadmin(folder: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = kdc_command("kadmin.local", folder)?;
    command.args(["-r", REALM]).args(arguments);
    peer::succeed(&mut command, b"").map(drop)
}

fn kdc_command(program: &str, folder: &Path) -> Result<Command> {
    let mut command = Command::new(packages::find(program)?);
    command
        .env("KRB5_CONFIG", folder.join("kdc-krb5.conf"))
        .env("KRB5_KDC_PROFILE", folder.join("kdc.conf"))
        .env("LC_ALL", "C")
        .env("TZ", "UTC");
    Ok(command)
}
