//! The tokens of RFC 4178 section 4.2 and MS-SPNG 2.2.1: reading without copying, writing without a heap.
//!
//! Reading is strict DER. Fields that a later version might add behind the known ones are skipped, as the grammar
//! demands; known fields out of order or twice are errors. Both shapes of the first token are read in either role:
//! what lies in its field `[3]` tells hints (a SEQUENCE) from a MIC (an OCTET STRING).

mod encode;
mod error;
mod fields;
mod init;
mod mech_types;
mod resp;

pub use self::error::WireError;
pub use self::fields::Field;
pub use self::init::{HINT_NAME, NegHints, NegTokenInit, ReqFlags};
pub use self::mech_types::{MechType, MechTypeList};
pub use self::resp::{NegState, NegTokenResp};

pub(crate) use self::encode::{InitHeader, RespHeader, frame_init, frame_resp, wrap_mic};
use gss_core::framing::{FRAME_TAG, Framed};
use gss_core::oid;
use gss_core::reader::Reader;

/// Most mechanisms in a list. Windows offers four, MIT krb5 with every plug-in known about ten.
pub const MAX_MECH_TYPES: usize = 32;

/// Longest list of mechanisms in bytes of DER. Both sides keep it for the MIC, in a buffer of this size.
pub const MAX_MECH_LIST_LEN: usize = 512;

/// Most unknown fields that are skipped behind the known ones. No extension exists today.
pub const MAX_EXTENSIONS: usize = 16;

/// Longest content of `reqFlags`: 32 flags and the count of unused bits. RFC 4178 defines seven flags.
pub const MAX_REQ_FLAGS_LEN: usize = 5;

/// A token of the negotiation.
#[derive(Clone, Copy, Debug)]
pub enum NegotiationToken<'a> {
    /// The initiator's first token, or an acceptor's hints.
    Init(NegTokenInit<'a>),
    /// All that follows.
    Resp(NegTokenResp<'a>),
}

impl<'a> NegotiationToken<'a> {
    /// Reads a token, with the framing of RFC 2743 around it or without.
    ///
    /// RFC 4178 section 4.2 frames the first token and no other. [`is_framed`] tells which it was.
    ///
    /// # Errors
    /// [`WireError`], with the place in `token`.
    pub fn parse(token: &'a [u8]) -> Result<Self, WireError> {
        let (bare, offset) = if is_framed(token) {
            let framed = Framed::parse(token)?;
            if framed.mechanism != oid::SPNEGO {
                return Err(WireError::OtherMechanism { found: framed.mechanism });
            }
            (framed.inner, framed.inner_offset)
        } else {
            (token, 0)
        };
        let mut outer = Reader::at_offset(bare, offset);
        let choice = match outer.peek() {
            Some(found) if found != INIT_TAG && found != RESP_TAG => {
                return Err(WireError::Choice { found, offset });
            }
            Some(RESP_TAG) => RESP_TAG,
            _ => INIT_TAG,
        };
        let content = outer.der_element(choice)?;
        outer.finish()?;
        if choice == INIT_TAG {
            NegTokenInit::parse(content).map(Self::Init)
        } else {
            NegTokenResp::parse(content).map(Self::Resp)
        }
    }
}

/// Whether `token` begins like one with the framing of RFC 2743 section 3.1.
#[must_use]
pub fn is_framed(token: &[u8]) -> bool {
    token.first() == Some(&FRAME_TAG)
}

/// Identifier octet of a `NegTokenInit` in the choice `NegotiationToken`.
pub const INIT_TAG: u8 = 0xa0;
/// Identifier octet of a `NegTokenResp` in the choice `NegotiationToken`.
pub const RESP_TAG: u8 = 0xa1;

const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const GENERAL_STRING: u8 = 0x1b;
const SEQUENCE: u8 = 0x30;
const CONTEXT: u8 = 0xa0; // constructed, number in the low bits
