use crate::bindings::BindingOutcome;
use crate::error::{Blame, Diagnose, MajorStatus};
use crate::flags::ContextFlags;
use crate::oid::Oid;
use crate::reader::ParseError;
use crate::sink::{SinkFull, TokenSink};
use crate::time::Timestamp;
use core::fmt;
use rand_core::CryptoRng;

/// An established context: facts, and protection for messages.
pub trait SecurityContext {
    /// The half that protects messages to the peer, on its own.
    type Sealer: Sealer;
    /// The half that takes messages from the peer, on its own.
    type Opener: Opener;

    /// What was agreed.
    fn facts(&self) -> Facts<'_>;

    /// The half that protects messages to the peer.
    fn sealer(&mut self) -> &mut dyn Sealer;

    /// The half that takes messages from the peer.
    fn opener(&mut self) -> &mut dyn Opener;

    /// Both halves by themselves, each with its own sequence state, so that two threads can use them.
    fn split(self) -> (Self::Sealer, Self::Opener);

    /// The key that both sides share, for protocols that derive their own keys from it (SMB, LDAP, MS-RPC).
    /// `None` when the mechanism has none to give. The bytes are secret.
    fn secret_session_key(&self) -> Option<&[u8]>;

    /// Fills `output` with pseudo-random bytes that both sides can compute (RFC 4401).
    ///
    /// # Errors
    /// [`MessageError::Unavailable`] when the mechanism has no such function.
    fn prf(&self, key: PrfKey, input: &[u8], output: &mut [u8]) -> Result<(), MessageError>;

    /// Makes the MIC over SPNEGO's mechanism list (RFC 4178 section 5).
    ///
    /// # Errors
    /// Those of [`Sealer::get_mic`].
    fn mech_list_mic(&mut self, mech_types: &[u8], output: &mut dyn TokenSink) -> Result<(), MessageError> {
        self.sealer().get_mic(mech_types, output)
    }

    /// Checks the peer's MIC over SPNEGO's mechanism list (RFC 4178 section 5).
    ///
    /// # Errors
    /// Those of [`Opener::verify_mic`].
    fn verify_mech_list_mic(&mut self, mech_types: &[u8], mic: &[u8]) -> Result<(), MessageError> {
        // The place in the sequence does not matter here: peers differ in what they count before it.
        self.opener().verify_mic(mech_types, mic).map(|_| ())
    }

    /// Whether the mechanism itself obliges both sides to exchange MICs over the mechanism list, whatever was
    /// negotiated (NTLM with a MIC in its AUTHENTICATE message, MS-SPNG 3.3.5.1).
    fn needs_mech_list_mic(&self) -> bool {
        false
    }
}

/// Protects messages to the peer.
pub trait Sealer {
    /// How many bytes [`wrap`](Self::wrap) puts before and after a message of `length` bytes.
    fn overhead(&self, protection: Protection, length: usize) -> Overhead;

    /// Appends the wrapped form of `message` to `output` (`GSS_Wrap`).
    ///
    /// # Errors
    /// [`MessageError`]; nothing was appended and no sequence number was used then.
    fn wrap(
        &mut self,
        protection: Protection,
        message: &[u8],
        output: &mut dyn TokenSink,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError>;

    /// Turns `buffer` into a wrapped token where it lies. It holds room for the header, the message, and room for
    /// the trailer, as [`overhead`](Self::overhead) gives them for a message of that length.
    ///
    /// # Errors
    /// [`MessageError`]; no sequence number was used then.
    fn wrap_in_place(
        &mut self,
        protection: Protection,
        buffer: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError>;

    /// Appends a token that proves where `message` comes from (`GSS_GetMIC`).
    ///
    /// # Errors
    /// [`MessageError`]; nothing was appended and no sequence number was used then.
    fn get_mic(&mut self, message: &[u8], output: &mut dyn TokenSink) -> Result<(), MessageError>;
}

/// Takes messages from the peer.
pub trait Opener {
    /// Unwraps a token where it lies and returns the message inside (`GSS_Unwrap`).
    ///
    /// # Errors
    /// [`MessageError`]; what was decrypted is wiped then, and the sequence state is as it was. With NTLM on a
    /// connection a message that does not verify ends the opener: [`MessageError::KeyStreamLost`] from then on.
    fn unwrap<'t>(&mut self, token: &'t mut [u8]) -> Result<Unwrapped<'t>, MessageError>;

    /// Checks that `mic` was made by the peer over `message` (`GSS_VerifyMIC`).
    ///
    /// # Errors
    /// Those of [`unwrap`](Self::unwrap), with the same consequences.
    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<SequenceStatus, MessageError>;
}

/// What the sides agreed on and found out about each other.
#[derive(Clone, Copy)]
pub struct Facts<'c> {
    /// Which side we are.
    pub role: Role,
    /// The mechanism that did the work; for SPNEGO the one it chose.
    pub mechanism: Oid,
    /// The authenticated name of the peer; `None` when the peer did not prove one (no mutual authentication).
    pub peer: Option<&'c (dyn fmt::Display + Send + Sync)>,
    /// Our own name.
    pub local: Option<&'c (dyn fmt::Display + Send + Sync)>,
    /// What the context offers.
    pub flags: ContextFlags,
    /// When it expires; `None` for never.
    pub expires: Option<Timestamp>,
    /// How the channel binding came out.
    pub binding: BindingOutcome,
}

impl fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Facts {{ role: {:?}, mechanism: {}", self.role, self.mechanism)?;
        for (side, name) in [("peer", self.peer), ("local", self.local)] {
            if let Some(name) = name {
                write!(f, ", {side}: {name}")?;
            }
        }
        write!(f, ", flags: {}, expires: {:?}, binding: {:?} }}", self.flags, self.expires, self.binding)
    }
}

/// Which side of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The side that begins.
    Initiator,
    /// The side that answers.
    Acceptor,
}

/// How a message is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protection {
    /// Signed, readable by all.
    Integrity,
    /// Signed and encrypted.
    Confidentiality,
}

/// Bytes around a wrapped message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Overhead {
    /// Bytes in front.
    pub header: usize,
    /// Bytes behind.
    pub trailer: usize,
}

/// Which key a pseudo-random function starts from (RFC 4401 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrfKey {
    /// `GSS_C_PRF_KEY_FULL`: the key both sides had a hand in.
    Full,
    /// `GSS_C_PRF_KEY_PARTIAL`: the key known to the initiator before the acceptor answers.
    Partial,
}

/// A message taken out of a wrapped token.
#[derive(Debug)]
#[must_use]
pub struct Unwrapped<'t> {
    /// The message, inside the token's buffer.
    pub message: &'t mut [u8],
    /// How it was protected.
    pub protection: Protection,
    /// Its place in the sequence. A replayed message is reported here, not refused:
    /// use [`in_order`](Self::in_order) to take only messages that follow each other.
    pub sequence: SequenceStatus,
}

impl<'t> Unwrapped<'t> {
    /// The message, if it is the next in sequence.
    ///
    /// # Errors
    /// [`MessageError::OutOfSequence`] otherwise.
    pub fn in_order(self) -> Result<&'t mut [u8], MessageError> {
        self.sequence.in_order()?;
        Ok(self.message)
    }
}

/// Where a message stands among those received (RFC 2743 section 1.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum SequenceStatus {
    /// The next one, or the context checks no sequence.
    Ok,
    /// Received before.
    Duplicate,
    /// Too old to tell whether it was received before.
    Old,
    /// Late: others behind it were received first.
    Unsequenced,
    /// Early: others before it are missing.
    Gap,
}

impl SequenceStatus {
    /// Passes only the next message in sequence.
    ///
    /// # Errors
    /// [`MessageError::OutOfSequence`] for all others.
    pub fn in_order(self) -> Result<(), MessageError> {
        match self {
            Self::Ok => Ok(()),
            other => Err(MessageError::OutOfSequence(other)),
        }
    }

    /// One word in snake case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Duplicate => "duplicate",
            Self::Old => "old",
            Self::Unsequenced => "unseq",
            Self::Gap => "gap",
        }
    }
}

/// A message could not be protected, or a token could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// The MIC or the ciphertext does not verify: other key, other message, or changed on the way.
    BadMic,
    /// The output buffer, or the buffer given to wrap in place, is too small.
    BufferTooSmall(SinkFull),
    /// The confidential header inside differs from the one in clear (RFC 4121 section 4.2.4).
    HeaderMismatch,
    /// Fixed bytes of the header have other values.
    InvalidFiller,
    /// An earlier message did not verify, and with it the place in the key stream was lost.
    KeyStreamLost,
    /// The padding is not what the mechanism writes.
    InvalidPadding,
    /// The bytes do not form a token.
    Malformed(ParseError),
    /// Not the next message in sequence, where the caller insists on that.
    OutOfSequence(SequenceStatus),
    /// All sequence numbers of the context are used up.
    SequenceExhausted,
    /// The mechanism or the context does not offer this.
    Unavailable,
    /// The token names an algorithm that the context does not use.
    UnexpectedAlgorithm,
    /// The token is of another kind.
    UnexpectedTokenId {
        /// The kind that was expected.
        expected: u16,
        /// The kind that is there.
        found: u16,
    },
    /// The token was sent by our own side: reflected.
    WrongDirection,
    /// The token says it was made with another key than the one both sides agreed on.
    WrongKey,
}

impl Diagnose for MessageError {
    fn blame(&self) -> Blame {
        match self {
            Self::BufferTooSmall(_) | Self::SequenceExhausted | Self::Unavailable => Blame::Caller,
            _ => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::BadMic => "bad_mic",
            Self::BufferTooSmall(_) => "buffer_too_small",
            Self::HeaderMismatch => "header_mismatch",
            Self::InvalidFiller => "invalid_filler",
            Self::KeyStreamLost => "key_stream_lost",
            Self::InvalidPadding => "invalid_padding",
            Self::Malformed(_) => "malformed_token",
            Self::OutOfSequence(_) => "out_of_sequence",
            Self::SequenceExhausted => "sequence_exhausted",
            Self::Unavailable => "unavailable",
            Self::UnexpectedAlgorithm => "unexpected_algorithm",
            Self::UnexpectedTokenId { .. } => "unexpected_token_id",
            Self::WrongDirection => "wrong_direction",
            Self::WrongKey => "wrong_key",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::BadMic | Self::HeaderMismatch | Self::WrongDirection | Self::WrongKey => {
                MajorStatus::BAD_MIC
            }
            Self::InvalidFiller
            | Self::InvalidPadding
            | Self::Malformed(_)
            | Self::UnexpectedAlgorithm
            | Self::UnexpectedTokenId { .. } => MajorStatus::DEFECTIVE_TOKEN,
            Self::KeyStreamLost => MajorStatus::NO_CONTEXT,
            Self::OutOfSequence(SequenceStatus::Duplicate) => MajorStatus::DUPLICATE_TOKEN,
            Self::OutOfSequence(SequenceStatus::Old) => MajorStatus::OLD_TOKEN,
            Self::OutOfSequence(SequenceStatus::Unsequenced) => MajorStatus::UNSEQ_TOKEN,
            Self::OutOfSequence(_) => MajorStatus::GAP_TOKEN,
            Self::BufferTooSmall(_) | Self::SequenceExhausted => MajorStatus::FAILURE,
            Self::Unavailable => MajorStatus::UNAVAILABLE,
        }
    }
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadMic => {
                f.write_str("message does not verify: changed on the way, or made with another key")
            }
            Self::BufferTooSmall(full) => full.fmt(f),
            Self::HeaderMismatch => f.write_str("encrypted header differs from the one in clear"),
            Self::InvalidFiller => f.write_str("fixed bytes of the token header have other values"),
            Self::KeyStreamLost => {
                f.write_str("an earlier message did not verify and ended the context; establish a new one")
            }
            Self::InvalidPadding => f.write_str("padding of the message is not what the mechanism writes"),
            Self::Malformed(error) => write!(f, "message token: {error}"),
            Self::OutOfSequence(status) => {
                write!(f, "message is not the next in sequence ({})", status.name())
            }
            Self::SequenceExhausted => f.write_str("all sequence numbers are used; establish a new context"),
            Self::Unavailable => f.write_str("the context does not offer this operation"),
            Self::UnexpectedAlgorithm => f.write_str("token names an algorithm the context does not use"),
            Self::UnexpectedTokenId { expected, found } => {
                write!(f, "token of kind {found:04x} where {expected:04x} was expected")
            }
            Self::WrongDirection => f.write_str("token was sent by our own side"),
            Self::WrongKey => f.write_str("token was made with another key than the one agreed on"),
        }
    }
}

impl core::error::Error for MessageError {}

impl From<ParseError> for MessageError {
    fn from(error: ParseError) -> Self {
        Self::Malformed(error)
    }
}

impl From<SinkFull> for MessageError {
    fn from(full: SinkFull) -> Self {
        Self::BufferTooSmall(full)
    }
}
