use crate::challenge::Value;
use core::fmt;
use gss_core::CryptoRng;

/// The id of a context: 128 random bits, as 22 characters of base64url. It is no secret that lets anybody in, since
/// each use of it is proven by a MIC, but it is nobody else's business either.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContextId([u8; Self::LEN]);

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl ContextId {
    /// Characters of an id.
    pub const LEN: usize = 22;

    /// A new id.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut characters = [0; Self::LEN];
        rng.fill_bytes(&mut characters);
        // 64 characters divide 256 evenly: each has 6 random bits, 132 in all.
        Self(characters.map(|byte| ALPHABET.get(usize::from(byte & 63)).copied().unwrap_or(b'A')))
    }

    /// The id that this parameter has.
    ///
    /// # Errors
    /// [`ContextIdError`].
    pub fn of_param(value: Value<'_>) -> Result<Self, ContextIdError> {
        let mut characters = [0; Self::LEN];
        let mut bytes = value.bytes();
        for place in &mut characters {
            *place = bytes.next().filter(|byte| ALPHABET.contains(byte)).ok_or(ContextIdError)?;
        }
        if bytes.next().is_some() { Err(ContextIdError) } else { Ok(Self(characters)) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // All characters are ASCII.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The first characters, enough to tell contexts apart in a log.
impl fmt::Debug for ContextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContextId({}..)", self.as_str().get(..6).unwrap_or_default())
    }
}

/// What stands for the id of a context is none of ours: 22 characters of base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextIdError;

impl fmt::Display for ContextIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ctx is no id of a context, expected {} characters of base64url", ContextId::LEN)
    }
}

impl core::error::Error for ContextIdError {}

/// The client's count of its uses of a context: 1 at least, each one once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce(u64);

impl Nonce {
    /// The first one.
    pub const FIRST: Self = Self(1);
    /// The last one: what every language and store can count to, 2^53 - 1.
    pub const LAST: Self = Self((1 << 53) - 1);

    /// The nonce of this value, if it is from 1 to [`LAST`](Self::LAST).
    #[must_use]
    pub const fn new(value: u64) -> Option<Self> {
        if value >= Self::FIRST.0 && value <= Self::LAST.0 { Some(Self(value)) } else { None }
    }

    /// Its value.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The next one; `None` after the last.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        Self::new(self.0.saturating_add(1))
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
