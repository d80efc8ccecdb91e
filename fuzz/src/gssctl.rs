//! Oracles for `gssctl`.

use crate::gss_krb5::{SERVICE, SERVICE_SEED};
use ::gssctl::inspect::Inspector;
use ::krb5_asn1::{EncryptionKeyBuf, Principal};
use ::krb5_crypto::EncType;
use ::krb5_files::{Keytab, KeytabEntry};
use std::sync::LazyLock;

/// Whatever the token, there is a tree of printable lines.
pub fn inspect(token: &[u8]) {
    static INSPECTOR: LazyLock<Inspector> = LazyLock::new(|| {
        let key = test_support::ticket::key(EncType::AES256_CTS_HMAC_SHA1_96, SERVICE_SEED);
        let key = EncryptionKeyBuf::new(key.enctype().0, key.secret_bytes());
        let service: Principal = SERVICE.parse().expect("a principal");
        Inspector { keytab: Some(Keytab::from_entries([KeytabEntry::new(service, 2, key)])), secrets: false }
    });
    let tree = INSPECTOR.inspect(token).to_string();
    assert!(tree.ends_with('\n'));
    assert!(tree.lines().all(|line| !line.is_empty() && !line.chars().any(char::is_control)));
}
