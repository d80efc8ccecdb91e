//! An AP-REQ, from bytes to a request that passed every check of RFC 4120 section 3.2.3.

use super::Connection;
use super::delegation;
use super::{Accepted, AcceptorConfig, AcceptorError, Allow};
use crate::authdata::{AuthenticatorData, TicketData, TicketFacts};
use crate::checksum::GssChecksum;
use crate::iakerb::Finished;
use crate::keys::{NoKey, ServiceKey, Wanted};
use crate::replay::{NotReplayed, ReplayEntry};
use crate::ticket::{TicketTimes, timestamp};
use crate::token::{Framing, range_in};
use crate::transited::TransitedChecked;
use alloc::vec::Vec;
use gss_core::bindings::BindingChecked;
use gss_core::bindings::BindingDigest;
use gss_core::{BindingOutcome, ContextFlags, Env, Timestamp};
use krb5_asn1::{
    ApOptions, ApReq, Authenticator, Decode, EncTicketPart, Encode, EncryptionKey, HostAddress, KerberosTime,
    Microseconds, Principal, PrincipalName, PrincipalRef, TicketFlags,
};
use krb5_crypto::{ChecksumType, ChecksumVerified, EncType, Key, KeyUsage};

/// A request that may be granted. It cannot be built without the proof of every check.
pub(super) struct Request {
    pub(super) accepted: Accepted,
    pub(super) flags: ContextFlags,
    pub(super) session_key: Key,
    /// The authenticator's subkey, or else the session key.
    pub(super) initiator_key: Key,
    /// Enctypes that the initiator offers for our subkey, best first.
    pub(super) offered: crate::authdata::OfferedEncTypes,
    pub(super) ctime: KerberosTime,
    pub(super) cusec: Microseconds,
    pub(super) sequence: u32,
    pub(super) checks: Checks,
}

/// The proofs of a request.
pub(super) struct Checks {
    _same_client: SameClient,
    _named: NamedOrAllowed,
    _address: AddressChecked,
    _times: TimesChecked,
    _transited: TransitedChecked,
    _not_replayed: NotReplayed,
    _proxied: ProxiedUnchanged,
    bindings: BindingChecked,
}

impl Checks {
    pub(super) fn bindings(&self) -> BindingOutcome {
        self.bindings.outcome()
    }
}

/// Proof that ticket and authenticator name the same client.
struct SameClient(());

/// Proof that the ticket names its client, or need not.
struct NamedOrAllowed(());

/// Proof that nothing was carried to the KDC for the initiator, or that it saw the same tokens.
struct ProxiedUnchanged(());

/// Proof that the ticket may be used from where the initiator is.
struct AddressChecked(());

/// Proof that ticket and authenticator hold at this time.
struct TimesChecked(());

impl Request {
    /// Takes an AP-REQ apart where it lies, and checks it.
    pub(super) fn accept(
        message: &mut [u8],
        framing: Framing,
        config: &AcceptorConfig,
        connection: &Connection,
        env: &Env<'_>,
    ) -> Result<Self, AcceptorError> {
        let outline = Outline::read(message)?;
        let replay_digest = outline.replay_digest(message);
        let [ticket_bytes, authenticator_bytes] = message
            .get_disjoint_mut([outline.ticket_cipher.clone(), outline.authenticator_cipher.clone()])
            .map_err(|_| AcceptorError::Overlap)?;

        let (service_key, ticket) = outline.decrypt_ticket(ticket_bytes, config)?;
        let session_key = permitted_key(&ticket.key, config)?;
        if outline.authenticator_enctype != session_key.enctype() {
            return Err(AcceptorError::AuthenticatorEncType {
                expected: session_key.enctype(),
                found: outline.authenticator_enctype,
            });
        }
        let authenticator = session_key
            .cipher(KeyUsage::AP_REQ_AUTHENTICATOR)
            .decrypt_in_place(authenticator_bytes)
            .map_err(|_| AcceptorError::AuthenticatorIntegrity)?;
        let authenticator = Authenticator::from_der(authenticator)?;

        let same_client = SameClient::check(&ticket, &authenticator)?;
        let named = NamedOrAllowed::check(&ticket, config)?;
        let times = TimesChecked::check(&ticket, &authenticator, config, env.now)?;
        let address = AddressChecked::check(&ticket, connection)?;
        if !config.serves(service_key.service()) {
            return Err(AcceptorError::WrongService {
                found: service_key.service().clone(),
                expected: config.services().to_vec(),
            });
        }
        let client = PrincipalRef { name: ticket.cname, realm: ticket.crealm };
        let transited = config.check_transited(&ticket, service_key.service().realm())?;
        let facts = TicketFacts {
            service_key: service_key.key(),
            session_key: &session_key,
            client,
            authtime: ticket.authtime,
        };
        let ticket_data = TicketData::check(ticket.authorization_data, &facts, config.pac_policy())?;
        let client_data = AuthenticatorData::read(authenticator.authorization_data)?;
        let initiator_key = match &authenticator.subkey {
            Some(subkey) => permitted_key(subkey, config)?,
            None => session_key.duplicate(),
        };
        let wishes = Wishes::read(&authenticator, &session_key, outline.options, config)?;
        wishes.check_framing(framing, config)?;
        let proxied = ProxiedUnchanged::check(&wishes, connection, &initiator_key)?;
        let bindings = connection.bindings.as_ref().unwrap_or(config.bindings());
        let bindings = bindings.check(wishes.bindings, client_data.channel_binding_required)?;
        let delegated = match wishes.delegation {
            Some(cred) => delegation::open(cred, &initiator_key, &session_key)?,
            None => Vec::new(),
        };
        // Last, so that nothing refused for another reason takes room in the cache.
        let client_time = timestamp(authenticator.ctime, authenticator.cusec);
        let entry = ReplayEntry::new(replay_digest, client_time, config.skew_seconds());
        let not_replayed = match connection.repeated() {
            Some(proof) => proof,
            None => config.replay().check_and_insert(&entry, env.now)?,
        };

        Ok(Self {
            accepted: Accepted {
                client: client.into(),
                service: service_key.service().clone(),
                ticket_flags: ticket.flags,
                ticket_enctype: service_key.enctype(),
                times: ticket_times(&ticket),
                authorization_data: encode_authorization_data(&ticket)?,
                pac: ticket_data.pac.map(|pac| pac.proof()),
                unverified_target_name: client_data.unverified_target_name,
                delegated,
            },
            flags: wishes.granted(bindings.outcome()),
            initiator_key,
            offered: client_data.etypes,
            ctime: authenticator.ctime,
            cusec: authenticator.cusec,
            sequence: authenticator.seq_number.map_or(0, u32::from),
            checks: Checks {
                _same_client: same_client,
                _named: named,
                _address: address,
                _times: times,
                _transited: transited,
                _not_replayed: not_replayed,
                _proxied: proxied,
                bindings,
            },
            session_key,
        })
    }
}

/// What an AP-REQ says in clear, and where its ciphertexts lie. Nothing here is authenticated.
struct Outline {
    options: ApOptions,
    service: Principal,
    ticket_enctype: EncType,
    kvno: Option<u32>,
    ticket_cipher: core::ops::Range<usize>,
    authenticator_enctype: EncType,
    authenticator_cipher: core::ops::Range<usize>,
}

impl Outline {
    fn read(message: &[u8]) -> Result<Self, AcceptorError> {
        let request = ApReq::from_der(message)?;
        if request.ap_options.contains(ApOptions::USE_SESSION_KEY) {
            return Err(AcceptorError::UserToUser);
        }
        let part = &request.ticket.enc_part;
        Ok(Self {
            options: request.ap_options,
            service: PrincipalRef { name: request.ticket.sname, realm: request.ticket.realm }.into(),
            ticket_enctype: EncType(part.etype),
            kvno: part.kvno.map(u32::from),
            ticket_cipher: range_in(message, part.cipher.as_bytes()).unwrap_or_default(),
            authenticator_enctype: EncType(request.authenticator.etype),
            authenticator_cipher: range_in(message, request.authenticator.cipher.as_bytes())
                .unwrap_or_default(),
        })
    }

    /// The end of the authenticator's ciphertext, where its MAC lies (for RC4 the beginning): it stands for the
    /// authenticator and for nothing that an attacker could change without being noticed.
    fn replay_digest(&self, message: &[u8]) -> [u8; ReplayEntry::DIGEST_LEN] {
        let cipher = message.get(self.authenticator_cipher.clone()).unwrap_or_default();
        let tag = if self.authenticator_enctype == EncType::RC4_HMAC {
            cipher.first_chunk()
        } else {
            cipher.last_chunk()
        };
        tag.copied().unwrap_or_default()
    }

    fn decrypt_ticket<'t, 'c>(
        &self,
        cipher: &'t mut [u8],
        config: &'c AcceptorConfig,
    ) -> Result<(&'c ServiceKey, EncTicketPart<'t>), AcceptorError> {
        let wanted = Wanted { service: &self.service, kvno: self.kvno, enctype: self.ticket_enctype };
        config.permit(self.ticket_enctype)?;
        let (service, kvno, enctype) = (&self.service, self.kvno, self.ticket_enctype);
        let no_key = |reason| AcceptorError::NoKey { service: service.clone(), kvno, enctype, reason };
        let candidates = config.keys().candidates(&wanted).map_err(no_key)?;
        let integrity = || {
            if !config.keys().has_service(service) {
                return no_key(NoKey::Service);
            }
            let (service, tried) = (service.clone(), candidates.len());
            AcceptorError::TicketIntegrity { service, kvno, enctype, tried }
        };
        // A failed decryption wipes its buffer, so all but the last try work on a copy.
        let (last, others) = candidates.split_last().ok_or_else(integrity)?;
        for key in others {
            let mut copy = zeroize::Zeroizing::new(Vec::from(&*cipher));
            if key.ticket_cipher().decrypt_in_place(&mut copy).is_ok() {
                return decrypt_with(key, cipher).ok_or_else(integrity)?;
            }
        }
        decrypt_with(last, cipher).ok_or_else(integrity)?
    }
}

fn decrypt_with<'t, 'c>(
    key: &'c ServiceKey,
    cipher: &'t mut [u8],
) -> Option<Result<(&'c ServiceKey, EncTicketPart<'t>), AcceptorError>> {
    let part = key.ticket_cipher().decrypt_in_place(cipher).ok()?;
    Some(EncTicketPart::from_der(part).map(|part| (key, part)).map_err(AcceptorError::Decode))
}

/// A key of ticket or authenticator, if its enctype is permitted.
fn permitted_key(key: &EncryptionKey<'_>, config: &AcceptorConfig) -> Result<Key, AcceptorError> {
    let enctype = EncType(key.keytype);
    config.permit(enctype)?;
    Ok(Key::new(enctype, key.keyvalue.as_bytes())?)
}

impl SameClient {
    fn check(ticket: &EncTicketPart<'_>, authenticator: &Authenticator<'_>) -> Result<Self, AcceptorError> {
        if ticket.cname == authenticator.cname && ticket.crealm == authenticator.crealm {
            return Ok(Self(()));
        }
        Err(AcceptorError::ClientMismatch {
            ticket: PrincipalRef { name: ticket.cname, realm: ticket.crealm }.into(),
            authenticator: PrincipalRef { name: authenticator.cname, realm: authenticator.crealm }.into(),
        })
    }
}

impl NamedOrAllowed {
    fn check(ticket: &EncTicketPart<'_>, config: &AcceptorConfig) -> Result<Self, AcceptorError> {
        if is_anonymous(ticket.flags, ticket.cname) && !config.allows(Allow::ANONYMOUS) {
            return Err(AcceptorError::Anonymous);
        }
        Ok(Self(()))
    }
}

/// RFC 8062 section 3: the flag says it, and so does the name. Each is enough, whatever the KDC forgot.
pub(super) fn is_anonymous(flags: TicketFlags, client: PrincipalName<'_>) -> bool {
    flags.contains(TicketFlags::ANONYMOUS) || client.is(&["WELLKNOWN", "ANONYMOUS"])
}

impl AddressChecked {
    /// A ticket without addresses may be used from anywhere, and an acceptor that was told no address of the
    /// initiator cannot compare.
    fn check(ticket: &EncTicketPart<'_>, connection: &Connection) -> Result<Self, AcceptorError> {
        let (Some(allowed), Some((kind, address))) = (&ticket.caddr, &connection.peer) else {
            return Ok(Self(()));
        };
        let same = |host: HostAddress<'_>| host.addr_type == *kind && host.address.as_bytes() == address;
        if allowed.is_empty() || allowed.iter().any(same) {
            return Ok(Self(()));
        }
        Err(AcceptorError::Address { kind: *kind, allowed: allowed.len() })
    }
}

impl ProxiedUnchanged {
    fn check(wishes: &Wishes<'_>, connection: &Connection, subkey: &Key) -> Result<Self, AcceptorError> {
        let Some(transcript) = connection.iakerb.as_ref().filter(|transcript| !transcript.is_empty()) else {
            return Ok(Self(()));
        };
        let finished = wishes.finished.as_ref().ok_or(AcceptorError::IakerbFinishedMissing)?;
        transcript.verify(finished, subkey).map(|_| Self(())).ok_or(AcceptorError::IakerbFinishedMismatch)
    }
}

impl TimesChecked {
    fn check(
        ticket: &EncTicketPart<'_>,
        authenticator: &Authenticator<'_>,
        config: &AcceptorConfig,
        now: Timestamp,
    ) -> Result<Self, AcceptorError> {
        let skew = config.skew_seconds();
        let times = ticket_times(ticket);
        if ticket.flags.contains(TicketFlags::INVALID) {
            return Err(AcceptorError::TicketInvalid);
        }
        if times.start > now.saturating_add_seconds(skew) {
            return Err(AcceptorError::TicketNotYetValid { start: times.start, now });
        }
        if times.end < now.saturating_add_seconds(skew.saturating_neg()) {
            return Err(AcceptorError::TicketExpired { end: times.end, now });
        }
        let client = timestamp(authenticator.ctime, authenticator.cusec);
        let earliest = now.saturating_add_seconds(skew.saturating_neg());
        if client < earliest || client > now.saturating_add_seconds(skew) {
            return Err(AcceptorError::Skew { client, now, allowed: skew });
        }
        Ok(Self(()))
    }
}

/// What the authenticator's checksum asks for.
struct Wishes<'a> {
    bindings: Option<BindingDigest>,
    flags: ContextFlags,
    delegation: Option<&'a [u8]>,
    finished: Option<Finished<'a>>,
    /// Of a checksum of another type than 0x8003; the encryption around protects that one.
    _checksum: Option<ChecksumVerified>,
}

impl<'a> Wishes<'a> {
    fn read(
        authenticator: &Authenticator<'a>,
        session_key: &Key,
        options: ApOptions,
        config: &AcceptorConfig,
    ) -> Result<Self, AcceptorError> {
        let Some(checksum) = &authenticator.cksum else {
            return match config.allows(Allow::MISSING_CHECKSUM) {
                // Such an initiator asks for nothing (RFC 4121 section 4.1.1 has no place to ask in).
                true => Ok(Self {
                    bindings: None,
                    flags: ContextFlags::NONE,
                    delegation: None,
                    finished: None,
                    _checksum: None,
                }),
                false => Err(AcceptorError::ChecksumMissing),
            };
        };
        let content = checksum.checksum.as_bytes();
        if ChecksumType(checksum.cksumtype) == ChecksumType::GSS {
            let checksum = GssChecksum::parse(content)?;
            return Ok(Self {
                bindings: Some(checksum.bindings),
                flags: checksum.flags,
                delegation: checksum.delegation,
                finished: Finished::find(&checksum),
                _checksum: None,
            });
        }
        if !config.allows(Allow::MISSING_CHECKSUM) {
            return Err(AcceptorError::ChecksumType { found: ChecksumType(checksum.cksumtype) });
        }
        let mutual = if options.contains(ApOptions::MUTUAL_REQUIRED) {
            ContextFlags::MUTUAL
        } else {
            ContextFlags::NONE
        };
        // Samba's clients put a checksum over nothing there.
        let found = ChecksumType(checksum.cksumtype);
        let verified = session_key
            .checksum_with_type(found, KeyUsage::AP_REQ_AUTHENTICATOR_CHECKSUM)
            .ok_or(AcceptorError::ChecksumType { found })?
            .verify(&[], content)
            .map_err(|_| AcceptorError::ChecksumIntegrity)?;
        let flags = mutual | ContextFlags::REPLAY | ContextFlags::SEQUENCE;
        Ok(Self { bindings: None, flags, delegation: None, finished: None, _checksum: Some(verified) })
    }

    /// A message without framing belongs to DCE style, and DCE style to a message without framing.
    fn check_framing(&self, framing: Framing, config: &AcceptorConfig) -> Result<(), AcceptorError> {
        let dce_style = self.flags.contains(ContextFlags::DCE_STYLE);
        match framing {
            Framing::Gss(_) if dce_style => Err(AcceptorError::Framing { dce_style }),
            Framing::Bare if !dce_style && !config.allows(Allow::BARE_AP_REQ) => {
                Err(AcceptorError::Framing { dce_style })
            }
            _ => Ok(()),
        }
    }

    /// The flags of the context: those wished for that an acceptor grants.
    fn granted(&self, binding: BindingOutcome) -> ContextFlags {
        let mut flags = self.flags & GRANTED;
        if flags.contains(ContextFlags::DCE_STYLE) {
            flags |= ContextFlags::MUTUAL;
        }
        if binding == BindingOutcome::Bound {
            flags |= ContextFlags::CHANNEL_BOUND;
        }
        flags
    }
}

/// Delegation is among them because a request with that flag and without usable credentials is refused.
const GRANTED: ContextFlags = ContextFlags::MUTUAL
    .with(ContextFlags::REPLAY)
    .with(ContextFlags::SEQUENCE)
    .with(ContextFlags::CONFIDENTIALITY)
    .with(ContextFlags::INTEGRITY)
    .with(ContextFlags::DCE_STYLE)
    .with(ContextFlags::IDENTIFY)
    .with(ContextFlags::EXTENDED_ERROR)
    .with(ContextFlags::DELEGATION);

fn ticket_times(ticket: &EncTicketPart<'_>) -> TicketTimes {
    let time = |time: KerberosTime| Timestamp::from_seconds(time.unix_seconds());
    TicketTimes {
        auth: time(ticket.authtime),
        start: time(ticket.starttime.unwrap_or(ticket.authtime)),
        end: time(ticket.endtime),
        renew_till: ticket.renew_till.map(time),
    }
}

fn encode_authorization_data(ticket: &EncTicketPart<'_>) -> Result<Vec<u8>, AcceptorError> {
    match &ticket.authorization_data {
        Some(data) => Ok(data.to_der()?),
        None => Ok(Vec::new()),
    }
}
