//! What proves the password: the responses inside an AUTHENTICATE.

use super::av::{AvError, AvPairs};
use core::fmt;
use gss_core::FileTime;
use gss_core::reader::Reader;
use gss_core::{Blame, Diagnose, MajorStatus};

/// An NTLMv2 response (MS-NLMP sections 2.2.2.7 and 2.2.2.8).
#[derive(Clone, Copy)]
pub struct NtlmV2Response<'a> {
    /// `NTProofStr`: HMAC-MD5 over the server's challenge and `blob`.
    pub proof: [u8; 16],
    /// All that the proof is made over, besides the challenge, as it came.
    pub blob: &'a [u8],
    /// The time of the client, or of the server where the challenge stated it.
    pub time: FileTime,
    /// Eight random bytes of the client.
    pub client_challenge: [u8; 8],
    /// The server's attributes, and what the client added. What follows their end is theirs
    /// ([`AvPairs::trailing`]): four zero bytes by the specification, none from some clients
    /// ([`RESPONSE_TRAILER`](super::leniency::RESPONSE_TRAILER)).
    pub av_pairs: AvPairs<'a>,
}

impl<'a> NtlmV2Response<'a> {
    /// Length of the shortest response: proof, head of the blob, end of the attributes.
    pub const MIN_LEN: usize = PROOF_LEN + BLOB_HEAD_LEN + 4;

    /// Reads a response that lies at `offset` of the message. Reserved bytes are not looked at.
    ///
    /// # Errors
    /// [`ResponseError`], with the place in the message.
    pub fn parse(nt_response: &'a [u8], offset: usize) -> Result<Self, ResponseError> {
        let short = ResponseError::TooShort { len: nt_response.len(), offset };
        if nt_response.len() < Self::MIN_LEN {
            return Err(short);
        }
        let mut reader = Reader::at_offset(nt_response, offset);
        let proof = reader.take_array().map_err(|_| short)?;
        let blob = reader.peek_rest();
        let version_at = reader.offset();
        let [version, highest, ..]: [u8; 8] = reader.take_array().map_err(|_| short)?;
        if (version, highest) != (RESPONSE_VERSION, RESPONSE_VERSION) {
            return Err(ResponseError::Version { version, highest, offset: version_at });
        }
        let time = reader.u64_le().map_err(|_| short)?;
        let client_challenge = reader.take_array().map_err(|_| short)?;
        reader.take(RESERVED_LEN).map_err(|_| short)?;
        let list_at = reader.offset();
        let av_pairs = AvPairs::parse(reader.take_rest(), list_at)?;
        Ok(Self { proof, blob, time: FileTime(time), client_challenge, av_pairs })
    }
}

/// Passwords can be guessed offline from the proof, so it is not shown.
impl fmt::Debug for NtlmV2Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NtlmV2Response")
            .field("time", &self.time)
            .field("av_pairs", &self.av_pairs)
            .field("blob_len", &self.blob.len())
            .finish_non_exhaustive()
    }
}

/// An LMv2 response (MS-NLMP section 2.2.2.4). The proof is not over any attribute: it protects nothing but itself.
#[derive(Clone, Copy)]
pub struct LmV2Response {
    /// HMAC-MD5 over both challenges.
    pub proof: [u8; 16],
    /// Eight random bytes of the client.
    pub client_challenge: [u8; 8],
}

impl LmV2Response {
    /// Length of the response in bytes.
    pub const LEN: usize = 24;

    /// Reads a response that lies at `offset` of the message.
    ///
    /// # Errors
    /// [`ResponseError::LmLength`].
    pub fn parse(lm_response: &[u8], offset: usize) -> Result<Self, ResponseError> {
        let wrong = ResponseError::LmLength { len: lm_response.len(), offset };
        if lm_response.len() != Self::LEN {
            return Err(wrong);
        }
        let mut reader = Reader::new(lm_response);
        let proof = reader.take_array().map_err(|_| wrong)?;
        let client_challenge = reader.take_array().map_err(|_| wrong)?;
        Ok(Self { proof, client_challenge })
    }
}

/// Passwords can be guessed offline from the proof, so it is not shown.
impl fmt::Debug for LmV2Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LmV2Response")
    }
}

/// What the two responses of a message are, by their lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResponseKind {
    /// None: the client is anonymous, if it names no user either.
    None,
    /// LM alone.
    Lm,
    /// NTLMv1.
    NtlmV1,
    /// NTLMv1 with extended session security: the LM response has the client's challenge in place of an answer.
    NtlmV1Session,
    /// NTLMv2, or what claims to be it: [`NtlmV2Response::parse`] tells.
    NtlmV2,
}

impl ResponseKind {
    /// What these two responses are. The LM response does not count where there is a longer NT response.
    ///
    /// # Errors
    /// [`ResponseError::NtLength`] and [`ResponseError::LmLength`] for lengths that no version of NTLM has; no place
    /// is known here, so their offset is 0.
    pub fn of(lm_response: &[u8], nt_response: &[u8]) -> Result<Self, ResponseError> {
        match (nt_response.len(), lm_response) {
            (0, [] | [0]) => Ok(Self::None),
            (0, lm) if lm.len() == V1_LEN => Ok(Self::Lm),
            (0, lm) => Err(ResponseError::LmLength { len: lm.len(), offset: 0 }),
            (V1_LEN, lm) if is_client_challenge(lm) => Ok(Self::NtlmV1Session),
            (V1_LEN, _) => Ok(Self::NtlmV1),
            (len, _) if len > V1_LEN => Ok(Self::NtlmV2),
            (len, _) => Err(ResponseError::NtLength { len }),
        }
    }
}

/// Eight bytes and sixteen zeros.
fn is_client_challenge(lm_response: &[u8]) -> bool {
    matches!(lm_response.split_first_chunk::<8>(), Some((_, rest)) if rest == [0; 16])
}

const PROOF_LEN: usize = 16;
/// From the version of the response to the reserved bytes before the attributes.
const BLOB_HEAD_LEN: usize = 28;
const RESERVED_LEN: usize = 4;
/// `RespType` and `HiRespType`: the only version there is.
const RESPONSE_VERSION: u8 = 1;
/// Length of the responses of LM and NTLMv1.
const V1_LEN: usize = 24;

/// Bytes that are not a response: which rule they break, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseError {
    /// An NT response of a length that no version of NTLM has.
    NtLength {
        /// Its length in bytes.
        len: usize,
    },
    /// An LM response of a length that no version of NTLM has.
    LmLength {
        /// Its length in bytes.
        len: usize,
        /// Where it lies, in bytes from the start of the message.
        offset: usize,
    },
    /// An NTLMv2 response shorter than [`NtlmV2Response::MIN_LEN`].
    TooShort {
        /// Its length in bytes.
        len: usize,
        /// Where it lies, in bytes from the start of the message.
        offset: usize,
    },
    /// Another version of the response than 1.
    Version {
        /// `RespType`.
        version: u8,
        /// `HiRespType`.
        highest: u8,
        /// Where they lie, in bytes from the start of the message.
        offset: usize,
    },
    /// The attributes are broken.
    AvPairs(AvError),
}

impl From<AvError> for ResponseError {
    fn from(error: AvError) -> Self {
        Self::AvPairs(error)
    }
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NtLength { len } => write!(
                f,
                "NT response of {len} bytes where none, {V1_LEN} or at least {} were expected",
                NtlmV2Response::MIN_LEN
            ),
            Self::LmLength { len, offset } => {
                write!(f, "LM response of {len} bytes at byte {offset} where {V1_LEN} were expected")
            }
            Self::TooShort { len, offset } => write!(
                f,
                "NTLMv2 response of {len} bytes at byte {offset} where at least {} were expected",
                NtlmV2Response::MIN_LEN
            ),
            Self::Version { version, highest, offset } => write!(
                f,
                "NTLMv2 response of versions {version} and {highest} at byte {offset} where 1 and 1 were expected"
            ),
            Self::AvPairs(error) => write!(f, "NTLMv2 response: {error}"),
        }
    }
}

impl core::error::Error for ResponseError {}

impl Diagnose for ResponseError {
    fn blame(&self) -> Blame {
        Blame::Peer
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NtLength { .. } => "ntlm_nt_response_length",
            Self::LmLength { .. } => "ntlm_lm_response_length",
            Self::TooShort { .. } => "ntlm_v2_response_too_short",
            Self::Version { .. } => "ntlm_v2_response_version",
            Self::AvPairs(error) => error.code(),
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::DEFECTIVE_TOKEN
    }
}
