//! MD5 (RFC 1321), which RC4-HMAC checksums hash with before the HMAC.

pub(crate) use md5::{Digest, Md5};
