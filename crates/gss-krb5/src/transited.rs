//! The realms that a cross-realm ticket came through (RFC 4120 sections 2.7 and 3.3.3.2).
//!
//! Every KDC on the way could have invented the client, so an acceptor either relies on its own KDC's word that
//! the path is fine (flag TRANSITED-POLICY-CHECKED) or checks the path itself. [`TransitedPolicy::check`] does
//! this; [`TransitedRealms`] expands the compressed list that the ticket carries.

use core::fmt;

use krb5_asn1::{ErrorCode, KerberosString, TicketFlags, TransitedEncoding, TransitedType};

mod expand;
pub use expand::TransitedRealms;

/// The longest encoded list of realms that is read, in bytes.
pub const MAX_CONTENTS_LEN: usize = 4096;
/// The most realms that a list may expand to.
pub const MAX_REALMS: usize = 128;
/// The longest realm name, in bytes, also after the parts of an abbreviated name were joined.
pub const MAX_REALM_LEN: usize = 255;

/// What to do with a ticket whose transited realms the KDC did not check.
///
/// A ticket with an empty list came straight from the client's realm and passes under every policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransitedPolicy<'p> {
    /// Refuse it: only the KDC's check counts.
    #[default]
    RequireKdcCheck,
    /// Accept it if each realm on the way is the client's, the service's or one of these.
    AllowedRealms(&'p [&'p str]),
    /// Accept it, whatever realms it came through: any of them may then claim to be any client of any realm.
    TrustUncheckedPath,
}

impl TransitedPolicy<'_> {
    /// Applies the policy to what stands in a decrypted ticket.
    ///
    /// # Errors
    /// When the path is not acceptable, or its encoding is not known or broken; see [`TransitedError`].
    pub fn check(
        &self,
        flags: TicketFlags,
        transited: TransitedEncoding<'_>,
        client_realm: KerberosString<'_>,
        server_realm: KerberosString<'_>,
    ) -> Result<TransitedChecked, TransitedError> {
        let contents = transited.contents.as_bytes();
        if flags.contains(TicketFlags::TRANSITED_POLICY_CHECKED) {
            return Ok(TransitedChecked { by: CheckedBy::Kdc });
        }
        match (transited.tr_type, self) {
            (TransitedType::NONE | TransitedType::DOMAIN_X500_COMPRESS, _) if contents.is_empty() => {
                return Ok(TransitedChecked { by: CheckedBy::NothingToCheck });
            }
            (_, Self::TrustUncheckedPath) => return Ok(TransitedChecked { by: CheckedBy::Nobody }),
            (TransitedType::DOMAIN_X500_COMPRESS, _) => {}
            (seen, _) => return Err(TransitedError::UnknownType { seen }),
        }
        for realm in TransitedRealms::new(contents, client_realm, server_realm)? {
            let realm = realm?;
            match self {
                Self::AllowedRealms(allowed) => {
                    // Both ends are known to have taken part, wherever the list names them.
                    let allowed = allowed.iter().any(|allowed| allowed.as_bytes() == realm.as_bytes());
                    let end =
                        [client_realm, server_realm].iter().any(|end| end.as_bytes() == realm.as_bytes());
                    if !allowed && !end {
                        return Err(TransitedError::RealmNotAllowed {
                            realm: Excerpt::new(realm.as_bytes()),
                        });
                    }
                }
                _ => return Err(TransitedError::NotChecked { realm: Excerpt::new(realm.as_bytes()) }),
            }
        }
        match self {
            Self::AllowedRealms(_) => Ok(TransitedChecked { by: CheckedBy::AllowedRealms }),
            // The list was not empty, and still named no realm, such as "," between neighbours.
            _ => Ok(TransitedChecked { by: CheckedBy::NothingToCheck }),
        }
    }
}

/// Proof that the transited realms were dealt with: only [`TransitedPolicy::check`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a state that depends on the check should hold its proof"]
pub struct TransitedChecked {
    by: CheckedBy,
}

impl TransitedChecked {
    /// On whose word the path is accepted.
    #[must_use]
    pub const fn by(self) -> CheckedBy {
        self.by
    }
}

/// On whose word a path was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckedBy {
    /// The KDC that issued the ticket set TRANSITED-POLICY-CHECKED.
    Kdc,
    /// There are no realms between the client's and the service's.
    NothingToCheck,
    /// All realms are in [`TransitedPolicy::AllowedRealms`].
    AllowedRealms,
    /// Nobody: [`TransitedPolicy::TrustUncheckedPath`].
    Nobody,
}

/// A realm name of the expanded list, held in the value itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RealmName {
    bytes: [u8; MAX_REALM_LEN],
    len: u8,
}

impl RealmName {
    const EMPTY: Self = Self { bytes: [0; MAX_REALM_LEN], len: 0 };

    /// The name's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    fn new(name: &[u8]) -> Result<Self, TransitedError> {
        let mut realm = Self::EMPTY;
        realm.append(name)?;
        Ok(realm)
    }

    fn append(&mut self, more: &[u8]) -> Result<(), TransitedError> {
        let start = usize::from(self.len);
        let end = start.saturating_add(more.len());
        let too_long = TransitedError::RealmTooLong { len: end };
        self.bytes.get_mut(start..end).ok_or(too_long)?.copy_from_slice(more);
        self.len = u8::try_from(end).map_err(|_| too_long)?;
        Ok(())
    }
}

impl fmt::Display for RealmName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        KerberosString::new(self.as_bytes()).fmt(f)
    }
}

impl fmt::Debug for RealmName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&KerberosString::new(self.as_bytes()), f)
    }
}

/// The beginning of a name that a message carried, kept so that an error can say what was seen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Excerpt {
    bytes: [u8; Self::MAX],
    len: u8,
    cut: bool,
}

impl Excerpt {
    /// How many bytes of the name are kept.
    pub const MAX: usize = 46;

    /// The first bytes of a name.
    #[must_use]
    pub fn new(name: &[u8]) -> Self {
        let mut excerpt = Self { bytes: [0; Self::MAX], len: 0, cut: name.len() > Self::MAX };
        for (to, from) in excerpt.bytes.iter_mut().zip(name) {
            *to = *from;
            excerpt.len = excerpt.len.saturating_add(1);
        }
        excerpt
    }

    /// The bytes that were kept.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl fmt::Display for Excerpt {
    /// The text with what is not printable ASCII escaped, since it comes from elsewhere and may end up in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.as_bytes().escape_ascii(), if self.cut { "..." } else { "" })
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Why the transited realms of a ticket were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransitedError {
    /// The list is written in a way that is not DOMAIN-X500-COMPRESS.
    UnknownType {
        /// The type that the ticket states.
        seen: TransitedType,
    },
    /// The KDC did not check the path, and the policy is [`TransitedPolicy::RequireKdcCheck`].
    NotChecked {
        /// The first realm on the way.
        realm: Excerpt,
    },
    /// A realm on the way is not in [`TransitedPolicy::AllowedRealms`].
    RealmNotAllowed {
        /// That realm.
        realm: Excerpt,
    },
    /// An encoded list longer than [`MAX_CONTENTS_LEN`].
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// A list of more than [`MAX_REALMS`] realms.
    TooManyRealms,
    /// A realm name longer than [`MAX_REALM_LEN`].
    RealmTooLong {
        /// Its length in bytes, as far as it was read.
        len: usize,
    },
    /// The list ends in a backslash that quotes nothing.
    TrailingBackslash,
    /// A realm name that consists of nothing but the space that would set it apart.
    EmptyRealm,
    /// The first realm ends in a dot, so that it is to be put before a realm that there is not.
    NothingToJoin {
        /// The realm as written.
        realm: Excerpt,
    },
    /// A null subfield stands for the realms between two that have no ancestor in common.
    NoPath {
        /// The realm before the null subfield.
        from: Excerpt,
        /// The realm after it.
        to: Excerpt,
    },
}

impl TransitedError {
    /// The code for a KRB-ERROR to the client.
    #[must_use]
    pub const fn error_code(&self) -> ErrorCode {
        match self {
            Self::UnknownType { .. } => ErrorCode::KDC_ERR_TRTYPE_NOSUPP,
            _ => ErrorCode::KRB_AP_PATH_NOT_ACCEPTED,
        }
    }
}

impl fmt::Display for TransitedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType { seen } => {
                write!(
                    f,
                    "transited realms are encoded as type {}, expected DOMAIN-X500-COMPRESS (1)",
                    seen.0
                )
            }
            Self::NotChecked { realm } => write!(
                f,
                "ticket came through realm {realm} and the KDC did not check its path; list that realm as allowed \
                 if it may vouch for clients"
            ),
            Self::RealmNotAllowed { realm } => {
                write!(f, "ticket came through realm {realm}, which is not among those allowed")
            }
            Self::TooLong { len } => {
                write!(f, "transited realms take {len} bytes, more than the limit of {MAX_CONTENTS_LEN}")
            }
            Self::TooManyRealms => write!(f, "ticket came through more than {MAX_REALMS} realms"),
            Self::RealmTooLong { len } => {
                write!(f, "transited realm of {len} bytes, more than the limit of {MAX_REALM_LEN}")
            }
            Self::TrailingBackslash => f.write_str("transited realms end in a backslash that quotes nothing"),
            Self::EmptyRealm => f.write_str("transited realm without a name"),
            Self::NothingToJoin { realm } => {
                write!(f, "transited realm {realm} is to be joined to the one before, and there is none")
            }
            Self::NoPath { from, to } => write!(
                f,
                "transited realms include all between {from} and {to}, which have no ancestor in common"
            ),
        }
    }
}

impl core::error::Error for TransitedError {}

#[cfg(test)]
mod tests;
