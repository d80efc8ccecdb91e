//! `KCM:`: caches that a daemon keeps, Heimdal's `kcm` or sssd's.
//!
//! A request has its length in front, then the protocol's version, an operation, the cache's name and what the operation
//! takes. A reply has its length and two states in front, that of the transport and that of the operation. Principals
//! and credentials are in the form of cache files of version 4.

use core::fmt;
use core::time::Duration;
use std::path::PathBuf;

use krb5_asn1::Principal;
use krb5_files::{Ccache, CcacheVersion, Credential, KdcOffset, WriteError};
use zeroize::Zeroizing;

use super::{CacheError, CacheName, MAX_CACHE, Store};

mod connection;
mod error;
mod reply;

pub(super) use connection::Connection;
pub use error::KcmError;
use error::status;
use reply::Reply;

/// Where the daemon listens unless `kcm_socket` of `[libdefaults]` says otherwise.
pub const KCM_SOCKET: &str = "/var/run/.heim_org.h5l.kcm-socket";

/// The form in which principals and credentials travel.
const FORM: CcacheVersion = CcacheVersion::V4;

/// Most credentials of a cache and most caches of a daemon that are asked for one by one.
const MAX_ENTRIES: usize = 1 << 14;

/// What a daemon is asked to do, with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u16)]
pub enum KcmOperation {
    /// Give a name that no cache has.
    NewName = 3,
    /// Make an empty cache.
    Initialize = 4,
    /// Remove a cache.
    Destroy = 5,
    /// Add a credential.
    Store = 6,
    /// Give a cache's client.
    GetPrincipal = 8,
    /// Give the identifiers of a cache's credentials.
    GetCredentialIds = 9,
    /// Give a credential by its identifier.
    GetCredential = 10,
    /// Remove credentials by a pattern.
    RemoveCredential = 11,
    /// Give the identifiers of all caches.
    GetCacheIds = 18,
    /// Give a cache's name by its identifier.
    GetCacheName = 19,
    /// Give the name of the primary cache.
    GetPrimary = 20,
    /// Choose the primary cache.
    SetPrimary = 21,
    /// Give the KDC's time offset.
    GetOffset = 22,
    /// Set the KDC's time offset.
    SetOffset = 23,
    /// MIT's extension: all credentials at once. sssd has it, Heimdal does not.
    GetCredentials = 13_001,
    /// MIT's extension: principal, offset and credentials at once. sssd has it, Heimdal does not.
    Replace = 13_002,
}

impl fmt::Display for KcmOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NewName => "name a new cache",
            Self::Initialize => "initialise",
            Self::Destroy => "destroy",
            Self::Store => "store",
            Self::GetPrincipal => "get the principal",
            Self::GetCredentialIds => "list credentials",
            Self::GetCredential => "get a credential",
            Self::RemoveCredential => "remove a credential",
            Self::GetCacheIds => "list caches",
            Self::GetCacheName => "get a cache's name",
            Self::GetPrimary => "get the primary cache",
            Self::SetPrimary => "set the primary cache",
            Self::GetOffset => "get the time offset",
            Self::SetOffset => "set the time offset",
            Self::GetCredentials => "get all credentials",
            Self::Replace => "replace all",
        })
    }
}

/// Where a daemon is.
#[derive(Clone, Debug)]
pub(super) struct Daemon {
    pub(super) socket: Option<PathBuf>,
    pub(super) timeout: Duration,
}

impl Daemon {
    pub(super) fn connect(&self) -> Result<Connection, KcmError> {
        let socket = self.socket.as_deref().ok_or(KcmError::TurnedOff)?;
        Connection::open(socket, self.timeout)
    }
}

/// The name of the cache that counts where none is named. It may not exist.
pub(super) fn primary(daemon: &mut Connection) -> Result<String, KcmError> {
    daemon.call(KcmOperation::GetPrimary, &[])?.name()
}

/// A name that no cache has.
pub(super) fn new_name(daemon: &mut Connection) -> Result<String, KcmError> {
    daemon.call(KcmOperation::NewName, &[])?.name()
}

/// The names of all caches that this user may see.
pub(super) fn names(daemon: &mut Connection) -> Result<Vec<String>, KcmError> {
    let ids = match daemon.call(KcmOperation::GetCacheIds, &[]) {
        Err(KcmError::Status { status: status::NO_CACHE, .. }) => return Ok(Vec::new()),
        ids => ids?.ids(MAX_ENTRIES)?,
    };
    let mut names = Vec::new();
    for id in ids {
        match daemon.call(KcmOperation::GetCacheName, &[&id]) {
            // Destroyed by somebody since.
            Err(KcmError::Status { status: status::NO_CACHE | status::END, .. }) => {}
            name => names.push(name?.name()?),
        }
    }
    Ok(names)
}

/// A cache of a daemon. Every operation has a connection of its own: daemons close idle ones.
#[derive(Debug)]
pub(super) struct KcmStore {
    daemon: Daemon,
    name: String,
}

impl KcmStore {
    pub(super) const fn new(daemon: Daemon, name: String) -> Self {
        Self { daemon, name }
    }

    /// Makes this the cache that counts where none is named.
    pub(super) fn switch_to(&self) -> Result<(), CacheError> {
        self.done(&mut self.daemon.connect()?, KcmOperation::SetPrimary, &[])
    }

    fn call(
        &self,
        daemon: &mut Connection,
        operation: KcmOperation,
        arguments: &[&[u8]],
    ) -> Result<Reply, CacheError> {
        let mut parameters = vec![self.name.as_bytes(), &[0]];
        parameters.extend_from_slice(arguments);
        daemon.call(operation, &parameters).map_err(|error| match error {
            KcmError::Status { status: status::NO_CACHE, .. } => self.missing(),
            error => CacheError::Kcm(error),
        })
    }

    fn done(
        &self,
        daemon: &mut Connection,
        operation: KcmOperation,
        arguments: &[&[u8]],
    ) -> Result<(), CacheError> {
        self.call(daemon, operation, arguments).map(drop)
    }

    fn missing(&self) -> CacheError {
        CacheError::NotFound { name: CacheName::Kcm(self.name.clone()).to_string() }
    }

    fn principal(&self, daemon: &mut Connection) -> Result<Principal, CacheError> {
        let reply = match self.call(daemon, KcmOperation::GetPrincipal, &[]) {
            // Heimdal's answers for a cache that was never initialised.
            Err(CacheError::Kcm(KcmError::Status { status: status::NOT_FOUND, .. })) => {
                return Err(self.missing());
            }
            Ok(reply) if reply.is_empty() => return Err(self.missing()),
            reply => reply?,
        };
        Ok(reply.principal()?)
    }

    fn credentials(&self, daemon: &mut Connection) -> Result<Vec<Credential>, CacheError> {
        match self.call(daemon, KcmOperation::GetCredentials, &[]) {
            Err(CacheError::Kcm(error)) if error.is_unsupported() => {}
            reply => return Ok(reply?.credentials()?),
        }
        let mut credentials = Vec::new();
        let mut size: u64 = 0;
        for id in self.call(daemon, KcmOperation::GetCredentialIds, &[])?.ids(MAX_ENTRIES)? {
            let reply = match self.call(daemon, KcmOperation::GetCredential, &[&id]) {
                // Removed by somebody since.
                Err(CacheError::Kcm(KcmError::Status {
                    status: status::END | status::NOT_FOUND, ..
                })) => continue,
                reply => reply?,
            };
            size = size.saturating_add(reply.len());
            if size > MAX_CACHE {
                return Err(CacheError::TooLarge {
                    name: CacheName::Kcm(self.name.clone()).to_string(),
                    size,
                });
            }
            credentials.push(reply.credential()?);
        }
        Ok(credentials)
    }

    fn offset(&self, daemon: &mut Connection) -> Result<Option<i32>, CacheError> {
        match self.call(daemon, KcmOperation::GetOffset, &[]) {
            Err(CacheError::Kcm(error)) if error.is_unsupported() => Ok(None),
            // Daemons do not tell "none" from "no difference".
            reply => Ok(Some(reply?.offset()?).filter(|offset| *offset != 0)),
        }
    }

    fn put(&self, daemon: &mut Connection, credential: &Credential) -> Result<(), CacheError> {
        let bytes = credential.to_bytes(FORM)?;
        self.done(daemon, KcmOperation::Store, &[&bytes])
    }
}

impl Store for KcmStore {
    fn load(&self) -> Result<Ccache, CacheError> {
        let mut daemon = self.daemon.connect()?;
        let mut content = Ccache::new(self.principal(&mut daemon)?);
        content.entries = self.credentials(&mut daemon)?;
        if let Some(seconds) = self.offset(&mut daemon)? {
            content.set_kdc_offset(KdcOffset { seconds, microseconds: 0 });
        }
        Ok(content)
    }

    /// At once where the daemon has MIT's extension; otherwise in steps, which others may see.
    fn replace(&self, content: &Ccache) -> Result<(), CacheError> {
        let mut daemon = self.daemon.connect()?;
        let principal = FORM.principal_to_bytes(&content.default_principal)?;
        let offset = content.kdc_offset().map_or(0, |offset| offset.seconds);
        let entries: Vec<_> = content.entries.iter().filter(|entry| !entry.is_removed()).collect();
        let mut list = Vec::new();
        for entry in &entries {
            let bytes = entry.to_bytes(FORM)?;
            list.push((u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes(), bytes));
        }
        let count = u32::try_from(list.len()).unwrap_or(u32::MAX).to_be_bytes();
        let offset = offset.to_be_bytes();
        let mut arguments: Vec<&[u8]> = vec![&offset, &principal, &count];
        arguments.extend(list.iter().flat_map(|(length, bytes)| [length.as_slice(), bytes.as_slice()]));
        match self.done(&mut daemon, KcmOperation::Replace, &arguments) {
            Err(CacheError::Kcm(error)) if error.is_unsupported() => {}
            done => return done,
        }
        self.done(&mut daemon, KcmOperation::Initialize, &[&principal])?;
        if content.kdc_offset().is_some() {
            self.done(&mut daemon, KcmOperation::SetOffset, &[&offset])?;
        }
        entries.into_iter().try_for_each(|entry| self.put(&mut daemon, entry))
    }

    fn store(&self, credential: &Credential) -> Result<(), CacheError> {
        self.put(&mut self.daemon.connect()?, credential)
    }

    fn remove(&self, server: &Principal) -> Result<(), CacheError> {
        // No flag: the service's whole name has to match.
        let pattern = service_pattern(server)?;
        match self.done(&mut self.daemon.connect()?, KcmOperation::RemoveCredential, &[&[0; 4], &pattern]) {
            Err(CacheError::Kcm(KcmError::Status { status: status::NOT_FOUND | status::END, .. })) => Ok(()),
            done => done,
        }
    }

    fn set_config(&self, key: &str, about: Option<&Principal>, value: &[u8]) -> Result<(), CacheError> {
        let principal = self.principal(&mut self.daemon.connect()?)?;
        let mut settings = Ccache::new(principal);
        settings.set_config(key, about, value);
        let Some(setting) = settings.entries.pop() else { return Ok(()) };
        self.remove(&setting.server)?;
        self.store(&setting)
    }

    fn set_kdc_offset(&self, offset: KdcOffset) -> Result<(), CacheError> {
        let seconds = offset.seconds.to_be_bytes();
        self.done(&mut self.daemon.connect()?, KcmOperation::SetOffset, &[&seconds])
    }

    fn destroy(&self) -> Result<(), CacheError> {
        self.done(&mut self.daemon.connect()?, KcmOperation::Destroy, &[])
    }
}

/// What stands for any credential of a service where Heimdal's protocol asks for a pattern: which fields are there,
/// the service, and the fields that cannot be left out, all 0.
fn service_pattern(server: &Principal) -> Result<Zeroizing<Vec<u8>>, WriteError> {
    const HAS_SERVER: u32 = 2;
    let mut bytes = Zeroizing::new(HAS_SERVER.to_be_bytes().to_vec());
    bytes.extend_from_slice(&FORM.principal_to_bytes(server)?);
    // Four times, the mark of a session key, the flags.
    bytes.extend_from_slice(&[0; 4 * 4 + 1 + 4]);
    Ok(bytes)
}
