//! Authorization data.

use super::tree::{Hex, Node};
use super::{Inspector, MAX_NESTING, enctypes};
use gss_core::reader::{ParseError, Reader};
use krb5_asn1::{AdApOptions, AdEtypeNegotiation, AuthDataElement, AuthDataType, AuthorizationData, Decode};

/// Most buffers of a PAC that are listed.
const MAX_PAC_BUFFERS: u32 = 64;

impl Inspector {
    pub(super) fn authorization_data(&self, data: AuthorizationData<'_>, nesting: usize) -> Node {
        let node = Node::new("authorization data");
        data.into_iter().fold(node, |node, element| node.with(self.element(&element, nesting)))
    }

    fn element(&self, element: &AuthDataElement<'_>, nesting: usize) -> Node {
        let bytes = element.ad_data.as_bytes();
        let node = Node::new(format_args!("{}, {} bytes", element.ad_type, bytes.len()));
        let nested = nesting.saturating_add(1);
        match element.ad_type {
            AuthDataType::IF_RELEVANT if nested < MAX_NESTING => match AuthorizationData::from_der(bytes) {
                Ok(inner) => node.with(self.authorization_data(inner, nested)),
                Err(error) => node.with_field("malformed", error),
            },
            AuthDataType::WIN2K_PAC => match pac(bytes) {
                Ok(buffers) => buffers.into_iter().fold(node, Node::with),
                Err(error) => node.with_field("malformed", error),
            },
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

/// The buffers of a PAC (MS-PAC section 2.3): a line each.
fn pac(bytes: &[u8]) -> Result<Vec<Node>, ParseError> {
    let mut reader = Reader::new(bytes);
    let count = reader.u32_le()?;
    let version = reader.u32_le()?;
    let mut nodes = vec![Node::field("PAC", format_args!("version {version}, {count} buffers"))];
    for _ in 0..count.min(MAX_PAC_BUFFERS) {
        let kind = reader.u32_le()?;
        let size = reader.u32_le()?;
        let offset = reader.u64_le()?;
        let name = PAC_BUFFERS.iter().find(|(number, _)| *number == kind).map_or("unknown", |(_, name)| name);
        nodes.push(Node::new(format_args!("{name} ({kind}), {size} bytes at {offset}")));
    }
    Ok(nodes)
}

/// `ulType` of MS-PAC section 2.4.
const PAC_BUFFERS: [(u32, &str); 14] = [
    (1, "logon information"),
    (2, "credentials"),
    (6, "server signature"),
    (7, "KDC signature"),
    (10, "client name and ticket time"),
    (11, "constrained delegation"),
    (12, "UPN and DNS names"),
    (13, "client claims"),
    (14, "device information"),
    (15, "device claims"),
    (16, "ticket signature"),
    (17, "attributes"),
    (18, "requester SID"),
    (19, "full PAC signature"),
];
