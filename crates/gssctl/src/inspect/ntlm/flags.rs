//! Flags, one a line, in words.

use super::super::tree::Node;
use core::fmt::Display;
use gss_ntlm::wire::{AvFlags, NegotiateFlags};

/// What each flag means (MS-NLMP section 2.2.2.5).
const NEGOTIATE: [(NegotiateFlags, &str); 22] = [
    (NegotiateFlags::UNICODE, "names are in UTF-16"),
    (NegotiateFlags::OEM, "names are in a code page, unless unicode is set too"),
    (NegotiateFlags::REQUEST_TARGET, "the server has to name itself or its domain"),
    (NegotiateFlags::SIGN, "messages can be signed"),
    (NegotiateFlags::SEAL, "messages can be encrypted"),
    (NegotiateFlags::DATAGRAM, "connectionless: the server speaks first, messages may come in any order"),
    (
        NegotiateFlags::LM_KEY,
        "session keys from the LM hash: weak, unless extended_session_security is set too",
    ),
    (NegotiateFlags::NTLM, "NTLM, not LM alone"),
    (NegotiateFlags::ANONYMOUS, "the client logs on as nobody"),
    (NegotiateFlags::OEM_DOMAIN_SUPPLIED, "NEGOTIATE has the client's domain"),
    (NegotiateFlags::OEM_WORKSTATION_SUPPLIED, "NEGOTIATE has the client's name"),
    (NegotiateFlags::ALWAYS_SIGN, "messages carry a signature, be it an empty one"),
    (NegotiateFlags::TARGET_TYPE_DOMAIN, "the target's name is that of a domain"),
    (NegotiateFlags::TARGET_TYPE_SERVER, "the target's name is that of a server"),
    (NegotiateFlags::EXTENDED_SESSION_SECURITY, "keys of their own for each direction and use"),
    (NegotiateFlags::IDENTIFY, "the server may identify the user, not act as the user"),
    (NegotiateFlags::REQUEST_NON_NT_SESSION_KEY, "session keys from the LM hash, in another weak way"),
    (NegotiateFlags::TARGET_INFO, "CHALLENGE has attributes"),
    (NegotiateFlags::VERSION, "a version stands in the header"),
    (NegotiateFlags::KEY_128, "keys of 128 bits"),
    (NegotiateFlags::KEY_EXCHANGE, "the client chooses the session key and sends it encrypted"),
    (NegotiateFlags::KEY_56, "keys of 56 bits, unless key_128 is set too"),
];

/// What each of these means (MS-NLMP section 2.2.2.1).
const ATTRIBUTE: [(AvFlags, &str); 3] = [
    (AvFlags::CONSTRAINED, "the account's authentication is constrained"),
    (AvFlags::MIC_PRESENT, "AUTHENTICATE has a MIC over all three messages"),
    (AvFlags::UNTRUSTED_SPN, "the client does not vouch for the target's name"),
];

/// The flags that stand at this place of the header.
pub(super) fn negotiate(flags: NegotiateFlags, at: usize) -> Node {
    let set = NEGOTIATE.iter().filter(|(flag, _)| flags.contains(*flag));
    let node = Node::field(&format!("NegotiateFlags at {at}"), format_args!("{:#010x}", flags.bits()));
    let node = in_words(node, set.map(|(flag, words)| (flag, *words)), flags.unknown().bits());
    if flags.intersects(NegotiateFlags::UNICODE | NegotiateFlags::OEM) {
        node
    } else {
        node.with_field("warning", "neither unicode nor oem is set, so that names cannot be read")
    }
}

/// The flags among the attributes.
pub(super) fn attribute(name: &str, flags: AvFlags) -> Node {
    let set = ATTRIBUTE.iter().filter(|(flag, _)| flags.contains(*flag));
    let node = Node::field(name, format_args!("{:#010x}", flags.bits()));
    in_words(node, set.map(|(flag, words)| (flag, *words)), flags.unknown().bits())
}

fn in_words<'w>(node: Node, set: impl Iterator<Item = (impl Display, &'w str)>, unknown: u32) -> Node {
    let node = set.fold(node, |node, (flag, words)| node.with_field(&flag.to_string(), words));
    if unknown == 0 { node } else { node.with_field("without a name", format_args!("{unknown:#010x}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_with_a_name_has_words() {
        let words = NEGOTIATE.iter().fold(NegotiateFlags::NONE, |all, (flag, _)| all | *flag);
        assert_eq!(
            words,
            NegotiateFlags::from_bits(u32::MAX) - NegotiateFlags::from_bits(u32::MAX).unknown()
        );
        let words = ATTRIBUTE.iter().fold(AvFlags::NONE, |all, (flag, _)| all | *flag);
        assert_eq!(words, AvFlags::from_bits(u32::MAX) - AvFlags::from_bits(u32::MAX).unknown());
    }

    #[test]
    fn bits_without_a_name_are_shown() {
        let text = negotiate(NegotiateFlags::from_bits(0x0000_0110), 20).to_string();
        assert!(text.contains("sign: messages can be signed"), "{text}");
        assert!(
            text.contains("without a name: 0x00000100") && text.contains("neither unicode nor oem"),
            "{text}"
        );
    }
}
