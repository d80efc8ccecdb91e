//! AP-REQ: a client shows a ticket, and that it knows the ticket's session key (RFC 4120 sections 3.2.2 and 5.5.1).

use alloc::vec::Vec;
use core::fmt;

use gss_core::{Blame, Diagnose, Env, MajorStatus, Timestamp};
use krb5_asn1::{
    ApOptions, ApReq, AuthDataElement, Authenticator, Checksum, DecodeError, Encode, EncryptedData,
    EncryptionKey, KerberosTime, Microseconds, Octets, Raw, SeqOf, Ticket, UInt32, der,
};
use krb5_crypto::{Key, KeyError, KeyUsage};
use zeroize::Zeroizing;

use crate::Credential;
use crate::sealed::seal;

/// Sequence numbers start below 2^30, as in MIT krb5: peers that read them as signed numbers stay in step.
const FIRST_SEQUENCE_MASK: u32 = 0x3fff_ffff;

/// What an AP-REQ is for. It decides the key usages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApReqUse {
    /// For any service, also as FAST armor and before a password change.
    Service,
    /// PA-TGS-REQ.
    Tgs,
}

impl ApReqUse {
    const fn authenticator(self) -> KeyUsage {
        match self {
            Self::Service => KeyUsage::AP_REQ_AUTHENTICATOR,
            Self::Tgs => KeyUsage::TGS_REQ_AUTHENTICATOR,
        }
    }

    const fn checksum(self) -> KeyUsage {
        match self {
            Self::Service => KeyUsage::AP_REQ_AUTHENTICATOR_CHECKSUM,
            Self::Tgs => KeyUsage::TGS_REQ_AUTHENTICATOR_CHECKSUM,
        }
    }
}

/// An AP-REQ to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ApReqMaker<'a> {
    /// The ticket to show.
    pub(crate) credential: &'a Credential,
    /// What for.
    pub(crate) usage: ApReqUse,
    /// Options.
    pub(crate) options: ApOptions,
    /// Bytes that the authenticator's checksum covers, with the session key; none: no checksum.
    pub(crate) covers: Option<&'a [u8]>,
    /// Authorization data of the authenticator; the field is left out when there is none.
    pub(crate) authorization_data: &'a [AuthDataElement<'a>],
}

/// An AP-REQ, and what its maker has to remember. The subkey is wiped on drop.
#[derive(Debug)]
pub(crate) struct SentApReq {
    /// DER of the AP-REQ.
    pub(crate) der: Vec<u8>,
    /// The authenticator's subkey, of the session key's enctype.
    pub(crate) subkey: Key,
    /// The authenticator's sequence number.
    pub(crate) seq_number: u32,
    /// The authenticator's time.
    pub(crate) ctime: KerberosTime,
    /// Microseconds of that time.
    pub(crate) cusec: Microseconds,
}

impl<'a> ApReqMaker<'a> {
    /// An AP-REQ without options, checksum and authorization data.
    pub(crate) const fn new(credential: &'a Credential, usage: ApReqUse) -> Self {
        Self { credential, usage, options: ApOptions::NONE, covers: None, authorization_data: &[] }
    }

    /// The same with a checksum over these bytes.
    pub(crate) const fn covering(self, bytes: &'a [u8]) -> Self {
        Self { covers: Some(bytes), ..self }
    }

    /// Makes it, with a fresh subkey and sequence number and the time of `env`.
    ///
    /// # Errors
    /// [`ApReqError`].
    pub(crate) fn make(&self, env: &mut Env<'_>) -> Result<SentApReq, ApReqError> {
        let subkey = Key::generate(self.credential.session_key.enctype(), env.rng)?;
        self.make_with_subkey(subkey, env)
    }

    /// The same with a subkey that was made before, for instance because `covers` holds what it encrypts.
    ///
    /// # Errors
    /// [`ApReqError`].
    pub(crate) fn make_with_subkey(&self, subkey: Key, env: &mut Env<'_>) -> Result<SentApReq, ApReqError> {
        let session_key = &self.credential.session_key;
        let seq_number = env.rng.next_u32() & FIRST_SEQUENCE_MASK;
        let (ctime, cusec) = kerberos_time(env.now).ok_or(ApReqError::Clock { now: env.now })?;

        let checksum = self.covers.map(|bytes| {
            let key = session_key.checksum(self.usage.checksum());
            (key.checksum_type().0, key.compute_tag(&[bytes]))
        });
        let client = self.credential.client.as_borrowed();
        let authenticator = Authenticator {
            crealm: client.realm,
            cname: client.name,
            cksum: checksum.as_ref().map(|(cksumtype, tag)| Checksum {
                cksumtype: *cksumtype,
                checksum: Octets::new(tag.as_bytes()),
            }),
            cusec,
            ctime,
            subkey: Some(encryption_key(&subkey)),
            seq_number: Some(UInt32(seq_number)),
            authorization_data: Some(SeqOf::new(self.authorization_data)).filter(|list| !list.is_empty()),
        };
        let authenticator = Zeroizing::new(authenticator.to_der()?);
        let cipher = seal(session_key, self.usage.authenticator(), &authenticator, env.rng);
        let request = ApReq {
            ap_options: self.options,
            ticket: Raw::<Ticket<'_>>::new(&self.credential.ticket).map_err(ApReqError::Ticket)?,
            authenticator: EncryptedData {
                etype: session_key.enctype().0,
                kvno: None,
                cipher: Octets::new(&cipher),
            },
        };
        Ok(SentApReq { der: request.to_der()?, subkey, seq_number, ctime, cusec })
    }
}

/// A key as messages hold it.
pub(crate) fn encryption_key(key: &Key) -> EncryptionKey<'_> {
    EncryptionKey { keytype: key.enctype().0, keyvalue: Octets::new(key.secret_bytes()) }
}

/// A time as messages hold it; `None` outside the years 0 to 9999.
pub(crate) fn kerberos_time(time: Timestamp) -> Option<(KerberosTime, Microseconds)> {
    Some((KerberosTime::from_unix(time.seconds())?, Microseconds::new(time.micros())?))
}

/// Why an AP-REQ could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApReqError {
    /// The time now does not fit into a Kerberos message.
    Clock {
        /// That time.
        now: Timestamp,
    },
    /// Something is longer than DER can hold.
    Encode(der::Error),
    /// No subkey can be made.
    Key(KeyError),
    /// The credential's ticket is no DER of a ticket.
    Ticket(DecodeError),
}

impl fmt::Display for ApReqError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock { now } => {
                write!(f, "the time {now} does not fit into a Kerberos message: set the clock")
            }
            Self::Encode(error) => write!(f, "the request cannot be written: {error}"),
            Self::Key(error) => error.fmt(f),
            Self::Ticket(error) => {
                write!(f, "the credential holds no ticket that can be read ({error}): get a new one")
            }
        }
    }
}

impl core::error::Error for ApReqError {}

impl Diagnose for ApReqError {
    fn blame(&self) -> Blame {
        match self {
            Self::Clock { .. } | Self::Encode(_) => Blame::Caller,
            Self::Key(_) | Self::Ticket(_) => Blame::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Clock { .. } => "clock_out_of_range",
            Self::Encode(_) => "request_too_long",
            Self::Key(_) => "unusable_key",
            Self::Ticket(_) => "malformed_ticket",
        }
    }

    fn major(&self) -> MajorStatus {
        match self {
            Self::Clock { .. } | Self::Encode(_) => MajorStatus::FAILURE,
            Self::Key(_) | Self::Ticket(_) => MajorStatus::DEFECTIVE_CREDENTIAL,
        }
    }
}

impl From<KeyError> for ApReqError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<der::Error> for ApReqError {
    fn from(error: der::Error) -> Self {
        Self::Encode(error)
    }
}
