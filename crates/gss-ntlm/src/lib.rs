//! NTLM as a GSS-API mechanism (MS-NLMP): both roles, without I/O.
//!
//! NTLM is legacy. It proves a password to a server and proves nothing about the server; it rests on MD4, MD5 and RC4;
//! whoever gets at the hash of a password has the password; and whoever can make a client answer a challenge can try
//! passwords offline. Use it where Kerberos cannot be had, and let it in only where it has to be: no crate of this
//! workspace uses NTLM unless its caller lists it.
//!
//! What there is, is NTLMv2 with extended session security. NTLMv1 and LM are recognised, and refused by name.
//!
//! * [`Initiator`] answers a server's challenge. It needs no heap.
//! * [`Acceptor`] challenges clients and checks their answers against [`Users`], under the policy of its
//!   [`AcceptorConfig`].
//! * Both end in a [`Context`], which protects messages ([`message`]).
//! * [`wire`] has the three messages and what is in them.
//!
//! # Both sides
//!
//! ```
//! use gss_core::{Env, Handshake, Protection, SecurityContext, Step, Target, Timestamp};
//! use gss_ntlm::{Acceptor, AcceptorConfig, Initiator, Logon, MemoryUsers, ServerNames};
//! # let mut rng = test_support::TestRng::insecure(1);
//! # let mut env = Env::new(Timestamp::from_seconds(1_700_000_000), &mut rng);
//! # let mut other_rng = test_support::TestRng::insecure(2);
//!
//! // The server, once: its names, its users, and how it is called.
//! let target = Target::new("HTTP", "www.example.com")?;
//! let mut users = MemoryUsers::new();
//! users.add("alice", "EXAMPLE", "correct horse");
//! let config = AcceptorConfig::new(ServerNames::new("WWW").domain("EXAMPLE"), users).accept_target(&target);
//!
//! let logon = Logon::with_password("alice", "EXAMPLE", "correct horse").target(&target);
//! let (client, server) = (Initiator::new(logon), Acceptor::new(&config));
//!
//! // Each message is handed to the other side as it is.
//! let (mut negotiate, mut challenge, mut authenticate) = (Vec::new(), Vec::new(), Vec::new());
//! let Step::Continue(client) = client.step(&mut [], &mut negotiate, &mut env)? else { unreachable!() };
//! let Step::Continue(server) = server.step(&mut negotiate, &mut challenge, &mut env)? else { unreachable!() };
//! let Step::Done(mut client) = client.step(&mut challenge, &mut authenticate, &mut env)? else { unreachable!() };
//! let Step::Done(mut server) = server.step(&mut authenticate, &mut Vec::new(), &mut env)? else { unreachable!() };
//!
//! assert_eq!(server.facts().peer.map(|peer| peer.to_string()).as_deref(), Some("EXAMPLE\\alice"));
//! let mut token = Vec::new();
//! client.sealer().wrap(Protection::Confidentiality, b"sealed", &mut token, &mut other_rng)?;
//! assert_eq!(server.opener().unwrap(&mut token)?.in_order()?, b"sealed");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//! `alloc` adds the acceptor and [`Logon`]; `std` adds nothing but its own crates' `std`.

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
mod context;
mod initiator;
mod logon;
pub mod message;
mod primitive;
mod secret;
mod upper;
#[cfg(feature = "alloc")]
pub mod users;
pub mod wire;

#[cfg(feature = "alloc")]
pub use acceptor::{Accepted, Acceptor, AcceptorConfig, AcceptorError, Allow, MAX_NEGOTIATE, ServerNames};
pub use context::{Context, Parties};
pub use initiator::{Initiator, InitiatorError, LoggedOn};
#[cfg(feature = "alloc")]
pub use logon::Logon;
pub use logon::{HeldLogon, Identity, LogonRef, split_account};
pub use secret::{NtHash, NtlmV2Hash, SessionKey};
#[cfg(feature = "alloc")]
pub use users::{MemoryUsers, Users};
