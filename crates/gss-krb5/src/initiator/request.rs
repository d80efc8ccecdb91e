//! The AP-REQ token, built back to front in the output.

use super::{InitiatorError, Start};
use crate::checksum::{GssChecksum, MAX_DELEGATION_LEN};
use crate::context::FIRST_SEQUENCE_MASK;
use crate::tail::Tail;
use crate::ticket::{HeldTicket, ServiceTicketRef, kerberos_time};
use crate::token::TokenId;
use gss_core::{ContextFlags, CryptoRng, Env, TokenSink};
use krb5_asn1::{
    AdApOptions, ApOptions, ApReq, AuthDataElement, AuthDataType, Authenticator, Checksum, EncKrbCredPart,
    Encode, EncryptedData, EncryptionKey, KerberosTime, KrbCred, KrbCredInfo, Microseconds, Octets, Raw,
    SeqOf, Ticket, UInt32,
};
use krb5_crypto::{ChecksumType, Key, KeyUsage};

/// What the initiator remembers of its AP-REQ.
pub(super) struct Sent {
    pub(super) ctime: KerberosTime,
    pub(super) cusec: Microseconds,
    pub(super) subkey: Key,
    pub(super) sequence: u64,
}

/// Bytes of an AP-REQ beside ticket, names and delegated ticket, with room to spare.
const AUTHENTICATOR_ROOM: usize = 1024;

impl<C: HeldTicket> Start<C> {
    /// Appends the AP-REQ token to `output`.
    pub(super) fn request(
        &self,
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Sent, InitiatorError> {
        let held = self.ticket.held();
        let ticket: Raw<'_, Ticket<'_>> = Raw::new(held.ticket)?;
        self.check_ticket(&held, env)?;
        let (ctime, cusec) = kerberos_time(env.now).ok_or(InitiatorError::Clock { now: env.now })?;
        let sent = Sent {
            ctime,
            cusec,
            subkey: Key::generate(held.session_key.enctype(), env.rng)?,
            sequence: u64::from(env.rng.next_u32() & FIRST_SEQUENCE_MASK),
        };
        let dce_style = self.flags.contains(ContextFlags::DCE_STYLE);

        let mut tail = Tail::new(output, self.capacity(&held));
        self.put_checksum(&mut tail, &sent, env.rng)?;
        self.put_authenticator(&mut tail, &sent)?;
        tail.encrypt(&held.session_key.cipher(KeyUsage::AP_REQ_AUTHENTICATOR), env.rng)?;
        let etype = held.session_key.enctype().0;
        let mutual = self.flags.contains(ContextFlags::MUTUAL);
        tail.enclose(|cipher, pass| {
            pass.der(&ApReq {
                ap_options: if mutual { ApOptions::MUTUAL_REQUIRED } else { ApOptions::default() },
                ticket,
                authenticator: EncryptedData { etype, kvno: None, cipher: Octets::new(cipher) },
            })
        })?;
        if !dce_style {
            tail.prepend(&TokenId::AP_REQ.0)?;
            tail.frame(&self.mechanism())?;
        }
        tail.finish();
        Ok(sent)
    }

    fn check_ticket(&self, held: &ServiceTicketRef<'_>, env: &Env<'_>) -> Result<(), InitiatorError> {
        if held.times.end <= env.now {
            return Err(InitiatorError::TicketExpired { end: held.times.end, now: env.now });
        }
        let enctype = held.session_key.enctype();
        if enctype.is_weak() && !self.weak_enctypes {
            return Err(InitiatorError::WeakEncType { enctype });
        }
        Ok(())
    }

    /// An upper bound of the bytes in the output while the token is built: two layers stand side by side.
    fn capacity(&self, held: &ServiceTicketRef<'_>) -> usize {
        let size = |ticket: &ServiceTicketRef<'_>| {
            let names = [&ticket.client, &ticket.server].into_iter().fold(0_usize, |sum, principal| {
                let name = principal.name.encoded_len().ok().and_then(|len| usize::try_from(len).ok());
                sum.saturating_add(name.unwrap_or(0)).saturating_add(principal.realm.as_bytes().len())
            });
            names.saturating_add(ticket.ticket.len()).saturating_add(AUTHENTICATOR_ROOM)
        };
        let delegated = self.delegated.as_ref().map_or(0, |delegated| size(&delegated.held()));
        size(held).saturating_add(delegated).saturating_mul(2)
    }

    /// The content of the authenticator's checksum (RFC 4121 section 4.1.1).
    fn put_checksum(
        &self,
        tail: &mut Tail<'_>,
        sent: &Sent,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), InitiatorError> {
        let mut flags = self.flags;
        if let Some(delegated) = &self.delegated {
            flags |= ContextFlags::DELEGATION;
            self.put_delegation(tail, &delegated.held(), sent, rng)?;
        }
        #[cfg(feature = "alloc")]
        if let Some((transcript, draft)) =
            self.iakerb.as_ref().filter(|(transcript, _)| !transcript.is_empty())
        {
            let extension = transcript.finished_extension(*draft, &sent.subkey);
            let extension = extension.ok_or(gss_core::SinkFull { needed: 0 })?;
            tail.append(&extension)?;
        }
        Ok(tail.prepend(&GssChecksum::fixed_part(self.bindings, flags))?)
    }

    /// `DlgOpt`, `Dlgth` and a KRB-CRED, encrypted in the ticket's session key (RFC 4121 section 4.1.1.1).
    fn put_delegation(
        &self,
        tail: &mut Tail<'_>,
        delegated: &ServiceTicketRef<'_>,
        sent: &Sent,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), InitiatorError> {
        let time = |time| kerberos_time(time).map(|(seconds, _)| seconds);
        let info = KrbCredInfo {
            key: encryption_key(delegated.session_key),
            prealm: Some(delegated.client.realm),
            pname: Some(delegated.client.name),
            flags: Some(delegated.flags),
            authtime: time(delegated.times.auth),
            starttime: time(delegated.times.start),
            endtime: time(delegated.times.end),
            renew_till: delegated.times.renew_till.and_then(time),
            srealm: Some(delegated.server.realm),
            sname: Some(delegated.server.name),
            caddr: None,
        };
        tail.append_der(&EncKrbCredPart {
            ticket_info: SeqOf::new(&[info]),
            nonce: None,
            timestamp: Some(sent.ctime),
            usec: Some(sent.cusec),
            s_address: None,
            r_address: None,
        })?;
        let session_key = self.ticket.held().session_key;
        tail.encrypt(&session_key.cipher(KeyUsage::KRB_CRED), rng)?;
        let etype = session_key.enctype().0;
        let tickets = [Raw::new(delegated.ticket)?];
        tail.enclose(|cipher, pass| {
            pass.der(&KrbCred {
                tickets: SeqOf::new(&tickets),
                enc_part: EncryptedData { etype, kvno: None, cipher: Octets::new(cipher) },
            })
        })?;
        let length = tail.as_slice().len();
        let counted = u16::try_from(length).ok().filter(|_| length <= MAX_DELEGATION_LEN);
        let counted = counted.ok_or(InitiatorError::DelegationTooLong { length })?;
        tail.prepend(&counted.to_le_bytes())?;
        Ok(tail.prepend(&1_u16.to_le_bytes())?)
    }

    fn put_authenticator(&self, tail: &mut Tail<'_>, sent: &Sent) -> Result<(), InitiatorError> {
        let held = self.ticket.held();
        let mut room = [0; AuthData::ROOM];
        let auth_data = AuthData::encode(self, &mut room)?;
        let elements =
            [AuthDataElement { ad_type: AuthDataType::IF_RELEVANT, ad_data: Octets::new(auth_data) }];
        let sequence = u32::try_from(sent.sequence).unwrap_or_default();
        tail.enclose(|content, pass| {
            pass.der(&Authenticator {
                crealm: held.client.realm,
                cname: held.client.name,
                cksum: Some(Checksum { cksumtype: ChecksumType::GSS.0, checksum: Octets::new(content) }),
                cusec: sent.cusec,
                ctime: sent.ctime,
                subkey: Some(encryption_key(&sent.subkey)),
                seq_number: Some(UInt32(sequence)),
                authorization_data: (!auth_data.is_empty()).then_some(SeqOf::new(&elements)),
            })
        })?;
        Ok(())
    }
}

/// The content of AD-IF-RELEVANT in the authenticator: offered enctypes (RFC 4537) and the note that channel
/// bindings are present (MS-KILE 3.2.5.8).
struct AuthData;

impl AuthData {
    /// Eight enctypes of four bytes and their tags, four bytes of options, tags around all.
    const ROOM: usize = 128;

    /// Empty when there is nothing to say.
    fn encode<'r, C>(start: &Start<C>, room: &'r mut [u8; Self::ROOM]) -> Result<&'r [u8], InitiatorError> {
        let mut enctypes = [0; super::MAX_OFFERED_ENCTYPES];
        let mut offered = 0;
        for (slot, enctype) in enctypes.iter_mut().zip(start.enctypes.iter().flatten()) {
            *slot = enctype.0;
            offered = usize::saturating_add(offered, 1);
        }
        let mut list = [0; Self::ROOM / 2];
        let list = SeqOf::new(enctypes.get(..offered).unwrap_or_default()).encode_to_slice(&mut list)?;
        let options = AdApOptions::CBT.to_bytes();
        let negotiation =
            AuthDataElement { ad_type: AuthDataType::ETYPE_NEGOTIATION, ad_data: Octets::new(list) };
        let announcement =
            AuthDataElement { ad_type: AuthDataType::AP_OPTIONS, ad_data: Octets::new(&options) };
        let both = [negotiation, announcement];
        let elements = match (offered > 0, start.bindings_announced) {
            (true, true) => both.as_slice(),
            (true, false) => core::slice::from_ref(&negotiation),
            (false, true) => core::slice::from_ref(&announcement),
            (false, false) => return Ok(&[]),
        };
        Ok(SeqOf::new(elements).encode_to_slice(room)?)
    }
}

fn encryption_key(key: &Key) -> EncryptionKey<'_> {
    EncryptionKey { keytype: key.enctype().0, keyvalue: Octets::new(key.secret_bytes()) }
}
