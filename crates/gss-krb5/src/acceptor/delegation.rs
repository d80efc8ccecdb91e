//! Credentials that the initiator delegates: a KRB-CRED (RFC 4121 section 4.1.1.1).

use crate::ticket::{ServiceTicket, TicketTimes};
use crate::token::range_in;
use alloc::vec::Vec;
use core::fmt;
use gss_core::Timestamp;
use krb5_asn1::{Decode, DecodeError, EncKrbCredPart, KerberosTime, KrbCred, PrincipalRef, TicketFlags};
use krb5_crypto::{EncType, Key, KeyError, KeyUsage};
use zeroize::Zeroizing;

/// Most tickets that one initiator may delegate.
const MAX_DELEGATED: usize = 16;

/// Opens a KRB-CRED. RFC 4121 has it encrypted in the ticket's session key; old initiators used their subkey.
pub(super) fn open(
    cred: &[u8],
    initiator_key: &Key,
    session_key: &Key,
) -> Result<Vec<ServiceTicket>, DelegationError> {
    let outline = KrbCred::from_der(cred)?;
    let enctype = EncType(outline.enc_part.etype);
    let cipher = range_in(cred, outline.enc_part.cipher.as_bytes()).unwrap_or_default();
    for key in [session_key, initiator_key] {
        // Enctype 0, clear text, is none that a key has.
        if key.enctype() != enctype {
            continue;
        }
        let mut copy = Zeroizing::new(Vec::from(cred.get(cipher.clone()).unwrap_or_default()));
        if let Ok(part) = key.cipher(KeyUsage::KRB_CRED).decrypt_in_place(&mut copy) {
            return tickets(&outline, &EncKrbCredPart::from_der(part)?);
        }
    }
    Err(DelegationError::Integrity { enctype })
}

fn tickets(cred: &KrbCred<'_>, part: &EncKrbCredPart<'_>) -> Result<Vec<ServiceTicket>, DelegationError> {
    let (tickets, infos) = (cred.tickets.len(), part.ticket_info.len());
    if tickets != infos || tickets == 0 || tickets > MAX_DELEGATED {
        return Err(DelegationError::Count { tickets, infos });
    }
    let time =
        |time: Option<KerberosTime>| Timestamp::from_seconds(time.map_or(0, KerberosTime::unix_seconds));
    cred.tickets
        .iter()
        .zip(part.ticket_info.iter())
        .map(|(ticket, info)| {
            let (Some(name), Some(realm)) = (info.pname, info.prealm) else {
                return Err(DelegationError::NoClient);
            };
            Ok(ServiceTicket {
                client: PrincipalRef { name, realm }.into(),
                server: PrincipalRef {
                    name: info.sname.unwrap_or(ticket.sname),
                    realm: info.srealm.unwrap_or(ticket.realm),
                }
                .into(),
                session_key: Key::new(EncType(info.key.keytype), info.key.keyvalue.as_bytes())?,
                ticket: Vec::from(ticket.as_der()),
                flags: info.flags.unwrap_or(TicketFlags::default()),
                times: TicketTimes {
                    auth: time(info.authtime),
                    start: time(info.starttime.or(info.authtime)),
                    end: time(info.endtime),
                    renew_till: info.renew_till.map(|till| time(Some(till))),
                },
            })
        })
        .collect()
}

/// Why delegated credentials are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DelegationError {
    /// No tickets, too many, or not as many descriptions as tickets.
    Count {
        /// How many tickets there are.
        tickets: usize,
        /// How many descriptions there are.
        infos: usize,
    },
    /// The message is no valid DER of its kind.
    Decode(DecodeError),
    /// The message decrypts with neither the session key nor the initiator's subkey.
    Integrity {
        /// The enctype it claims.
        enctype: EncType,
    },
    /// The session key of a delegated ticket cannot be used.
    Key(KeyError),
    /// A ticket's description does not say whose it is.
    NoClient,
}

impl fmt::Display for DelegationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("delegated credentials: ")?;
        match self {
            Self::Count { tickets, infos } => {
                write!(
                    f,
                    "{tickets} tickets and {infos} descriptions, expected as many of both, 1 to {MAX_DELEGATED}"
                )
            }
            Self::Decode(error) => error.fmt(f),
            Self::Integrity { enctype } => write!(
                f,
                "message of {enctype} decrypts with neither the session key nor the initiator's subkey"
            ),
            Self::Key(error) => error.fmt(f),
            Self::NoClient => f.write_str("a ticket's description does not name its client"),
        }
    }
}

impl core::error::Error for DelegationError {}

impl From<DecodeError> for DelegationError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<KeyError> for DelegationError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}
