//! MD4 (RFC 1320), which RC4-HMAC makes its keys with.

pub(crate) use md4::Md4;
