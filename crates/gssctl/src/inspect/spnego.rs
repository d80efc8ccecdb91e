//! SPNEGO tokens (RFC 4178, MS-SPNG).

use super::tree::{Hex, Node};
use super::{Inspector, unreadable};
use gss_core::oid;
use gss_spnego::wire::{Field, MechType, NegHints, NegTokenInit, NegTokenResp, NegotiationToken};

impl Inspector {
    pub(super) fn spnego(&self, bytes: &[u8], nesting: usize) -> Node {
        match NegotiationToken::parse(bytes) {
            Ok(NegotiationToken::Init(init)) => self.neg_token_init(bytes.len(), &init, nesting),
            Ok(NegotiationToken::Resp(resp)) => self.neg_token_resp(bytes.len(), &resp, nesting),
            Err(error) => unreadable("SPNEGO token", error, bytes),
        }
    }

    fn neg_token_init(&self, length: usize, init: &NegTokenInit<'_>, nesting: usize) -> Node {
        let kind = if init.hints.is_some() { "NegTokenInit2" } else { "NegTokenInit" };
        let mut node = Node::new(format_args!("SPNEGO {kind}, {length} bytes"));
        if let Some(list) = &init.mech_types {
            let mut mechanisms = Node::new("mechTypes");
            for mechanism in list.iter() {
                mechanisms.push(Node::new(mechanism_text(&mechanism)));
            }
            node.push(mechanisms);
        }
        node = node.with_optional("reqFlags", init.req_flags.map(|flags| flags.flags()));
        if let Some(NegHints { name, address }) = init.hints {
            let text = |field: Field<'_>| String::from_utf8_lossy(field.bytes).into_owned();
            node.push(
                Node::new("negHints")
                    .with_optional("hintName", name.map(text))
                    .with_optional("hintAddress", address.map(|field| Hex(field.bytes).to_string())),
            );
        }
        self.fields("mechToken", init.mech_token, init.mech_list_mic, node, nesting)
    }

    fn neg_token_resp(&self, length: usize, resp: &NegTokenResp<'_>, nesting: usize) -> Node {
        let node = Node::new(format_args!("SPNEGO NegTokenResp, {length} bytes"))
            .with_optional("negState", resp.state)
            .with_optional("supportedMech", resp.supported_mech.map(|mechanism| mechanism_text(&mechanism)));
        self.fields("responseToken", resp.response_token, resp.mech_list_mic, node, nesting)
    }

    fn fields(
        &self,
        name: &str,
        token: Option<Field<'_>>,
        mic: Option<Field<'_>>,
        mut node: Node,
        nesting: usize,
    ) -> Node {
        if let Some(token) = token {
            node.push(self.token(token.bytes, nesting.saturating_add(1)).labelled(name));
        }
        if let Some(mic) = mic {
            node.push(self.token(mic.bytes, nesting.saturating_add(1)).labelled("mechListMIC"));
        }
        node
    }
}

fn mechanism_text(mechanism: &MechType<'_>) -> String {
    let name = mechanism.oid().and_then(|oid| oid::mechanism_name(&oid));
    name.map_or_else(|| mechanism.to_string(), |name| format!("{mechanism} ({name})"))
}
