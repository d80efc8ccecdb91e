//! Oracles: what must hold for any input at all. A fuzz target is one line that calls one of these.
//!
//! That nothing panics is the least of it; an oracle states a property that can be false, such as "what parses
//! encodes to the same bytes" or "a token is accepted once".
//!
//! Under `cfg(fuzzing)` MACs and decryption always pass, so no oracle can say "a changed ciphertext is refused";
//! the crates' own tests do.

pub mod gss_core;
pub mod gss_http;
pub mod gss_krb5;
pub mod gss_ntlm;
pub mod gss_spnego;
pub mod gssctl;
pub mod input;
pub mod krb5_asn1;
pub mod krb5_client;
pub mod krb5_crypto;
pub mod krb5_files;
pub mod krb5_pac;
pub mod krb5_testkdc;
