use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus, Timestamp};
use krb5_asn1::{DecodeError, ErrorCode, Principal, TicketFlags, der};

use super::S4uError;
use crate::ap_req::ApReqError;
use crate::{FastError, Refusal, ReplyError};

/// Why a TGS exchange came to no ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TgsError {
    /// The request cannot be made.
    ApReq(ApReqError),
    /// A ticket was asked for that is bound to addresses, and none are given.
    NoAddresses,
    /// What came back does not fit the tunnel of FAST.
    Fast(FastError),
    /// None of the encryption types allowed is part of this build.
    NoEncType,
    /// No KDC on the way leads to the service's realm.
    NoPath {
        /// That realm.
        realm: String,
        /// What the last KDC said.
        refusal: Box<Refusal>,
    },
    /// The credential shown is no ticket-granting ticket.
    NotTgt {
        /// What it is a ticket for.
        server: Box<Principal>,
    },
    /// The name of a realm is not UTF-8.
    RealmName,
    /// A KDC referred back to a realm that it came from.
    ReferralLoop {
        /// That realm.
        realm: String,
    },
    /// A KDC referred to its own realm.
    ReferralToSelf {
        /// That realm.
        realm: String,
    },
    /// The KDC refused.
    Refused(Box<Refusal>),
    /// The reply breaks a rule.
    Reply(ReplyError),
    /// The reply is encrypted in the ticket's session key, although the request had a subkey (RFC 4120 section 3.3.3).
    ReplyInSessionKey,
    /// The ticket in the reply lacks a flag that makes it what was asked for.
    ReplyLacksFlag {
        /// That flag.
        flag: TicketFlags,
    },
    /// The request cannot be written.
    Request(der::Error),
    /// The reply to a request on behalf of a user breaks a rule.
    S4u(S4uError),
    /// The additional ticket is no DER of a ticket.
    SecondTicket(DecodeError),
    /// The ticket shown has expired.
    TicketExpired {
        /// When it did.
        end: Timestamp,
        /// The time now.
        now: Timestamp,
    },
    /// The ticket shown lacks a flag that the request needs.
    TicketLacksFlag {
        /// That flag.
        flag: TicketFlags,
    },
    /// KDCs referred to more realms than the policy allows.
    TooManyReferrals {
        /// The most that are allowed.
        limit: u8,
    },
}

impl fmt::Display for TgsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApReq(error) => error.fmt(f),
            Self::Fast(error) => error.fmt(f),
            Self::NoAddresses => {
                f.write_str("no addresses are given that the proxy ticket is to be bound to")
            }
            Self::NoEncType => {
                f.write_str("none of the encryption types allowed is part of this build: allow an AES type")
            }
            Self::NoPath { realm, refusal } => write!(
                f,
                "no KDC knows the way to the service's realm {}: check [domain_realm], [capaths] and the trusts; {refusal}",
                realm.escape_debug()
            ),
            Self::NotTgt { server } => write!(f, "the ticket is for {server}, expected one for krbtgt/REALM"),
            Self::RealmName => f.write_str("the name of a realm is not UTF-8"),
            Self::ReferralLoop { realm } => {
                write!(
                    f,
                    "the KDCs refer in a circle, back to {realm}: check their trusts and [domain_realm]"
                )
            }
            Self::ReferralToSelf { realm } => {
                write!(f, "the KDC of {realm} refers to {realm}: check that the service's principal exists")
            }
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Reply(error) => error.fmt(f),
            Self::ReplyInSessionKey => f.write_str(
                "the reply is encrypted in the ticket's session key, expected the request's subkey",
            ),
            Self::ReplyLacksFlag { flag } => {
                write!(f, "the ticket lacks what was asked for:{}", Names(*flag))
            }
            Self::Request(error) => write!(f, "the request cannot be written: {error}"),
            Self::S4u(error) => error.fmt(f),
            Self::SecondTicket(error) => write!(f, "the additional ticket cannot be read: {error}"),
            Self::TicketExpired { end, now } => {
                write!(f, "the ticket expired at {end}, it is {now} now: log in again")
            }
            Self::TicketLacksFlag { flag } => {
                write!(f, "the ticket shown is not{}: log in again and ask for that", Names(*flag))
            }
            Self::TooManyReferrals { limit } => {
                write!(
                    f,
                    "the KDCs refer through more than {limit} realms: check their trusts, or allow more"
                )
            }
        }
    }
}

/// Names of flags, each with a space in front.
struct Names(TicketFlags);

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.names().try_for_each(|name| write!(f, " {name}"))
    }
}

impl core::error::Error for TgsError {}

impl Diagnose for TgsError {
    fn blame(&self) -> Blame {
        match self {
            Self::ApReq(error) => error.blame(),
            Self::Fast(error) => error.blame(),
            Self::NoAddresses
            | Self::NoEncType
            | Self::NotTgt { .. }
            | Self::RealmName
            | Self::Request(_)
            | Self::SecondTicket(_) => Blame::Caller,
            Self::ReferralLoop { .. }
            | Self::ReferralToSelf { .. }
            | Self::ReplyInSessionKey
            | Self::TooManyReferrals { .. } => Blame::Peer,
            Self::NoPath { refusal, .. } | Self::Refused(refusal) => refusal.blame(),
            Self::Reply(error) => error.blame(),
            Self::S4u(error) => error.blame(),
            Self::ReplyLacksFlag { .. } => Blame::PeerRefused,
            Self::TicketExpired { .. } | Self::TicketLacksFlag { .. } => Blame::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::ApReq(error) => error.code(),
            Self::Fast(error) => error.code(),
            Self::NoAddresses => "no_addresses",
            Self::NoEncType => "no_enctype",
            Self::NoPath { .. } => "realm_unreachable",
            Self::NotTgt { .. } => "not_a_tgt",
            Self::RealmName => "realm_name",
            Self::ReferralLoop { .. } => "referral_loop",
            Self::ReferralToSelf { .. } => "referral_to_self",
            Self::Refused(refusal) => Diagnose::code(&**refusal),
            Self::Reply(error) => error.code(),
            Self::ReplyInSessionKey => "reply_in_session_key",
            Self::ReplyLacksFlag { .. } => "reply_lacks_flag",
            Self::Request(_) => "request_too_long",
            Self::S4u(error) => error.code(),
            Self::SecondTicket(_) => "malformed_second_ticket",
            Self::TicketExpired { .. } => "ticket_expired",
            Self::TicketLacksFlag { .. } => "ticket_lacks_flag",
            Self::TooManyReferrals { .. } => "too_many_referrals",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::ApReq(error) => error.major(),
            Self::Fast(error) => error.major(),
            Self::NotTgt { .. } => MajorStatus::DEFECTIVE_CREDENTIAL,
            Self::NoPath { refusal, .. } | Self::Refused(refusal) => refusal.major(),
            Self::Reply(error) => error.major(),
            Self::S4u(error) => error.major(),
            Self::TicketExpired { .. } => MajorStatus::CREDENTIALS_EXPIRED,
            Self::ReplyLacksFlag { .. } | Self::TicketLacksFlag { .. } => MajorStatus::UNAUTHORIZED,
            _ => MajorStatus::FAILURE,
        }
    }

    fn minor(&self) -> Option<i32> {
        match self {
            Self::Fast(error) => error.minor(),
            Self::NoPath { refusal, .. } | Self::Refused(refusal) => refusal.minor(),
            Self::Reply(error) => error.minor(),
            Self::TicketExpired { .. } => Some(ErrorCode::KRB_AP_ERR_TKT_EXPIRED.0),
            _ => None,
        }
    }
}

impl From<ApReqError> for TgsError {
    fn from(error: ApReqError) -> Self {
        Self::ApReq(error)
    }
}

impl From<FastError> for TgsError {
    fn from(error: FastError) -> Self {
        Self::Fast(error)
    }
}

impl From<ReplyError> for TgsError {
    fn from(error: ReplyError) -> Self {
        Self::Reply(error)
    }
}

impl From<S4uError> for TgsError {
    fn from(error: S4uError) -> Self {
        Self::S4u(error)
    }
}

impl From<der::Error> for TgsError {
    fn from(error: der::Error) -> Self {
        Self::Request(error)
    }
}
