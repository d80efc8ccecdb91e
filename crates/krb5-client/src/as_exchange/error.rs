use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use gss_core::{Blame, Diagnose, MajorStatus, Timestamp};
use krb5_asn1::{DecodeError, ErrorCode, PaDataType, Principal, der};

use crate::{FastError, PreauthError, Refusal, ReplyError, SecretError};

/// Why an AS exchange came to no ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AsError {
    /// The armor is for the KDC of another realm.
    ArmorRealm {
        /// Whom the armor ticket is for.
        armor: Principal,
        /// The realm that is asked.
        asked: String,
    },
    /// A time asked for does not fit into a Kerberos message.
    Clock {
        /// That time.
        now: Timestamp,
    },
    /// What was decoded or encoded before is not so again, which cannot be.
    Decode(DecodeError),
    /// A request is longer than DER can hold.
    Encode(der::Error),
    /// Nothing can be put into the tunnel of FAST, or what came through it is refused.
    Fast(FastError),
    /// The KDC knows FAST, and somebody on the way made it look as if it did not.
    FastDowngrade,
    /// The KDC answered outside of FAST.
    FastStripped {
        /// What it said; `None` if it was a reply. Not authenticated.
        refusal: Option<Box<Refusal>>,
    },
    /// The password or key has expired. A ticket for `kadmin/changepw` can still be had, to change it.
    PasswordExpired(Box<Refusal>),
    /// Pre-authentication failed on our side.
    Preauth(PreauthError),
    /// None of the mechanisms of pre-authentication that the KDC offers is known or allowed.
    PreauthUnsupported {
        /// What the KDC offers.
        offered: Vec<PaDataType>,
    },
    /// The realm's name is no UTF-8.
    RealmNotUtf8,
    /// A referral leads to a realm that was asked before.
    ReferralLoop {
        /// That realm.
        realm: String,
    },
    /// The KDC refused.
    Refused(Box<Refusal>),
    /// The KDC's reply breaks a rule.
    Reply(ReplyError),
    /// No key comes of the secret.
    Secret(SecretError),
    /// More referrals than the policy allows.
    TooManyReferrals {
        /// The limit.
        limit: u8,
        /// Where the last one leads.
        realm: String,
    },
    /// The KDC asks for more and more.
    TooManyRequests {
        /// The limit.
        limit: u8,
    },
    /// The password or key is wrong.
    WrongPassword(Box<Refusal>),
}

impl AsError {
    /// What the KDC said, if it refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::PasswordExpired(refusal) | Self::Refused(refusal) | Self::WrongPassword(refusal) => {
                Some(refusal)
            }
            Self::FastStripped { refusal } => refusal.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for AsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ArmorRealm { armor, asked } => {
                write!(f, "the armor ticket is for {armor}, the KDC asked is that of {asked}: take a ticket for it")
            }
            Self::Clock { now } => write!(f, "the time {now} does not fit into a Kerberos message: set the clock"),
            Self::Decode(error) => error.fmt(f),
            Self::Encode(error) => write!(f, "the request cannot be written: {error}"),
            Self::Fast(error) => error.fmt(f),
            Self::FastDowngrade => f.write_str(
                "the KDC knows FAST, and an answer on the way said that it does not: somebody interferes; require FAST",
            ),
            Self::FastStripped { refusal } => {
                FastError::Stripped.fmt(f)?;
                match refusal {
                    Some(refusal) => write!(f, "; outside of FAST it says: {refusal}"),
                    None => Ok(()),
                }
            }
            Self::PasswordExpired(refusal) => {
                write!(f, "the password has expired: change it with a ticket for kadmin/changepw; {refusal}")
            }
            Self::Preauth(error) => error.fmt(f),
            Self::PreauthUnsupported { offered } => {
                f.write_str("the KDC wants pre-authentication of a kind that is not known or not allowed; it offers:")?;
                for (index, offer) in offered.iter().enumerate() {
                    write!(f, "{}{offer}", if index > 0 { ", " } else { " " })?;
                }
                Ok(())
            }
            Self::RealmNotUtf8 => f.write_str("the realm's name is not UTF-8"),
            Self::ReferralLoop { realm } => {
                write!(f, "the KDC refers to {}, which was asked before: check the trusts", realm.escape_debug())
            }
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Reply(error) => error.fmt(f),
            Self::Secret(error) => error.fmt(f),
            Self::TooManyReferrals { limit, realm } => write!(
                f,
                "more than {limit} referrals, the last one to {}: name the client's own realm, or raise the limit",
                realm.escape_debug()
            ),
            Self::TooManyRequests { limit } => write!(f, "the KDC asks for more after {limit} requests"),
            Self::WrongPassword(refusal) => write!(f, "the password or key is wrong; {refusal}"),
        }
    }
}

impl core::error::Error for AsError {}

impl Diagnose for AsError {
    fn blame(&self) -> Blame {
        match self {
            Self::ArmorRealm { .. } | Self::Clock { .. } | Self::Encode(_) | Self::RealmNotUtf8 => {
                Blame::Caller
            }
            Self::Fast(error) => error.blame(),
            Self::PasswordExpired(_) | Self::WrongPassword(_) => Blame::PeerRefused,
            Self::Preauth(error) => error.blame(),
            Self::PreauthUnsupported { .. } => Blame::Environment,
            Self::Refused(refusal) => refusal.blame(),
            Self::Reply(error) => error.blame(),
            Self::Secret(error) => error.blame(),
            Self::Decode(_)
            | Self::FastDowngrade
            | Self::FastStripped { .. }
            | Self::ReferralLoop { .. }
            | Self::TooManyReferrals { .. }
            | Self::TooManyRequests { .. } => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::ArmorRealm { .. } => "fast_armor_realm",
            Self::Clock { .. } => "clock_out_of_range",
            Self::Decode(_) => "malformed_message",
            Self::Encode(_) => "request_too_long",
            Self::Fast(error) => error.code(),
            Self::FastDowngrade => "fast_downgrade",
            Self::FastStripped { .. } => "fast_stripped",
            Self::PasswordExpired(_) => "password_expired",
            Self::Preauth(error) => error.code(),
            Self::PreauthUnsupported { .. } => "preauth_unsupported",
            Self::RealmNotUtf8 => "realm_not_utf8",
            Self::ReferralLoop { .. } => "referral_loop",
            Self::Refused(refusal) => Diagnose::code(&**refusal),
            Self::Reply(error) => error.code(),
            Self::Secret(error) => error.code(),
            Self::TooManyReferrals { .. } => "too_many_referrals",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::WrongPassword(_) => "wrong_password",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::ArmorRealm { .. } | Self::WrongPassword(_) => MajorStatus::DEFECTIVE_CREDENTIAL,
            Self::Decode(_) => MajorStatus::DEFECTIVE_TOKEN,
            Self::Fast(error) => error.major(),
            Self::PasswordExpired(_) => MajorStatus::CREDENTIALS_EXPIRED,
            Self::Preauth(error) => error.major(),
            Self::Refused(refusal) => refusal.major(),
            Self::Reply(error) => error.major(),
            Self::Secret(error) => error.major(),
            _ => MajorStatus::FAILURE,
        }
    }

    fn minor(&self) -> Option<i32> {
        match self {
            Self::Fast(error) => error.minor(),
            Self::FastDowngrade => Some(ErrorCode::KRB_AP_ERR_MODIFIED.0),
            Self::FastStripped { .. } => FastError::Stripped.minor(),
            Self::PasswordExpired(refusal) | Self::Refused(refusal) | Self::WrongPassword(refusal) => {
                refusal.minor()
            }
            Self::Preauth(error) => error.minor(),
            Self::PreauthUnsupported { .. } => Some(ErrorCode::KDC_ERR_PADATA_TYPE_NOSUPP.0),
            Self::Reply(error) => error.minor(),
            Self::Secret(error) => error.minor(),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($variant:ident($error:ty))*) => {
        $(impl From<$error> for AsError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}

from!(Decode(DecodeError) Encode(der::Error) Fast(FastError) Preauth(PreauthError) Reply(ReplyError) Secret(SecretError));
