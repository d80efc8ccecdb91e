//! NTLM: logons for initiators; names, users and policy for acceptors.
//!
//! NTLM is legacy, and off unless it is built in (feature `ntlm`) and listed: by [`Initiator::or_ntlm`] or
//! [`AcceptorConfig::with_ntlm`]. It proves nothing about the server, rests on MD4, MD5 and RC4, and hands everybody who
//! can ask for a logon something to try passwords on. Prefer Kerberos, and let NTLM in only for those that cannot do
//! without.
//!
//! ```
//! use gss::ntlm::{self, Logon, MemoryUsers, ServerNames};
//! use gss::{AcceptorConfig, Initiator, Target};
//! use std::sync::Arc;
//!
//! // A server that takes NTLM: alone here, or behind Kerberos by `AcceptorConfig::from_keytab(..)?.with_ntlm(..)`.
//! let mut users = MemoryUsers::new();
//! users.add("alice", "EXAMPLE", "correct horse");
//! let config = AcceptorConfig::ntlm(ntlm::AcceptorConfig::new(ServerNames::new("WWW"), users));
//!
//! // A client that offers it.
//! let target = Target::new("HTTP", "www.example.com")?;
//! let logon = Logon::with_password("alice", "EXAMPLE", "correct horse").target(&target);
//! let initiator = Initiator::ntlm(Arc::new(logon));
//! # use test_support::pair::{End, Pair};
//! # let run = Pair::default().run(initiator, gss::Acceptor::new(Arc::new(config)));
//! # assert!(matches!(run.acceptor, End::Done(_)));
//! # Ok::<(), gss::TargetError>(())
//! ```
//!
//! [`Initiator::or_ntlm`]: crate::Initiator::or_ntlm
//! [`AcceptorConfig::with_ntlm`]: crate::AcceptorConfig::with_ntlm

pub use gss_ntlm::users::{
    Account, Found, MemoryUsers, PassThrough, PassThroughError, UserFileError, UserFileErrorKind, UserHash,
    Users,
};
pub use gss_ntlm::{
    Accepted, AcceptorConfig, AcceptorError, Allow, HeldLogon, InitiatorError, LoggedOn, Logon, NtHash,
    ServerNames, SessionKey, split_account,
};
