//! What the KDC sends when it agrees.

use gss_core::Timestamp;
use krb5_asn1::{
    AsRep, AsReq, Checksum, Decode, EncAsRepPart, EncKdcRepPart, EncTicketPart, Encode, EncryptionKey,
    HostAddress, KrbFastArmoredRep, KrbFastFinished, KrbFastResponse, LastReqEntry, LastReqType,
    Microseconds, NameType, Octets, PaDataType, PaFxFastReply, Principal, Raw, SeqOf, Ticket, TicketFlags,
    TransitedEncoding, TransitedType, UInt32,
};
use krb5_client::{Credential, Times};
use krb5_crypto::{Key, KeyUsage};

use super::wire::{asn1_key, borrow, encrypted, seal, time};
use super::{AES256, Asked, Data, Kdc, NOW, Parts, REALM};

impl Kdc {
    pub(super) fn seal(&mut self, key: &Key, usage: KeyUsage, plaintext: &[u8]) -> Vec<u8> {
        seal(key, usage, plaintext, &mut self.rng)
    }

    pub(super) fn tunnel(
        &mut self,
        armor: &Key,
        padata: &[(PaDataType, Vec<u8>)],
        strengthen: Option<&Key>,
        finished: Option<KrbFastFinished<'_>>,
        nonce: u32,
    ) -> Vec<u8> {
        let padata = borrow(padata);
        let mut response = KrbFastResponse {
            padata: SeqOf::new(&padata),
            strengthen_key: strengthen.map(asn1_key),
            finished,
            nonce: UInt32(nonce),
        };
        (self.bend_inside)(&mut response);
        let sealed = self.seal(armor, KeyUsage::FAST_REPLY, &response.to_der().unwrap());
        let enc_fast_rep = encrypted(armor, &sealed);
        let mut value = PaFxFastReply::ArmoredData(KrbFastArmoredRep { enc_fast_rep }).to_der().unwrap();
        (self.bend_outside)(&mut value);
        value
    }

    /// Replies to a request of whatever kind, under this key.
    pub(crate) fn issue_to(&mut self, message: &[u8], reply_key: &[u8]) -> Vec<u8> {
        let request = AsReq::from_der(message).unwrap();
        let body = request.req_body;
        let asked = Asked {
            body: body.as_der(),
            padata: Vec::new(),
            armor: None,
            nonce: body.nonce.0,
            whole: message,
            sname: body.sname.unwrap().components().map(|part| part.to_string()).collect(),
            till: body.till.unix_seconds(),
        };
        self.issue(&asked, Key::new(AES256, reply_key).unwrap(), Vec::new())
    }

    /// Replies with a ticket.
    pub(crate) fn issue(&mut self, asked: &Asked<'_>, reply_key: Key, mut padata: Data) -> Vec<u8> {
        let info = self.offers().into_iter().filter(|(pa_type, _)| *pa_type == PaDataType::ETYPE_INFO2);
        padata.extend(info);
        let server = Principal::from_components(
            NameType::SRV_INST,
            asked.sname.iter().map(String::as_bytes),
            &self.realm,
        )
        .unwrap();
        let mut parts = Parts {
            client: self.client.clone(),
            ticket_server: server.clone(),
            server,
            nonce: asked.nonce,
            reply_key,
            session_enctype: self.enctype,
            session_key: vec![0x55; self.enctype.key_len().unwrap()],
            flags: TicketFlags::INITIAL | TicketFlags::PRE_AUTHENT | TicketFlags::ENC_PA_REP,
            auth: self.now,
            start: None,
            end: asked.till.min(self.now + 36_000),
            renew_till: None,
            addresses: Vec::new(),
            padata,
            request_checksum_over: Some(asked.whole.to_vec()),
            says_fast: self.fast,
            strengthen: true,
            finished: true,
            fast_nonce: asked.nonce,
            checksum_over: None,
            in_tunnel: true,
        };
        (self.twist)(&mut parts);
        let ticket = self.ticket(&parts);
        let padata = self.reply_padata(&mut parts, asked, &ticket);
        let enc_part = self.enc_part(&parts);
        let sealed = self.seal(&parts.reply_key, KeyUsage::AS_REP, &enc_part);
        let padata = borrow(&padata);
        AsRep {
            padata: Some(SeqOf::new(&padata)),
            crealm: parts.client.realm(),
            cname: parts.client.name(),
            ticket: Raw::<Ticket<'_>>::new(&ticket).unwrap(),
            enc_part: encrypted(&parts.reply_key, &sealed),
        }
        .to_der()
        .unwrap()
    }

    /// What goes in the clear part; strengthens the reply key.
    fn reply_padata(&mut self, parts: &mut Parts, asked: &Asked<'_>, ticket: &[u8]) -> Data {
        let Some(armor) = asked.armor.as_ref().filter(|_| parts.in_tunnel) else {
            return parts.padata.clone();
        };
        let strengthen = Key::new(AES256, &[0x33; 32]).unwrap();
        let strengthen = Some(&strengthen).filter(|_| parts.strengthen);
        if let Some(key) = strengthen {
            parts.reply_key = key.cf2(&parts.reply_key, b"strengthenkey", b"replykey").unwrap();
        }
        let checksum = armor.checksum(KeyUsage::FAST_FINISHED);
        let tag = checksum.compute_tag(&[parts.checksum_over.as_deref().unwrap_or(ticket)]);
        let client = self.client.clone();
        let finished = KrbFastFinished {
            timestamp: time(self.now),
            usec: Microseconds::default(),
            crealm: client.realm(),
            cname: client.name(),
            ticket_checksum: Checksum {
                cksumtype: checksum.checksum_type().0,
                checksum: Octets::new(tag.as_bytes()),
            },
        };
        let finished = Some(finished).filter(|_| parts.finished);
        let value = self.tunnel(&armor.duplicate(), &parts.padata, strengthen, finished, parts.fast_nonce);
        vec![(PaDataType::FX_FAST, value)]
    }

    fn ticket(&mut self, parts: &Parts) -> Vec<u8> {
        let part = EncTicketPart {
            flags: parts.flags,
            key: EncryptionKey {
                keytype: parts.session_enctype.0,
                keyvalue: Octets::new(&parts.session_key),
            },
            crealm: parts.client.realm(),
            cname: parts.client.name(),
            transited: TransitedEncoding { tr_type: TransitedType::NONE, contents: Octets::new(b"") },
            authtime: time(parts.auth),
            starttime: None,
            endtime: time(parts.end),
            renew_till: None,
            caddr: None,
            authorization_data: None,
        };
        let key = self.tgs_key.duplicate();
        let sealed = self.seal(&key, KeyUsage::TICKET, &part.to_der().unwrap());
        Ticket {
            realm: parts.ticket_server.realm(),
            sname: parts.ticket_server.name(),
            enc_part: encrypted(&key, &sealed),
        }
        .to_der()
        .unwrap()
    }

    fn enc_part(&self, parts: &Parts) -> Vec<u8> {
        let last_req = [LastReqEntry { lr_type: LastReqType::NONE, lr_value: time(self.now) }];
        let checksum = parts.reply_key.checksum(KeyUsage::AS_REQUEST_CHECKSUM);
        let tag = parts.request_checksum_over.as_deref().map(|bytes| checksum.compute_tag(&[bytes]));
        let mut encrypted = Data::new();
        if let Some(tag) = tag {
            let checksum =
                Checksum { cksumtype: checksum.checksum_type().0, checksum: Octets::new(tag.as_bytes()) };
            encrypted.push((PaDataType::REQ_ENC_PA_REP, checksum.to_der().unwrap()));
        }
        if parts.says_fast {
            encrypted.push((PaDataType::FX_FAST, Vec::new()));
        }
        let encrypted = borrow(&encrypted);
        let addresses: Vec<_> = parts
            .addresses
            .iter()
            .map(|address| HostAddress { addr_type: address.addr_type, address: Octets::new(&address.data) })
            .collect();
        EncAsRepPart(EncKdcRepPart {
            key: EncryptionKey {
                keytype: parts.session_enctype.0,
                keyvalue: Octets::new(&parts.session_key),
            },
            last_req: SeqOf::new(&last_req),
            nonce: UInt32(parts.nonce),
            key_expiration: Some(time(NOW + 86_400)),
            flags: parts.flags,
            authtime: time(parts.auth),
            starttime: parts.start.map(time),
            endtime: time(parts.end),
            renew_till: parts.renew_till.map(time),
            srealm: parts.server.realm(),
            sname: parts.server.name(),
            caddr: Some(SeqOf::new(&addresses)).filter(|list| !list.is_empty()),
            encrypted_pa_data: Some(SeqOf::new(&encrypted)).filter(|list| !list.is_empty()),
        })
        .to_der()
        .unwrap()
    }

    /// A ticket-granting ticket of the host, to be armor.
    pub(crate) fn armor(&mut self) -> Credential {
        let host = Principal::new_service("host", "client.example.com", REALM);
        let server = Principal::new_tgs(&self.realm, &self.realm);
        let session_key = vec![0x22; 32];
        let part = EncTicketPart {
            flags: TicketFlags::INITIAL,
            key: EncryptionKey { keytype: 18, keyvalue: Octets::new(&session_key) },
            crealm: host.realm(),
            cname: host.name(),
            transited: TransitedEncoding { tr_type: TransitedType::NONE, contents: Octets::new(b"") },
            authtime: time(NOW),
            starttime: None,
            endtime: time(NOW + 3600),
            renew_till: None,
            caddr: None,
            authorization_data: None,
        };
        let key = self.tgs_key.duplicate();
        let sealed = self.seal(&key, KeyUsage::TICKET, &part.to_der().unwrap());
        let ticket =
            Ticket { realm: server.realm(), sname: server.name(), enc_part: encrypted(&key, &sealed) };
        Credential {
            client: host.clone(),
            session_key: Key::new(AES256, &session_key).unwrap(),
            flags: TicketFlags::INITIAL,
            times: Times {
                auth: Timestamp::from_seconds(NOW),
                start: Timestamp::from_seconds(NOW),
                end: Timestamp::from_seconds(NOW + 3600),
                renew_till: None,
            },
            addresses: Vec::new(),
            ticket: ticket.to_der().unwrap(),
            second_ticket: None,
            server,
        }
    }
}
