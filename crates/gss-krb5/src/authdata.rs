//! Authorization data of a ticket and of an authenticator (RFC 4120 section 5.2.6).
//!
//! Authorization data restricts what a ticket is good for, so an element that the acceptor does not understand
//! ends the exchange, unless the element that it stands in says otherwise: AD-IF-RELEVANT does.
//!
//! * [`TicketData::check`] goes through what the KDC put into the ticket, and verifies the PAC.
//! * [`AuthenticatorData::read`] takes what the client says about this one exchange.

use core::fmt;
use core::ops::Deref;

use krb5_asn1::{
    AdApOptions, AdEtypeNegotiation, AuthDataElement, AuthDataType, AuthorizationData, Decode, KerberosTime,
    PrincipalRef,
};
use krb5_crypto::{EncType, Key};

mod error;
mod kdc_issued;
pub mod pac;
mod walk;

pub use error::AuthDataError;
use kdc_issued::KdcIssued;
pub use pac::PacVerified;
use walk::Walk;

/// How deep AD-IF-RELEVANT may nest; the outermost list is the first level.
pub const MAX_DEPTH: usize = 4;
/// The most elements that authorization data may have on all levels together.
pub const MAX_ELEMENTS: usize = 64;
/// How many of the client's enctypes are kept.
pub const MAX_ETYPES: usize = 16;

/// What to do about the PAC of a ticket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PacPolicy {
    /// A PAC that is there must verify.
    #[default]
    VerifyIfPresent,
    /// There must be a PAC, and it must verify.
    Require,
    /// The PAC is not looked at and not handed on. The ticket's own names stay authentic; but a KDC whose PACs
    /// do not verify may have been made to issue tickets that it should not have.
    IgnoreUnverified,
}

/// What the check of a ticket's authorization data needs to know of the ticket.
#[derive(Clone, Copy, Debug)]
pub struct TicketFacts<'k> {
    /// The key that decrypted the ticket.
    pub service_key: &'k Key,
    /// The session key in the ticket.
    pub session_key: &'k Key,
    /// The client in the ticket.
    pub client: PrincipalRef<'k>,
    /// `authtime` of the ticket.
    pub authtime: KerberosTime,
}

/// What a ticket's authorization data holds. Only [`TicketData::check`] makes one, so it is also the proof that
/// the check was made.
#[derive(Clone, Copy, Debug)]
#[must_use = "a state that depends on the check should hold its proof"]
pub struct TicketData<'a> {
    /// The verified PAC. `None` without a PAC, and under [`PacPolicy::IgnoreUnverified`].
    pub pac: Option<PacVerified<'a>>,
    /// The elements of the first AD-KDC-ISSUED, whose checksum was verified. They widen what the client may do,
    /// and need not be understood.
    pub kdc_issued: Option<AuthorizationData<'a>>,
    _checked: Checked,
}

/// What keeps others from making a [`TicketData`].
#[derive(Clone, Copy, Debug)]
struct Checked;

impl<'a> TicketData<'a> {
    /// Checks `authorization-data` of a decrypted ticket.
    ///
    /// Outside AD-IF-RELEVANT these are understood: AD-IF-RELEVANT itself, the PAC, AD-KDC-ISSUED, and what a
    /// service may ignore by its definition (AD-MANDATORY-FOR-KDC, AD-CAMMAC, and the information that Windows
    /// gives in types 129 and 142 to 144). Any other type is refused there.
    ///
    /// # Errors
    /// Unknown and critical elements, AD-AND-OR, an invalid AD-KDC-ISSUED, a PAC that does not verify or is
    /// missing against the policy, broken encodings and broken limits; see [`AuthDataError`].
    pub fn check(
        data: Option<AuthorizationData<'a>>,
        ticket: &TicketFacts<'_>,
        policy: PacPolicy,
    ) -> Result<Self, AuthDataError> {
        let mut found = Self { pac: None, kdc_issued: None, _checked: Checked };
        let mut walk = Walk::new(data);
        while let Some((element, critical)) = walk.next()? {
            match element.ad_type {
                AuthDataType::WIN2K_PAC if policy == PacPolicy::IgnoreUnverified => {}
                // A client can have the KDC add elements (RFC 4120 section 5.4.1), so that one of two PACs may
                // be the client's.
                AuthDataType::WIN2K_PAC if found.pac.is_some() => return Err(AuthDataError::SecondPac),
                AuthDataType::WIN2K_PAC => found.pac = Some(verify_pac(element, ticket)?),
                AuthDataType::KDC_ISSUED => {
                    let issued = KdcIssued::decode(element)?.verify(ticket.session_key)?;
                    found.kdc_issued.get_or_insert(issued);
                }
                // To be understood by the KDC, which therefore checked it (section 5.2.6.4).
                AuthDataType::MANDATORY_FOR_KDC => {}
                _ => accept_ignorable(element, critical)?,
            }
        }
        if policy == PacPolicy::Require && found.pac.is_none() {
            return Err(AuthDataError::NoPac);
        }
        Ok(found)
    }
}

fn verify_pac<'a>(
    element: AuthDataElement<'a>,
    ticket: &TicketFacts<'_>,
) -> Result<PacVerified<'a>, AuthDataError> {
    pac::verify(element.ad_data.as_bytes(), ticket.service_key, ticket.client, ticket.authtime)
        .map_err(AuthDataError::Pac)
}

/// What is left when the types with a meaning of their own are dealt with.
fn accept_ignorable(element: AuthDataElement<'_>, critical: bool) -> Result<(), AuthDataError> {
    match element.ad_type {
        // Section 5.2.6.3: a server that does not implement it must reject the ticket. Its conditions are
        // restrictions, and of those none is known here, so none could be found to be satisfied.
        AuthDataType::AND_OR => Err(AuthDataError::AndOr),
        // RFC 7751 section 4 lets a service ignore it; the rest informs and restricts nothing.
        AuthDataType::CAMMAC
        | AuthDataType::ETYPE_NEGOTIATION
        | AuthDataType::LOCAL
        | AuthDataType::AP_OPTIONS
        | AuthDataType::TARGET_PRINCIPAL => Ok(()),
        ad_type if critical => Err(AuthDataError::Unknown { ad_type }),
        _ => Ok(()),
    }
}

/// What the client says in the authenticator about this exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuthenticatorData {
    /// The enctypes that the client offers for the rest of the exchange (RFC 4537). Empty if it offers none.
    pub etypes: OfferedEncTypes,
    /// The client wants its channel bindings to be checked (KERB_AP_OPTIONS_CBT, MS-KILE section 3.2.5.8).
    pub channel_binding_required: bool,
    /// The client did not verify the name of the service (KERB_AP_OPTIONS_UNVERIFIED_TARGET_NAME).
    pub unverified_target_name: bool,
}

/// Enctypes that the client offers, its favourite first: the first [`MAX_ETYPES`] of those that this build
/// supports.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OfferedEncTypes {
    etypes: [EncType; MAX_ETYPES],
    len: usize,
}

impl AuthenticatorData {
    /// Reads `authorization-data` of a decrypted authenticator.
    ///
    /// Elements of a ticket that stand here (a PAC, AD-KDC-ISSUED) are only the client's word and are ignored.
    ///
    /// # Errors
    /// Unknown elements outside AD-IF-RELEVANT, AD-AND-OR, broken encodings and broken limits; see
    /// [`AuthDataError`].
    pub fn read(data: Option<AuthorizationData<'_>>) -> Result<Self, AuthDataError> {
        let mut found = Self::default();
        let mut offered = false;
        let mut walk = Walk::new(data);
        while let Some((element, critical)) = walk.next()? {
            let content = element.ad_data.as_bytes();
            match element.ad_type {
                AuthDataType::ETYPE_NEGOTIATION => {
                    let etypes = AdEtypeNegotiation::from_der(content)
                        .map_err(|error| AuthDataError::Malformed { ad_type: element.ad_type, error })?;
                    // Of several lists the first counts.
                    if !offered {
                        found.etypes = OfferedEncTypes::new(&etypes);
                    }
                    offered = true;
                }
                AuthDataType::AP_OPTIONS => {
                    let options = AdApOptions::from_bytes(content)
                        .ok_or(AuthDataError::ApOptionsLength { len: content.len() })?;
                    found.channel_binding_required |= options.contains(AdApOptions::CBT);
                    found.unverified_target_name |= options.contains(AdApOptions::UNVERIFIED_TARGET_NAME);
                }
                AuthDataType::WIN2K_PAC | AuthDataType::KDC_ISSUED | AuthDataType::MANDATORY_FOR_KDC => {}
                _ => accept_ignorable(element, critical)?,
            }
        }
        Ok(found)
    }
}

impl OfferedEncTypes {
    fn new(offered: &AdEtypeNegotiation<'_>) -> Self {
        let mut list = Self::default();
        let known = offered.iter().map(EncType).filter(|etype| etype.is_supported());
        for (to, etype) in list.etypes.iter_mut().zip(known) {
            *to = etype;
            list.len = list.len.saturating_add(1);
        }
        list
    }
}

impl Deref for OfferedEncTypes {
    type Target = [EncType];

    fn deref(&self) -> &[EncType] {
        self.etypes.get(..self.len).unwrap_or_default()
    }
}

impl fmt::Debug for OfferedEncTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl Default for OfferedEncTypes {
    fn default() -> Self {
        Self { etypes: [EncType(0); MAX_ETYPES], len: 0 }
    }
}

#[cfg(test)]
mod tests;
