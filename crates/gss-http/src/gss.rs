//! The scheme `GSS`: exchanges that are tied by the id of a context and not by the connection, and that go on without
//! a new login.
//!
//! This is a profile of our own, on the goals that draft-johansson-http-gss published: several legs, mutual
//! authentication, channel bindings, fast re-authentication. The draft has expired, and conformance to it is not claimed.

mod binding;
pub mod client;
mod id;
#[cfg(feature = "std")]
mod memory;
mod message;
mod reauth;
#[cfg(feature = "std")]
mod rebuild;
#[cfg(feature = "std")]
pub mod server;
mod store;
#[cfg(feature = "std")]
mod transcript;

pub use self::binding::{Binding, Bindings};
pub use self::client::{
    Challenge, ChallengeError, Client, ClientError, ClientPolicy, Exchange, Login, Outcome, Response,
    Restart, Session, SessionError, SessionOutcome,
};
pub use self::id::{ContextId, ContextIdError, Nonce};
#[cfg(feature = "std")]
pub use self::memory::{MemoryContextStore, MemoryLimits};
pub use self::message::{
    ClientMessage, MAX_MIC, ParamError, ParamErrorKind, ServerMessage, State, UnknownBinding,
};
pub use self::reauth::{NulInRequest, RequestParts};
#[cfg(feature = "std")]
pub use self::server::{Answer, Begin, Proof, Request, Server, ServerError, ServerPolicy};
pub use self::store::{ContextStore, NONCE_WINDOW, NonceError, NonceFresh, StoreUnavailable};
#[cfg(feature = "std")]
pub use self::transcript::{MAX_RANDOM, MAX_TRANSCRIPT, MAX_TRANSCRIPT_LEGS, Transcript, TranscriptError};

/// The name of the scheme.
pub const NAME: &str = "GSS";
