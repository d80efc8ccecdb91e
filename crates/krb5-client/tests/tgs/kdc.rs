//! KDCs that issue tickets for whatever is asked, unless a test changes the reply.

use core::convert::Infallible;
use core::hash::{Hash, Hasher};
use std::collections::hash_map::DefaultHasher;

use gss_core::{Env, Timestamp};
use krb5_asn1::{
    ApReq, Authenticator, Checksum, Decode, EncKdcRepPart, EncTgsRepPart, EncTicketPart, Encode,
    EncryptedData, EncryptionKey, ErrorCode, HostAddress, KdcOptions, KdcReqBody, KerberosTime, KrbError,
    KrbFastArmoredRep, KrbFastFinished, KrbFastReq, KrbFastResponse, MethodData, Microseconds, Octets,
    PaData, PaDataType, PaFxFastReply, PaFxFastRequest, Principal, Raw, SeqOf, TgsRep, TgsReq, Ticket,
    TicketFlags, UInt32,
};
use krb5_client::{
    Credential, Exchange, Progress, Request, RunError, TgsError, TgsExchange, TgsOutcome, Times, run,
};
use krb5_crypto::{EncType, Key, KeyUsage};
use test_support::TestRng;
use test_support::ticket::{NOW, TicketMaker, key, seal};

pub(crate) const AES256: EncType = EncType::AES256_CTS_HMAC_SHA1_96;
pub(crate) const HOUR: i64 = 3600;

/// The long-term key of a principal, which every KDC here knows.
pub(crate) fn key_of(principal: &Principal) -> Key {
    let mut hasher = DefaultHasher::new();
    principal.to_string().hash(&mut hasher);
    key(AES256, hasher.finish())
}

pub(crate) fn principal(name: &str) -> Principal {
    name.parse().unwrap()
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn time(seconds: i64) -> KerberosTime {
    KerberosTime::from_unix(seconds).unwrap()
}

/// A ticket with these flags beside the usual ones, from an hour ago to nine hours from now.
pub(crate) fn credential(client: &str, server: &str, flags: TicketFlags) -> Credential {
    let server = principal(server);
    let mut maker = TicketMaker::new(client, &server.to_string(), key_of(&server));
    maker.flags = maker.flags | flags;
    maker.session_key = key(AES256, 77);
    maker.renew_till = flags.contains(TicketFlags::RENEWABLE).then_some(NOW + 100 * HOUR);
    Credential {
        client: maker.client.clone(),
        server,
        session_key: maker.session_key.duplicate(),
        flags: maker.flags,
        times: Times {
            auth: at(maker.auth_time),
            start: at(maker.auth_time),
            end: at(maker.end_time),
            renew_till: maker.renew_till.map(at),
        },
        addresses: Vec::new(),
        ticket: maker.ticket(),
        second_ticket: None,
    }
}

/// The ticket-granting ticket of alice in realm A.
pub(crate) fn tgt() -> Credential {
    credential("alice@A", "krbtgt/A@A", TicketFlags::FORWARDABLE | TicketFlags::RENEWABLE)
}

/// What a KDC reads in a TGS-REQ, after it verified it.
pub(crate) struct Asked {
    pub(crate) realm: String,
    pub(crate) server: Principal,
    pub(crate) body: Vec<u8>,
    pub(crate) options: KdcOptions,
    pub(crate) nonce: u32,
    pub(crate) enctypes: Vec<EncType>,
    pub(crate) till: i64,
    pub(crate) padata: Vec<(PaDataType, Vec<u8>)>,
    /// Of the ticket shown.
    pub(crate) client: Principal,
    pub(crate) shown: Principal,
    pub(crate) tgt_flags: TicketFlags,
    pub(crate) session_key: Key,
    /// Of the authenticator.
    pub(crate) subkey: Key,
    pub(crate) ctime: i64,
    pub(crate) second_ticket: Option<Vec<u8>>,
    pub(crate) addresses: Vec<Vec<u8>>,
    pub(crate) armor_key: Option<Key>,
}

pub(crate) fn open(key: &Key, usage: KeyUsage, data: &EncryptedData<'_>) -> Vec<u8> {
    assert_eq!(data.etype, key.enctype().0);
    let mut cipher = data.cipher.as_bytes().to_vec();
    key.cipher(usage).decrypt_in_place(&mut cipher).expect("encrypted with this key and usage").to_vec()
}

fn own(padata: &MethodData<'_>) -> Vec<(PaDataType, Vec<u8>)> {
    padata.iter().map(|data| (data.padata_type, data.padata_value.as_bytes().to_vec())).collect()
}

impl Asked {
    pub(crate) fn read(request: &Request) -> Self {
        let message = TgsReq::from_der(&request.message).unwrap();
        let outer = own(&message.padata.unwrap());
        let find = |wanted| outer.iter().find(|(found, _)| *found == wanted).map(|(_, data)| data.clone());
        let ap_req = find(PaDataType::TGS_REQ).unwrap();
        let shown = ApReq::from_der(&ap_req).unwrap();
        let server: Principal = shown.ticket.sname.in_realm(shown.ticket.realm).into();
        let ticket = open(&key_of(&server), KeyUsage::TICKET, &shown.ticket.enc_part);
        let ticket = EncTicketPart::from_der(&ticket).unwrap();
        let session_key = Key::new(EncType(ticket.key.keytype), ticket.key.keyvalue.as_bytes()).unwrap();
        let authenticator = open(&session_key, KeyUsage::TGS_REQ_AUTHENTICATOR, &shown.authenticator);
        let authenticator = Authenticator::from_der(&authenticator).unwrap();
        let client: Principal = ticket.cname.in_realm(ticket.crealm).into();
        assert_eq!(client, Principal::from(authenticator.cname.in_realm(authenticator.crealm)));
        let checksum = authenticator.cksum.unwrap();
        let _verified = session_key
            .checksum(KeyUsage::TGS_REQ_AUTHENTICATOR_CHECKSUM)
            .verify(&[message.req_body.as_der()], checksum.checksum.as_bytes())
            .expect("checksum over the body");
        let subkey = authenticator.subkey.unwrap();
        let subkey = Key::new(EncType(subkey.keytype), subkey.keyvalue.as_bytes()).unwrap();

        let mut padata = outer.clone();
        let mut body = message.req_body.as_der().to_vec();
        let mut armor_key = None;
        if let Some(fast) = find(PaDataType::FX_FAST) {
            let PaFxFastRequest::ArmoredData(fast) = PaFxFastRequest::from_der(&fast).unwrap();
            assert!(fast.armor.is_none());
            let armor = subkey.cf2(&session_key, b"subkeyarmor", b"ticketarmor").unwrap();
            let _verified = armor
                .checksum(KeyUsage::FAST_REQUEST_CHECKSUM)
                .verify(&[&ap_req], fast.req_checksum.checksum.as_bytes())
                .expect("checksum over the AP-REQ");
            let inner = open(&armor, KeyUsage::FAST_REQUEST, &fast.enc_fast_req);
            let inner = KrbFastReq::from_der(&inner).unwrap();
            padata = own(&inner.padata);
            body = inner.req_body.as_der().to_vec();
            armor_key = Some(armor);
        }
        let view = KdcReqBody::from_der(&body).unwrap();
        let sname = view.sname.unwrap();
        Self {
            realm: request.realm.clone(),
            server: sname.in_realm(view.realm).into(),
            options: view.kdc_options,
            nonce: view.nonce.0,
            enctypes: view.etype.iter().map(EncType).collect(),
            till: view.till.unix_seconds(),
            padata,
            client,
            shown: server,
            tgt_flags: ticket.flags,
            session_key,
            subkey,
            ctime: authenticator.ctime.unix_seconds(),
            second_ticket: view.additional_tickets.and_then(|list| list.first()).map(|t| t.as_der().to_vec()),
            addresses: view
                .addresses
                .unwrap_or_default()
                .iter()
                .map(|address| address.address.as_bytes().to_vec())
                .collect(),
            armor_key,
            body: body.clone(),
        }
    }

    pub(crate) fn find(&self, wanted: PaDataType) -> Option<&[u8]> {
        self.padata.iter().find(|(found, _)| *found == wanted).map(|(_, data)| data.as_slice())
    }

    /// The right reply: the ticket that was asked for.
    pub(crate) fn reply(&self) -> Reply<'_> {
        let flags = self.tgt_flags.without(TicketFlags::INITIAL);
        let mut asked_flags = flags;
        for (option, flag) in
            [(KdcOptions::FORWARDED, TicketFlags::FORWARDED), (KdcOptions::PROXY, TicketFlags::PROXY)]
        {
            if self.options.contains(option) {
                asked_flags = asked_flags | flag;
            }
        }
        Reply {
            asked: self,
            client: self.client.clone(),
            ticket_server: self.server.clone(),
            server: self.server.clone(),
            session_key: key(AES256, 78),
            session_enctype: AES256,
            nonce: self.nonce,
            flags: asked_flags.without(TicketFlags::INVALID),
            start: NOW,
            end: self.till,
            renew_till: flags.contains(TicketFlags::RENEWABLE).then_some(NOW + 100 * HOUR),
            key: self.subkey.duplicate(),
            usage: KeyUsage::TGS_REP_SUBKEY,
            padata: Vec::new(),
            encrypted_padata: Vec::new(),
            addresses: self.addresses.clone(),
            strengthen: None,
            tunnel_nonce: self.nonce,
            ticket_swapped: false,
        }
    }

    /// A referral to another realm.
    pub(crate) fn refer(&self, realm: &str) -> Vec<u8> {
        let mut reply = self.reply();
        reply.set_server(Principal::new_tgs(realm, &self.realm));
        reply.encode()
    }

    pub(crate) fn refuse(&self, code: ErrorCode) -> Vec<u8> {
        self.refuse_at(code, NOW)
    }

    pub(crate) fn refuse_at(&self, code: ErrorCode, stime: i64) -> Vec<u8> {
        krb_error(&self.server, code, stime, None)
    }
}

pub(crate) fn krb_error(server: &Principal, code: ErrorCode, stime: i64, e_data: Option<&[u8]>) -> Vec<u8> {
    let server = server.as_borrowed();
    let error = KrbError {
        ctime: None,
        cusec: None,
        stime: time(stime),
        susec: Microseconds::default(),
        error_code: code,
        crealm: None,
        cname: None,
        realm: server.realm,
        sname: server.name,
        e_text: None,
        e_data: e_data.map(Octets::new),
    };
    error.to_der().unwrap()
}

/// A TGS-REP in the making.
pub(crate) struct Reply<'q> {
    pub(crate) asked: &'q Asked,
    pub(crate) client: Principal,
    /// In the ticket's clear part.
    pub(crate) ticket_server: Principal,
    /// In the encrypted part of the reply.
    pub(crate) server: Principal,
    pub(crate) session_key: Key,
    /// What the reply says that the session key's enctype is.
    pub(crate) session_enctype: EncType,
    pub(crate) nonce: u32,
    pub(crate) flags: TicketFlags,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) renew_till: Option<i64>,
    pub(crate) key: Key,
    pub(crate) usage: KeyUsage,
    pub(crate) padata: Vec<(PaDataType, Vec<u8>)>,
    pub(crate) encrypted_padata: Vec<(PaDataType, Vec<u8>)>,
    pub(crate) addresses: Vec<Vec<u8>>,
    pub(crate) strengthen: Option<Key>,
    pub(crate) tunnel_nonce: u32,
    /// Another ticket than FAST's checksum covers.
    pub(crate) ticket_swapped: bool,
}

fn pa_data(list: &[(PaDataType, Vec<u8>)]) -> Vec<PaData<'_>> {
    list.iter()
        .map(|(padata_type, data)| PaData { padata_type: *padata_type, padata_value: Octets::new(data) })
        .collect()
}

impl Reply<'_> {
    pub(crate) fn set_server(&mut self, server: Principal) {
        self.ticket_server = server.clone();
        self.server = server;
    }

    fn ticket(&self, seed: u64) -> Vec<u8> {
        let mut maker = TicketMaker::new("nobody@A", "nobody@A", key_of(&self.ticket_server));
        maker.client = self.client.clone();
        maker.service = self.ticket_server.clone();
        maker.session_key = self.session_key.duplicate();
        maker.flags = self.flags;
        maker.end_time = self.end;
        maker.seed = seed;
        maker.ticket()
    }

    fn part(&self) -> Vec<u8> {
        let encrypted = pa_data(&self.encrypted_padata);
        let addresses: Vec<_> = self
            .addresses
            .iter()
            .map(|address| HostAddress {
                addr_type: krb5_asn1::AddressType::IPV4,
                address: Octets::new(address),
            })
            .collect();
        let server = self.server.as_borrowed();
        let part = EncKdcRepPart {
            key: EncryptionKey {
                keytype: self.session_enctype.0,
                keyvalue: Octets::new(self.session_key.secret_bytes()),
            },
            last_req: SeqOf::EMPTY,
            nonce: UInt32(self.nonce),
            key_expiration: None,
            flags: self.flags,
            authtime: time(NOW - HOUR),
            starttime: Some(time(self.start)),
            endtime: time(self.end),
            renew_till: self.renew_till.map(time),
            srealm: server.realm,
            sname: server.name,
            caddr: (!addresses.is_empty()).then(|| SeqOf::new(&addresses)),
            encrypted_pa_data: (!encrypted.is_empty()).then(|| SeqOf::new(&encrypted)),
        };
        EncTgsRepPart(part).to_der().unwrap()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let ticket = self.ticket(1);
        let mut reply_key = self.key.duplicate();
        if let Some(strengthen) = &self.strengthen {
            reply_key = strengthen.cf2(&reply_key, b"strengthenkey", b"replykey").unwrap();
        }
        let sealed = seal(&reply_key.cipher(self.usage), &self.part(), 2);
        let mut outer = self.padata.clone();
        if let Some(armor) = &self.asked.armor_key {
            outer = vec![(PaDataType::FX_FAST, self.tunnel(armor, &ticket))];
        }
        let shown = if self.ticket_swapped { self.ticket(3) } else { ticket };
        let outer = pa_data(&outer);
        let client = self.client.as_borrowed();
        let reply = TgsRep {
            padata: (!outer.is_empty()).then(|| SeqOf::new(&outer)),
            crealm: client.realm,
            cname: client.name,
            ticket: Raw::<Ticket<'_>>::new(&shown).unwrap(),
            enc_part: EncryptedData {
                etype: reply_key.enctype().0,
                kvno: None,
                cipher: Octets::new(&sealed),
            },
        };
        reply.to_der().unwrap()
    }

    fn tunnel(&self, armor: &Key, ticket: &[u8]) -> Vec<u8> {
        let checksum = armor.checksum(KeyUsage::FAST_FINISHED);
        let tag = checksum.compute_tag(&[ticket]);
        let padata = pa_data(&self.padata);
        let response = KrbFastResponse {
            padata: SeqOf::new(&padata),
            strengthen_key: self.strengthen.as_ref().map(|key| EncryptionKey {
                keytype: key.enctype().0,
                keyvalue: Octets::new(key.secret_bytes()),
            }),
            finished: Some(KrbFastFinished {
                timestamp: time(NOW),
                usec: Microseconds::default(),
                crealm: self.client.realm(),
                cname: self.client.name(),
                ticket_checksum: Checksum {
                    cksumtype: checksum.checksum_type().0,
                    checksum: Octets::new(tag.as_bytes()),
                },
            }),
            nonce: UInt32(self.tunnel_nonce),
        };
        tunnelled(armor, &response)
    }
}

/// A response in its armor.
pub(crate) fn tunnelled(armor: &Key, response: &KrbFastResponse<'_>) -> Vec<u8> {
    let sealed = seal(&armor.cipher(KeyUsage::FAST_REPLY), &response.to_der().unwrap(), 4);
    let enc_fast_rep = EncryptedData { etype: armor.enctype().0, kvno: None, cipher: Octets::new(&sealed) };
    PaFxFastReply::ArmoredData(KrbFastArmoredRep { enc_fast_rep }).to_der().unwrap()
}

/// Runs an exchange at [`NOW`] against what `kdc` answers. Fails when it takes more than 50 requests.
pub(crate) fn drive(
    start: impl FnOnce(&mut Env<'_>) -> Result<TgsExchange, TgsError>,
    mut kdc: impl FnMut(Asked) -> Vec<u8>,
) -> Result<TgsOutcome, TgsError> {
    let mut rng = TestRng::insecure(5);
    let exchange = start(&mut Env::new(at(NOW), &mut rng))?;
    let mut requests = 0;
    let mut transport = |request: &Request| -> Result<Vec<u8>, Infallible> {
        requests += 1;
        assert!(requests < 50, "the exchange does not end");
        Ok(kdc(Asked::read(request)))
    };
    run(exchange, &mut transport, &mut || at(NOW), &mut rng).map_err(|error| match error {
        RunError::Exchange(error) => error,
        RunError::Transport(never) => match never {},
    })
}

/// One step of an exchange, which has to be its last.
pub(crate) fn finish<X: Exchange>(exchange: X, reply: &[u8]) -> Result<X::Outcome, X::Error> {
    let mut rng = TestRng::insecure(6);
    match exchange.receive(reply, &mut Env::new(at(NOW), &mut rng))? {
        Progress::Done(outcome) => Ok(outcome),
        Progress::Ask(_) => panic!("the exchange goes on"),
    }
}
