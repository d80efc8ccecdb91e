//! Kerberos V5 as a GSS-API mechanism: both roles, without I/O.
//!
//! * [`Initiator`] presents a service ticket and, with mutual authentication, checks the service's answer.
//!   It needs no heap.
//! * [`Acceptor`] checks what initiators present, against [`ServiceKeys`], a [replay cache](replay) and the policy
//!   of its [`AcceptorConfig`].
//! * Both end in a [`Context`], which protects messages by the tokens of RFC 4121, or of RFC 4757 for RC4.
//!
//! Fetching tickets from a KDC is another machine's job; this crate starts where the ticket is at hand.
//!
//! # Features
//! `alloc` adds the acceptor and [`ServiceTicket`]; `std` adds the replay cache in memory; `rc4` and `camellia` add
//! these enctypes. RC4 has to be allowed at run time as well.

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::disallowed_methods,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "alloc")]
mod acceptor;
pub mod authdata;
pub mod checksum;
mod context;
#[cfg(feature = "alloc")]
pub mod iakerb;
mod initiator;
#[cfg(feature = "alloc")]
mod keys;
pub mod message;
pub mod replay;
mod tail;
mod ticket;
pub mod token;
pub mod transited;

#[cfg(feature = "alloc")]
pub use acceptor::{Accepted, Acceptor, AcceptorConfig, AcceptorError, Allow, DelegationError};
pub use context::{Context, Parties};
pub use initiator::{Initiator, InitiatorError, MAX_OFFERED_ENCTYPES, Presented, Refusal};
#[cfg(feature = "alloc")]
pub use keys::{MAX_TRIAL_KEYS, NoKey, ServiceKey, ServiceKeys};
#[cfg(feature = "alloc")]
pub use ticket::ServiceTicket;
pub use ticket::{HeldTicket, ServiceTicketRef, TicketTimes};
