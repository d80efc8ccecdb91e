//! Password changes: RFC 3244, in its old form for the client's own password and its new one for anybody's.

mod error;
mod frame;
mod result;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use gss_core::{Env, Timestamp};
use krb5_asn1::{
    AddressType, ApRep, ChangePasswdData, Decode, EncApRepPart, EncKrbPrivPart, Encode, EncryptedData,
    HostAddress, KrbError, KrbPriv, Octets, Principal, UInt32,
};
use krb5_crypto::{Key, KeyUsage};
use krb5_files::Address;
use zeroize::Zeroizing;

use crate::ap_req::{ApReqMaker, ApReqUse, SentApReq};
use crate::refusal::timestamp;
use crate::sealed::{self, OpenError, seal};
use crate::{Credential, Exchange, Progress, Refusal, Request, Service};
use frame::{Frame, Version};

pub use error::PasswordError;
pub use frame::FrameError;
pub use result::{PasswordPolicy, Rejection, ResultCode};

/// First byte of a KRB-ERROR: `[APPLICATION 30]`, constructed. As a frame it would be of 32 KiB at least.
const KRB_ERROR_TAG: u8 = 0x60 | 30;

/// A password change: one request, one reply. The password is in the request alone, encrypted in a key made for that.
///
/// A server that has seen the request once calls it a replay the second time, so a transport should send it by TCP.
pub struct PasswordExchange {
    session_key: Key,
    sent: SentApReq,
    request: Request,
}

/// The password was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordOutcome {
    /// The server's text for people, if there is one.
    pub text: Option<String>,
}

/// What matters to a password change beside the password.
#[derive(Clone, Debug)]
pub struct PasswordOptions {
    /// The address that the request is said to come from. Servers compare it only if the ticket has addresses.
    pub sender: Address,
    /// Seconds to add to our clock for the server's, as an earlier exchange found them.
    pub kdc_offset: i64,
}

impl Default for PasswordOptions {
    /// The directional address of whoever begins (RFC 4120 section 7.5.3), which says nothing about the network.
    fn default() -> Self {
        let sender = Address { addr_type: AddressType::DIRECTIONAL, data: Vec::from([0; 4]) };
        Self { sender, kdc_offset: 0 }
    }
}

impl PasswordExchange {
    /// Changes the password of the client of `ticket`, which has to be for `kadmin/changepw` and to come from an AS
    /// exchange.
    ///
    /// # Errors
    /// The ticket is of no use, or the request cannot be made.
    pub fn change(
        ticket: &Credential,
        new_password: &[u8],
        options: &PasswordOptions,
        env: &mut Env<'_>,
    ) -> Result<Self, PasswordError> {
        Self::start(ticket, Version::CHANGE, new_password, options, env)
    }

    /// Sets the password of `target`, for which the client of `ticket` needs the right. The password has to be UTF-8.
    ///
    /// # Errors
    /// The ticket is of no use, or the request cannot be made.
    pub fn set(
        ticket: &Credential,
        target: &Principal,
        new_password: &str,
        options: &PasswordOptions,
        env: &mut Env<'_>,
    ) -> Result<Self, PasswordError> {
        let data = ChangePasswdData {
            new_passwd: Octets::new(new_password.as_bytes()),
            targ_name: Some(target.name()),
            targ_realm: Some(target.realm()),
        };
        Self::start(ticket, Version::SET, &Zeroizing::new(data.to_der()?), options, env)
    }

    fn start(
        ticket: &Credential,
        version: Version,
        user_data: &[u8],
        options: &PasswordOptions,
        env: &mut Env<'_>,
    ) -> Result<Self, PasswordError> {
        if !ticket.server.name().is(&["kadmin", "changepw"]) {
            return Err(PasswordError::WrongTicket { server: Box::new(ticket.server.clone()) });
        }
        let now = env.now.saturating_add_seconds(options.kdc_offset);
        if ticket.times.end <= now {
            return Err(PasswordError::TicketExpired { end: ticket.times.end, now });
        }
        let env = &mut Env::new(now, env.rng);
        let sent = ApReqMaker::new(ticket, ApReqUse::Service).make(env)?;
        let rest = krb_priv(&sent, user_data, &options.sender, env)?;
        let message = Frame { version, ap: &sent.der, rest: &rest }.to_bytes()?;
        let realm = String::from_utf8_lossy(ticket.server.realm().as_bytes()).into_owned();
        let request = Request { realm, service: Service::Kpasswd, message };
        Ok(Self { session_key: ticket.session_key.duplicate(), sent, request })
    }

    /// The result in a reply, if the reply holds up.
    fn result(&self, ap: &[u8], rest: &[u8]) -> Result<Zeroizing<Vec<u8>>, PasswordError> {
        let server = self.check_ap_rep(ap)?;
        let message = KrbPriv::from_der(rest)?;
        // RFC 3244 section 2: the subkey of the request, even if the AP-REP has another.
        let plaintext = open(&self.sent.subkey, KeyUsage::KRB_PRIV, &message.enc_part)
            .map_err(|error| error.unwrap_or(PasswordError::PrivIntegrity))?;
        let part = EncKrbPrivPart::from_der(&plaintext)?;
        let found = part.seq_number.unwrap_or_default().0;
        if found != server.sequence {
            return Err(PasswordError::Sequence { expected: server.sequence, found });
        }
        Ok(Zeroizing::new(part.user_data.as_bytes().to_vec()))
    }

    /// Checks that the server knows the session key and answers this request.
    fn check_ap_rep(&self, ap: &[u8]) -> Result<ServerProved, PasswordError> {
        let message = ApRep::from_der(ap)?;
        let plaintext = open(&self.session_key, KeyUsage::AP_REP, &message.enc_part)
            .map_err(|error| error.unwrap_or(PasswordError::ApRepIntegrity))?;
        let part = EncApRepPart::from_der(&plaintext)?;
        if (part.ctime, part.cusec) != (self.sent.ctime, self.sent.cusec) {
            return Err(PasswordError::ApRepTime {
                sent: timestamp(self.sent.ctime, self.sent.cusec),
                found: timestamp(part.ctime, part.cusec),
            });
        }
        Ok(ServerProved { sequence: part.seq_number.unwrap_or_default().0 })
    }
}

impl Exchange for PasswordExchange {
    type Outcome = PasswordOutcome;
    type Error = PasswordError;

    fn request(&self) -> &Request {
        &self.request
    }

    fn receive(self, reply: &[u8], env: &mut Env<'_>) -> Result<Progress<Self>, PasswordError> {
        if reply.first() == Some(&KRB_ERROR_TAG) {
            return Err(refused(reply, env.now));
        }
        let frame = Frame::parse(reply)?;
        if frame.ap.is_empty() {
            return Err(refused(frame.rest, env.now));
        }
        let result = self.result(frame.ap, frame.rest)?;
        let (code, explanation) =
            result::parse(&result).ok_or(PasswordError::ResultTruncated { found: result.len() })?;
        if code == ResultCode::SUCCESS {
            return Ok(Progress::Done(PasswordOutcome { text: explanation.text }));
        }
        Err(PasswordError::Rejected(Box::new(explanation.rejection(code, true))))
    }
}

impl fmt::Debug for PasswordExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordExchange").field("request", &self.request).finish_non_exhaustive()
    }
}

/// Proof that the server knows the session key and answers this very request. Only the check of its AP-REP makes one.
struct ServerProved {
    /// The sequence number of its first message.
    sequence: u32,
}

/// The KRB-PRIV of a request: the subkey's first message, so it has the authenticator's sequence number.
fn krb_priv(
    sent: &SentApReq,
    user_data: &[u8],
    sender: &Address,
    env: &mut Env<'_>,
) -> Result<Vec<u8>, PasswordError> {
    let part = EncKrbPrivPart {
        user_data: Octets::new(user_data),
        timestamp: None,
        usec: None,
        seq_number: Some(UInt32(sent.seq_number)),
        s_address: HostAddress { addr_type: sender.addr_type, address: Octets::new(&sender.data) },
        r_address: None,
    };
    let part = Zeroizing::new(part.to_der()?);
    let cipher = seal(&sent.subkey, KeyUsage::KRB_PRIV, &part, env.rng);
    let enc_part = EncryptedData { etype: sent.subkey.enctype().0, kvno: None, cipher: Octets::new(&cipher) };
    Ok(KrbPriv { enc_part }.to_der()?)
}

/// Decrypts; the error is `None` where the integrity check fails, whose meaning depends on the key.
fn open(
    key: &Key,
    usage: KeyUsage,
    data: &EncryptedData<'_>,
) -> Result<Zeroizing<Vec<u8>>, Option<PasswordError>> {
    sealed::open(key, usage, data).map_err(|error| match error {
        OpenError::EncType { expected, found } => Some(PasswordError::EncType { expected, found }),
        OpenError::Integrity => None,
    })
}

/// What a KRB-ERROR comes to. Its e-data may hold a result (RFC 3244 section 2), which nobody vouches for.
fn refused(message: &[u8], now: Timestamp) -> PasswordError {
    let error = match KrbError::from_der(message) {
        Ok(error) => error,
        Err(error) => return PasswordError::Decode(error),
    };
    match error.e_data.and_then(|data| result::parse(data.as_bytes())) {
        Some((ResultCode::SUCCESS, _)) => PasswordError::UnprotectedSuccess,
        // Other data than a result: Active Directory's KERB-ERROR-DATA begins like a DER SEQUENCE.
        Some((code, explanation)) if code.is_known() => {
            PasswordError::Rejected(Box::new(explanation.rejection(code, false)))
        }
        _ => PasswordError::Refused(Box::new(Refusal::new(&error, now))),
    }
}
