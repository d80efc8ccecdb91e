//! Heimdal's programs, unpacked beside MIT's.
//!
//! Debian's packages of Heimdal and of MIT krb5 exclude each other. So `interop-heimdal` downloads Heimdal's, and unpacks
//! them into the target folder, under a name that follows from their list; the tests only look for it.

use core::hash::{Hash as _, Hasher as _};
use std::fs;
use std::hash::DefaultHasher;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::site::Site;
use crate::{packages, peer, venv};

/// The packages that are unpacked. Other libraries that these need are in the list of `packages.rs`.
const PACKAGES: &[&str] = &[
    "heimdal-clients",
    "heimdal-kcm",
    "heimdal-kdc",
    "libasn1-8-heimdal",
    "libgssapi3-heimdal",
    "libhcrypto5-heimdal",
    "libhdb9-heimdal",
    "libheimbase1-heimdal",
    "libheimntlm0-heimdal",
    "libhx509-5-heimdal",
    "libkadm5clnt7-heimdal",
    "libkadm5srv8-heimdal",
    "libkafs0-heimdal",
    "libkdc2-heimdal",
    "libkrb5-26-heimdal",
    "libotp0-heimdal",
    "libroken19-heimdal",
    "libsl0-heimdal",
    "libwind0-heimdal",
];

/// What the tests call a program, and where its package puts it.
const PROGRAMS: &[(&str, &str)] = &[
    ("kinit", "usr/bin/kinit.heimdal"),
    // `klist` under another name does not know itself, and has to be told.
    ("heimtools", "usr/bin/heimtools"),
    ("kgetcred", "usr/bin/kgetcred"),
    ("kpasswd", "usr/bin/kpasswd.heimdal"),
    ("kadmin", "usr/bin/kadmin.heimdal"),
    ("ktutil", "usr/bin/ktutil.heimdal"),
    ("kstash", "usr/sbin/kstash"),
    ("kcm", "usr/sbin/kcm"),
    ("kdc", "usr/lib/heimdal-servers/kdc"),
    ("kpasswdd", "usr/lib/heimdal-servers/kpasswdd"),
];

const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// The command that unpacks them.
const COMMAND: &str = "cargo run -p interop --bin interop-heimdal";

/// Path of one of Heimdal's programs by the name that Heimdal gives it, such as `kinit`. It runs only with
/// Heimdal's libraries, hence by way of [`command`].
///
/// # Errors
/// The program is not listed here, or has not been unpacked; the message then names the command that does.
pub fn find(name: &str) -> Result<PathBuf> {
    let Some((_, path)) = PROGRAMS.iter().find(|(known, _)| *known == name) else {
        bail!("`{name}` is not in the list of heimdal.rs");
    };
    let path = folder()?.join(path);
    if !path.exists() {
        bail!("Heimdal's `{name}` is missing; unpack it with `{COMMAND}`");
    }
    Ok(path)
}

/// One of Heimdal's programs, in the environment of a site.
///
/// # Errors
/// As [`find`].
pub fn command(site: &Site, name: &str) -> Result<Command> {
    let mut command = site.command(find(name)?);
    command.env("LD_LIBRARY_PATH", folder()?.join(LIBRARIES));
    Ok(command)
}

/// Downloads and unpacks the packages, unless that has been done, and gives the folder.
///
/// # Errors
/// `apt-get` or `dpkg-deb` fails.
pub fn make() -> Result<PathBuf> {
    let folder = folder()?;
    if !folder.exists() {
        // Renamed when it is whole, so that none is ever found half-made.
        let draft = folder.with_extension(format!("draft-{}", std::process::id()));
        fs::create_dir_all(&draft)?;
        unpack(&draft)?;
        match fs::rename(&draft, &folder) {
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => fs::remove_dir_all(&draft)?,
            done => done.with_context(|| format!("rename {}", draft.display()))?,
        }
    }
    Ok(folder)
}

fn unpack(folder: &Path) -> Result<()> {
    let archives = tempfile::tempdir()?;
    // Only root may change to the user that `apt-get` downloads as, and that user may not write here.
    let mut download = Command::new("apt-get");
    download.args(["--quiet", "--option=APT::Sandbox::User=root", "download"]).args(PACKAGES);
    download.current_dir(archives.path());
    if !peer::finish(&mut download, b"")?.status.success() {
        // The lists of packages may be missing or old.
        peer::succeed(Command::new("apt-get").args(["--quiet", "update"]), b"")?;
        peer::succeed(&mut download, b"")?;
    }
    let mut count = 0;
    for archive in fs::read_dir(archives.path())? {
        peer::succeed(Command::new("dpkg-deb").arg("-x").arg(archive?.path()).arg(folder), b"")?;
        count += 1;
    }
    ensure!(count == PACKAGES.len(), "{count} of {} packages came", PACKAGES.len());
    Ok(())
}

fn folder() -> Result<PathBuf> {
    for library in ["libcap-ng", "libcom_err", "libdb", "libedit", "libldap", "libsqlite3"] {
        packages::find(library)?;
    }
    let mut hasher = DefaultHasher::new();
    PACKAGES.hash(&mut hasher);
    Ok(venv::target()?.join(format!("interop-heimdal-{:016x}", hasher.finish())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unlisted_program_is_an_error() {
        let error = find("no-such-program").unwrap_err();
        assert!(error.to_string().contains("heimdal.rs"), "{error}");
    }
}
