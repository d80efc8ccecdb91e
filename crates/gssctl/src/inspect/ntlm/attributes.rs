//! The attributes (MS-NLMP section 2.2.2.1), one a line, in words.

use super::super::tree::{Hex, Node};
use super::{flags, view::text};
use gss_core::reader::{ParseError, Reader};
use gss_ntlm::wire::{AvFlags, AvId, Charset, FileTime, MAX_AV_PAIRS};

/// The attributes of a list that lies at `offset` of the message, and what follows their end; as many as can be read.
pub(super) fn list(bytes: &[u8], offset: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut reader = Reader::at_offset(bytes, offset);
    for _ in 0..=MAX_AV_PAIRS {
        let start = reader;
        match pair(&mut reader) {
            Ok((AvId::EOL, _)) => {
                nodes.push(Node::new(format_args!("{} at {}", AvId::EOL, start.offset())));
                break;
            }
            Ok((id, value)) => nodes.push(attribute(id, value, start.offset())),
            Err(error) => {
                nodes.push(Node::new(format_args!("attribute at {}, malformed: {error}", start.offset())));
                break;
            }
        }
    }
    if !reader.is_empty() {
        let (at, rest) = (reader.offset(), reader.take_rest());
        nodes.push(Node::field(&format!("{} bytes behind the attributes at {at}", rest.len()), Hex(rest)));
    }
    nodes
}

/// The next attribute. Where it cannot be read, the reader stays.
fn pair<'a>(reader: &mut Reader<'a>) -> Result<(AvId, &'a [u8]), ParseError> {
    let mut ahead = *reader;
    let (id, len) = (AvId(ahead.u16_le()?), ahead.u16_le()?);
    let value = ahead.take(usize::from(len))?;
    *reader = ahead;
    Ok((id, value))
}

fn attribute(id: AvId, value: &[u8], at: usize) -> Node {
    let name = format!("{id} at {at}");
    let shown = match id {
        AvId::FLAGS => value.try_into().ok().map(|bytes| {
            let flags = AvFlags::from_bits(u32::from_le_bytes(bytes));
            flags::attribute(&name, flags)
        }),
        AvId::TIMESTAMP => {
            let time = value.try_into().ok().map(|bytes| FileTime(u64::from_le_bytes(bytes)));
            time.map(|time| Node::field(&name, time))
        }
        AvId::CHANNEL_BINDINGS if value == [0; 16] => {
            Some(Node::field(&name, "zeros: the client has no channel bindings"))
        }
        AvId::CHANNEL_BINDINGS => Some(Node::field(&name, format_args!("MD5 {}", Hex(value)))),
        AvId::TARGET_NAME if value.is_empty() => {
            Some(Node::field(&name, "empty: the client does not know which service it talks to"))
        }
        AvId::SINGLE_HOST => Some(single_host(&name, value)),
        _ if id.is_text() => Some(Node::field(&name, text(value, Charset::Unicode))),
        _ => None,
    };
    shown.unwrap_or_else(|| Node::field(&name, format_args!("{} bytes {}", value.len(), Hex(value))))
}

/// What the client's machine tells about itself, to recognise a logon to itself (MS-NLMP section 2.2.2.2).
fn single_host(name: &str, value: &[u8]) -> Node {
    let node = Node::field(name, format_args!("{} bytes about the client's machine", value.len()));
    let mut reader = Reader::new(value);
    let fields = (|| {
        let size = reader.u32_le()?;
        reader.take(4)?;
        Ok::<_, ParseError>((size, reader.take(8)?, reader.take(32)?))
    })();
    match fields {
        Ok((size, custom, machine)) => node
            .with_field("size", size)
            .with_field("custom data", Hex(custom))
            .with_field("machine", Hex(machine)),
        Err(_) => node.with_field("bytes", Hex(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> String {
        list(bytes, 100).into_iter().fold(Node::new("list"), Node::with).to_string()
    }

    #[test]
    fn attributes_are_told_in_words() {
        let host = [&48_u32.to_le_bytes()[..], &[0; 4], &[0xc5; 8], &[0x1d; 32]].concat();
        for (id, value, wanted) in [
            (1, &b"S\0"[..], "MsvAvNbComputerName at 100: \"S\""),
            (6, &[6, 0, 0, 0x80], "MsvAvFlags at 100: 0x80000006"),
            (6, &[6, 0, 0, 0], "mic_present: AUTHENTICATE has a MIC"),
            (6, &[6, 0, 0, 0], "untrusted_spn: the client does not vouch"),
            (6, &[6, 0], "MsvAvFlags at 100: 2 bytes 0600"),
            (7, &[0, 0x80, 0x3e, 0xd5, 0xde, 0xb1, 0x9d, 1], "MsvAvTimestamp at 100: 1970-01-01T00:00:00Z"),
            (8, &host, "machine: 1d1d"),
            (8, &[1, 2], "bytes: 0102"),
            (9, b"", "MsvAvTargetName at 100: empty"),
            (10, &[0; 16], "zeros: the client has no channel bindings"),
            (10, &[7; 16], "MD5 0707"),
            (11, &[7], "AV_PAIR 11 at 100: 1 bytes 07"),
        ] {
            let length = u8::try_from(value.len()).unwrap();
            let text = shown(&[&[id, 0, length, 0], value, &[0; 4]].concat());
            assert!(text.contains(wanted), "{wanted}: {text}");
            assert!(text.contains(&format!("MsvAvEOL at {}", 104 + value.len())), "{text}");
        }
    }

    #[test]
    fn broken_lists_are_shown_as_far_as_they_go() {
        let text = shown(&[1, 0, 2, 0, b'S', 0, 2, 0, 9, 0, 1]);
        assert!(text.contains("\"S\"") && text.contains("attribute at 106, malformed"), "{text}");
        assert!(text.contains("5 bytes behind the attributes at 106: 0200090001"), "{text}");
        let text = shown(&[0, 0, 0, 0, 9, 9]);
        assert!(text.contains("2 bytes behind the attributes at 104: 0909"), "{text}");
        let endless = [99, 0, 0, 0].repeat(1000);
        assert_eq!(shown(&endless).lines().count(), MAX_AV_PAIRS + 3);
    }
}
