//! Per-message tokens: RFC 4121 section 4.2.6, RFC 4757 section 7.

use super::tree::{Hex, List, Node};
use gss_core::reader::{ParseError, Reader};

/// A token of RFC 4121.
pub(super) fn cfx(bytes: &[u8]) -> Node {
    read_cfx(bytes).unwrap_or_else(|error| super::unreadable("per-message token of RFC 4121", error, bytes))
}

fn read_cfx(bytes: &[u8]) -> Result<Node, ParseError> {
    let mut reader = Reader::new(bytes);
    let id = reader.u16_be()?;
    let flags = reader.u8()?;
    reader.u8()?;
    let wrap = id == 0x0504;
    let kind = if wrap { "Wrap" } else { "MIC" };
    let names = [(1, "SentByAcceptor"), (2, "Sealed"), (4, "AcceptorSubkey")];
    let set = names.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, name)| *name);
    let mut node = Node::new(format_args!("{kind} token of RFC 4121, {} bytes", bytes.len()))
        .with_field("flags", List(set));
    if wrap {
        node.push(Node::field("EC (extra count)", reader.u16_be()?));
        node.push(Node::field("RRC (right rotation count)", reader.u16_be()?));
    } else {
        reader.take(4)?;
    }
    node.push(Node::field("sequence number", reader.u64_be()?));
    let rest = reader.take_rest();
    Ok(node.with(match (wrap, flags & 2 != 0) {
        (true, true) => Node::field("encrypted", format_args!("{} bytes", rest.len())),
        (true, false) => Node::field("data and checksum", format_args!("{} bytes {}", rest.len(), Hex(rest))),
        (false, _) => Node::field("checksum", Hex(rest)),
    }))
}

/// A token of RFC 1964 or RFC 4757, without its framing.
pub(super) fn rfc1964(bytes: &[u8]) -> Node {
    read_rfc1964(bytes)
        .unwrap_or_else(|error| super::unreadable("per-message token of RFC 1964", error, bytes))
}

fn read_rfc1964(bytes: &[u8]) -> Result<Node, ParseError> {
    let mut reader = Reader::new(bytes);
    let id = reader.u16_be()?;
    let kind = match id {
        0x0101 => "MIC",
        0x0201 => "Wrap",
        _ => "context deletion",
    };
    let mut node = Node::new(format_args!("{kind} token of RFC 1964 and RFC 4757, {} bytes", bytes.len()));
    node.push(Node::field("SGN_ALG", algorithm(reader.u16_le()?)));
    if id == 0x0201 {
        node.push(Node::field("SEAL_ALG", seal_algorithm(reader.u16_le()?)));
        reader.take(2)?;
    } else {
        reader.take(4)?;
    }
    node.push(Node::field("SND_SEQ (encrypted)", Hex(reader.take(8)?)));
    node.push(Node::field("SGN_CKSUM", Hex(reader.take(8)?)));
    if id == 0x0201 {
        node.push(Node::field("confounder", Hex(reader.take(8)?)));
        node.push(Node::field("data", format_args!("{} bytes", reader.remaining())));
    }
    Ok(node)
}

fn algorithm(number: u16) -> String {
    match number {
        0x0000 => "DES MAC MD5 (0000)".into(),
        0x0004 => "HMAC SHA1 DES3-KD (0400)".into(),
        0x0011 => "HMAC MD5 of RC4 (1100)".into(),
        _ => format!("{:04x}", number.swap_bytes()),
    }
}

fn seal_algorithm(number: u16) -> String {
    match number {
        0x0000 => "DES (0000)".into(),
        0x0002 => "DES3-KD (0200)".into(),
        0x0010 => "RC4 (1000)".into(),
        0xffff => "none (ffff)".into(),
        _ => format!("{:04x}", number.swap_bytes()),
    }
}
