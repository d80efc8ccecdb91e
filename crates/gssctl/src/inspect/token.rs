//! Which kind of token is it?

use super::tree::{Hex, Node};
use super::{Inspector, MAX_NESTING, der, ntlm, unreadable};
use gss_core::framing::Framed;
use gss_core::oid;

impl Inspector {
    pub(super) fn token(&self, bytes: &[u8], nesting: usize) -> Node {
        if nesting >= MAX_NESTING {
            return Node::new(format_args!("{} bytes, nested too deep to show", bytes.len()));
        }
        match bytes {
            [] => Node::new("empty token"),
            [0x60, ..] => self.framed(bytes, nesting),
            [0xa0 | 0xa1, ..] => self.spnego(bytes, nesting),
            _ if bytes.starts_with(ntlm::SIGNATURE) => ntlm::message(bytes),
            _ if bytes.starts_with(&ntlm::SIGNATURE_VERSION) => ntlm::signature(bytes),
            _ if bytes.starts_with(b"NEGOEXTS") => {
                Node::new(format_args!("NEGOEX message, {} bytes, not decoded here", bytes.len()))
            }
            // RFC 4121 sections 4.2.6.1 and 4.2.6.2: token id, flags, filler. Credential caches begin with 05 04 too.
            [0x05 | 0x04, 0x04, _, 0xff, ..] => super::per_message::cfx(bytes),
            [0x05, 1..=4, ..] => self.file(bytes),
            [1 | 2, 0, 0x6e | 0x6f, ..] | [3, 0, 0x7e, ..] => self.krb5_inner(bytes, nesting),
            [first, ..] if is_application(*first) => self.krb5_message(bytes, nesting),
            [0x30, ..] => {
                Node::new(format_args!("DER of no known kind, {} bytes", bytes.len())).with(der::dump(bytes))
            }
            _ => Node::new(format_args!("no known kind of token, {} bytes", bytes.len()))
                .with_field("bytes", Hex(bytes)),
        }
    }

    fn framed(&self, bytes: &[u8], nesting: usize) -> Node {
        let framed = match Framed::parse(bytes) {
            Ok(framed) => framed,
            Err(error) => return unreadable("GSS-API token", error, bytes),
        };
        let mechanism = framed.mechanism;
        if mechanism == oid::SPNEGO {
            return self.spnego(bytes, nesting);
        }
        let name = oid::mechanism_name(&mechanism).unwrap_or("unknown");
        let node = Node::new(format_args!("GSS-API token of {name} ({mechanism}), {} bytes", bytes.len()));
        if oid::same_mechanism(&mechanism, &oid::KRB5)
            || [oid::KRB5_USER_TO_USER, oid::IAKERB].contains(&mechanism)
        {
            node.with(self.krb5_inner(framed.inner, nesting.saturating_add(1)))
        } else {
            node.with(self.token(framed.inner, nesting.saturating_add(1)))
        }
    }
}

/// `[APPLICATION n]`, constructed, of a low number.
fn is_application(tag: u8) -> bool {
    tag & 0xe0 == 0x60 && tag & 0x1f != 0x1f
}
