use super::Binding;
use crate::field::Side;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use gss_core::bindings::{MAX_ACCEPTABLE_BINDINGS, TlsBinding};
use gss_core::reader::{ParseError, Reader};
use gss_core::{BindingPolicy, Timestamp};
use zeroize::Zeroizing;

/// How many bytes a transcript may have.
pub const MAX_TRANSCRIPT: usize = 256 * 1024;
/// How many legs it may have.
pub const MAX_TRANSCRIPT_LEGS: usize = 32;
/// How many random bytes one leg may draw. Kerberos takes less than 100, NTLM 8.
pub const MAX_RANDOM: usize = 4096;

/// Bytes of all that has a fixed length, and of eight bindings.
const OVERHEAD: usize = 1024;

/// The first byte: another one is for another layout.
const VERSION: u8 = 1;

/// An exchange as the server saw it: enough to go through it again, on this server or on another one with the same
/// keys, and to come to the same state.
///
/// It holds what became keys, and is as secret as they are.
#[derive(Clone)]
pub struct Transcript {
    pub(super) scope: Scope,
    /// The kind that the client named; `None` when it named none.
    pub(super) named: Option<TlsBinding>,
    pub(super) policy: BindingPolicy,
    /// What the mechanism was told to accept.
    pub(super) bindings: Vec<Binding>,
    pub(super) legs: Vec<Leg>,
}

/// Whose the context is: it is good nowhere else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Scope {
    pub(super) side: Side,
    pub(super) origin: String,
    pub(super) realm: Option<String>,
}

/// One token of the client, and the circumstances in which it was taken.
#[derive(Clone)]
pub(super) struct Leg {
    pub(super) now: Timestamp,
    pub(super) token: Zeroizing<Vec<u8>>,
    /// What the handshake drew meanwhile.
    pub(super) random: Zeroizing<Vec<u8>>,
}

impl Transcript {
    /// When the first token was taken.
    pub(super) fn begun(&self) -> Option<Timestamp> {
        self.legs.first().map(|leg| leg.now)
    }

    /// The layout: numbers are big endian, and what has no fixed length has its length in front.
    ///
    /// ```text
    /// u8 version; u8 side; u16 origin; u8 has realm [u16 realm]
    /// u8 kind named (0 for none); u8 policy; u8 bindings { u8 kind; u8 data }
    /// u8 legs { i64 seconds; u32 microseconds; u32 token; u16 random }
    /// ```
    ///
    /// # Errors
    /// [`TranscriptError::TooLong`], [`TranscriptError::TooManyLegs`], [`TranscriptError::TooMuchRandom`].
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, TranscriptError> {
        // Made in one piece, so that growing leaves no copies behind.
        let len = self.legs.iter().fold(self.scope.len().saturating_add(OVERHEAD), |len, leg| {
            len.saturating_add(leg.token.len()).saturating_add(leg.random.len()).saturating_add(32)
        });
        let mut to = Writer(Zeroizing::new(Vec::with_capacity(len)));
        to.0.push(VERSION);
        to.0.push(match self.scope.side {
            Side::Origin => 0,
            Side::Proxy => 1,
        });
        to.short(self.scope.origin.as_bytes())?;
        to.0.push(u8::from(self.scope.realm.is_some()));
        if let Some(realm) = &self.scope.realm {
            to.short(realm.as_bytes())?;
        }
        to.0.push(self.named.map_or(0, kind_number));
        to.0.push(match self.policy {
            BindingPolicy::Ignore => 0,
            BindingPolicy::VerifyIfPresent => 1,
            BindingPolicy::Require => 2,
        });
        to.count(self.bindings.len(), MAX_ACCEPTABLE_BINDINGS)?;
        for binding in &self.bindings {
            to.0.push(kind_number(binding.kind()));
            to.count(binding.data().len(), usize::from(u8::MAX))?;
            to.0.extend_from_slice(binding.data());
        }
        if self.legs.len() > MAX_TRANSCRIPT_LEGS {
            return Err(TranscriptError::TooManyLegs { found: self.legs.len() });
        }
        to.count(self.legs.len(), MAX_TRANSCRIPT_LEGS)?;
        for leg in &self.legs {
            to.0.extend_from_slice(&leg.now.seconds().to_be_bytes());
            to.0.extend_from_slice(&leg.now.micros().to_be_bytes());
            let length = u32::try_from(leg.token.len()).unwrap_or(u32::MAX);
            to.0.extend_from_slice(&length.to_be_bytes());
            to.0.extend_from_slice(&leg.token);
            if leg.random.len() > MAX_RANDOM {
                return Err(TranscriptError::TooMuchRandom { found: leg.random.len() });
            }
            to.short(&leg.random)?;
        }
        if to.0.len() > MAX_TRANSCRIPT {
            return Err(TranscriptError::TooLong { found: to.0.len() });
        }
        Ok(to.0)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote: any other bytes are an error.
    ///
    /// # Errors
    /// [`TranscriptError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TranscriptError> {
        if bytes.len() > MAX_TRANSCRIPT {
            return Err(TranscriptError::TooLong { found: bytes.len() });
        }
        let mut from = Reader::new(bytes);
        match from.u8()? {
            VERSION => {}
            found => return Err(TranscriptError::Version { found }),
        }
        let side = match from.u8()? {
            0 => Side::Origin,
            1 => Side::Proxy,
            found => return Err(TranscriptError::value("side", found)),
        };
        let origin = text(&mut from)?;
        let realm = match from.u8()? {
            0 => None,
            1 => Some(text(&mut from)?),
            found => return Err(TranscriptError::value("presence of a realm", found)),
        };
        let named = match from.u8()? {
            0 => None,
            number => Some(kind(number)?),
        };
        let policy = match from.u8()? {
            0 => BindingPolicy::Ignore,
            1 => BindingPolicy::VerifyIfPresent,
            2 => BindingPolicy::Require,
            found => return Err(TranscriptError::value("binding policy", found)),
        };
        let count = from.u8()?;
        if usize::from(count) > MAX_ACCEPTABLE_BINDINGS {
            return Err(TranscriptError::value("number of bindings", count));
        }
        let bindings = (0..count).map(|_| binding(&mut from)).collect::<Result<_, _>>()?;
        let count = from.u8()?;
        if usize::from(count) > MAX_TRANSCRIPT_LEGS {
            return Err(TranscriptError::TooManyLegs { found: count.into() });
        }
        let legs = (0..count).map(|_| leg(&mut from)).collect::<Result<Vec<_>, _>>()?;
        if legs.is_empty() {
            return Err(TranscriptError::value("number of legs", 0));
        }
        from.finish()?;
        Ok(Self { scope: Scope { side, origin, realm }, named, policy, bindings, legs })
    }
}

/// How long it is: the rest is secret.
impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transcript {{ {:?}, legs: {} }}", self.scope, self.legs.len())
    }
}

impl fmt::Debug for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Leg {{ {}, [{} bytes] }}", self.now, self.token.len())
    }
}

impl Scope {
    fn len(&self) -> usize {
        self.origin.len().saturating_add(self.realm.as_ref().map_or(0, String::len))
    }
}

struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// A value with two bytes of length in front.
    fn short(&mut self, value: &[u8]) -> Result<(), TranscriptError> {
        let found = value.len();
        let length = u16::try_from(found).map_err(|_| TranscriptError::TooLong { found })?;
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(value);
        Ok(())
    }

    fn count(&mut self, found: usize, limit: usize) -> Result<(), TranscriptError> {
        let count = u8::try_from(found).ok().filter(|_| found <= limit);
        self.0.push(count.ok_or(TranscriptError::TooLong { found })?);
        Ok(())
    }
}

fn text(from: &mut Reader<'_>) -> Result<String, TranscriptError> {
    let length = from.u16_be()?;
    let bytes = from.take(length.into())?;
    let text = core::str::from_utf8(bytes).map_err(|_| TranscriptError::NotText)?;
    Ok(String::from(text))
}

fn binding(from: &mut Reader<'_>) -> Result<Binding, TranscriptError> {
    let kind = kind(from.u8()?)?;
    let length = from.u8()?;
    Ok(Binding::new(kind, from.take(length.into())?))
}

fn leg(from: &mut Reader<'_>) -> Result<Leg, TranscriptError> {
    let seconds = i64::from_be_bytes(from.take_array()?);
    let micros = from.u32_be()?;
    let now = Timestamp::new(seconds, micros).ok_or(TranscriptError::Micros { found: micros })?;
    let length = from.u32_be()?;
    let token = from.take(usize::try_from(length).unwrap_or(usize::MAX))?;
    let length = usize::from(from.u16_be()?);
    if length > MAX_RANDOM {
        return Err(TranscriptError::TooMuchRandom { found: length });
    }
    let random = from.take(length)?;
    Ok(Leg { now, token: Zeroizing::new(Vec::from(token)), random: Zeroizing::new(Vec::from(random)) })
}

fn kind_number(kind: TlsBinding) -> u8 {
    match kind {
        TlsBinding::Exporter => 1,
        TlsBinding::ServerEndPoint => 2,
    }
}

fn kind(number: u8) -> Result<TlsBinding, TranscriptError> {
    let found = TlsBinding::ALL.into_iter().find(|kind| kind_number(*kind) == number);
    found.ok_or(TranscriptError::value("kind of binding", number))
}

/// What a store gave back is not a transcript, or an exchange is too long to become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TranscriptError {
    /// The bytes end early, or go on behind the end.
    Malformed(ParseError),
    /// More microseconds than a second has.
    Micros {
        /// How many.
        found: u32,
    },
    /// Origin or realm is not UTF-8.
    NotText,
    /// Longer than [`MAX_TRANSCRIPT`], or a part of it longer than can be written.
    TooLong {
        /// Its length, or that of the part.
        found: usize,
    },
    /// More legs than [`MAX_TRANSCRIPT_LEGS`].
    TooManyLegs {
        /// How many.
        found: usize,
    },
    /// A leg drew more random bytes than [`MAX_RANDOM`].
    TooMuchRandom {
        /// How many.
        found: usize,
    },
    /// A number that stands for nothing.
    Value {
        /// What it should tell.
        of: &'static str,
        /// The number.
        found: u8,
    },
    /// Of a version that is not known here: another release wrote it.
    Version {
        /// The version.
        found: u8,
    },
}

impl TranscriptError {
    fn value(of: &'static str, found: u8) -> Self {
        Self::Value { of, found }
    }
}

impl From<ParseError> for TranscriptError {
    fn from(error: ParseError) -> Self {
        Self::Malformed(error)
    }
}

impl fmt::Display for TranscriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("transcript of a context: ")?;
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Micros { found } => write!(f, "{found} microseconds, a second has 1,000,000"),
            Self::NotText => f.write_str("origin or realm is not UTF-8"),
            Self::TooLong { found } => {
                write!(f, "{found} bytes are more than there is room for, {MAX_TRANSCRIPT} in all at most")
            }
            Self::TooManyLegs { found } => write!(f, "{found} legs, at most {MAX_TRANSCRIPT_LEGS}"),
            Self::TooMuchRandom { found } => {
                write!(f, "{found} random bytes in one leg, at most {MAX_RANDOM}")
            }
            Self::Value { of, found } => write!(f, "{found} is no {of}"),
            Self::Version { found } => write!(
                f,
                "version {found}, expected {VERSION}; do servers of different releases share the store?"
            ),
        }
    }
}

impl core::error::Error for TranscriptError {}

#[cfg(test)]
mod tests;
