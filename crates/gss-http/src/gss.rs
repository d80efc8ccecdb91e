//! The scheme `GSS`: exchanges that are tied by the id of a context and not by the connection, and that go on without
//! a new login.
//!
//! This is a profile of our own, on the goals that draft-johansson-http-gss published: several legs, mutual
//! authentication, channel bindings, fast re-authentication. The draft has expired, and conformance to it is not claimed.

mod id;
mod store;

pub use self::id::{ContextId, ContextIdError, Nonce};
pub use self::store::{ContextStore, NONCE_WINDOW, NonceError, NonceFresh, StoreUnavailable};

/// The name of the scheme.
pub const NAME: &str = "GSS";
