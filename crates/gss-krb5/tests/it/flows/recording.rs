//! A recorded exchange, and what can be read out of it with its keys.

use crate::forge::Reply;
use alloc::sync::Arc;
use gss_core::{ContextFlags, Protection, Role, Timestamp};
use gss_krb5::replay::MemoryReplayCache;
use gss_krb5::{AcceptorConfig, Allow, ServiceKeys, ServiceTicket, TicketTimes};
use krb5_asn1::{ApReq, Authenticator, Decode, EncTicketPart};
use krb5_crypto::{EncType, Key, KeyUsage};
use krb5_files::{Ccache, Keytab};
use test_support::ScriptedRng;
use test_support::vectors::{Record, load};

pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) principal: String,
    pub(crate) client: String,
    pub(crate) flags: ContextFlags,
    pub(crate) now: Timestamp,
    pub(crate) bindings: Option<Vec<u8>>,
    pub(crate) keytab: Keytab,
    ccache: Ccache,
    pub(crate) tokens: Vec<Vec<u8>>,
    /// The key for messages, or the session key where there are none.
    pub(crate) key: Key,
    pub(crate) acceptor_subkey: bool,
    sequences: Option<(u64, u64)>,
    pub(crate) messages: Vec<Message>,
}

/// A recorded message; a MIC where `protection` is `None`.
pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) from: Role,
    pub(crate) protection: Option<Protection>,
    pub(crate) data: Vec<u8>,
    pub(crate) token: Vec<u8>,
}

/// The initiator's random numbers and time.
pub(crate) struct Sent {
    pub(crate) time: Timestamp,
    subkey: Vec<u8>,
    sequence: u32,
}

impl Recording {
    pub(crate) fn load(name: &str) -> Self {
        let file = load(&format!("flows/mit/{name}"));
        let setup = file.records_of("setup").next().unwrap();
        let keytab = Keytab::parse(&setup.hex("keytab")).unwrap();
        let mut recording = Self {
            name: name.to_owned(),
            principal: setup.text("principal"),
            client: setup.text("client"),
            flags: flags(setup.get("flags").unwrap_or_default()),
            now: Timestamp::from_seconds(setup.int("unix")),
            bindings: setup.opt_hex("bindings"),
            keytab,
            ccache: Ccache::parse(&setup.hex("ccache")).unwrap(),
            tokens: file.records_of("token").map(|record| record.hex("token")).collect(),
            key: Key::new(EncType::AES128_CTS_HMAC_SHA1_96, &[0; 16]).unwrap(),
            acceptor_subkey: false,
            sequences: None,
            messages: Vec::new(),
        };
        for record in file.records() {
            match record.get("kind") {
                Some("context") => recording.context(record),
                Some("wrap" | "mic") => recording.messages.push(Message::read(record)),
                _ => {}
            }
        }
        recording
    }

    fn context(&mut self, record: &Record) {
        let enctype = EncType(i32::try_from(record.int("etype")).unwrap());
        // An enctype that this build lacks leaves the recording without context; it is left out then.
        let Ok(key) = Key::new(enctype, &record.hex("key")) else { return };
        self.key = key;
        self.acceptor_subkey = record.text("acceptor-subkey") == "yes";
        let sequence = |key| u64::try_from(record.int(key)).unwrap();
        self.sequences = Some((sequence("initiator-sequence"), sequence("acceptor-sequence")));
    }

    pub(crate) fn has_context(&self) -> bool {
        self.sequences.is_some()
    }

    pub(crate) fn sequence(&self, of: Role) -> u64 {
        let (initiator, acceptor) = self.sequences.unwrap();
        if of == Role::Initiator { initiator } else { acceptor }
    }

    pub(crate) fn token(&self, index: usize) -> Vec<u8> {
        self.tokens[index].clone()
    }

    pub(crate) fn acceptor_config(&self) -> AcceptorConfig {
        let mut keys = ServiceKeys::new();
        for entry in &self.keytab.entries {
            if let Ok(key) = Key::new(EncType(entry.key.keytype()), entry.key.keyvalue()) {
                keys.add(entry.principal.clone(), entry.kvno, key);
            }
        }
        AcceptorConfig::new(keys, MemoryReplayCache::with_capacity(9)).allow(Allow::WEAK_ENCTYPES)
    }

    pub(crate) fn service_ticket(&self) -> Arc<ServiceTicket> {
        let credential = self.ccache.find(&self.principal.parse().unwrap()).unwrap();
        let time = |seconds: u32| Timestamp::from_seconds(i64::from(seconds));
        Arc::new(ServiceTicket {
            client: credential.client.clone(),
            server: credential.server.clone(),
            session_key: self.session_key(),
            ticket: credential.ticket.clone(),
            flags: credential.flags,
            times: TicketTimes {
                auth: time(credential.times.authtime),
                start: time(credential.times.starttime),
                end: time(credential.times.endtime),
                renew_till: Some(time(credential.times.renew_till)),
            },
        })
    }

    pub(crate) fn session_enctype(&self) -> EncType {
        EncType(self.ccache.find(&self.principal.parse().unwrap()).unwrap().key.keytype())
    }

    /// The session key of the client's credential cache, which must be that of the ticket.
    pub(crate) fn session_key(&self) -> Key {
        let credential = self.ccache.find(&self.principal.parse().unwrap()).unwrap();
        let key = Key::new(self.session_enctype(), credential.key.keyvalue()).unwrap();
        self.with_request(|request| {
            let part = &request.ticket.enc_part;
            let mut cipher = part.cipher.as_bytes().to_vec();
            let service = crate::world::principal(&self.principal);
            let entry = self
                .keytab
                .entries
                .iter()
                .find(|entry| entry.key.keytype() == part.etype && entry.principal == service);
            let service_key = Key::new(EncType(part.etype), entry.unwrap().key.keyvalue()).unwrap();
            let plain = service_key.cipher(KeyUsage::TICKET).decrypt_in_place(&mut cipher).unwrap();
            let inside = EncTicketPart::from_der(plain).unwrap().key;
            assert_eq!(inside.keyvalue.as_bytes(), key.secret_bytes());
        });
        key
    }

    fn with_request<R>(&self, look: impl FnOnce(ApReq<'_>) -> R) -> R {
        let token = &self.tokens[0];
        let message = if token[0] == 0x60 { crate::forge::unframed(token).1 } else { token };
        look(ApReq::from_der(message).unwrap())
    }

    /// What MIT's initiator put into its authenticator.
    pub(crate) fn authenticator(&self) -> Sent {
        self.with_request(|request| {
            let mut cipher = request.authenticator.cipher.as_bytes().to_vec();
            let key = self.session_key();
            let plain = key.cipher(KeyUsage::AP_REQ_AUTHENTICATOR).decrypt_in_place(&mut cipher).unwrap();
            let authenticator = Authenticator::from_der(plain).unwrap();
            let (seconds, micros) = (authenticator.ctime.unix_seconds(), authenticator.cusec.get());
            Sent {
                time: Timestamp::new(seconds, micros).unwrap(),
                subkey: authenticator.subkey.unwrap().keyvalue.as_bytes().to_vec(),
                sequence: u32::from(authenticator.seq_number.unwrap()),
            }
        })
    }

    /// Subkey and sequence number of MIT's initiator, then confounders.
    pub(crate) fn initiator_randomness(&self) -> ScriptedRng {
        let Sent { subkey, sequence, .. } = self.authenticator();
        ScriptedRng::insecure([&subkey[..], &sequence.to_le_bytes(), &CONFOUNDERS].concat())
    }

    /// Subkey (if there is one) and sequence number of MIT's acceptor, then confounders.
    pub(crate) fn acceptor_randomness(&self) -> ScriptedRng {
        let Some((_, sequence)) = self.sequences else { return ScriptedRng::insecure(CONFOUNDERS) };
        let subkey = if self.acceptor_subkey { self.key.secret_bytes() } else { &[] };
        let sequence = u32::try_from(sequence).unwrap().to_le_bytes();
        ScriptedRng::insecure([subkey, &sequence, &CONFOUNDERS].concat())
    }

    /// MIT's AP-REP, opened.
    pub(crate) fn reply(&self) -> Reply {
        let token = &self.tokens[1];
        let message = if token[0] == 0x60 { crate::forge::unframed(token).1 } else { token };
        Reply::open(&self.session_key(), message)
    }
}

const CONFOUNDERS: [u8; 64] = [0x77; 64];

impl Message {
    fn read(record: &Record) -> Self {
        let protection = record.get("conf").map(|sealed| match sealed {
            "yes" => Protection::Confidentiality,
            "no" => Protection::Integrity,
            other => panic!("conf: {other}"),
        });
        Self {
            name: record.name().to_owned(),
            from: match record.get("from") {
                Some("initiator") => Role::Initiator,
                Some("acceptor") => Role::Acceptor,
                other => panic!("from: {other:?}"),
            },
            protection,
            data: record.hex("data"),
            token: record.hex("token"),
        }
    }
}

fn flags(names: &str) -> ContextFlags {
    let flag = |name| ContextFlags::from_name(name).unwrap_or_else(|| panic!("flag {name}"));
    names.split_whitespace().map(flag).fold(ContextFlags::NONE, ContextFlags::with)
}
