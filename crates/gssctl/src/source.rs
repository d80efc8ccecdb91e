//! Where files are: the options of the command line, then the environment that all Kerberos programs share.

use anyhow::{Context, Result, bail};
use krb5_files::{Ccache, Keytab};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The keytab to use when the command line names none: `KRB5_KTNAME`, else `/etc/krb5.keytab`.
///
/// # Errors
/// The variable names a keytab that is not a file.
pub fn default_keytab() -> Result<PathBuf> {
    match env::var_os("KRB5_KTNAME") {
        Some(name) => file_name(Path::new(&name), "KRB5_KTNAME", &["FILE:", "WRFILE:"]),
        None => Ok("/etc/krb5.keytab".into()),
    }
}

/// The credential cache to use when the command line names none: `KRB5CCNAME`, else where kinit puts it by default.
///
/// # Errors
/// The variable names a cache that is not a file, or there is none.
pub fn default_ccache() -> Result<PathBuf> {
    if let Some(name) = env::var_os("KRB5CCNAME") {
        return file_name(Path::new(&name), "KRB5CCNAME", &["FILE:"]);
    }
    match user_ccache() {
        Some(path) if path.exists() => Ok(path),
        _ => bail!(
            "no credential cache: run kinit, or name one with --ccache FILE or KRB5CCNAME (`klist` shows where \
             yours is)"
        ),
    }
}

/// `FILE:/tmp/krb5cc_%{uid}`, the default of MIT krb5.
#[cfg(unix)]
fn user_ccache() -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    // The folder of a process belongs to its user.
    let user = fs::metadata("/proc/self").ok()?.uid();
    Some(format!("/tmp/krb5cc_{user}").into())
}

#[cfg(not(unix))]
fn user_ccache() -> Option<PathBuf> {
    None
}

/// Takes the type off a name like `FILE:/tmp/krb5cc_0`.
fn file_name(name: &Path, variable: &str, prefixes: &[&str]) -> Result<PathBuf> {
    let Some(text) = name.to_str() else { return Ok(name.into()) };
    if let Some(path) = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        return Ok(path.into());
    }
    match text.split_once(':') {
        Some((kind, _)) if !kind.is_empty() && kind.chars().all(|c| c.is_ascii_uppercase()) => bail!(
            "{variable} names a store of type {kind} ({text}); only files can be read here, \
             so use `kinit -c FILE:/path` and set {variable}=FILE:/path"
        ),
        _ => Ok(name.into()),
    }
}

/// Reads a keytab file.
///
/// # Errors
/// It cannot be read, or is not a keytab.
pub fn read_keytab(path: &Path) -> Result<Keytab> {
    let bytes = read(path, "keytab")?;
    Keytab::parse(&bytes).with_context(|| format!("{} is not a keytab", path.display()))
}

/// Reads a FILE credential cache.
///
/// # Errors
/// It cannot be read, or is not a credential cache.
pub fn read_ccache(path: &Path) -> Result<Ccache> {
    let bytes = read(path, "credential cache")?;
    Ccache::parse(&bytes).with_context(|| format!("{} is not a credential cache", path.display()))
}

/// Reads a file that holds keys.
///
/// # Errors
/// It cannot be read.
pub fn read(path: &Path, what: &str) -> Result<Zeroizing<Vec<u8>>> {
    // Names from other programs come with their type.
    let plain = path.to_str().and_then(|text| text.strip_prefix("FILE:")).map_or(path, Path::new);
    let bytes = fs::read(plain).with_context(|| format!("cannot read {what} {}", plain.display()))?;
    Ok(Zeroizing::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_stores_are_understood() {
        let name = |text: &str| file_name(Path::new(text), "KRB5CCNAME", &["FILE:"]);
        assert_eq!(name("FILE:/tmp/x").unwrap(), Path::new("/tmp/x"));
        assert_eq!(name("/tmp/x:y").unwrap(), Path::new("/tmp/x:y"));
        let error = name("KEYRING:persistent:0").unwrap_err().to_string();
        assert!(error.contains("type KEYRING") && error.contains("kinit -c FILE:"), "{error}");
    }

    #[test]
    fn missing_and_malformed_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none");
        assert!(format!("{:#}", read_keytab(&missing).unwrap_err()).contains("none"));
        let garbage = folder.path().join("garbage");
        fs::write(&garbage, b"\x05\x09").unwrap();
        let error = format!("{:#}", read_keytab(&garbage).unwrap_err());
        assert!(error.contains("is not a keytab") && error.contains("version 9"), "{error}");
        assert!(read_ccache(&garbage).is_err());
    }
}
