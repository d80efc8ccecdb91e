//! IAKERB: an initiator that cannot reach a KDC has the acceptor carry its messages there
//! (draft-ietf-kitten-iakerb, as MIT krb5 implements it).
//!
//! Before the AP exchange both sides pass tokens that hold KDC requests and replies. A checksum over all of them,
//! inside the authenticator, shows that nobody changed them on the way. The acceptor side asks its caller to reach
//! the KDC ([`Relay`]); the initiator side takes its messages from a [`TicketSource`], such as an AS and a TGS
//! exchange. This crate sends nothing itself.

mod acceptor;
mod initiator;
mod transcript;

pub use acceptor::{IakerbAcceptor, IakerbError, IakerbStep, KdcFailure, Relay};
pub use initiator::{IakerbInitiator, IakerbInitiatorError, TicketSource, TicketStep};
pub(crate) use transcript::{Finished, Transcript};
pub use transcript::{MAX_HOPS, MAX_TRANSCRIPT_LEN};

use crate::token::{ContextToken, TokenId};
use alloc::vec::Vec;
use gss_core::{SinkFull, TokenSink, oid};
use krb5_asn1::{Decode, DecodeError, Encode, IakerbHeader, Octets, OldIakerbHeader, Utf8};

/// Which text the messages of IAKERB follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Draft {
    /// draft-ietf-kitten-iakerb: as Windows, and MIT krb5 from 1.22 on.
    #[default]
    Kitten,
    /// draft-zhu-ws-kerb, as MIT krb5 1.20 understood it: the realm is an OCTET STRING, tokens after the first come
    /// without framing, and the checksum over all of them is extension 1 with key usage 42. Acceptors take it and
    /// answer in kind; initiators speak it when [told](IakerbInitiator::draft).
    Zhu,
}

/// A KDC message on its way through the acceptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyMessage<'a> {
    /// The realm whose KDC the message is for, or from; empty to ask for the acceptor's realm.
    pub realm: &'a str,
    /// The acceptor's state, which the initiator returns as it is.
    pub cookie: Option<&'a [u8]>,
    /// The message; empty when only the realm is asked for or given.
    pub message: &'a [u8],
    /// How the header is written.
    pub draft: Draft,
}

impl<'a> ProxyMessage<'a> {
    /// Reads the content of a token with identifier [`TokenId::IAKERB_PROXY`].
    ///
    /// # Errors
    /// [`DecodeError`] when it does not begin with a header.
    pub fn parse(content: &'a [u8]) -> Result<Self, DecodeError> {
        let cookie = |cookie: Option<Octets<'a>>| cookie.map(|cookie| cookie.as_bytes());
        match IakerbHeader::from_der_partial(content) {
            Ok((header, message)) => Ok(Self {
                realm: header.target_realm.as_str(),
                cookie: cookie(header.cookie),
                message,
                draft: Draft::Kitten,
            }),
            Err(error) => {
                let (header, message) = OldIakerbHeader::from_der_partial(content).map_err(|_| error)?;
                let realm = str::from_utf8(header.target_realm.as_bytes()).map_err(|_| error)?;
                Ok(Self { realm, cookie: cookie(header.cookie), message, draft: Draft::Zhu })
            }
        }
    }

    /// Appends the token to `output`.
    ///
    /// # Errors
    /// [`SinkFull`] when it does not fit.
    pub fn write(&self, output: &mut dyn TokenSink) -> Result<(), SinkFull> {
        let start = output.len();
        self.write_content(output)?;
        gss_core::framing::frame_from(output, start, &oid::IAKERB)
    }

    /// The token without framing.
    fn write_content(&self, output: &mut dyn TokenSink) -> Result<(), SinkFull> {
        let cookie = self.cookie.map(Octets::new);
        let header = match self.draft {
            Draft::Kitten => IakerbHeader { target_realm: Utf8::new(self.realm), cookie }.to_der(),
            Draft::Zhu => {
                OldIakerbHeader { target_realm: Octets::new(self.realm.as_bytes()), cookie }.to_der()
            }
        };
        let header = header.map_err(|_| SinkFull { needed: self.realm.len() })?;
        output.put(&TokenId::IAKERB_PROXY.0)?;
        output.put(&header)?;
        output.put(self.message)
    }

    /// The token by itself.
    fn to_token(self) -> Result<Vec<u8>, SinkFull> {
        let mut token = Vec::new();
        self.write(&mut token)?;
        Ok(token)
    }

    /// The token that an initiator sends after what was sent before.
    fn to_token_after(self, transcript: &Transcript) -> Result<Vec<u8>, SinkFull> {
        if self.draft == Draft::Kitten || transcript.is_empty() {
            return self.to_token();
        }
        let mut token = Vec::new();
        self.write_content(&mut token)?;
        Ok(token)
    }
}

/// The content of a proxy token; `None` when the token is of another kind. Only the first needs framing
/// ([`Draft::Zhu`]).
fn proxy_content<'t>(token: &'t [u8], transcript: &Transcript) -> Option<&'t [u8]> {
    if let (Some(content), false) = (token.strip_prefix(&TokenId::IAKERB_PROXY.0), transcript.is_empty()) {
        return Some(content);
    }
    let parsed = ContextToken::parse_as(token, &oid::IAKERB).ok()?;
    if parsed.id == TokenId::IAKERB_PROXY { token.get(parsed.message) } else { None }
}
