//! Tickets: what is in them, made and opened.

use gss_core::Timestamp;
use krb5_asn1::{
    AddressType, AuthDataElement, AuthDataType, AuthorizationData, Decode, EncTicketPart, ErrorCode,
    HostAddress, HostAddresses, Octets, Principal, SeqOf, Ticket, TicketFlags, TransitedEncoding,
    TransitedType,
};
use krb5_crypto::{EncType, Key, KeyUsage};
use krb5_pac::{PacBuilder, SigningKeys};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::database::{Database, Record};
use crate::keys::to_wire;
use crate::refusal::{Outcome, der, kerberos_time, refuse, timestamp};
use crate::sealed::{encrypted, open_data, seal};

/// What a ticket says, the PAC aside.
pub(crate) struct Contents {
    pub(crate) flags: TicketFlags,
    pub(crate) session_key: Key,
    pub(crate) client: Principal,
    /// Realms on the way, encoded (RFC 4120 section 3.3.3.2).
    pub(crate) transited: Vec<u8>,
    pub(crate) times: Times,
    pub(crate) addresses: Vec<(AddressType, Vec<u8>)>,
    pub(crate) authdata: Vec<(AuthDataType, Vec<u8>)>,
}

/// When a ticket holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) auth: Timestamp,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) renew_till: Option<Timestamp>,
}

/// Whom a ticket is for and what it is sealed with.
pub(crate) struct Recipient<'k> {
    /// The name in the ticket.
    pub(crate) server: &'k Principal,
    pub(crate) key: &'k Key,
    /// `None` for the session key of another ticket (user-to-user).
    pub(crate) kvno: Option<u32>,
    /// The key of the issuing realm's ticket-granting service.
    pub(crate) kdc_key: &'k Key,
    /// Whether the recipient is no ticket-granting service, so that KDCs want their signatures in it.
    pub(crate) service: bool,
}

/// A ticket that was decrypted.
pub(crate) struct Opened {
    pub(crate) contents: Contents,
    pub(crate) server: Principal,
    /// The key that it was sealed with.
    pub(crate) key: Key,
    /// The PAC as it stands there.
    pub(crate) pac: Option<Vec<u8>>,
    /// What a ticket signature covers.
    pub(crate) signed: Option<Zeroizing<Vec<u8>>>,
}

/// What stands in place of the PAC when the ticket is signed (MS-PAC section 2.8.3).
const PLACEHOLDER: &[u8] = &[0];

impl Contents {
    /// The ticket, the PAC signed and in it.
    pub(crate) fn seal(
        &self,
        pac: Option<&PacBuilder>,
        to: &Recipient<'_>,
        rng: &mut dyn CryptoRng,
    ) -> Outcome<Vec<u8>> {
        let part = match pac {
            None => self.encode(None)?,
            Some(pac) => {
                let unsigned = self.encode(Some(PLACEHOLDER))?;
                let keys = SigningKeys::new(to.key, to.kdc_key);
                let keys = if to.service { keys.with_ticket(&unsigned) } else { keys };
                let signed =
                    pac.sign(&keys).map_err(|error| refuse(ErrorCode::KRB_ERR_GENERIC, error.to_string()))?;
                self.encode(Some(&signed))?
            }
        };
        let cipher = seal(to.key, KeyUsage::TICKET, &part, rng);
        der(&Ticket {
            realm: to.server.realm(),
            sname: to.server.name(),
            enc_part: encrypted(to.key, to.kvno, &cipher),
        })
    }

    /// DER of the part that is encrypted.
    fn encode(&self, pac: Option<&[u8]>) -> Outcome<Zeroizing<Vec<u8>>> {
        let pac =
            pac.map(|pac| AuthDataElement { ad_type: AuthDataType::WIN2K_PAC, ad_data: Octets::new(pac) });
        let wrapped = match pac {
            Some(pac) => Some(der(&SeqOf::new(&[pac]))?),
            None => None,
        };
        let wrapped = wrapped
            .as_deref()
            .map(|inner| AuthDataElement { ad_type: AuthDataType::IF_RELEVANT, ad_data: Octets::new(inner) });
        let own = self
            .authdata
            .iter()
            .map(|(ad_type, data)| AuthDataElement { ad_type: *ad_type, ad_data: Octets::new(data) });
        let elements: Vec<_> = wrapped.into_iter().chain(own).collect();
        let addresses = wire_addresses(&self.addresses);
        let key = to_wire(&self.session_key);
        der(&EncTicketPart {
            flags: self.flags,
            key: key.as_borrowed(),
            crealm: self.client.realm(),
            cname: self.client.name(),
            transited: TransitedEncoding {
                tr_type: TransitedType::DOMAIN_X500_COMPRESS,
                contents: Octets::new(&self.transited),
            },
            authtime: kerberos_time(self.times.auth),
            starttime: Some(kerberos_time(self.times.start)),
            endtime: kerberos_time(self.times.end),
            renew_till: self.times.renew_till.map(kerberos_time),
            caddr: (!addresses.is_empty()).then(|| SeqOf::new(&addresses)),
            authorization_data: (!elements.is_empty()).then(|| SeqOf::new(&elements)),
        })
        .map(Zeroizing::new)
    }
}

impl Opened {
    /// Decrypts a ticket with the key of the account it is for.
    pub(crate) fn open(db: &Database, ticket: &Ticket<'_>) -> Outcome<Self> {
        let server = Principal::from(ticket.sname.in_realm(ticket.realm));
        let Some(record) = db.find(&server) else {
            return Err(refuse(
                ErrorCode::KRB_AP_ERR_NOT_US,
                format!("ticket for {server}, who is not known here"),
            ));
        };
        let key = Self::decrypt(record, ticket)?;
        let (key, plain) = key;
        Self::read(&plain, server, key)
    }

    fn decrypt(record: &Record, ticket: &Ticket<'_>) -> Outcome<(Key, Zeroizing<Vec<u8>>)> {
        let enctype = EncType(ticket.enc_part.etype);
        let version = ticket.enc_part.kvno.map(|kvno| kvno.0);
        let sets = || record.keys.iter().filter(|set| version.is_none_or(|version| version == set.kvno));
        if sets().next().is_none() {
            let text = format!("no key of {} with version {}", record.principal, version.unwrap_or(0));
            return Err(refuse(ErrorCode::KRB_AP_ERR_BADKEYVER, text));
        }
        let mut keys = sets().filter_map(|set| set.get(enctype)).peekable();
        if keys.peek().is_none() {
            let text = format!("no key of {} of {enctype}", record.principal);
            return Err(refuse(ErrorCode::KRB_AP_ERR_NOKEY, text));
        }
        keys.find_map(|key| Some((key.duplicate(), open_data(key, KeyUsage::TICKET, &ticket.enc_part)?)))
            .ok_or_else(|| refuse(ErrorCode::KRB_AP_ERR_BAD_INTEGRITY, "ticket does not decrypt"))
    }

    fn read(plain: &[u8], server: Principal, key: Key) -> Outcome<Self> {
        let broken =
            |what: String| refuse(ErrorCode::KRB_AP_ERR_BAD_INTEGRITY, format!("in the ticket: {what}"));
        let part = EncTicketPart::from_der(plain).map_err(|error| broken(error.to_string()))?;
        let session_key = Key::new(EncType(part.key.keytype), part.key.keyvalue.as_bytes())
            .map_err(|error| broken(error.to_string()))?;
        let (authdata, pac) = split_pac(part.authorization_data)?;
        let signed = match &pac {
            Some(_) => Some(krb5_pac::without_pac(&part).map_err(|error| broken(error.to_string()))?),
            None => None,
        };
        let auth = timestamp(part.authtime);
        let contents = Contents {
            flags: part.flags,
            session_key,
            client: Principal::from(part.cname.in_realm(part.crealm)),
            transited: part.transited.contents.as_bytes().to_vec(),
            times: Times {
                auth,
                start: part.starttime.map_or(auth, timestamp),
                end: timestamp(part.endtime),
                renew_till: part.renew_till.map(timestamp),
            },
            addresses: own_addresses(part.caddr),
            authdata,
        };
        Ok(Self { contents, server, key, pac, signed })
    }
}

type OwnAuthData = Vec<(AuthDataType, Vec<u8>)>;

/// Authorization data without the PAC, and the PAC.
fn split_pac(data: Option<AuthorizationData<'_>>) -> Outcome<(OwnAuthData, Option<Vec<u8>>)> {
    let (mut rest, mut pac) = (Vec::new(), None);
    for element in data.iter().flat_map(SeqOf::iter) {
        let content = element.ad_data.as_bytes();
        if element.ad_type == AuthDataType::IF_RELEVANT {
            let inner = AuthorizationData::from_der(content)
                .map_err(|error| refuse(ErrorCode::KRB_AP_ERR_BAD_INTEGRITY, error.to_string()))?;
            if let Some(found) = inner.iter().find(|inner| inner.ad_type == AuthDataType::WIN2K_PAC) {
                pac = Some(found.ad_data.as_bytes().to_vec());
                continue;
            }
        }
        rest.push((element.ad_type, content.to_vec()));
    }
    Ok((rest, pac))
}

/// Addresses of a message, copied.
pub(crate) fn own_addresses(addresses: Option<HostAddresses<'_>>) -> Vec<(AddressType, Vec<u8>)> {
    let own = |address: HostAddress<'_>| (address.addr_type, address.address.as_bytes().to_vec());
    addresses.iter().flat_map(SeqOf::iter).map(own).collect()
}

/// Addresses for a message.
pub(crate) fn wire_addresses(addresses: &[(AddressType, Vec<u8>)]) -> Vec<HostAddress<'_>> {
    addresses
        .iter()
        .map(|(addr_type, address)| HostAddress { addr_type: *addr_type, address: Octets::new(address) })
        .collect()
}
