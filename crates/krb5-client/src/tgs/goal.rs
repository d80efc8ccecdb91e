//! What an exchange is for, and how the requests of each kind differ.

use alloc::boxed::Box;
use alloc::vec::Vec;

use gss_core::Timestamp;
use krb5_asn1::{
    AuthDataElement, Encode, KdcOptions, KerberosString, NameType, Octets, PacOptions, Principal, SeqOf,
    TicketFlags,
};
use krb5_files::{Address, AuthData};

use super::answer::{Answer, Expected};
use super::request::Wanted;
use super::{S4uError, S4uUser, TgsError, TgsOptions, kerberos};
use crate::Credential;
use crate::reply::ServerRule;

/// What an exchange is for.
#[derive(Debug)]
pub(super) enum Goal {
    /// A service ticket.
    Service {
        server: Principal,
        /// User-to-user: DER of the peer's ticket-granting ticket.
        peer: Option<Vec<u8>>,
    },
    /// A ticket from the KDC that the ticket shown is for, without referrals.
    Single(Single),
    /// S4U2self.
    OnBehalfOf {
        server: Principal,
        user: S4uUser,
        /// The user's name as the user's own KDC gave it, under a checksum.
        canonical: Option<Principal>,
    },
    /// S4U2proxy.
    ForUser { server: Principal, evidence: Vec<u8>, user: Principal, phase: Proxying },
}

/// The kinds of [`Goal::Single`].
#[derive(Debug)]
pub(super) enum Single {
    Renew,
    Validate,
    Forward(Vec<Address>),
    Proxy { server: Principal, addresses: Vec<Address> },
}

/// Where S4U2proxy stands. A service of another realm takes all four steps (MS-SFU section 3.1.5.2.2).
#[derive(Debug)]
pub(super) enum Proxying {
    /// Asking in the own realm.
    First,
    /// The own realm has given a ticket-granting ticket in the user's name. Now for one in the own name, for the realm
    /// that the service turns out to be in.
    OwnTgt { proxy_tgt: Box<Credential> },
    /// That is there; now for one in the user's name, for the same realm.
    ProxyTgt { own_tgt: Box<Credential> },
    /// Asking in the service's realm, with that as evidence.
    Last { proxy_ticket: Vec<u8> },
}

/// Options that carry on properties of the ticket shown: the flags have the same bits.
const CARRIED: KdcOptions = KdcOptions::FORWARDABLE
    .union(KdcOptions::PROXIABLE)
    .union(KdcOptions::ALLOW_POSTDATE)
    .union(KdcOptions::RENEWABLE);

pub(super) fn carried_options(flags: TicketFlags, options: &TgsOptions) -> KdcOptions {
    let carried = KdcOptions(flags.0 & CARRIED.0);
    if options.forwardable { carried } else { carried.without(KdcOptions::FORWARDABLE) }
}

impl Goal {
    /// Whether the ticket in hand is good for this.
    pub(super) fn check_shown(&self, shown: &Credential, now: Timestamp) -> Result<(), TgsError> {
        let needed = match self {
            Self::Single(Single::Renew) => Some(TicketFlags::RENEWABLE),
            Self::Single(Single::Validate) => Some(TicketFlags::INVALID),
            Self::Single(Single::Forward(_)) => Some(TicketFlags::FORWARDABLE),
            Self::Single(Single::Proxy { .. }) => Some(TicketFlags::PROXIABLE),
            _ => None,
        };
        if !matches!(self, Self::Single(Single::Renew | Single::Validate)) && !shown.is_tgt() {
            return Err(TgsError::NotTgt { server: Box::new(shown.server.clone()) });
        }
        if let Some(flag) = needed.filter(|flag| !shown.flags.contains(*flag)) {
            return Err(TgsError::TicketLacksFlag { flag });
        }
        if matches!(self, Self::Single(Single::Proxy { addresses, .. }) if addresses.is_empty()) {
            return Err(TgsError::NoAddresses);
        }
        let mut end = shown.times.end;
        if matches!(self, Self::Single(Single::Renew)) {
            end = end.min(shown.times.renew_till.unwrap_or(end));
        }
        if end <= now { Err(TgsError::TicketExpired { end, now }) } else { Ok(()) }
    }

    /// The realm whose KDC is to be asked first; `None`: that of the ticket in hand.
    pub(super) fn realm(&self) -> Option<KerberosString<'_>> {
        let realm = match self {
            Self::Service { server, .. } => server.realm(),
            Self::OnBehalfOf { user, .. } => user.principal().realm(),
            Self::Single(_) | Self::ForUser { .. } => return None,
        };
        Some(realm).filter(|realm| !realm.as_bytes().is_empty())
    }

    /// Which tickets may come as the answer to [`complete`](Self::complete).
    pub(super) fn expected<'a>(&'a self, shown: &'a Credential, options: &TgsOptions) -> Expected<'a> {
        let server_rule = match self {
            Self::Service { .. } if options.canonicalize => ServerRule::Referral,
            Self::Service { .. } | Self::Single(_) | Self::ForUser { phase: Proxying::Last { .. }, .. } => {
                ServerRule::Exact
            }
            Self::OnBehalfOf { .. } | Self::ForUser { .. } => ServerRule::Referral,
        };
        let client = match self {
            Self::OnBehalfOf { .. } => None,
            Self::ForUser { user, phase: Proxying::First | Proxying::Last { .. }, .. } => Some(user),
            _ => Some(&shown.client),
        };
        Expected {
            server_rule,
            client: client.map(Principal::as_borrowed),
            any_start: matches!(self, Self::Single(Single::Validate)),
        }
    }

    /// Whether a ticket got on behalf of a user is that user's (MS-SFU section 3.1.5.1.1.3).
    pub(super) fn check_user(&self, answer: &Answer, shown: &Credential) -> Result<(), S4uError> {
        let Self::OnBehalfOf { server, user, canonical } = self else { return Ok(()) };
        let differs = |expected: &Principal, found: &Principal| S4uError::User {
            expected: Box::new(expected.clone()),
            found: Box::new(found.clone()),
        };
        let confirmed = answer.user.as_ref().map(|user| &user.principal);
        if let Some((expected, found)) = canonical.as_ref().zip(confirmed).filter(|(a, b)| a != b) {
            return Err(differs(expected, found));
        }
        if answer.credential.is_tgt() {
            // It is in the service's own name, which was compared already.
            return Ok(());
        }
        let found = &answer.credential.client;
        let is_self = *found == shown.client || found == server;
        if is_self && user.principal() != found {
            return Err(S4uError::Ignored);
        }
        let named = Some(user.principal()).filter(|_| user.is_final());
        match canonical.as_ref().or(confirmed).or(named) {
            Some(expected) if expected != found => Err(differs(expected, found)),
            _ => Ok(()),
        }
    }

    /// Makes a request for a ticket of the realm `here` out of what all requests have in common.
    pub(super) fn complete(
        &self,
        wanted: &mut Wanted,
        shown: &Credential,
        here: &str,
        options: &TgsOptions,
    ) -> Result<(), TgsError> {
        wanted.authorization_data = authorization_data(&options.authorization_data)?;
        match self {
            Self::Service { server, peer } => {
                wanted.server = in_realm(server, here);
                if options.canonicalize {
                    wanted.options = wanted.options | KdcOptions::CANONICALIZE;
                }
                if let Some(peer) = peer {
                    wanted.options = wanted.options | KdcOptions::ENC_TKT_IN_SKEY;
                    wanted.second_ticket = Some(peer.clone());
                }
            }
            Self::Single(single) => single.complete(wanted, shown, here)?,
            Self::OnBehalfOf { server, user, canonical } => {
                wanted.options = wanted.options | KdcOptions::CANONICALIZE;
                // A KDC of another realm gets the whole name as one, by which it can tell where to refer to.
                let at_home = server.realm() == KerberosString::from(here);
                wanted.server = if at_home { server.clone() } else { as_enterprise(server, here)? };
                // The certificate is for the user's own KDC, which says whose it is.
                wanted.user = Some(canonical.clone().map_or_else(|| user.clone(), S4uUser::named));
            }
            Self::ForUser { server, evidence, phase, .. } => {
                wanted.server = in_realm(server, here);
                wanted.options = wanted.options | KdcOptions::CANONICALIZE;
                let second = match phase {
                    Proxying::First => evidence,
                    Proxying::Last { proxy_ticket } => proxy_ticket,
                    Proxying::OwnTgt { .. } | Proxying::ProxyTgt { .. } => return Ok(()),
                };
                wanted.options = wanted.options | KdcOptions::CNAME_IN_ADDL_TKT;
                wanted.second_ticket = Some(second.clone());
                wanted.pac_options = PacOptions::RESOURCE_BASED_CONSTRAINED_DELEGATION;
            }
        }
        Ok(())
    }
}

impl Single {
    fn complete(&self, wanted: &mut Wanted, shown: &Credential, here: &str) -> Result<(), TgsError> {
        wanted.server = shown.server.clone();
        match self {
            Self::Renew => {
                wanted.options = wanted.options | KdcOptions::RENEW;
                wanted.till = kerberos(shown.times.renew_till.unwrap_or(shown.times.end))?;
            }
            Self::Validate => wanted.options = wanted.options | KdcOptions::VALIDATE,
            Self::Forward(addresses) => {
                wanted.options = wanted.options | KdcOptions::FORWARDED;
                wanted.addresses.clone_from(addresses);
                wanted.renew_till = shown.times.renew_till.map(kerberos).transpose()?;
            }
            Self::Proxy { server, addresses } => {
                wanted.options = wanted.options | KdcOptions::PROXY;
                wanted.server = in_realm(server, here);
                wanted.addresses.clone_from(addresses);
            }
        }
        Ok(())
    }

    /// The flag without which the ticket is not what was asked for.
    pub(super) const fn flag(&self) -> Option<TicketFlags> {
        match self {
            Self::Renew | Self::Validate => None,
            Self::Forward(_) => Some(TicketFlags::FORWARDED),
            Self::Proxy { .. } => Some(TicketFlags::PROXY),
        }
    }
}

/// The same name in another realm.
fn in_realm(principal: &Principal, realm: &str) -> Principal {
    principal.name().in_realm(realm.into()).into()
}

/// The whole principal as one component of a name in another realm (RFC 6806 section 5).
fn as_enterprise(principal: &Principal, realm: &str) -> Result<Principal, TgsError> {
    let mut name = Vec::new();
    for component in principal.components() {
        if !name.is_empty() {
            name.push(b'/');
        }
        name.extend_from_slice(component.as_bytes());
    }
    name.push(b'@');
    name.extend_from_slice(principal.realm().as_bytes());
    Principal::from_components(NameType::ENTERPRISE, [name], realm)
        .map_err(|_| TgsError::Request(krb5_asn1::der::ErrorKind::Overlength.into()))
}

/// DER of authorization data; `None` if there is none.
fn authorization_data(data: &[AuthData]) -> Result<Option<Vec<u8>>, TgsError> {
    let elements: Vec<_> = data
        .iter()
        .map(|data| AuthDataElement { ad_type: data.ad_type, ad_data: Octets::new(&data.data) })
        .collect();
    if elements.is_empty() { Ok(None) } else { Ok(Some(SeqOf::new(&elements).to_der()?)) }
}
