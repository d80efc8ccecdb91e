//! Oracles for `gss-spnego`.

/// A mechanism that follows a script; its asserts are oracles too: it is asked for no MIC that it cannot make, and an
/// initiator of it begins with nothing.
#[expect(dead_code, reason = "shared with the tests of the crate, which use more of it")]
#[path = "../../crates/gss-spnego/tests/suite/scripted.rs"]
pub mod scripted;

pub mod krb5;
pub mod negotiation;
pub mod token;
