//! PA-FOR-USER and PA-S4U-X509-USER: a service asks for a ticket to itself on behalf of a user (MS-SFU section 3.1.5.1).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus};
use krb5_asn1::{
    Checksum, Decode, DecodeError, Encode, MethodData, NameType, Octets, PaData, PaDataType, PaS4uX509User,
    ParsePrincipalError, Principal, Raw, S4uOptions, S4uUserId, UInt32, der,
};
use krb5_crypto::{ChecksumType, ChecksumVerified, EncType, Key, KeyUsage};

use super::request::pa_data;
use crate::reply::find;

/// The user on whose behalf a service asks for a ticket to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S4uUser {
    /// The name and realm; a name without components where the certificate says who it is.
    principal: Principal,
    certificate: Option<Vec<u8>>,
}

impl S4uUser {
    /// A user by name. The realm has to be the one that knows the user, for an enterprise name
    /// (`NameType::ENTERPRISE`) as well: [`AsExchange`](crate::AsExchange) finds it by the KDCs' referrals.
    #[must_use]
    pub const fn named(principal: Principal) -> Self {
        Self { principal, certificate: None }
    }

    /// A user by X.509 certificate, in DER, whom this realm knows. Only KDCs that know PA-S4U-X509-USER can tell who
    /// that is.
    ///
    /// # Errors
    /// None in practice.
    pub fn with_certificate(certificate: Vec<u8>, realm: &str) -> Result<Self, ParsePrincipalError> {
        let nobody: [&[u8]; 0] = [];
        let principal = Principal::from_components(NameType::X500_PRINCIPAL, nobody, realm)?;
        Ok(Self { principal, certificate: Some(certificate) })
    }

    /// The user's name and realm, as far as they are known before the KDC answered.
    #[must_use]
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Whether the reply has to name this very principal: it was named, and not by an alias.
    pub(super) fn is_final(&self) -> bool {
        self.has_name() && self.principal.name_type() != NameType::ENTERPRISE
    }

    fn has_name(&self) -> bool {
        self.principal.components().len() > 0
    }

    /// The pre-authentication data that name the user, for this request.
    pub(super) fn padata(&self, nonce: u32, subkey: &Key, session_key: &Key) -> der::Result<S4uSent> {
        // MS-SFU section 2.2.2 wants an unkeyed checksum under RC4 keys. PA-FOR-USER does without.
        let x509 = (subkey.enctype() != EncType::RC4_HMAC).then(|| self.x509(nonce, subkey)).transpose()?;
        let for_user = if self.has_name() { self.for_user(session_key)? } else { None };
        Ok(S4uSent { nonce, x509, for_user })
    }

    fn x509(&self, nonce: u32, subkey: &Key) -> der::Result<Vec<u8>> {
        let principal = self.principal.as_borrowed();
        let user_id = S4uUserId {
            nonce: UInt32(nonce),
            cname: self.has_name().then_some(principal.name),
            crealm: principal.realm,
            subject_certificate: self.certificate.as_deref().map(Octets::new),
            options: Some(S4uOptions::USE_REPLY_KEY_USAGE),
        };
        let user_id = user_id.to_der()?;
        let checksum = subkey.checksum(KeyUsage::PA_S4U_X509_USER_REQUEST);
        let tag = checksum.compute_tag(&[&user_id]);
        let content = PaS4uX509User {
            user_id: Raw::new(&user_id).map_err(|_| der::ErrorKind::Failed)?,
            checksum: Checksum {
                cksumtype: checksum.checksum_type().0,
                checksum: Octets::new(tag.as_bytes()),
            },
        };
        content.to_der()
    }

    /// PA-FOR-USER, with HMAC-MD5 whatever the key's enctype (MS-SFU section 2.2.1).
    #[cfg(feature = "rc4")]
    fn for_user(&self, session_key: &Key) -> der::Result<Option<Vec<u8>>> {
        const PACKAGE: &str = "Kerberos";
        let principal = self.principal.as_borrowed();
        let usage = KeyUsage::KERB_NON_KERB_CKSUM_SALT;
        let checksum = krb5_crypto::rc4_hmac::checksum_with_any_key(session_key, usage);
        let name_type = principal.name.name_type.0.to_le_bytes();
        let mut covered = Vec::from([name_type.as_slice()]);
        covered.extend(principal.name.components().map(|component| component.as_bytes()));
        covered.extend([principal.realm.as_bytes(), PACKAGE.as_bytes()]);
        let tag = checksum.compute_tag(&covered);
        let content = krb5_asn1::PaForUser {
            user_name: principal.name,
            user_realm: principal.realm,
            cksum: Checksum { cksumtype: checksum.checksum_type().0, checksum: Octets::new(tag.as_bytes()) },
            auth_package: PACKAGE.into(),
        };
        content.to_der().map(Some)
    }

    #[cfg(not(feature = "rc4"))]
    #[expect(clippy::unnecessary_wraps, reason = "the same signature as with the feature")]
    fn for_user(&self, _session_key: &Key) -> der::Result<Option<Vec<u8>>> {
        Ok(None)
    }
}

/// What was sent to name the user.
#[derive(Debug)]
pub(super) struct S4uSent {
    nonce: u32,
    x509: Option<Vec<u8>>,
    for_user: Option<Vec<u8>>,
}

/// A user's name that the KDC gave under a checksum.
#[derive(Debug)]
pub(super) struct UserConfirmed {
    pub(super) principal: Principal,
    _checksum: ChecksumVerified,
}

impl S4uSent {
    pub(super) fn padata(&self) -> impl Iterator<Item = PaData<'_>> {
        let x509 = self.x509.iter().map(|content| pa_data(PaDataType::S4U_X509_USER, content));
        x509.chain(self.for_user.iter().map(|content| pa_data(PaDataType::FOR_USER, content)))
    }

    /// Checks the PA-S4U-X509-USER of a reply (MS-SFU section 3.1.5.1.1.3); `None` when it has none, as from KDCs
    /// that know PA-FOR-USER only.
    ///
    /// # Errors
    /// It is there and does not hold.
    pub(super) fn check(
        &self,
        reply: &MethodData<'_>,
        encrypted: &MethodData<'_>,
        subkey: &Key,
    ) -> Result<Option<UserConfirmed>, S4uError> {
        if self.x509.is_none() {
            return Ok(None);
        }
        let Some(content) = find(reply, PaDataType::S4U_X509_USER) else {
            // Windows repeats the checksums in the protected part.
            let stripped = find(encrypted, PaDataType::S4U_X509_USER).is_some();
            return if stripped { Err(S4uError::Stripped) } else { Ok(None) };
        };
        let content = PaS4uX509User::from_der(content)?;
        let user_id = &content.user_id;
        if user_id.nonce != UInt32(self.nonce) {
            return Err(S4uError::Nonce { sent: self.nonce, found: user_id.nonce.0 });
        }
        let with_reply_usage = user_id.options.unwrap_or_default().contains(S4uOptions::USE_REPLY_KEY_USAGE);
        let usage = if with_reply_usage {
            KeyUsage::PA_S4U_X509_USER_REPLY
        } else {
            KeyUsage::PA_S4U_X509_USER_REQUEST
        };
        let found = ChecksumType(content.checksum.cksumtype);
        let key = subkey.checksum_with_type(found, usage).ok_or(S4uError::ChecksumType { found })?;
        let checksum = key
            .verify(&[user_id.as_der()], content.checksum.checksum.as_bytes())
            .map_err(|_| S4uError::Checksum)?;
        let name = user_id.cname.filter(|name| name.components().len() > 0).ok_or(S4uError::NoName)?;
        Ok(Some(UserConfirmed { principal: name.in_realm(user_id.crealm).into(), _checksum: checksum }))
    }
}

/// Why a reply to a request on behalf of a user is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum S4uError {
    /// The checksum over the user's name does not verify.
    Checksum,
    /// That checksum is of a type that the key does not have.
    ChecksumType {
        /// Its type.
        found: ChecksumType,
    },
    /// The reply's PA-S4U-X509-USER is malformed.
    Decode(DecodeError),
    /// The ticket is to the service itself, not to the user: the KDC does not know S4U2self.
    Ignored,
    /// The reply names no user.
    NoName,
    /// The reply's PA-S4U-X509-USER answers another request.
    Nonce {
        /// The nonce of the request.
        sent: u32,
        /// The nonce in the reply.
        found: u32,
    },
    /// The user's name was taken out of the reply.
    Stripped,
    /// The KDC does not say that it knows resource-based constrained delegation, which a service of another realm needs.
    ResourceBasedUnsupported,
    /// The ticket is to another user.
    User {
        /// The user asked for.
        expected: Box<Principal>,
        /// The user that the reply names.
        found: Box<Principal>,
    },
}

impl fmt::Display for S4uError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checksum => {
                f.write_str("the checksum over the user's name does not verify: the reply was changed on the way")
            }
            Self::ChecksumType { found } => {
                write!(f, "the user's name is protected by checksum type {}, which the key does not have", found.0)
            }
            Self::Decode(error) => write!(f, "the user's name in the reply cannot be read: {error}"),
            Self::Ignored => f.write_str(
                "the ticket is to the service itself: the KDC does not know S4U2self, or not in the form that was sent",
            ),
            Self::NoName => f.write_str("the reply names no user"),
            Self::Nonce { sent, found } => {
                write!(f, "the user's name answers another request: nonce {found}, expected {sent}")
            }
            Self::Stripped => f.write_str("the user's name was taken out of the reply on the way"),
            Self::ResourceBasedUnsupported => f.write_str(
                "the service is in another realm, and the KDC does not offer resource-based constrained delegation",
            ),
            Self::User { expected, found } => {
                write!(f, "the ticket is to {found}, expected {expected}: the reply was changed on the way")
            }
        }
    }
}

impl core::error::Error for S4uError {}

impl Diagnose for S4uError {
    fn blame(&self) -> Blame {
        match self {
            Self::Ignored | Self::ResourceBasedUnsupported => Blame::PeerRefused,
            _ => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Checksum => "s4u_checksum",
            Self::ChecksumType { .. } => "s4u_checksum_type",
            Self::Decode(_) => "s4u_malformed",
            Self::Ignored => "s4u_ignored",
            Self::NoName => "s4u_no_user",
            Self::Nonce { .. } => "s4u_nonce_mismatch",
            Self::Stripped => "s4u_stripped",
            Self::ResourceBasedUnsupported => "resource_based_delegation_unsupported",
            Self::User { .. } => "s4u_user_mismatch",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Ignored | Self::ResourceBasedUnsupported => MajorStatus::UNAVAILABLE,
            _ => MajorStatus::FAILURE,
        }
    }
}

impl From<DecodeError> for S4uError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}
