//! What a key keeps of what was derived from it.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::checksum::ChecksumKey;
use crate::cipher::CipherKey;
use crate::key::Key;
use crate::usage::KeyUsage;

/// Derived keys by usage, shared by all copies of a key. Few usages, so that looking through them takes less time
/// than anything else would.
#[derive(Clone)]
pub(crate) struct Kept(Arc<Derived>);

struct Derived {
    ciphers: Vec<(KeyUsage, CipherKey)>,
    checksums: Vec<(KeyUsage, ChecksumKey)>,
}

impl Kept {
    pub(crate) fn derive(key: &Key, ciphers: &[KeyUsage], checksums: &[KeyUsage]) -> Self {
        Self(Arc::new(Derived {
            ciphers: ciphers.iter().map(|usage| (*usage, key.cipher(*usage))).collect(),
            checksums: checksums.iter().map(|usage| (*usage, key.checksum(*usage))).collect(),
        }))
    }

    pub(crate) fn cipher(&self, usage: KeyUsage) -> Option<CipherKey> {
        let (_, kept) = self.0.ciphers.iter().find(|(of, _)| *of == usage)?;
        Some(kept.duplicate())
    }

    pub(crate) fn checksum(&self, usage: KeyUsage) -> Option<ChecksumKey> {
        let (_, kept) = self.0.checksums.iter().find(|(of, _)| *of == usage)?;
        Some(kept.duplicate())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EncType;

    #[test]
    fn only_usages_that_are_named_are_kept() {
        let key = Key::new(EncType::AES256_CTS_HMAC_SHA384_192, &[7; 32]).unwrap();
        let kept = Kept::derive(&key, &[KeyUsage::TICKET, KeyUsage::AS_REP], &[KeyUsage::KRB_SAFE]);
        for usage in [KeyUsage::TICKET, KeyUsage::AS_REP] {
            assert!(kept.cipher(usage).is_some() && kept.checksum(usage).is_none(), "{usage:?}");
        }
        assert!(kept.cipher(KeyUsage::KRB_SAFE).is_none() && kept.checksum(KeyUsage::KRB_SAFE).is_some());
    }
}
