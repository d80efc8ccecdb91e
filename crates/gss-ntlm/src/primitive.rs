//! The primitives of NTLM, one module each. Everything that knows RustCrypto by name is in here.
//!
//! All of them have been broken for years. NTLM knows no others.

pub(crate) mod hmac;
pub(crate) mod md4;
pub(crate) mod md5;
pub(crate) mod rc4;

use subtle::{Choice, ConstantTimeEq};

/// Whether what was computed here is what was received, in a time that depends on nothing but their lengths.
///
/// Every check of a MAC or proof in the crate ends here. Under `cfg(fuzzing)` they all pass.
pub(crate) fn tags_match(computed: &[u8], received: &[u8]) -> Choice {
    Choice::from(u8::from(cfg!(fuzzing))) | computed.ct_eq(received)
}
