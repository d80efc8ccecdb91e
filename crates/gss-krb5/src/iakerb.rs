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
pub(crate) use transcript::Transcript;
pub use transcript::{MAX_HOPS, MAX_TRANSCRIPT_LEN};

use crate::token::{ContextToken, TokenId};
use alloc::vec::Vec;
use gss_core::{SinkFull, TokenSink, oid};
use krb5_asn1::{Decode, DecodeError, Encode, IakerbHeader, Octets, Utf8};

/// A KDC message on its way through the acceptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyMessage<'a> {
    /// The realm whose KDC the message is for, or from; empty to ask for the acceptor's realm.
    pub realm: &'a str,
    /// The acceptor's state, which the initiator returns as it is.
    pub cookie: Option<&'a [u8]>,
    /// The message; empty when only the realm is asked for or given.
    pub message: &'a [u8],
}

impl<'a> ProxyMessage<'a> {
    /// Reads the content of a token with identifier [`TokenId::IAKERB_PROXY`].
    ///
    /// # Errors
    /// [`DecodeError`] when it does not begin with a header.
    pub fn parse(content: &'a [u8]) -> Result<Self, DecodeError> {
        let (header, message) = IakerbHeader::from_der_partial(content)?;
        Ok(Self {
            realm: header.target_realm.as_str(),
            cookie: header.cookie.map(|cookie| cookie.as_bytes()),
            message,
        })
    }

    /// Appends the token to `output`.
    ///
    /// # Errors
    /// [`SinkFull`] when it does not fit.
    pub fn write(&self, output: &mut dyn TokenSink) -> Result<(), SinkFull> {
        let start = output.len();
        let header =
            IakerbHeader { target_realm: Utf8::new(self.realm), cookie: self.cookie.map(Octets::new) };
        let header = header.to_der().map_err(|_| SinkFull { needed: self.realm.len() })?;
        output.put(&TokenId::IAKERB_PROXY.0)?;
        output.put(&header)?;
        output.put(self.message)?;
        gss_core::framing::frame_from(output, start, &oid::IAKERB)
    }

    /// The token by itself.
    fn to_token(self) -> Result<Vec<u8>, SinkFull> {
        let mut token = Vec::new();
        self.write(&mut token)?;
        Ok(token)
    }
}

/// The content of a proxy token; `None` when the token is of another kind.
fn proxy_content(token: &[u8]) -> Option<&[u8]> {
    let parsed = ContextToken::parse_as(token, &oid::IAKERB).ok()?;
    if parsed.id == TokenId::IAKERB_PROXY { token.get(parsed.message) } else { None }
}
