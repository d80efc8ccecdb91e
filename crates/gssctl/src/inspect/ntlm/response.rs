//! What proves the password (MS-NLMP sections 2.2.2.3 to 2.2.2.8).

use super::super::tree::{Hex, Node};
use super::attributes;
use super::view::{Place, View};
use gss_core::reader::{ParseError, Reader};
use gss_ntlm::wire::{AvFlags, Field, FileTime, LmV2Response, NtlmV2Response, ResponseError, ResponseKind};

/// Both responses, and the user they are for.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    pub(super) lm: Option<Place>,
    pub(super) nt: Option<Place>,
    pub(super) user: Option<Place>,
}

impl Answer {
    /// What kind of answer it is, and how good.
    pub(super) fn verdict(self, view: &View<'_>) -> Node {
        let (Some(lm), Some(nt)) = (content(self.lm, view), content(self.nt, view)) else {
            return Node::field("answer", "cannot be told: a response is not inside the message");
        };
        let (kind, warning) = match ResponseKind::of(lm, nt) {
            Ok(ResponseKind::None) if self.names_a_user() => {
                ("none", Some("a user is named, and nothing proves the password"))
            }
            Ok(ResponseKind::None) => ("anonymous: the client logs on as nobody", None),
            Ok(ResponseKind::Lm) => ("LM", Some("broken: the password is found from it in a short time")),
            Ok(ResponseKind::NtlmV1) => {
                ("NTLMv1", Some("broken: DES keys of 56 bits, which give the hash of the password away"))
            }
            Ok(ResponseKind::NtlmV1Session) => (
                "NTLM2 session (NTLMv1 with the client's challenge)",
                Some("broken: DES keys of 56 bits, which give the hash of the password away"),
            ),
            Ok(ResponseKind::NtlmV2) => ("NTLMv2", None),
            Ok(_) => ("of a kind that is not known here", None),
            Err(error) => return Node::field("answer", format_args!("malformed: {}", self.located(error))),
        };
        let node = Node::field("answer", kind);
        match warning {
            Some(warning) => node.with_field("warning", warning),
            None => node,
        }
    }

    /// The same error with the place in the message, which lengths alone do not tell.
    fn located(self, error: ResponseError) -> ResponseError {
        match (error, self.lm) {
            (ResponseError::LmLength { len, .. }, Some(lm)) => {
                ResponseError::LmLength { len, offset: lm.start() }
            }
            (error, _) => error,
        }
    }

    fn names_a_user(self) -> bool {
        self.user.is_some_and(|user| user.len > 0)
    }

    /// The flags of the attributes that the proof is over; `None` where there are no attributes.
    pub(super) fn promises(self, view: &View<'_>) -> Option<AvFlags> {
        let nt = self.nt?;
        let response = NtlmV2Response::parse(nt.of(view.message())?, nt.start()).ok()?;
        Some(response.av_pairs.flags())
    }

    /// Both responses, taken apart.
    pub(super) fn nodes(self, view: &View<'_>) -> Vec<Node> {
        let lm = self.lm.map(|place| {
            let shown = view.bytes(Field::LmResponse, place);
            match place.of(view.message()) {
                Some(bytes) if !bytes.is_empty() => lm_response(shown, bytes, self.is_v2(view)),
                _ => shown,
            }
        });
        let nt = self.nt.map(|place| {
            let shown = view.bytes(Field::NtResponse, place);
            match place.of(view.message()) {
                Some(bytes) if self.is_v2(view) => ntlmv2(shown, bytes, place.start()),
                Some(bytes) if !bytes.is_empty() => shown.with_field("response", Hex(bytes)),
                _ => shown,
            }
        });
        lm.into_iter().chain(nt).collect()
    }

    fn is_v2(self, view: &View<'_>) -> bool {
        // Longer than any other.
        content(self.nt, view).is_some_and(|nt| nt.len() > LmV2Response::LEN)
    }
}

fn content<'m>(place: Option<Place>, view: &View<'m>) -> Option<&'m [u8]> {
    place?.of(view.message())
}

fn lm_response(node: Node, bytes: &[u8], v2: bool) -> Node {
    match LmV2Response::parse(bytes, 0) {
        Ok(_) if bytes.iter().all(|byte| *byte == 0) => {
            node.with(Node::new("zeros: no LM response, as it should be where the server told the time"))
        }
        Ok(response) if v2 => node
            .with(Node::new("LMv2"))
            .with_field("proof", Hex(&response.proof))
            .with_field("client's challenge", Hex(&response.client_challenge)),
        _ => node.with_field("response", Hex(bytes)),
    }
}

/// An NTLMv2 response that lies at `offset`.
fn ntlmv2(node: Node, bytes: &[u8], offset: usize) -> Node {
    let node = match NtlmV2Response::parse(bytes, offset) {
        Ok(_) => node,
        Err(error) => node.with_field("malformed", error),
    };
    match parts(bytes, offset) {
        Ok(parts) => parts.into_iter().fold(node, Node::with),
        Err(_) => node.with_field("response", Hex(bytes)),
    }
}

fn parts(bytes: &[u8], offset: usize) -> Result<Vec<Node>, ParseError> {
    let mut reader = Reader::at_offset(bytes, offset);
    let mut nodes = vec![Node::field("NTProofStr", Hex(reader.take(16)?))];
    let (version, highest) = (reader.u8()?, reader.u8()?);
    nodes.push(Node::field("versions", format_args!("{version} and {highest}")));
    reader.take(6)?;
    nodes.push(Node::field("time", FileTime(reader.u64_le()?)));
    nodes.push(Node::field("client's challenge", Hex(reader.take(8)?)));
    reader.take(4)?;
    let at = reader.offset();
    let list = reader.take_rest();
    let shown = Node::new(format_args!("attributes, {} bytes at {at}", list.len()));
    nodes.push(attributes::list(list, at).into_iter().fold(shown, Node::with));
    Ok(nodes)
}
