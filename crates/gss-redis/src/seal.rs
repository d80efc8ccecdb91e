//! Transcripts are secrets, and leave the process encrypted and authenticated.

use alloc::vec::Vec;
use core::fmt;
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use gss_core::Timestamp;
use gss_http::gss::ContextId;
use krb5_crypto::{CipherKey, EncType, Key, KeyError, KeyUsage};
use zeroize::Zeroizing;

/// Out of the range for applications (RFC 3961 section 7.4 leaves 1024 to 2047 to them).
const USAGE: KeyUsage = KeyUsage(1024);

/// Format of what is sealed.
const VERSION: u8 = 1;

/// What is sealed before a transcript: version, kind, id, seconds and microseconds of its end.
const HEADER: usize = 1 + 1 + ContextId::LEN + 8 + 4;

/// The key that the servers of a service share, so that each can open what the others sealed: 32 random bytes.
///
/// Whoever has it, and can read what Redis holds, has the keys of all contexts.
pub struct SealingKey(Key);

impl SealingKey {
    /// Bytes of a key.
    pub const LEN: usize = 32;

    /// From its bytes, which come from a generator of random numbers and not from a password: `head -c 32 /dev/urandom`.
    ///
    /// # Errors
    /// [`KeyError::Length`] if these are not [`LEN`](Self::LEN).
    pub fn new(bytes: &[u8]) -> Result<Self, KeyError> {
        Key::new(EncType::AES256_CTS_HMAC_SHA384_192, bytes).map(Self)
    }

    /// A new one from the system's random numbers, for servers that all come of this process.
    ///
    /// # Panics
    /// If the system has no random numbers to give.
    #[must_use]
    pub fn random() -> Self {
        match Key::generate(EncType::AES256_CTS_HMAC_SHA384_192, &mut UnwrapErr(SysRng)) {
            Ok(key) => Self(key),
            // Every build has AES.
            Err(_) => unreachable!(),
        }
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

/// What is kept apart in Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Partial,
    Established,
}

impl Kind {
    fn byte(self) -> u8 {
        match self {
            Self::Partial => b'P',
            Self::Established => b'E',
        }
    }
}

/// The key that seals, and those that only open.
pub(crate) struct Seals {
    current: CipherKey,
    old: Vec<CipherKey>,
}

impl Seals {
    pub(crate) fn new(key: &SealingKey) -> Self {
        Self { current: key.0.cipher(USAGE), old: Vec::new() }
    }

    pub(crate) fn add_old(&mut self, key: &SealingKey) {
        self.old.push(key.0.cipher(USAGE));
    }

    /// Seals a transcript for this place and time, and no other.
    pub(crate) fn seal(&self, kind: Kind, id: &ContextId, expires: Timestamp, transcript: &[u8]) -> Vec<u8> {
        let cipher = &self.current;
        let mut sealed = vec![0; cipher.header_len()];
        // Nothing is moved and left behind while it is in clear.
        sealed.reserve_exact(HEADER + transcript.len() + cipher.trailer_len());
        sealed.extend_from_slice(&header(kind, id, expires));
        sealed.extend_from_slice(transcript);
        sealed.resize(sealed.len() + cipher.trailer_len(), 0);
        if cipher.encrypt_in_place(&mut sealed, &mut UnwrapErr(SysRng)).is_err() {
            // The buffer has the room that the cipher asked for.
            unreachable!()
        }
        sealed
    }

    /// Opens what was sealed for this place, if its time has not come.
    pub(crate) fn open(
        &self,
        kind: Kind,
        id: &ContextId,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        let mut buffer = Zeroizing::new(Vec::with_capacity(sealed.len()));
        for cipher in core::iter::once(&self.current).chain(&self.old) {
            buffer.clear();
            buffer.extend_from_slice(sealed);
            let Ok(opened) = cipher.decrypt_in_place(&mut buffer) else { continue };
            let (found, transcript) = opened.split_at_checked(HEADER).ok_or(NotOpened::Elsewhere)?;
            let (place, end) = found.split_at_checked(HEADER - 12).ok_or(NotOpened::Elsewhere)?;
            let expected = header(kind, id, now);
            if !expected.starts_with(place) {
                return Err(NotOpened::Elsewhere);
            }
            let expires = read_end(end).ok_or(NotOpened::Elsewhere)?;
            return if now < expires {
                Ok(Zeroizing::new(transcript.to_vec()))
            } else {
                Err(NotOpened::Over)
            };
        }
        Err(NotOpened::Key)
    }
}

fn header(kind: Kind, id: &ContextId, expires: Timestamp) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let fields = [VERSION, kind.byte()].into_iter().chain(id.as_str().bytes());
    let fields = fields.chain(expires.seconds().to_be_bytes()).chain(expires.micros().to_be_bytes());
    header.iter_mut().zip(fields).for_each(|(place, byte)| *place = byte);
    header
}

fn read_end(end: &[u8]) -> Option<Timestamp> {
    let (seconds, micros) = end.split_first_chunk::<8>()?;
    Timestamp::new(i64::from_be_bytes(*seconds), u32::from_be_bytes(micros.try_into().ok()?))
}

/// Why a record is treated as if it was not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotOpened {
    /// None of our keys opens it.
    Key,
    /// It was sealed for another place.
    Elsewhere,
    /// It has ended.
    Over,
}

impl NotOpened {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Key => "none of the keys opens it",
            Self::Elsewhere => "it was sealed for another context",
            Self::Over => "it has ended",
        }
    }
}

#[cfg(test)]
mod tests;
