//! Any DER, without knowing what it means.

use super::tree::{Hex, Node};
use asn1_rs::{Any, Class, FromBer, Length, Tag};

/// How deep elements may lie in elements before the rest is shown as bytes.
const MAX_DEPTH: usize = 24;
/// How many elements are shown in all.
const MAX_ELEMENTS: usize = 500;

/// The elements in `bytes`; whatever is not DER (or BER of definite length) is shown in hex.
pub(super) fn dump(bytes: &[u8]) -> Node {
    let mut left = MAX_ELEMENTS;
    let mut node = Node::new(format_args!("{} bytes", bytes.len()));
    for child in elements(bytes, 0, &mut left) {
        node.push(child);
    }
    node
}

fn elements(mut bytes: &[u8], depth: usize, left: &mut usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    while !bytes.is_empty() {
        if depth >= MAX_DEPTH || *left == 0 {
            nodes.push(Node::new(Hex(bytes)));
            break;
        }
        *left = left.saturating_sub(1);
        match Any::from_ber(bytes) {
            Ok((rest, any)) if any.header.length() != Length::Indefinite && rest.len() < bytes.len() => {
                nodes.push(element(&any, depth, left));
                bytes = rest;
            }
            _ => {
                nodes.push(Node::field("not DER", Hex(bytes)));
                break;
            }
        }
    }
    nodes
}

fn element(any: &Any<'_>, depth: usize, left: &mut usize) -> Node {
    let name = name(any.class(), any.tag());
    let length = any.data.len();
    if any.header.is_constructed() {
        let mut node = Node::new(format_args!("{name}, {length} bytes"));
        for child in elements(any.data, depth.saturating_add(1), left) {
            node.push(child);
        }
        return node;
    }
    let value = match (any.class(), any.tag()) {
        (Class::Universal, Tag::Integer | Tag::Enumerated) => any
            .clone()
            .with_tag(Tag::Integer)
            .as_i64()
            .map_or_else(|_| Hex(any.data).to_string(), |value| value.to_string()),
        (Class::Universal, Tag::Oid) => gss_core::Oid::from_bytes(any.data)
            .map_or_else(|_| Hex(any.data).to_string(), |oid| oid.to_string()),
        (Class::Universal, Tag::OctetString | Tag::BitString) => {
            format!("{length} bytes {}", Hex(any.data))
        }
        _ => match core::str::from_utf8(any.data) {
            Ok(text) if text.chars().all(|character| !character.is_control()) => format!("{text:?}"),
            _ => Hex(any.data).to_string(),
        },
    };
    Node::new(format_args!("{name} {value}"))
}

fn name(class: Class, tag: Tag) -> String {
    match class {
        Class::Universal => format!("{tag:?}"),
        Class::Application => format!("[APPLICATION {}]", tag.0),
        Class::ContextSpecific => format!("[{}]", tag.0),
        Class::Private => format!("[PRIVATE {}]", tag.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_elements_are_shown() {
        let tree = dump(&[0x30, 0x06, 0xa1, 0x04, 0x02, 0x02, 0x01, 0x00]).to_string();
        assert!(tree.contains("[1], 4 bytes"), "{tree}");
        assert!(tree.contains("256"), "{tree}");
    }

    #[test]
    fn what_is_not_der_is_shown_in_hex() {
        let tree = dump(&[0x30, 0x06, 0xa1]).to_string();
        assert!(tree.contains("not DER: 3006a1"), "{tree}");
        assert_eq!(dump(&[]).to_string(), "0 bytes\n");
    }

    #[test]
    fn depth_and_number_are_limited() {
        let mut deep = vec![];
        for _ in 0..100 {
            deep = [&[0x30, u8::try_from(deep.len()).unwrap_or(127)], &deep[..]].concat();
        }
        assert!(dump(&deep).to_string().lines().count() <= MAX_DEPTH + 2);
        let wide = [0x05, 0x00].repeat(2 * MAX_ELEMENTS);
        assert!(dump(&wide).to_string().lines().count() <= MAX_ELEMENTS + 2);
    }
}
