//! The Windows PAC: what a domain controller says in a Kerberos ticket about the client (MS-PAC).
//!
//! * [`Pac`] is the container: a table of buffers, found by [`BufferType`]. Reading copies nothing and needs no
//!   heap; every length, count, offset and pointer is checked, and errors name the field and the byte.
//! * What the buffers hold are plain structs with both directions in one file: [`LogonInfo`], [`ClientInfo`],
//!   [`UpnDnsInfo`], [`Attributes`], [`DelegationInfo`], [`DeviceInfo`], [`CredentialInfo`]. Claims are kept raw.
//! * [`LogonInfo::sids`] answers "who is this": user, primary group, groups, extra SIDs, resource groups.
//! * [`Pac::verify`] checks the four [`signature`]s with the keys that are at hand, and tells of each how it came
//!   out.
//! * With feature `alloc`, [`PacBuilder`] lays out a PAC and signs it.
//!
//! **A PAC that was read is not yet a PAC that is true.** Only the server signature shows a service that its KDC
//! made it, and only the client info ties it to the ticket. Verify both before believing a SID.
//!
//! ```
//! # #[cfg(feature = "alloc")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use krb5_crypto::{EncType, Key};
//! use krb5_pac::{ClientInfo, FileTime, Pac, PacBuilder, SignatureKind, SigningKeys, VerifyingKeys};
//!
//! let service_key = Key::new(EncType::AES256_CTS_HMAC_SHA1_96, &[1; 32])?;
//! let kdc_key = Key::new(EncType::AES256_CTS_HMAC_SHA1_96, &[2; 32])?;
//! let client = ClientInfo { auth_time: FileTime::from_unix(1_700_000_000), name: "alice".into() };
//! let bytes = PacBuilder::minimal(&client)?.sign(&SigningKeys::new(&service_key, &kdc_key))?;
//!
//! let pac = Pac::parse(&bytes)?;
//! let verdicts = pac.verify(&VerifyingKeys { server: Some(&service_key), ..VerifyingKeys::default() });
//! assert!(verdicts.of(SignatureKind::Server).is_verified());
//! assert!(pac.client_info()?.is_some_and(|client| client.name == "alice"));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "alloc"))]
//! # fn main() {}
//! ```

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

#[cfg(any(feature = "alloc", test))]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod attributes;
#[cfg(feature = "alloc")]
mod build;
mod client;
mod credential;
mod delegation;
mod device;
mod error;
mod group;
mod list;
mod logon;
mod ndr;
mod pac;
pub mod sid;
pub mod signature;
mod text;
#[cfg(feature = "alloc")]
mod ticket;
mod upn;

pub use attributes::{AttributeFlags, Attributes};
#[cfg(feature = "alloc")]
pub use build::{BuildError, PacBuilder, SigningKeys};
pub use client::ClientInfo;
pub use credential::CredentialInfo;
pub use delegation::DelegationInfo;
pub use device::{DeviceInfo, DomainMembership};
pub use error::{PacError, PacErrorKind};
pub use group::{GroupAttributes, GroupMembership, SidAndAttributes};
pub use gss_core::FileTime;
pub use list::{List, ListIter};
pub use logon::{Identity, LogonInfo, Sids, UserFlags, UserSessionKey};
pub use pac::{Buffer, BufferType, MAX_BUFFERS, MAX_PAC_LEN, Pac};
pub use sid::Sid;
pub use signature::{Signature, SignatureKind, Verdict, Verdicts, VerifyingKeys};
pub use text::Text;
#[cfg(feature = "alloc")]
pub use ticket::{TicketError, without_pac};
pub use upn::{UpnDnsInfo, UpnFlags};
