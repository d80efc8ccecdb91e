//! Authorization data.

use super::pac::pac;
use super::tree::{Hex, Node};
use super::{Inspector, MAX_NESTING, enctypes};
use krb5_asn1::{AdApOptions, AdEtypeNegotiation, AuthDataElement, AuthDataType, AuthorizationData, Decode};
use krb5_crypto::Key;

impl Inspector {
    /// `key` is the one that opened the ticket which the data is of, if there is one.
    pub(super) fn authorization_data(
        &self,
        data: AuthorizationData<'_>,
        key: Option<&Key>,
        nesting: usize,
    ) -> Node {
        let node = Node::new("authorization data");
        data.into_iter().fold(node, |node, element| node.with(self.element(&element, key, nesting)))
    }

    fn element(&self, element: &AuthDataElement<'_>, key: Option<&Key>, nesting: usize) -> Node {
        let bytes = element.ad_data.as_bytes();
        let node = Node::new(format_args!("{}, {} bytes", element.ad_type, bytes.len()));
        let nested = nesting.saturating_add(1);
        match element.ad_type {
            AuthDataType::IF_RELEVANT if nested < MAX_NESTING => match AuthorizationData::from_der(bytes) {
                Ok(inner) => node.with(self.authorization_data(inner, key, nested)),
                Err(error) => node.with_field("malformed", error),
            },
            AuthDataType::WIN2K_PAC => pac(bytes, key).into_iter().fold(node, Node::with),
            AuthDataType::ETYPE_NEGOTIATION => match AdEtypeNegotiation::from_der(bytes) {
                Ok(list) => node.with_field("enctypes", enctypes(list)),
                Err(error) => node.with_field("malformed", error),
            },
            AuthDataType::AP_OPTIONS => match AdApOptions::from_bytes(bytes) {
                Some(options) => node.with_field("options", ap_options(options)),
                None => node.with_field("bytes", Hex(bytes)),
            },
            AuthDataType::TARGET_PRINCIPAL => node.with_field("target", utf16(bytes)),
            _ => node.with_field("bytes", Hex(bytes)),
        }
    }
}

fn ap_options(options: AdApOptions) -> String {
    let mut text = format!("{:#010x}", options.0);
    if options.contains(AdApOptions::CBT) {
        text.push_str(" channel bindings are to be checked");
    }
    if options.contains(AdApOptions::UNVERIFIED_TARGET_NAME) {
        text.push_str(" target name not verified");
    }
    text
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
