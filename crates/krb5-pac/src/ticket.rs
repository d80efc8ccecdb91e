//! What the ticket signature covers (MS-PAC section 2.8.2).

use alloc::vec::Vec;
use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus};
use krb5_asn1::{
    AuthDataElement, AuthDataType, AuthorizationData, Decode, DecodeError, EncTicketPart, Encode, Octets,
    SeqOf,
};
use zeroize::Zeroizing;

/// What stands in place of the PAC.
const PLACEHOLDER: &[u8] = &[0];

/// DER of the ticket's encrypted part with one zero byte in place of the PAC, which is what the ticket signature
/// covers. The session key is in it, so that it is wiped on drop.
///
/// The PAC is looked for on the first level and in AD-IF-RELEVANT, where KDCs put it. A KDC that builds a ticket
/// puts one zero byte there itself, signs its DER, and replaces the byte with the PAC.
///
/// # Errors
/// No PAC, more than one, and authorization data that is not DER.
pub fn without_pac(part: &EncTicketPart<'_>) -> Result<Zeroizing<Vec<u8>>, TicketError> {
    let placeholder = AuthDataElement { ad_type: AuthDataType::WIN2K_PAC, ad_data: Octets::new(PLACEHOLDER) };
    let mut found = 0_usize;
    // The lists that were written anew, so that elements can borrow them.
    let mut written = Vec::new();
    for element in part.authorization_data.iter().flat_map(SeqOf::iter) {
        if element.ad_type != AuthDataType::IF_RELEVANT {
            written.push(None);
            continue;
        }
        let inner = AuthorizationData::from_der(element.ad_data.as_bytes())?;
        let mut pacs = 0_usize;
        let elements: Vec<_> = inner.iter().map(|inner| replace(inner, placeholder, &mut pacs)).collect();
        found = found.saturating_add(pacs);
        // Lists without a PAC stay as they came.
        written.push(if pacs == 0 { None } else { Some(SeqOf::new(&elements).to_der()?) });
    }
    let outer = part.authorization_data.iter().flat_map(SeqOf::iter);
    let elements: Vec<_> = outer
        .zip(&written)
        .map(|(element, written)| match written {
            Some(der) => AuthDataElement { ad_type: element.ad_type, ad_data: Octets::new(der) },
            None => replace(element, placeholder, &mut found),
        })
        .collect();
    if found != 1 {
        return Err(TicketError::PacCount { seen: found });
    }
    let part = EncTicketPart { authorization_data: Some(SeqOf::new(&elements)), ..*part };
    Ok(Zeroizing::new(part.to_der()?))
}

fn replace<'a>(
    element: AuthDataElement<'a>,
    placeholder: AuthDataElement<'a>,
    pacs: &mut usize,
) -> AuthDataElement<'a> {
    if element.ad_type != AuthDataType::WIN2K_PAC {
        return element;
    }
    *pacs = pacs.saturating_add(1);
    placeholder
}

/// Why a ticket has nothing that its signature could cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TicketError {
    /// No PAC, or more than one.
    PacCount {
        /// How many there are.
        seen: usize,
    },
    /// The authorization data is not DER.
    AuthData(DecodeError),
}

impl From<DecodeError> for TicketError {
    fn from(error: DecodeError) -> Self {
        Self::AuthData(error)
    }
}

impl From<krb5_asn1::der::Error> for TicketError {
    fn from(error: krb5_asn1::der::Error) -> Self {
        Self::AuthData(error.into())
    }
}

impl Diagnose for TicketError {
    fn blame(&self) -> Blame {
        Blame::Peer
    }

    fn code(&self) -> &'static str {
        match self {
            Self::PacCount { .. } => "ticket_pac_count",
            Self::AuthData(_) => "ticket_authorization_data",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::DEFECTIVE_TOKEN
    }
}

impl fmt::Display for TicketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PacCount { seen } => write!(f, "ticket with {seen} PACs, expected one"),
            Self::AuthData(error) => write!(f, "authorization data of the ticket: {error}"),
        }
    }
}

impl core::error::Error for TicketError {}
