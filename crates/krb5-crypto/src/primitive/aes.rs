//! AES (FIPS 197).

pub(crate) use aes::{Aes128, Aes256};
