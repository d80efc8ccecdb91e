//! Long-term keys and their versions.

use core::cell::OnceCell;

use krb5_asn1::{EncryptionKeyBuf, Principal};
use krb5_crypto::{EncType, Key, KeyUsage};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// The keys of an account of one version, one an enctype, best first.
pub(crate) struct KeySet {
    pub(crate) kvno: u32,
    keys: Vec<(EncType, OnceCell<Key>)>,
    /// What keys that are not there yet are made from when they are first needed: string-to-key is slow by intent.
    password: Option<Password>,
}

/// A password and how keys are made of it.
pub(crate) struct Password {
    pub(crate) text: Zeroizing<String>,
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: Option<u32>,
}

impl KeySet {
    pub(crate) fn from_password(kvno: u32, enctypes: &[EncType], password: Password) -> Self {
        let keys = enctypes.iter().map(|enctype| (*enctype, OnceCell::new())).collect();
        Self { kvno, keys, password: Some(password) }
    }

    /// Random keys of those enctypes that this build has.
    pub(crate) fn random(kvno: u32, enctypes: &[EncType], rng: &mut dyn CryptoRng) -> Self {
        Self::from_keys(kvno, enctypes.iter().filter_map(|enctype| Key::generate(*enctype, rng).ok()))
    }

    pub(crate) fn from_keys(kvno: u32, keys: impl IntoIterator<Item = Key>) -> Self {
        let keys = keys.into_iter().map(|key| (key.enctype(), OnceCell::from(kept(key)))).collect();
        Self { kvno, keys, password: None }
    }

    pub(crate) fn enctypes(&self) -> impl Iterator<Item = EncType> {
        self.keys.iter().map(|(enctype, _)| *enctype)
    }

    /// The key of this enctype.
    pub(crate) fn get(&self, enctype: EncType) -> Option<&Key> {
        let (_, cell) = self.keys.iter().find(|(has, _)| *has == enctype)?;
        if cell.get().is_none() {
            let password = self.password.as_ref()?;
            let params = password.params(enctype);
            let (text, salt) = (password.text.as_bytes(), password.salt.as_slice());
            let key =
                Key::from_password(enctype, text, salt, params.as_ref().map(<[u8; 4]>::as_slice)).ok()?;
            // It was empty, and nobody else is here.
            let _ = cell.set(kept(key));
        }
        cell.get()
    }

    /// The best key.
    pub(crate) fn first(&self) -> Option<&Key> {
        self.get(self.keys.first()?.0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.enctypes().filter_map(|enctype| self.get(enctype))
    }

    /// Salt and parameters of string-to-key, as far as a client cannot do without being told.
    pub(crate) fn hints(&self, enctype: EncType) -> (Option<&[u8]>, Option<[u8; 4]>) {
        match &self.password {
            // RC4 has neither (RFC 4757 section 2).
            Some(password) if enctype != EncType::RC4_HMAC => {
                (Some(&password.salt), password.params(enctype))
            }
            _ => (None, None),
        }
    }

    pub(crate) fn password(&self) -> Option<&Password> {
        self.password.as_ref()
    }
}

impl Password {
    fn params(&self, enctype: EncType) -> Option<[u8; 4]> {
        self.iterations.filter(|_| enctype != EncType::RC4_HMAC).map(u32::to_be_bytes)
    }
}

/// The key, which keeps what KDCs derive from long-term keys for each request.
fn kept(key: Key) -> Key {
    key.keep(
        &[KeyUsage::PA_ENC_TIMESTAMP, KeyUsage::AS_REP, KeyUsage::TICKET],
        &[KeyUsage::AS_REQUEST_CHECKSUM, KeyUsage::KERB_NON_KERB_CKSUM_SALT],
    )
}

/// The salt that RFC 4120 section 4 has unless another is chosen.
pub(crate) fn default_salt(principal: &Principal) -> Vec<u8> {
    let mut salt = principal.realm().as_bytes().to_vec();
    principal.components().for_each(|component| salt.extend_from_slice(component.as_bytes()));
    salt
}

/// The key in its wire form.
pub(crate) fn to_wire(key: &Key) -> EncryptionKeyBuf {
    EncryptionKeyBuf::new(key.enctype().0, key.secret_bytes())
}
