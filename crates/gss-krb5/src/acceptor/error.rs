use super::delegation::DelegationError;
use crate::authdata::AuthDataError;
use crate::checksum::ChecksumError;
use crate::keys::NoKey;
use crate::replay::ReplayError;
use crate::token::{TokenError, TokenId};
use crate::transited::TransitedError;
use alloc::vec::Vec;
use core::fmt::{self, Display};
use gss_core::bindings::BindingFailure;
use gss_core::{Blame, Diagnose, MajorStatus, SinkFull, Timestamp};
use krb5_asn1::{AddressType, DecodeError, DecodeErrorKind, ErrorCode, Principal};
use krb5_crypto::{ChecksumType, EncType, KeyError};

/// Why an acceptor refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcceptorError {
    /// The ticket is bound to other addresses than the initiator's.
    Address {
        /// The kind of the initiator's address.
        kind: AddressType,
        /// How many addresses the ticket allows.
        allowed: usize,
    },
    /// The ticket names nobody (RFC 8062), and such are not allowed.
    Anonymous,
    /// Authorization data of ticket or authenticator.
    AuthData(AuthDataError),
    /// The authenticator is encrypted in another enctype than that of the session key.
    AuthenticatorEncType {
        /// The session key's.
        expected: EncType,
        /// The authenticator's.
        found: EncType,
    },
    /// The authenticator does not decrypt: the sender does not know the session key, or it was changed on the way.
    AuthenticatorIntegrity,
    /// The channel bindings.
    Bindings(BindingFailure),
    /// The authenticator's checksum of type 0x8003 is not laid out as it should be.
    Checksum(ChecksumError),
    /// The authenticator's checksum, of another type than 0x8003, does not verify.
    ChecksumIntegrity,
    /// The authenticator has no checksum.
    ChecksumMissing,
    /// The authenticator's checksum has a type that is not accepted.
    ChecksumType {
        /// That type.
        found: ChecksumType,
    },
    /// Ticket and authenticator name different clients.
    ClientMismatch {
        /// The client of the ticket.
        ticket: Principal,
        /// The client of the authenticator.
        authenticator: Principal,
    },
    /// A message is no valid DER of its kind.
    Decode(DecodeError),
    /// Delegated credentials.
    Delegation(DelegationError),
    /// The AP-REQ is framed although it asks for DCE style, or bare although it does not.
    Framing {
        /// Whether it asks for DCE style.
        dce_style: bool,
    },
    /// The authenticator's checksum over the proxied messages does not verify: they were changed on the way.
    IakerbFinishedMismatch,
    /// Messages were proxied, and the authenticator has no checksum over them.
    IakerbFinishedMissing,
    /// A key of ticket or authenticator does not fit its enctype, or the enctype is not built in.
    Key(KeyError),
    /// No key for the ticket.
    NoKey {
        /// The service that the ticket names, without proof.
        service: Principal,
        /// The key version that it names.
        kvno: Option<u32>,
        /// The enctype that it names.
        enctype: EncType,
        /// What is missing.
        reason: NoKey,
    },
    /// The output has no room for the token.
    Output(SinkFull),
    /// The ciphertexts of ticket and authenticator overlap.
    Overlap,
    /// The authenticator was used before, or the replay cache cannot tell.
    Replay(ReplayError),
    /// The initiator's clock differs too much.
    Skew {
        /// Its time.
        client: Timestamp,
        /// The time now.
        now: Timestamp,
        /// How many seconds they may differ.
        allowed: i64,
    },
    /// DCE style: the third message does not decrypt.
    ThirdLegIntegrity,
    /// DCE style: the third message is our own, reflected.
    ThirdLegReflected,
    /// DCE style: the third message does not return our sequence number.
    ThirdLegSequence {
        /// Our number.
        expected: u32,
        /// The number in the message.
        found: Option<u32>,
    },
    /// DCE style: the third message has a subkey, which an initiator does not assert there.
    ThirdLegSubkey,
    /// The ticket has expired.
    TicketExpired {
        /// When it did.
        end: Timestamp,
        /// The time now.
        now: Timestamp,
    },
    /// The ticket does not decrypt.
    TicketIntegrity {
        /// The service that it names, without proof.
        service: Principal,
        /// The key version that it names.
        kvno: Option<u32>,
        /// The enctype that it names.
        enctype: EncType,
        /// How many keys were tried.
        tried: usize,
    },
    /// The ticket is postdated and was not validated (flag INVALID).
    TicketInvalid,
    /// The ticket is not valid yet.
    TicketNotYetValid {
        /// From when on it is.
        start: Timestamp,
        /// The time now.
        now: Timestamp,
    },
    /// The bytes form no context token of Kerberos.
    Token(TokenError),
    /// The realms that the ticket came through.
    Transited(TransitedError),
    /// The token holds another message than an AP-REQ.
    UnexpectedToken {
        /// What it claims to hold.
        found: TokenId,
    },
    /// The ticket is encrypted in a session key (user-to-user), and there is none to decrypt it.
    UserToUser,
    /// A key has a weak enctype, and those are not allowed.
    WeakEncType {
        /// Its enctype.
        enctype: EncType,
    },
    /// The ticket is for another service than those accepted here.
    WrongService {
        /// The service whose key decrypted the ticket.
        found: Principal,
        /// The services accepted.
        expected: Vec<Principal>,
    },
}

impl AcceptorError {
    /// The code that the initiator is told, if there is one for it: the one table from errors to RFC 4120
    /// section 7.5.9.
    #[must_use]
    pub fn krb_error(&self) -> Option<ErrorCode> {
        Some(match self {
            Self::Address { .. } => ErrorCode::KRB_AP_ERR_BADADDR,
            Self::AuthData(error) => error.error_code(),
            Self::AuthenticatorEncType { .. } | Self::AuthenticatorIntegrity | Self::ThirdLegIntegrity => {
                ErrorCode::KRB_AP_ERR_BAD_INTEGRITY
            }
            Self::ChecksumIntegrity | Self::IakerbFinishedMismatch => ErrorCode::KRB_AP_ERR_MODIFIED,
            Self::IakerbFinishedMissing => ErrorCode::KRB_AP_ERR_INAPP_CKSUM,
            Self::Bindings(_) | Self::Checksum(_) | Self::ChecksumMissing | Self::ChecksumType { .. } => {
                ErrorCode::KRB_AP_ERR_INAPP_CKSUM
            }
            Self::ClientMismatch { .. } => ErrorCode::KRB_AP_ERR_BADMATCH,
            Self::Decode(error) => match error.kind() {
                DecodeErrorKind::Version { .. } => ErrorCode::KRB_AP_ERR_BADVERSION,
                DecodeErrorKind::MessageType { .. } => ErrorCode::KRB_AP_ERR_MSG_TYPE,
                _ => return None,
            },
            Self::Anonymous | Self::Delegation(_) | Self::Key(_) | Self::Framing { .. } => {
                ErrorCode::KRB_ERR_GENERIC
            }
            Self::NoKey { reason: NoKey::Service, .. } => ErrorCode::KRB_AP_ERR_NOKEY,
            Self::NoKey { reason: NoKey::Version { .. }, .. } => ErrorCode::KRB_AP_ERR_BADKEYVER,
            Self::NoKey { reason: NoKey::EncType { .. }, .. } | Self::WeakEncType { .. } => {
                ErrorCode::KDC_ERR_ETYPE_NOSUPP
            }
            Self::Replay(error) => ErrorCode(error.minor()?),
            Self::Skew { .. } => ErrorCode::KRB_AP_ERR_SKEW,
            Self::ThirdLegSequence { .. } => ErrorCode::KRB_AP_ERR_BADORDER,
            Self::ThirdLegReflected | Self::ThirdLegSubkey => ErrorCode::KRB_AP_ERR_BADDIRECTION,
            Self::TicketExpired { .. } => ErrorCode::KRB_AP_ERR_TKT_EXPIRED,
            Self::TicketIntegrity { .. } => ErrorCode::KRB_AP_ERR_BAD_INTEGRITY,
            Self::TicketInvalid | Self::TicketNotYetValid { .. } => ErrorCode::KRB_AP_ERR_TKT_NYV,
            Self::Transited(error) => error.error_code(),
            Self::UnexpectedToken { .. } => ErrorCode::KRB_AP_ERR_MSG_TYPE,
            Self::UserToUser => ErrorCode::KRB_AP_ERR_NOKEY,
            Self::WrongService { .. } => ErrorCode::KRB_AP_ERR_NOT_US,
            Self::Output(_) | Self::Overlap | Self::Token(_) => return None,
        })
    }
}

impl Diagnose for AcceptorError {
    fn blame(&self) -> Blame {
        match self {
            Self::Output(_) => Blame::Caller,
            Self::Key(_)
            | Self::NoKey { .. }
            | Self::Skew { .. }
            | Self::TicketExpired { .. }
            | Self::TicketIntegrity { .. }
            | Self::TicketInvalid
            | Self::TicketNotYetValid { .. }
            | Self::UserToUser
            | Self::WeakEncType { .. }
            | Self::WrongService { .. } => Blame::Environment,
            Self::Replay(error) => error.blame(),
            _ => Blame::Peer,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "address",
            Self::Anonymous => "anonymous_ticket",
            Self::AuthData(_) => "authorization_data",
            Self::AuthenticatorEncType { .. } => "authenticator_enctype",
            Self::AuthenticatorIntegrity => "authenticator_integrity",
            Self::Bindings(BindingFailure::Mismatch) => "bindings_mismatch",
            Self::Bindings(BindingFailure::Missing) => "bindings_missing",
            Self::Bindings(BindingFailure::NothingToCompare) => "bindings_not_configured",
            Self::Checksum(_) => "checksum_malformed",
            Self::ChecksumIntegrity => "checksum_integrity",
            Self::ChecksumMissing => "checksum_missing",
            Self::ChecksumType { .. } => "checksum_type",
            Self::ClientMismatch { .. } => "client_mismatch",
            Self::Decode(_) => "malformed_message",
            Self::Delegation(_) => "delegation",
            Self::Framing { .. } => "wrong_framing",
            Self::IakerbFinishedMismatch => "iakerb_finished_mismatch",
            Self::IakerbFinishedMissing => "iakerb_finished_missing",
            Self::Key(_) => "unusable_key",
            Self::NoKey { reason: NoKey::EncType { .. }, .. } => "no_key_of_enctype",
            Self::NoKey { reason: NoKey::Service, .. } => "no_key_of_service",
            Self::NoKey { reason: NoKey::Version { .. }, .. } => "no_key_of_version",
            Self::Output(_) => "buffer_too_small",
            Self::Overlap => "overlapping_fields",
            Self::Replay(error) => error.code(),
            Self::Skew { .. } => "clock_skew",
            Self::ThirdLegIntegrity => "third_leg_integrity",
            Self::ThirdLegReflected => "third_leg_reflected",
            Self::ThirdLegSequence { .. } => "third_leg_sequence",
            Self::ThirdLegSubkey => "third_leg_subkey",
            Self::TicketExpired { .. } => "ticket_expired",
            Self::TicketIntegrity { .. } => "ticket_integrity",
            Self::TicketInvalid => "ticket_invalid",
            Self::TicketNotYetValid { .. } => "ticket_not_yet_valid",
            Self::Token(_) => "malformed_token",
            Self::Transited(_) => "transited_realms",
            Self::UnexpectedToken { .. } => "unexpected_token",
            Self::UserToUser => "user_to_user",
            Self::WeakEncType { .. } => "weak_enctype",
            Self::WrongService { .. } => "wrong_service",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Bindings(_) => MajorStatus::BAD_BINDINGS,
            Self::AuthenticatorEncType { .. }
            | Self::AuthenticatorIntegrity
            | Self::ChecksumIntegrity
            | Self::IakerbFinishedMismatch
            | Self::ThirdLegIntegrity
            | Self::TicketIntegrity { .. } => MajorStatus::BAD_MIC,
            Self::Checksum(_)
            | Self::ChecksumMissing
            | Self::ChecksumType { .. }
            | Self::ClientMismatch { .. }
            | Self::Decode(_)
            | Self::Delegation(_)
            | Self::Framing { .. }
            | Self::IakerbFinishedMissing
            | Self::Overlap
            | Self::ThirdLegReflected
            | Self::ThirdLegSequence { .. }
            | Self::ThirdLegSubkey
            | Self::Token(_)
            | Self::UnexpectedToken { .. } => MajorStatus::DEFECTIVE_TOKEN,
            Self::Replay(error) => error.major(),
            Self::TicketExpired { .. } => MajorStatus::CREDENTIALS_EXPIRED,
            Self::NoKey { .. } | Self::UserToUser => MajorStatus::NO_CRED,
            Self::Address { .. }
            | Self::Anonymous
            | Self::AuthData(_)
            | Self::Transited(_)
            | Self::WeakEncType { .. }
            | Self::WrongService { .. } => MajorStatus::UNAUTHORIZED,
            Self::Key(_)
            | Self::Output(_)
            | Self::Skew { .. }
            | Self::TicketInvalid
            | Self::TicketNotYetValid { .. } => MajorStatus::FAILURE,
        }
    }

    fn minor(&self) -> Option<i32> {
        self.krb_error().map(|code| code.0)
    }
}

impl Display for AcceptorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { kind, allowed } => write!(
                f,
                "the ticket is bound to {allowed} addresses, and the initiator's ({kind}) is none of them; \
                 get a ticket without addresses"
            ),
            Self::Anonymous => f.write_str(
                "the ticket is anonymous, expected one that names its client; get such a ticket, or allow anonymous ones",
            ),
            Self::AuthData(error) => error.fmt(f),
            Self::AuthenticatorEncType { expected, found } => {
                write!(
                    f,
                    "authenticator is encrypted in {found}, expected {expected}, the session key's enctype"
                )
            }
            Self::AuthenticatorIntegrity => f.write_str(
                "authenticator does not decrypt: the sender does not know the session key, or it was changed",
            ),
            Self::Bindings(failure) => fmt_bindings(*failure, f),
            Self::Checksum(error) => error.fmt(f),
            Self::ChecksumIntegrity => f.write_str("authenticator's checksum does not verify"),
            Self::ChecksumMissing => f.write_str("authenticator has no checksum, expected type 0x8003"),
            Self::ChecksumType { found } => {
                write!(f, "authenticator's checksum has type {found}, expected type 0x8003")
            }
            Self::ClientMismatch { ticket, authenticator } => {
                write!(f, "authenticator names client {authenticator}, the ticket was issued to {ticket}")
            }
            Self::Decode(error) => error.fmt(f),
            Self::Delegation(error) => error.fmt(f),
            Self::Framing { dce_style: true } => {
                f.write_str("AP-REQ of DCE style is framed, expected a bare one")
            }
            Self::Framing { dce_style: false } => f.write_str("AP-REQ is not framed, expected a framed one"),
            Self::IakerbFinishedMismatch => f.write_str(
                "proxied messages to the KDC were changed on the way: their checksum does not verify",
            ),
            Self::IakerbFinishedMissing => f.write_str(
                "messages to the KDC were proxied, and the authenticator has no checksum over them",
            ),
            Self::Key(error) => error.fmt(f),
            Self::NoKey { service, kvno, enctype, reason } => fmt_no_key(service, *kvno, *enctype, reason, f),
            Self::Output(error) => error.fmt(f),
            Self::Overlap => f.write_str("ciphertexts of ticket and authenticator overlap"),
            Self::Replay(error) => error.fmt(f),
            Self::Skew { client, now, allowed } => fmt_skew(*client, *now, *allowed, f),
            Self::ThirdLegIntegrity => f.write_str("third message (DCE style) does not decrypt"),
            Self::ThirdLegReflected => f.write_str("third message (DCE style) is our own, reflected"),
            Self::ThirdLegSequence { expected, found: Some(found) } => {
                write!(f, "third message (DCE style) returns sequence number {found}, expected {expected}")
            }
            Self::ThirdLegSequence { expected, found: None } => {
                write!(f, "third message (DCE style) returns no sequence number, expected {expected}")
            }
            Self::ThirdLegSubkey => {
                f.write_str("third message (DCE style) has a subkey, expected none from an initiator")
            }
            Self::TicketExpired { end, now } => write!(f, "the ticket expired at {end}, it is {now} now"),
            Self::TicketIntegrity { service, kvno, enctype, tried } => {
                write!(f, "ticket for {service}, {enctype}")?;
                fmt_kvno(*kvno, f)?;
                write!(
                    f,
                    ", decrypts with none of {tried} fitting keys; the keys differ from the KDC's: renew the keytab"
                )
            }
            Self::TicketInvalid => {
                f.write_str("the ticket is postdated and has to be validated by the KDC first")
            }
            Self::TicketNotYetValid { start, now } => {
                write!(f, "the ticket is valid from {start} on, it is {now} now; check the clocks")
            }
            Self::Token(error) => error.fmt(f),
            Self::Transited(error) => error.fmt(f),
            Self::UnexpectedToken { found } => write!(f, "token holds {found}, expected AP-REQ"),
            Self::UserToUser => f.write_str(
                "the ticket is encrypted in a session key (user-to-user), which is not offered here",
            ),
            Self::WeakEncType { enctype } => {
                write!(
                    f,
                    "{enctype} is weak and not allowed; have the KDC issue AES keys, or allow weak enctypes"
                )
            }
            Self::WrongService { found, expected } => {
                write!(f, "the ticket is for {found}, accepted here")?;
                fmt_list(expected, f)
            }
        }
    }
}

fn fmt_bindings(failure: BindingFailure, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(match failure {
        BindingFailure::Mismatch => {
            "channel bindings differ: the initiator speaks over another channel, or a proxy ends TLS in between"
        }
        BindingFailure::Missing => "channel bindings are required, and the initiator sent none",
        BindingFailure::NothingToCompare => "channel bindings are required, and the acceptor was given none",
    })
}

fn fmt_no_key(
    service: &Principal,
    kvno: Option<u32>,
    enctype: EncType,
    reason: &NoKey,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    write!(f, "no key for {service}, {enctype}")?;
    fmt_kvno(kvno, f)?;
    match reason {
        NoKey::EncType { present } => {
            f.write_str("; there are keys of")?;
            fmt_list(present, f)
        }
        NoKey::Service => f.write_str("; there is no key of this service, nor one that could be its alias"),
        NoKey::Version { present } => {
            f.write_str("; there are keys of version")?;
            fmt_list(present, f)?;
            f.write_str(": renew the keytab, or get a new ticket")
        }
    }
}

fn fmt_kvno(kvno: Option<u32>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    kvno.map_or(Ok(()), |kvno| write!(f, ", version {kvno}"))
}

fn fmt_skew(client: Timestamp, now: Timestamp, allowed: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let ahead = client.seconds_since(now);
    let (seconds, direction) = if ahead >= 0 { (ahead, "ahead") } else { (ahead.saturating_neg(), "behind") };
    write!(
        f,
        "the initiator's clock is {seconds} s {direction} ({client}, here it is {now}), allowed are {allowed} s"
    )
}

fn fmt_list(items: &[impl Display], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        write!(f, "{} {item}", if index == 0 { "" } else { "," })?;
    }
    Ok(())
}

impl core::error::Error for AcceptorError {}

impl From<AuthDataError> for AcceptorError {
    fn from(error: AuthDataError) -> Self {
        Self::AuthData(error)
    }
}

impl From<BindingFailure> for AcceptorError {
    fn from(failure: BindingFailure) -> Self {
        Self::Bindings(failure)
    }
}

impl From<ChecksumError> for AcceptorError {
    fn from(error: ChecksumError) -> Self {
        Self::Checksum(error)
    }
}

impl From<DecodeError> for AcceptorError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<krb5_asn1::der::Error> for AcceptorError {
    fn from(error: krb5_asn1::der::Error) -> Self {
        Self::Decode(error.into())
    }
}

impl From<DelegationError> for AcceptorError {
    fn from(error: DelegationError) -> Self {
        Self::Delegation(error)
    }
}

impl From<KeyError> for AcceptorError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<ReplayError> for AcceptorError {
    fn from(error: ReplayError) -> Self {
        Self::Replay(error)
    }
}

impl From<SinkFull> for AcceptorError {
    fn from(error: SinkFull) -> Self {
        Self::Output(error)
    }
}

impl From<TokenError> for AcceptorError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<TransitedError> for AcceptorError {
    fn from(error: TransitedError) -> Self {
        Self::Transited(error)
    }
}
