//! Oracles for `krb5-files`.

use ::krb5_files::{Ccache, CcacheVersion, Credential, Keytab};

pub mod config;

/// A file as either kind; both begin alike.
pub fn parse(file: &[u8]) {
    keytab(file);
    ccache(file);
    alone(file);
}

/// Removed entries are not kept, so a file may come out shorter; from then on it stays as it is. Whoever reads it sees
/// the same keys.
fn keytab(file: &[u8]) {
    let keytab = match Keytab::parse(file) {
        Ok(keytab) => keytab,
        Err(error) => return assert!(error.offset <= file.len() && !error.to_string().is_empty()),
    };
    let _ = format!("{keytab:?}");
    let written = keytab.to_bytes().expect("what was read fits its fields");
    let again = Keytab::parse(&written).expect("what was written can be read");
    // Version 1 may fit both byte orders, and the one of the new file may be the other; its content is the same then.
    if again.version == keytab.version {
        assert_eq!(format!("{again:?}"), format!("{keytab:?}"));
        for (a, b) in again.entries.iter().zip(&keytab.entries) {
            assert_eq!(a.key.keyvalue(), b.key.keyvalue());
        }
        assert_eq!(again.to_bytes().expect("as before"), written);
    }
    for principal in keytab.principals() {
        let latest = keytab.latest(principal, None).expect("a principal that is listed has a key");
        let found = keytab.find(principal, latest.kvno, latest.key.keytype());
        assert!(found.is_some_and(|found| found.kvno == latest.kvno));
    }
}

/// What a cache daemon may answer.
fn alone(bytes: &[u8]) {
    if let Ok(credential) = Credential::parse(bytes, CcacheVersion::V4) {
        let written = credential.to_bytes(CcacheVersion::V4).expect("what was read fits its fields");
        assert_eq!(*written, bytes);
    }
    if let Ok(principal) = CcacheVersion::V4.parse_principal(bytes) {
        let written = CcacheVersion::V4.principal_to_bytes(&principal).expect("as before");
        assert_eq!(*written, bytes);
    }
}

/// What was read can be written, and is read as the same.
fn ccache(file: &[u8]) {
    let ccache = match Ccache::parse(file) {
        Ok(ccache) => ccache,
        Err(error) => return assert!(error.offset <= file.len() && !error.to_string().is_empty()),
    };
    let _ = format!("{ccache:?}");
    let written = ccache.to_bytes().expect("what was read fits its fields");
    let again = Ccache::parse(&written).expect("what was written can be read");
    if again.version == ccache.version {
        assert_eq!(format!("{again:?}"), format!("{ccache:?}"));
        assert_eq!(again.to_bytes().expect("as before"), written);
    }
    let _ = (ccache.kdc_offset(), ccache.refresh_time(), ccache.start_realm(), ccache.proxy_impersonator());
    if let Some(tgt) = ccache.tgt() {
        assert!(ccache.credentials().any(|credential| core::ptr::eq(credential, tgt)));
        let _ = (ccache.fast_avail(&tgt.server), ccache.pa_type(&tgt.server), tgt.decode_ticket());
    }
    for entry in &ccache.entries {
        assert!(entry.is_config() || entry.as_config().is_none());
        // As a cache daemon gives them, one by one.
        let alone = entry.to_bytes(ccache.version).expect("as before");
        let again = Credential::parse(&alone, ccache.version).expect("what was written can be read");
        assert_eq!(format!("{again:?}"), format!("{entry:?}"));
    }
    assert!(ccache.credentials().count() + ccache.config().count() <= ccache.entries.len());
}
