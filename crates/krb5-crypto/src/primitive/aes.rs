//! AES (FIPS 197).

pub(crate) use aes::{Aes128, Aes128Enc, Aes256, Aes256Enc};
