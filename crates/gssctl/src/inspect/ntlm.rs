//! NTLM: the three messages (MS-NLMP section 2.2.1) and what stands in front of protected ones (section 2.2.2.9).
//!
//! The reader of `gss-ntlm` says what is wrong with a message. What is shown is read field by field and on its own, so
//! that a broken message shows all it has.

mod attributes;
mod flags;
mod response;
mod view;

use super::tree::{Hex, Node};
use gss_core::reader::{ParseError, Reader};
use gss_ntlm::wire::{
    AuthenticateMessage, AvFlags, ChallengeMessage, Charset, Field, MessageType, NegotiateFlags,
    NegotiateMessage, WireError,
};
use response::Answer;
use view::View;

/// First bytes of the messages.
pub(super) const SIGNATURE: &[u8] = &gss_ntlm::wire::SIGNATURE;

/// A message, whatever its type.
pub(super) fn message(bytes: &[u8]) -> Node {
    let kind = match MessageType::of(bytes) {
        Ok(kind) => kind,
        Err(error) => {
            let node = head("of unknown type", bytes, Some(error));
            return node.with_field("bytes", Hex(bytes));
        }
    };
    let view = View::new(bytes);
    match kind {
        MessageType::Negotiate => negotiate(&view),
        MessageType::Challenge => challenge(&view),
        MessageType::Authenticate => authenticate(&view),
    }
}

fn head(kind: &str, bytes: &[u8], error: Option<WireError>) -> Node {
    let fault = error.map(|error| format!(", malformed: {error}")).unwrap_or_default();
    Node::new(format_args!("NTLMSSP message {kind}, {} bytes{fault}", bytes.len()))
}

fn negotiate(view: &View<'_>) -> Node {
    const DOMAIN: usize = 16;
    const WORKSTATION: usize = 24;
    let mut node = head("NEGOTIATE", view.message(), NegotiateMessage::parse(view.message()).err());
    let Some(flags) = view.flags(12) else { return node };
    node.push(flags::negotiate(flags, 12));
    for (at, field, flag) in [
        (DOMAIN, Field::DomainName, NegotiateFlags::OEM_DOMAIN_SUPPLIED),
        (WORKSTATION, Field::Workstation, NegotiateFlags::OEM_WORKSTATION_SUPPLIED),
    ] {
        let Some(place) = view.field(at) else { return node };
        // Nothing is agreed upon yet, so names are in a code page.
        let shown = view.text(field, place, Charset::Oem);
        let unasked = place.len > 0 && !flags.contains(flag);
        node.push(if unasked {
            shown.with(Node::new(format_args!("does not count: {flag} is not set")))
        } else {
            shown
        });
    }
    let end = view.header_end(&[DOMAIN, WORKSTATION], 32);
    node.with_optional("Version at 32", view.version(32, end, flags))
}

fn challenge(view: &View<'_>) -> Node {
    const TARGET_NAME: usize = 12;
    const TARGET_INFO: usize = 40;
    let mut node = head("CHALLENGE", view.message(), ChallengeMessage::parse(view.message()).err());
    let flags = view.flags(20);
    let charset = flags.and_then(Charset::of).unwrap_or(Charset::Unicode);
    let Some(name) = view.field(TARGET_NAME) else { return node };
    node.push(view.text(Field::TargetName, name, charset));
    let Some(flags) = flags else { return node };
    node.push(flags::negotiate(flags, 20));
    node = node.with_optional("ServerChallenge at 24", view.array::<8>(24).as_ref().map(|bytes| Hex(bytes)));
    if let Some(reserved) = view.array::<8>(32).filter(|bytes| bytes != &[0; 8]) {
        node.push(Node::field("Reserved at 32, expected zeros", Hex(&reserved)));
    }
    if view.header_end(&[TARGET_NAME], 32) < 48 {
        return node;
    }
    let Some(info) = view.field(TARGET_INFO) else { return node };
    let mut shown = view.bytes(Field::TargetInfo, info);
    if let Some(list) = info.of(view.message()).filter(|list| !list.is_empty()) {
        shown = attributes::list(list, info.start()).into_iter().fold(shown, Node::with);
    }
    if info.len > 0 && !flags.contains(NegotiateFlags::TARGET_INFO) {
        shown.push(Node::new(format_args!("does not count: {} is not set", NegotiateFlags::TARGET_INFO)));
    }
    node.push(shown);
    let end = view.header_end(&[TARGET_NAME, TARGET_INFO], 48);
    node.with_optional("Version at 48", view.version(48, end, flags))
}

fn authenticate(view: &View<'_>) -> Node {
    const LM: usize = 12;
    const NT: usize = 20;
    const NAMES: [(usize, Field); 3] =
        [(28, Field::DomainName), (36, Field::UserName), (44, Field::Workstation)];
    const KEY: usize = 52;
    // Old clients send no flags, and the CHALLENGE that would tell the charset is not at hand.
    let parse = |charset| AuthenticateMessage::parse(view.message(), charset);
    let (parsed, fallback) = match parse(Charset::Unicode) {
        Ok(message) => (Ok(message), Charset::Unicode),
        Err(_) => (parse(Charset::Oem), Charset::Oem),
    };
    let mut node = head("AUTHENTICATE", view.message(), parsed.err());
    let mut end = view.header_end(&[LM, NT, 28, 36, 44], 52);
    let has_flags = end >= 64;
    if has_flags {
        end = view.header_end(&[LM, NT, 28, 36, 44, KEY], 64);
    }
    let flags = view.flags(60).filter(|_| has_flags);
    let charset = flags.map_or(Some(fallback), Charset::of).unwrap_or(fallback);
    let answer = Answer { lm: view.field(LM), nt: view.field(NT), user: view.field(36) };
    node.push(answer.verdict(view));
    node = answer.nodes(view).into_iter().fold(node, Node::with);
    for (at, field) in NAMES {
        let Some(place) = view.field(at) else { return node };
        node.push(view.text(field, place, charset));
    }
    if has_flags && let Some(place) = view.field(KEY) {
        let shown = view.bytes(Field::EncryptedSessionKey, place);
        node.push(match place.of(view.message()) {
            Some(key) => shown.with_field("encrypted with the key that follows from the password", Hex(key)),
            None => shown,
        });
    }
    match flags {
        Some(flags) => {
            node.push(flags::negotiate(flags, 60));
            node = node.with_optional("Version at 64", view.version(64, end, flags));
        }
        None => node.push(Node::new("no flags: a client before Windows 2000")),
    }
    let field = view.array::<16>(AuthenticateMessage::MIC_OFFSET).filter(|_| end >= 88);
    node.with(mic(field, answer.promises(view)))
}

/// The field for the MIC, and what the flags among the attributes say of it.
fn mic(field: Option<[u8; 16]>, promised: Option<AvFlags>) -> Node {
    let promise = promised.map(|flags| flags.contains(AvFlags::MIC_PRESENT));
    let made = field.is_some_and(|mic| mic != [0; 16]);
    let node = match &field {
        Some(mic) => Node::field("MIC at 72", Hex(mic)),
        None => Node::new("MIC: no place for one in the header"),
    };
    let (verdict, warning) = match (promise, made) {
        (Some(true), true) => ("MsvAvFlags promises it", None),
        (Some(true), false) if field.is_some() => {
            ("MsvAvFlags promises it", Some("it is zero: somebody removed it"))
        }
        (Some(true), false) => ("MsvAvFlags promises it", Some("it is not there: somebody removed it")),
        (Some(false), true) => (
            "MsvAvFlags does not promise it",
            Some("nobody checks it, or something else lies here that is no MIC"),
        ),
        (Some(false), false) => (
            "MsvAvFlags does not promise one",
            Some("without a MIC anybody in between can change flags and names unnoticed"),
        ),
        (None, _) => ("no NTLMv2 attributes that could promise one", None),
    };
    let node = node.with(Node::new(verdict));
    match warning {
        Some(warning) => node.with_field("warning", warning),
        None => node,
    }
}

/// The first bytes of a signature: its version, 1.
pub(super) const SIGNATURE_VERSION: [u8; 4] = [1, 0, 0, 0];
/// Length of a signature.
const SIGNATURE_LEN: usize = 16;

/// A signature, alone or with the message behind it; begins with [`SIGNATURE_VERSION`].
pub(super) fn signature(bytes: &[u8]) -> Node {
    read_signature(bytes).unwrap_or_else(|error| {
        Node::new(format_args!("NTLM signature, malformed: {error}")).with_field("bytes", Hex(bytes))
    })
}

fn read_signature(bytes: &[u8]) -> Result<Node, ParseError> {
    let mut reader = Reader::new(bytes);
    reader.take(SIGNATURE_VERSION.len())?;
    let checksum: [u8; 8] = reader.take_array()?;
    let number = reader.u32_le()?;
    let rest = reader.take_rest();
    let kind = if rest.is_empty() { "MIC" } else { "wrapped message" };
    let mut node = Node::new(format_args!("NTLM {kind}, {} bytes", bytes.len()))
        .with_field("version", 1)
        .with_field("checksum", Hex(&checksum))
        .with_field("sequence number", number);
    if checksum == [0; 8] && number == 0 {
        node.push(Node::field("warning", "an empty signature: messages of this session are not signed"));
    }
    if !rest.is_empty() {
        let length = rest.len();
        node.push(Node::field(
            "message, sealed or in clear",
            format_args!("{length} bytes at {SIGNATURE_LEN}"),
        ));
    }
    Ok(node)
}

#[cfg(test)]
mod tests;
