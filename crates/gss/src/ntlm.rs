//! NTLM: logons for initiators; names, users and policy for acceptors.
//!
//! NTLM is legacy, and off unless it is built in (feature `ntlm`) and listed: by [`Initiator::or_ntlm`] or
//! [`AcceptorConfig::with_ntlm`]. It proves nothing about the server, rests on MD4, MD5 and RC4, and hands everybody who
//! can ask for a logon something to try passwords on. Prefer Kerberos, and let NTLM in only for those that cannot do
//! without.
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
