//! Checksums, among them the one that carries GSS-API's flags (RFC 4121 section 4.1.1).

use super::tree::{Hex, Node};
use super::{Inspector, MAX_NESTING, unreadable};
use gss_core::ContextFlags;
use gss_core::reader::{ParseError, Reader};
use krb5_asn1::{Checksum, Decode, KrbCred};
use krb5_crypto::{ChecksumType, Key};

/// A checksum of any type.
pub(super) fn plain(name: &str, checksum: &Checksum<'_>) -> Node {
    let kind = ChecksumType(checksum.cksumtype);
    Node::field(name, format_args!("{kind:?} {}", Hex(checksum.checksum.as_bytes())))
}

impl Inspector {
    pub(super) fn checksum(
        &self,
        name: &str,
        checksum: &Checksum<'_>,
        keys: &[&Key],
        nesting: usize,
    ) -> Node {
        if ChecksumType(checksum.cksumtype) != ChecksumType::GSS {
            return plain(name, checksum);
        }
        let bytes = checksum.checksum.as_bytes();
        match self.gss_checksum(bytes, keys, nesting) {
            Ok(node) => node.labelled(name),
            Err(error) => unreadable("GSS-API checksum", error, bytes).labelled(name),
        }
    }

    fn gss_checksum(&self, bytes: &[u8], keys: &[&Key], nesting: usize) -> Result<Node, ParseError> {
        let mut reader = Reader::new(bytes);
        let length = reader.u32_le()?;
        let binding = reader.take(16)?;
        let flags = ContextFlags::from_bits(reader.u32_le()?);
        let mut node = Node::new("GSS-API (0x8003)").with_field("flags", flags);
        node.push(match (length, binding) {
            (16, [0, rest @ ..]) if rest.iter().all(|byte| *byte == 0) => Node::new("channel bindings: none"),
            (16, _) => Node::field("channel bindings (MD5)", Hex(binding)),
            _ => Node::field("channel bindings", format_args!("length {length}, expected 16")),
        });
        if flags.contains(ContextFlags::DELEGATION) && !reader.is_empty() {
            let option = reader.u16_le()?;
            let length = reader.u16_le()?;
            let message = reader.take(length.into())?;
            let delegated = Node::field("delegation", format_args!("option {option}, {length} bytes"));
            node.push(match KrbCred::from_der(message) {
                Ok(cred) if nesting < MAX_NESTING => delegated.with(self.krb_cred(&cred, keys)),
                Ok(_) => delegated,
                Err(error) => delegated.with(unreadable("KRB-CRED", error, message)),
            });
        }
        if !reader.is_empty() {
            node.push(Node::field("extensions", Hex(reader.take_rest())));
        }
        Ok(node)
    }
}
