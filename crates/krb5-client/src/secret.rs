//! What a client proves itself with, and how its keys come of it.

mod error;

use alloc::vec::Vec;
use core::fmt;

use krb5_asn1::{
    Decode, EtypeInfo, EtypeInfo2, KerberosString, MethodData, Octets, PaDataType, Principal, PrincipalRef,
};
use krb5_crypto::{EncType, Key};
use krb5_files::Keytab;
use zeroize::Zeroizing;

use crate::reply::find;

pub use error::SecretError;

/// What a client proves itself with: a password, or keys made of one. It is wiped on drop.
pub struct Secret(Kind);

enum Kind {
    Password(Zeroizing<Vec<u8>>),
    /// At most one of each enctype.
    Keys(Vec<Key>),
}

impl Secret {
    /// A password, in UTF-8 where the KDC is to agree with others about it.
    #[must_use]
    pub fn password(password: impl Into<Vec<u8>>) -> Self {
        Self(Kind::Password(Zeroizing::new(password.into())))
    }

    /// Keys. Of several of one enctype the first counts.
    #[must_use]
    pub fn keys(keys: impl IntoIterator<Item = Key>) -> Self {
        let mut kept: Vec<Key> = Vec::new();
        for key in keys {
            if kept.iter().all(|other| other.enctype() != key.enctype()) {
                kept.push(key);
            }
        }
        Self(Kind::Keys(kept))
    }

    /// The keys of a principal in a keytab: of each enctype that this build has the one of the highest version.
    ///
    /// # Errors
    /// [`SecretError::NotInKeytab`] and [`SecretError::Unusable`].
    pub fn from_keytab(keytab: &Keytab, principal: &Principal) -> Result<Self, SecretError> {
        let mut entries: Vec<_> = keytab.entries_for(principal).collect();
        if entries.is_empty() {
            let present = keytab.principals().into_iter().cloned().collect();
            return Err(SecretError::NotInKeytab { principal: principal.clone(), present });
        }
        entries.sort_by_key(|entry| core::cmp::Reverse(entry.kvno));
        let present = entries.iter().map(|entry| EncType(entry.key.keytype())).collect();
        let keys = entries
            .into_iter()
            .filter_map(|entry| Key::new(EncType(entry.key.keytype()), entry.key.keyvalue()).ok());
        match Self::keys(keys) {
            Self(Kind::Keys(keys)) if keys.is_empty() => Err(SecretError::Unusable { present }),
            secret => Ok(secret),
        }
    }

    /// Whether making a key needs nothing but this.
    pub(crate) const fn has_keys(&self) -> bool {
        matches!(self.0, Kind::Keys(_))
    }

    /// Those of the enctypes that a key can be made of, in their order.
    ///
    /// # Errors
    /// [`SecretError::NoEncType`] if none is left.
    pub(crate) fn enctypes(&self, wanted: &[EncType]) -> Result<Vec<EncType>, SecretError> {
        let usable: Vec<_> = wanted
            .iter()
            .copied()
            .filter(|wanted| match &self.0 {
                Kind::Password(_) => wanted.is_supported(),
                Kind::Keys(keys) => keys.iter().any(|key| key.enctype() == *wanted),
            })
            .collect();
        if !usable.is_empty() {
            return Ok(usable);
        }
        let present = match &self.0 {
            Kind::Password(_) => Vec::new(),
            Kind::Keys(keys) => keys.iter().map(Key::enctype).collect(),
        };
        Err(SecretError::NoEncType { wanted: wanted.into(), present: present.into() })
    }

    /// The client's key. Takes long for a password.
    ///
    /// # Errors
    /// There is no key of the enctype, or the parameters are refused.
    pub(crate) fn key(&self, parameters: &KeyParameters, max_iterations: u32) -> Result<Key, SecretError> {
        let enctype = parameters.enctype;
        match &self.0 {
            Kind::Password(password) => Key::from_password_with_limit(
                enctype,
                password,
                &parameters.salt,
                parameters.s2kparams.as_deref(),
                max_iterations,
            )
            .map_err(SecretError::StringToKey),
            Kind::Keys(keys) => {
                let key = keys.iter().find(|key| key.enctype() == enctype);
                let present = || keys.iter().map(Key::enctype).collect();
                key.map(Key::duplicate)
                    .ok_or_else(|| SecretError::NoEncType { wanted: [enctype].into(), present: present() })
            }
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Password(_) => "Secret(password)",
            Kind::Keys(_) => "Secret(keys)",
        })
    }
}

impl Clone for Secret {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Kind::Password(password) => Kind::Password(password.clone()),
            Kind::Keys(keys) => Kind::Keys(keys.iter().map(Key::duplicate).collect()),
        })
    }
}

/// What makes a key of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyParameters {
    pub(crate) enctype: EncType,
    pub(crate) salt: Vec<u8>,
    pub(crate) s2kparams: Option<Vec<u8>>,
}

impl KeyParameters {
    /// The default salt and parameters (RFC 4120 section 4, RFC 3961 section 3).
    pub(crate) fn default_of(enctype: EncType, client: PrincipalRef<'_>) -> Self {
        Self { enctype, salt: default_salt(client), s2kparams: None }
    }

    /// What a KDC says about the client's key: of the first of `usable` that it names. `None` if it says nothing.
    ///
    /// ETYPE-INFO2 alone counts if it is there (RFC 4120 section 5.2.7.5), so that nobody can drop its parameters by
    /// spoiling it.
    ///
    /// # Errors
    /// What it says cannot be read, or names no usable enctype.
    pub(crate) fn offered(
        padata: &MethodData<'_>,
        usable: &[EncType],
        client: PrincipalRef<'_>,
    ) -> Result<Option<Self>, SecretError> {
        let entry = |etype: i32, salt: Option<&[u8]>, s2kparams: Option<&[u8]>| Self {
            enctype: EncType(etype),
            salt: salt.map_or_else(|| default_salt(client), <[u8]>::to_vec),
            s2kparams: s2kparams.map(<[u8]>::to_vec),
        };
        let entries: Vec<Self> = if let Some(der) = find(padata, PaDataType::ETYPE_INFO2) {
            EtypeInfo2::from_der(der)
                .map_err(SecretError::Parameters)?
                .iter()
                .map(|info| {
                    let salt = info.salt.as_ref().map(KerberosString::as_bytes);
                    entry(info.etype, salt, info.s2kparams.as_ref().map(Octets::as_bytes))
                })
                .collect()
        } else if let Some(der) = find(padata, PaDataType::ETYPE_INFO) {
            EtypeInfo::from_der(der)
                .map_err(SecretError::Parameters)?
                .iter()
                .map(|info| entry(info.etype, info.salt.as_ref().map(Octets::as_bytes), None))
                .collect()
        } else {
            let salt = find(padata, PaDataType::PW_SALT).zip(usable.first());
            return Ok(salt.map(|(salt, enctype)| entry(enctype.0, Some(salt), None)));
        };
        let chosen = usable.iter().find_map(|wanted| entries.iter().find(|entry| entry.enctype == *wanted));
        chosen.cloned().map(Some).ok_or_else(|| SecretError::NoCommonEncType {
            offered: entries.iter().map(|entry| entry.enctype).collect(),
            usable: usable.into(),
        })
    }
}

/// Realm and components, laid end to end (RFC 4120 section 4).
fn default_salt(client: PrincipalRef<'_>) -> Vec<u8> {
    let mut salt = client.realm.as_bytes().to_vec();
    for component in client.name.components() {
        salt.extend_from_slice(component.as_bytes());
    }
    salt
}

#[cfg(test)]
mod tests;
