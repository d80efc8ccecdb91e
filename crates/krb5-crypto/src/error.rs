//! What can go wrong. Errors of integrity say nothing but that; all others name what was seen.

use core::fmt;

use crate::enctype::EncType;

/// A [`Key`](crate::Key) could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The enctype is unknown, known only by name, or left out of this build by its features.
    Unsupported(EncType),
    /// The key or seed has the wrong number of bytes for its enctype.
    Length {
        /// The enctype asked for.
        enctype: EncType,
        /// The length that the enctype has, in bytes.
        expected: usize,
        /// The length that was given, in bytes.
        found: usize,
    },
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(enctype) => fmt_unsupported(*enctype, f),
            Self::Length { enctype, expected, found } => {
                write!(f, "key of {found} bytes for {enctype}, which has keys of {expected} bytes")
            }
        }
    }
}

impl core::error::Error for KeyError {}

/// A password could not be turned into a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StringToKeyError {
    /// The enctype is unknown, known only by name, or left out of this build by its features.
    Unsupported(EncType),
    /// The parameters are not the four bytes of an iteration count, or are given to an enctype without any.
    Parameters {
        /// The enctype asked for.
        enctype: EncType,
        /// Length of the parameters that were given, in bytes.
        found: usize,
    },
    /// The iteration count is above the limit. A count of zero on the wire means 2^32.
    TooManyIterations {
        /// The count that the parameters ask for.
        requested: u64,
        /// The highest count allowed.
        limit: u32,
    },
    /// The salt is longer than [`MAX_SALT_LEN`](crate::MAX_SALT_LEN).
    SaltTooLong {
        /// Length of the salt, in bytes.
        found: usize,
    },
    /// The password is not UTF-8, which RC4-HMAC needs in order to convert it (RFC 4757 section 2).
    PasswordNotUtf8,
}

impl fmt::Display for StringToKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(enctype) => fmt_unsupported(*enctype, f),
            Self::Parameters { enctype, found } => write!(
                f,
                "string-to-key parameters of {found} bytes for {enctype}, which takes {}",
                if *enctype == EncType::RC4_HMAC { "none" } else { "an iteration count of 4 bytes" }
            ),
            Self::TooManyIterations { requested, limit } => {
                write!(f, "string-to-key asks for {requested} iterations, more than the limit of {limit}")
            }
            Self::SaltTooLong { found } => write!(
                f,
                "string-to-key salt of {found} bytes, more than the limit of {}",
                crate::string_to_key::MAX_SALT_LEN
            ),
            Self::PasswordNotUtf8 => f.write_str("password is not UTF-8, as rc4-hmac needs it"),
        }
    }
}

impl core::error::Error for StringToKeyError {}

fn fmt_unsupported(enctype: EncType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match enctype {
        EncType::RC4_HMAC => write!(f, "{enctype} is not in this build, feature `rc4` adds it"),
        EncType::CAMELLIA128_CTS_CMAC | EncType::CAMELLIA256_CTS_CMAC => {
            write!(f, "{enctype} is not in this build, feature `camellia` adds it")
        }
        _ => write!(f, "{enctype} is not supported"),
    }
}

/// A buffer has no room for what has to go in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferTooSmall {
    /// The length that is needed, in bytes.
    pub needed: usize,
    /// The length that was given, in bytes.
    pub found: usize,
}

impl fmt::Display for BufferTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "buffer of {} bytes where {} are needed", self.found, self.needed)
    }
}

impl core::error::Error for BufferTooSmall {}

/// A message was altered, cut short, or made with another key or for another usage. Which of these it was is
/// deliberately not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegrityError;

impl fmt::Display for IntegrityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("integrity check failed")
    }
}

impl core::error::Error for IntegrityError {}

/// More output was asked of PRF+ than its one-byte counter can number (RFC 6113 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrfTooLong {
    /// The most bytes that the enctype's PRF+ can give.
    pub limit: usize,
    /// The number of bytes asked for.
    pub requested: usize,
}

impl fmt::Display for PrfTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bytes asked of a pseudo-random function that gives at most {}",
            self.requested, self.limit
        )
    }
}

impl core::error::Error for PrfTooLong {}
