//! From a password to a key (RFC 3961 section 3, string-to-key).

use zeroize::Zeroize;

use crate::enctype::EncType;
use crate::error::StringToKeyError;
use crate::profile::aes_sha1::{Aes128Sha1, Aes256Sha1};
use crate::profile::aes_sha2::{Aes128Sha2, Aes256Sha2};
#[cfg(feature = "camellia")]
use crate::profile::camellia::{Camellia128Cmac, Camellia256Cmac};
use crate::profile::{CtsProfile, KeyBytes, Profile};

/// The most iterations that [`Key::from_password`](crate::Key::from_password) runs. The count comes from the
/// KDC before anybody has proved anything, so that without a limit one reply could keep a client busy for
/// hours. The defaults are 4096 (RFC 3962) and 32768 (RFC 8009, RFC 6803).
pub const MAX_ITERATIONS: u32 = 0x0100_0000;

/// The longest salt that string-to-key takes, in bytes.
pub const MAX_SALT_LEN: usize = 1024;

/// The longest enctype name that goes in front of a salt.
const MAX_NAME_LEN: usize = 26;

/// Iterations when there are no parameters (RFC 3962 section 4).
const DEFAULT_ITERATIONS_SHA1: u32 = 4096;
/// Iterations when there are no parameters (RFC 8009 section 4, RFC 6803 section 4).
const DEFAULT_ITERATIONS: u32 = 32768;

pub(crate) fn string_to_key(
    profile: Profile,
    password: &[u8],
    salt: &[u8],
    params: Option<&[u8]>,
    max_iterations: u32,
) -> Result<KeyBytes, StringToKeyError> {
    if salt.len() > MAX_SALT_LEN {
        return Err(StringToKeyError::SaltTooLong { found: salt.len() });
    }
    type StringToKey = fn(&[u8], &[u8], u32, &mut [u8]);
    let (derive, default): (StringToKey, u32) = match profile {
        Profile::Aes128Sha1 => (Aes128Sha1::string_to_key, DEFAULT_ITERATIONS_SHA1),
        Profile::Aes256Sha1 => (Aes256Sha1::string_to_key, DEFAULT_ITERATIONS_SHA1),
        Profile::Aes128Sha2 => (Aes128Sha2::string_to_key, DEFAULT_ITERATIONS),
        Profile::Aes256Sha2 => (Aes256Sha2::string_to_key, DEFAULT_ITERATIONS),
        #[cfg(feature = "camellia")]
        Profile::Camellia128 => (Camellia128Cmac::string_to_key, DEFAULT_ITERATIONS),
        #[cfg(feature = "camellia")]
        Profile::Camellia256 => (Camellia256Cmac::string_to_key, DEFAULT_ITERATIONS),
        #[cfg(feature = "rc4")]
        Profile::Rc4Hmac => return rc4_string_to_key(password, params),
    };
    let iterations = iterations(profile.enctype(), params, default, max_iterations)?;
    let mut key = KeyBytes::zeroed(profile.key_len());
    derive(password, salt, iterations, key.bytes_mut());
    Ok(key)
}

#[cfg(feature = "rc4")]
fn rc4_string_to_key(password: &[u8], params: Option<&[u8]>) -> Result<KeyBytes, StringToKeyError> {
    match params {
        None | Some([]) => crate::profile::rc4_hmac::string_to_key(password),
        Some(params) => Err(StringToKeyError::Parameters { enctype: EncType::RC4_HMAC, found: params.len() }),
    }
}

/// Reads the parameters: a big-endian count, where zero means 2^32 (RFC 3962 section 4).
fn iterations(
    enctype: EncType,
    params: Option<&[u8]>,
    default: u32,
    limit: u32,
) -> Result<u32, StringToKeyError> {
    let count = match params {
        None => default,
        Some(params) => {
            let bytes = <[u8; 4]>::try_from(params)
                .map_err(|_| StringToKeyError::Parameters { enctype, found: params.len() })?;
            u32::from_be_bytes(bytes)
        }
    };
    match count {
        0 => Err(StringToKeyError::TooManyIterations { requested: 1 << 32, limit }),
        _ if count > limit => Err(StringToKeyError::TooManyIterations { requested: count.into(), limit }),
        _ => Ok(count),
    }
}

/// `saltp` of RFC 8009 and RFC 6803: enctype name, a zero byte, salt.
pub(crate) struct SaltWithName {
    bytes: [u8; MAX_NAME_LEN + 1 + MAX_SALT_LEN],
    len: usize,
}

impl SaltWithName {
    /// `name` is at most [`MAX_NAME_LEN`] and `salt` at most [`MAX_SALT_LEN`] bytes long.
    pub(crate) fn new(name: &[u8], salt: &[u8]) -> Self {
        let mut bytes = [0; MAX_NAME_LEN + 1 + MAX_SALT_LEN];
        let from = name.iter().chain(&[0]).chain(salt);
        let len = bytes.iter_mut().zip(from).map(|(to, from)| *to = *from).count();
        Self { bytes, len }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Drop for SaltWithName {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}
