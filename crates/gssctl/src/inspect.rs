//! Tokens and messages as trees of names and values, for people.
//!
//! Everything here takes any bytes at all and answers with text: what cannot be read is shown as far as it can, with
//! the reason why not further. Secrets stay hidden unless [`Inspector::secrets`] is set.

mod authdata;
mod checksum;
mod der;
mod files;
mod kdc;
mod krb5;
mod ntlm;
mod opened;
mod pac;
mod per_message;
mod spnego;
mod token;
pub mod tree;

use crate::inspect::tree::Node;
use core::fmt::Display;
use krb5_asn1::{EncryptedData, EncryptionKey};
use krb5_crypto::{EncType, Key, KeyUsage};
use krb5_files::Keytab;
use tree::{Hex, List};
use zeroize::Zeroizing;

/// How deep tokens may lie in tokens before the rest is shown as bytes.
const MAX_NESTING: usize = 12;

/// What to show, and the keys to look inside with.
#[derive(Debug, Default)]
pub struct Inspector {
    /// Keys of services (or users), to decrypt tickets with.
    pub keytab: Option<Keytab>,
    /// Whether keys that are found are shown.
    pub secrets: bool,
}

impl Inspector {
    /// The tree of a token or message of any kind.
    pub fn inspect(&self, bytes: &[u8]) -> Node {
        self.token(bytes, 0)
    }

    /// A key, shown or hidden.
    fn key(&self, name: &str, key: EncryptionKey<'_>) -> Node {
        let value = key.keyvalue.as_bytes();
        let enctype = EncType(key.keytype);
        if self.secrets {
            Node::field(name, format_args!("{enctype} {}", Hex(value)))
        } else {
            Node::field(name, format_args!("{enctype} [{} bytes hidden]", value.len()))
        }
    }

    /// Encrypted data, with what is inside if one of the keys opens it.
    fn encrypted<'k>(
        &self,
        name: &str,
        data: &EncryptedData<'_>,
        usage: KeyUsage,
        keys: impl IntoIterator<Item = &'k Key>,
        show: impl FnOnce(&[u8]) -> Node,
    ) -> Node {
        let node = encrypted_closed(name, data);
        match open(data, usage, keys) {
            Some(plaintext) => node.with(show(&plaintext)),
            None => node,
        }
    }
}

/// Encrypted data from outside.
fn encrypted_closed(name: &str, data: &EncryptedData<'_>) -> Node {
    let kvno = data.kvno.map(|kvno| format!(", kvno {}", kvno.0)).unwrap_or_default();
    let length = data.cipher.as_bytes().len();
    Node::field(name, format_args!("{}{kvno}, {length} bytes encrypted", EncType(data.etype)))
}

/// Tries the keys of the right enctype.
fn open<'k>(
    data: &EncryptedData<'_>,
    usage: KeyUsage,
    keys: impl IntoIterator<Item = &'k Key>,
) -> Option<Zeroizing<Vec<u8>>> {
    keys.into_iter().filter(|key| key.enctype().0 == data.etype).find_map(|key| {
        let mut buffer = Zeroizing::new(data.cipher.as_bytes().to_vec());
        let plaintext = key.cipher(usage).decrypt_in_place(&mut buffer).ok()?;
        Some(Zeroizing::new(plaintext.to_vec()))
    })
}

/// What cannot be read: the reason, and the bytes as DER as far as they are.
fn unreadable(what: &str, error: impl Display, bytes: &[u8]) -> Node {
    Node::new(format_args!("{what}, malformed: {error}")).with(der::dump(bytes))
}

fn enctypes(list: impl IntoIterator<Item = i32>) -> impl Display {
    List(list.into_iter().map(EncType).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
