//! Files that hold keys and other secrets.

use anyhow::{Context, Result};
use krb5_files::Keytab;
use std::fs;
use std::path::Path;
use zeroize::Zeroizing;

/// Reads a keytab file.
///
/// # Errors
/// It cannot be read, or is not a keytab.
pub fn read_keytab(path: &Path) -> Result<Keytab> {
    let bytes = read(path, "keytab")?;
    Keytab::parse(&bytes).with_context(|| format!("{} is not a keytab", path.display()))
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
    fn missing_and_malformed_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none");
        assert!(format!("{:#}", read_keytab(&missing).unwrap_err()).contains("none"));
        let garbage = folder.path().join("garbage");
        fs::write(&garbage, b"\x05\x09").unwrap();
        let error = format!("{:#}", read_keytab(&garbage).unwrap_err());
        assert!(error.contains("is not a keytab") && error.contains("version 9"), "{error}");
    }
}
