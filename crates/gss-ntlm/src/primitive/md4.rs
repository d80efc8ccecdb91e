//! MD4 (RFC 1320), which hashes passwords.

pub(crate) use ::md4::{Digest, Md4};
