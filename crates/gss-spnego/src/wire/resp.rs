use super::encode::{RespHeader, frame_resp, wrap_mic};
use super::fields::Fields;
use super::{ENUMERATED, Field, MechType, OCTET_STRING, WireError};
use core::fmt;
use gss_core::framing::OID_TAG;
use gss_core::reader::Reader;
use gss_core::{SinkFull, TokenSink};

/// `NegTokenResp` (RFC 4178 section 4.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NegTokenResp<'a> {
    /// Where the sender stands. Required in the first reply only.
    pub state: Option<NegState>,
    /// The mechanism the acceptor chose; in its first reply.
    pub supported_mech: Option<MechType<'a>>,
    /// A token of the mechanism.
    pub response_token: Option<Field<'a>>,
    /// The MIC over the list of mechanisms.
    pub mech_list_mic: Option<Field<'a>>,
}

impl<'a> NegTokenResp<'a> {
    pub(super) fn parse(content: Reader<'a>) -> Result<Self, WireError> {
        let mut fields = Fields::of(content)?;
        let state = fields.next_value(0, ENUMERATED)?.map(NegState::read).transpose()?;
        let supported_mech = fields.next_value(1, OID_TAG)?.map(MechType::read).transpose()?;
        let response_token = fields.next_value(2, OCTET_STRING)?.map(Field::rest_of);
        let mech_list_mic = fields.next_value(3, OCTET_STRING)?.map(Field::rest_of);
        fields.finish(4)?;
        Ok(Self { state, supported_mech, response_token, mech_list_mic })
    }

    /// Appends the token to `output`, bare as RFC 4178 section 4.2 wants it.
    ///
    /// # Errors
    /// [`SinkFull`]; nothing was appended then.
    pub fn write(&self, output: &mut dyn TokenSink) -> Result<(), SinkFull> {
        let start = output.len();
        self.write_fields(start, output).inspect_err(|_| output.truncate(start))
    }

    fn write_fields(&self, start: usize, output: &mut dyn TokenSink) -> Result<(), SinkFull> {
        if let Some(token) = self.response_token {
            output.put(token.bytes)?;
        }
        if let Some(mic) = self.mech_list_mic {
            let mic_start = output.len();
            output.put(mic.bytes)?;
            wrap_mic(output, mic_start, 3)?;
        }
        let header = RespHeader {
            state: self.state,
            supported_mech: self.supported_mech.map(|mechanism| mechanism.as_bytes()),
            token: self.response_token.map(|token| token.bytes.len()),
        };
        frame_resp(output, start, &header)
    }
}

/// `negState`. Values without a name are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NegState(pub u8);

impl NegState {
    /// The sender is done; nothing more is expected.
    pub const ACCEPT_COMPLETED: Self = Self(0);
    /// At least one more token is needed.
    pub const ACCEPT_INCOMPLETE: Self = Self(1);
    /// The sender ends the negotiation.
    pub const REJECT: Self = Self(2);
    /// As [`ACCEPT_INCOMPLETE`](Self::ACCEPT_INCOMPLETE), and MICs have to be exchanged; in the first reply only.
    pub const REQUEST_MIC: Self = Self(3);

    /// The name in RFC 4178, if it has one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::ACCEPT_COMPLETED => Some("accept-completed"),
            Self::ACCEPT_INCOMPLETE => Some("accept-incomplete"),
            Self::REJECT => Some("reject"),
            Self::REQUEST_MIC => Some("request-mic"),
            _ => None,
        }
    }

    fn read(content: Reader<'_>) -> Result<Self, WireError> {
        match content.peek_rest() {
            &[state] => Ok(Self(state)),
            other => Err(WireError::StateLength { len: other.len(), offset: content.offset() }),
        }
    }
}

impl fmt::Display for NegState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "negState {}", self.0),
        }
    }
}

impl fmt::Debug for NegState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
