//! What a received token says, without borrowing it, so that the mechanism can change its part in place.

use crate::error::{Error, TokenKind};
use crate::wire::{self, NegState, NegTokenResp, NegotiationToken};
use core::ops::Range;
use gss_core::Oid;

/// A `NegTokenResp` taken apart.
pub(crate) struct Message {
    pub(crate) state: Option<NegState>,
    pub(crate) supported: Supported,
    pub(crate) token: Option<Range<usize>>,
    pub(crate) mic: Option<Range<usize>>,
}

/// The mechanism named by a message.
pub(crate) enum Supported {
    Absent,
    /// `None` where the name cannot be represented.
    Named(Option<Oid>),
}

impl Message {
    /// Reads a `NegTokenResp`; framed ones too ([`crate::leniency::FRAMED_RESPONSE`]).
    pub(crate) fn parse<E>(input: &[u8]) -> Result<Self, Error<E>> {
        let unexpected = |found| Error::UnexpectedToken { expected: TokenKind::NegTokenResp, found };
        match kind(input) {
            TokenKind::NegTokenInit | TokenKind::NegTokenResp | TokenKind::Framed => {}
            found => return Err(unexpected(found)),
        }
        match NegotiationToken::parse(input)? {
            NegotiationToken::Resp(resp) => Self::from_resp(&resp),
            NegotiationToken::Init(_) => Err(unexpected(TokenKind::NegTokenInit)),
        }
    }

    fn from_resp<E>(resp: &NegTokenResp<'_>) -> Result<Self, Error<E>> {
        if let Some(state) = resp.state.filter(|state| state.name().is_none()) {
            return Err(Error::UnknownState(state));
        }
        Ok(Self {
            state: resp.state,
            supported: resp.supported_mech.map_or(Supported::Absent, |name| Supported::Named(name.oid())),
            token: resp.response_token.map(|token| token.range()),
            mic: resp.mech_list_mic.map(|mic| mic.range()),
        })
    }
}

/// What `token` seems to be. A framed token counts as [`TokenKind::Framed`], whatever mechanism the frame names.
pub(crate) fn kind(token: &[u8]) -> TokenKind {
    const AP_REQ_TAG: u8 = 0x6e;
    match token.first() {
        None => TokenKind::Empty,
        Some(_) if wire::is_framed(token) => TokenKind::Framed,
        Some(&wire::INIT_TAG) => TokenKind::NegTokenInit,
        Some(&wire::RESP_TAG) => TokenKind::NegTokenResp,
        Some(&AP_REQ_TAG) => TokenKind::BareApReq,
        Some(_) if token.starts_with(b"NTLMSSP\0") => TokenKind::Ntlm,
        Some(_) => TokenKind::Unknown,
    }
}
