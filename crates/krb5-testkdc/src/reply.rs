//! AS-REP and TGS-REP: what the client is told of its ticket, and all that can go wrong with it.

use gss_core::Timestamp;
use krb5_asn1::{
    AsRep, Checksum, Decode, EncAsRepPart, EncKdcRepPart, EncTgsRepPart, KerberosString, LastReqEntry,
    LastReqType, NameType, Octets, PaDataType, Principal, PrincipalName, Raw, SeqOf, TgsRep, Ticket, UInt32,
};
use krb5_crypto::{Key, KeyUsage};
use zeroize::Zeroizing;

use crate::fast::{Armor, Binding};
use crate::fault::Fault;
use crate::keys::to_wire;
use crate::refusal::{Outcome, Padata, der, kerberos_time, refuse};
use crate::sealed::{encrypted, seal};
use crate::ticket::{Contents, wire_addresses};
use crate::turn::Turn;

/// A ticket on its way to the client.
pub(crate) struct Reply<'a> {
    /// For an AS-REP: DER of the AS-REQ, if the client wants its checksum in the reply (RFC 6806 section 11).
    pub(crate) kind: Kind<'a>,
    /// The client, as the reply names it.
    pub(crate) client: &'a Principal,
    /// The service, as the reply names it.
    pub(crate) server: &'a Principal,
    pub(crate) contents: &'a Contents,
    /// DER of the ticket.
    pub(crate) ticket: Vec<u8>,
    pub(crate) nonce: u32,
    pub(crate) key_expiration: Option<Timestamp>,
    pub(crate) reply_key: &'a Key,
    /// Version of the reply key, if it is a long-term key.
    pub(crate) kvno: Option<u32>,
    pub(crate) padata: Padata,
    /// What goes into the encrypted part.
    pub(crate) sealed_padata: Padata,
    pub(crate) armor: Option<&'a Armor>,
}

/// Which reply.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    As { covered: Option<&'a [u8]> },
    Tgs { with_subkey: bool },
}

impl Kind<'_> {
    const fn usage(self) -> KeyUsage {
        match self {
            Kind::As { .. } => KeyUsage::AS_REP,
            Kind::Tgs { with_subkey: true } => KeyUsage::TGS_REP_SUBKEY,
            Kind::Tgs { with_subkey: false } => KeyUsage::TGS_REP_SESSION_KEY,
        }
    }
}

impl Reply<'_> {
    /// The whole message.
    pub(crate) fn encode(mut self, turn: &mut Turn<'_>) -> Outcome<Vec<u8>> {
        let generic = |error: String| refuse(krb5_asn1::ErrorCode::KRB_ERR_GENERIC, error);
        if turn.goes_wrong(&Fault::ForgedNames) {
            self.forge_names()?;
        }
        let armor = self.armor.filter(|_| !turn.goes_wrong(&Fault::StripFast));
        let mut strengthened = None;
        if let Some(armor) = armor {
            let strengthen = Key::generate(self.reply_key.enctype(), turn.rng())
                .map_err(|error| generic(error.to_string()))?;
            let key = strengthen
                .cf2(self.reply_key, b"strengthenkey", b"replykey")
                .map_err(|error| generic(error.to_string()))?;
            let binding = Binding { strengthen_key: &strengthen, client: self.client, ticket: &self.ticket };
            let inner = core::mem::take(&mut self.padata);
            self.padata.push(PaDataType::FX_FAST, armor.seal(turn, &inner, Some(&binding))?);
            strengthened = Some(key);
        }
        let key = strengthened.as_ref().unwrap_or(self.reply_key);
        if let Kind::As { covered: Some(request) } = self.kind {
            self.prove_request(turn, key, request)?;
        }
        let part = self.encode_part(turn)?;
        let mut cipher = seal(key, self.kind.usage(), &part, turn.rng());
        if turn.goes_wrong(&Fault::Corrupt)
            && let Some(byte) = cipher.last_mut()
        {
            *byte ^= 1;
        }
        self.encode_message(turn, key, &cipher)
    }

    /// The checksum over the request, and word of FAST (RFC 6806 section 11).
    fn prove_request(&mut self, turn: &mut Turn<'_>, key: &Key, request: &[u8]) -> Outcome<()> {
        let checksum = key.checksum(KeyUsage::AS_REQUEST_CHECKSUM);
        let wrong = turn.goes_wrong(&Fault::WrongRequestChecksum);
        let tag = checksum.compute_tag(&[request, if wrong { &[0] } else { &[] }]);
        let cksumtype = checksum.checksum_type().0;
        let value = der(&Checksum { cksumtype, checksum: Octets::new(tag.as_bytes()) })?;
        self.sealed_padata.push(PaDataType::REQ_ENC_PA_REP, value);
        Ok(())
    }

    fn encode_part(&self, turn: &mut Turn<'_>) -> Outcome<Zeroizing<Vec<u8>>> {
        let Contents { flags, session_key, times, addresses, .. } = self.contents;
        let key = to_wire(session_key);
        let last_req = [LastReqEntry { lr_type: LastReqType::NONE, lr_value: kerberos_time(turn.now) }];
        let addresses = wire_addresses(addresses);
        let sealed = self.sealed_padata.elements();
        let other = [KerberosString::from("another"), KerberosString::from("service")];
        let mut part = EncKdcRepPart {
            key: key.as_borrowed(),
            last_req: SeqOf::new(&last_req),
            nonce: UInt32(self.nonce),
            key_expiration: self.key_expiration.map(kerberos_time),
            flags: *flags,
            authtime: kerberos_time(times.auth),
            starttime: Some(kerberos_time(times.start)),
            endtime: kerberos_time(times.end),
            renew_till: times.renew_till.map(kerberos_time),
            srealm: self.server.realm(),
            sname: self.server.name(),
            caddr: (!addresses.is_empty()).then(|| SeqOf::new(&addresses)),
            encrypted_pa_data: (!sealed.is_empty()).then(|| SeqOf::new(&sealed)),
        };
        if turn.goes_wrong(&Fault::WrongNonce) {
            part.nonce = UInt32(self.nonce ^ 1);
        }
        if turn.goes_wrong(&Fault::WrongServer) {
            part.sname = PrincipalName::new(NameType::SRV_INST, &other);
        }
        if turn.goes_wrong(&Fault::WrongServerRealm) {
            part.srealm = KerberosString::from("ANOTHER.REALM");
        }
        let part = match self.kind {
            Kind::As { .. } => der(&EncAsRepPart(part))?,
            Kind::Tgs { .. } => der(&EncTgsRepPart(part))?,
        };
        Ok(Zeroizing::new(part))
    }

    fn encode_message(&self, turn: &mut Turn<'_>, key: &Key, cipher: &[u8]) -> Outcome<Vec<u8>> {
        let other = [KerberosString::from("mallory")];
        let anonymous = [KerberosString::from("WELLKNOWN"), KerberosString::from("ANONYMOUS")];
        let (mut crealm, mut cname) = (self.client.realm(), self.client.name());
        if self.armor.is_some_and(|armor| armor.hides_client) {
            crealm = KerberosString::from("WELLKNOWN:ANONYMOUS");
            cname = PrincipalName::new(NameType::WELLKNOWN, &anonymous);
        }
        if turn.goes_wrong(&Fault::WrongClient) {
            cname = PrincipalName::new(NameType::PRINCIPAL, &other);
        }
        if turn.goes_wrong(&Fault::WrongClientRealm) {
            crealm = KerberosString::from("ANOTHER.REALM");
        }
        let mut enc_part = encrypted(key, self.kvno, cipher);
        let wrong =
            |fault: &Fault| if let Fault::WrongEnctype(number) = fault { Some(*number) } else { None };
        if let Some(number) = turn.fault(wrong) {
            enc_part.etype = number;
        }
        let ticket: Raw<'_, Ticket<'_>> = Raw::new(&self.ticket)
            .map_err(|error| refuse(krb5_asn1::ErrorCode::KRB_ERR_GENERIC, error.to_string()))?;
        let padata = self.padata.elements();
        let padata = (!padata.is_empty()).then(|| SeqOf::new(&padata));
        match self.kind {
            Kind::As { .. } => der(&AsRep { padata, crealm, cname, ticket, enc_part }),
            Kind::Tgs { .. } => der(&TgsRep { padata, crealm, cname, ticket, enc_part }),
        }
    }

    /// Another name in the clear than in the encrypted part, as in CVE-2017-11103.
    fn forge_names(&mut self) -> Outcome<()> {
        let forged = [KerberosString::from("forged"), KerberosString::from("service")];
        let ticket = Ticket::from_der(&self.ticket)
            .map_err(|error| refuse(krb5_asn1::ErrorCode::KRB_ERR_GENERIC, error.to_string()))?;
        let ticket = der(&Ticket { sname: PrincipalName::new(NameType::SRV_INST, &forged), ..ticket })?;
        self.ticket = ticket;
        Ok(())
    }
}
