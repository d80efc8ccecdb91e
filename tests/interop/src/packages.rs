//! Which Debian package gives which program.
//!
//! The one list of what the live tests need: the tests look programs up here, and `interop-packages` prints
//! it for the command that installs them.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// A file of a Debian package that the tests use.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// What the tests call it.
    pub name: &'static str,
    /// Where the package puts it.
    pub path: &'static str,
    /// The package that holds it.
    pub package: &'static str,
}

/// Every program and module of a package that the tests use.
pub const PROGRAMS: &[Program] = &[
    program("krb5kdc", "/usr/sbin/krb5kdc", "krb5-kdc"),
    program("kdb5_util", "/usr/sbin/kdb5_util", "krb5-kdc"),
    program("kadmin.local", "/usr/sbin/kadmin.local", "krb5-admin-server"),
    program("kinit", "/usr/bin/kinit", "krb5-user"),
    program("klist", "/usr/bin/klist", "krb5-user"),
    program("kvno", "/usr/bin/kvno", "krb5-user"),
    program("kswitch", "/usr/bin/kswitch", "krb5-user"),
    program("kdestroy", "/usr/bin/kdestroy", "krb5-user"),
    program("apache2", "/usr/sbin/apache2", "apache2"),
    program("mod_auth_gssapi", "/usr/lib/apache2/modules/mod_auth_gssapi.so", "libapache2-mod-auth-gssapi"),
    program("curl", "/usr/bin/curl", "curl"),
    program("gss-client", "/usr/bin/gss-client", "krb5-gss-samples"),
    program("gss-server", "/usr/bin/gss-server", "krb5-gss-samples"),
    // Debian's own interpreter: another one on the path would not see Debian's modules.
    program("python3", "/usr/bin/python3", "python3-gssapi"),
    program("python3-gssapi", "/usr/lib/python3/dist-packages/gssapi/__init__.py", "python3-gssapi"),
    program("gss-ntlmssp", "/etc/gss/mech.d/mech.ntlmssp.conf", "gss-ntlmssp"),
    // Give a daemon a folder of its own in place of /run, see kcm.rs.
    program("unshare", "/usr/bin/unshare", "util-linux"),
    program("mount", "/usr/bin/mount", "mount"),
    // Makes virtual environments, see venv.rs.
    program("ensurepip", "/usr/lib/python3.11/ensurepip/__init__.py", "python3.11-venv"),
    program("samba", "/usr/sbin/samba", "samba"),
    program("samba-provision", "/usr/share/samba/setup/provision.ldif", "samba-ad-provision"),
    program("samba-dsdb", "/usr/lib/x86_64-linux-gnu/samba/ldb/samldb.so", "samba-dsdb-modules"),
    program("python3-samba", "/usr/lib/python3/dist-packages/samba/__init__.py", "python3-samba"),
    program("ntlm_auth", "/usr/bin/ntlm_auth", "winbind"),
    // Lets `ntlm_auth` find a winbindd elsewhere than at its fixed place.
    program("nss_wrapper", "/usr/lib/x86_64-linux-gnu/libnss_wrapper.so", "libnss-wrapper"),
    program("kadmind", "/usr/sbin/kadmind", "krb5-admin-server"),
    program("kpasswd", "/usr/bin/kpasswd", "krb5-user"),
    program("kdcproxy", "/usr/lib/python3/dist-packages/kdcproxy/__init__.py", "python3-kdcproxy"),
    // Lets MIT's library reach a KDC over HTTPS.
    program("k5tls", "/usr/lib/x86_64-linux-gnu/krb5/plugins/tls/k5tls.so", "krb5-k5tls"),
    program("java", "/usr/lib/jvm/java-17-openjdk-amd64/bin/java", "openjdk-17-jre-headless"),
    program("javac", "/usr/lib/jvm/java-17-openjdk-amd64/bin/javac", "openjdk-17-jdk-headless"),
    program("redis-server", "/usr/bin/redis-server", "redis-server"),
    program("redis-cli", "/usr/bin/redis-cli", "redis-tools"),
    program("kill", "/usr/bin/kill", "procps"),
    program("openssl", "/usr/bin/openssl", "openssl"),
    // Not its script in /usr/bin, which adds what Debian's users like to have.
    program("chromium", "/usr/lib/chromium/chromium", "chromium"),
    program("firefox", "/usr/bin/firefox-esr", "firefox-esr"),
    // Makes the browsers trust an authority.
    program("certutil", "/usr/bin/certutil", "libnss3-tools"),
    program("squid", "/usr/sbin/squid", "squid"),
    program("negotiate_kerberos_auth", "/usr/lib/squid/negotiate_kerberos_auth", "squid"),
    program("ntlm_fake_auth", "/usr/lib/squid/ntlm_fake_auth", "squid"),
    // Gives squid's helper for NTLM its environment.
    program("env", "/usr/bin/env", "coreutils"),
    // What Heimdal's programs need besides Heimdal, see heimdal.rs.
    program("libcap-ng", "/usr/lib/x86_64-linux-gnu/libcap-ng.so.0", "libcap-ng0"),
    program("libcom_err", "/usr/lib/x86_64-linux-gnu/libcom_err.so.2", "libcom-err2"),
    program("libdb", "/usr/lib/x86_64-linux-gnu/libdb-5.3.so", "libdb5.3"),
    program("libedit", "/usr/lib/x86_64-linux-gnu/libedit.so.2", "libedit2"),
    program("libldap", "/usr/lib/x86_64-linux-gnu/libldap-2.5.so.0", "libldap-2.5-0"),
    program("libsqlite3", "/usr/lib/x86_64-linux-gnu/libsqlite3.so.0", "libsqlite3-0"),
];

const fn program(name: &'static str, path: &'static str, package: &'static str) -> Program {
    Program { name, path, package }
}

/// Names of the packages to install, sorted, each once.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = PROGRAMS.iter().map(|program| program.package).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The command that installs all peers.
pub fn install_command() -> String {
    format!("apt-get install -y --no-install-recommends {}", names().join(" "))
}

/// Path of a listed program.
///
/// # Errors
/// The program is not in [`PROGRAMS`], or its package is not installed; the message then names the package
/// and the command to install it.
pub fn find(name: &str) -> Result<PathBuf> {
    let Some(program) = PROGRAMS.iter().find(|program| program.name == name) else {
        bail!("`{name}` is not in the list of packages.rs");
    };
    if !Path::new(program.path).exists() {
        bail!(
            "`{name}` is missing: {} comes with Debian package {}; install the peers with `{}`",
            program.path,
            program.package,
            install_command()
        );
    }
    Ok(program.path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_cover_every_program() {
        let names = names();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
        assert!(PROGRAMS.iter().all(|program| names.contains(&program.package)));
    }

    #[test]
    fn unlisted_program_is_an_error() {
        let error = find("no-such-program").unwrap_err();
        assert!(error.to_string().contains("packages.rs"), "{error}");
    }
}
