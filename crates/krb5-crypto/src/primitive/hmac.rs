//! HMAC (RFC 2104) and the hashes under it.

pub(crate) use sha1::{Digest, Sha1};

pub(crate) type HmacSha1 = hmac::Hmac<Sha1>;
pub(crate) type HmacSha256 = hmac::Hmac<sha2::Sha256>;
pub(crate) type HmacSha384 = hmac::Hmac<sha2::Sha384>;
#[cfg(feature = "rc4")]
pub(crate) type HmacMd5 = hmac::Hmac<md5::Md5>;
