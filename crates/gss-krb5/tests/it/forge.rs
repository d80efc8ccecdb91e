//! Messages made by hand, so that a test can break the one rule that it is about.

use crate::world::{CLIENT, maker, now_plus};
use gss_core::bindings::BindingDigest;
use gss_core::{ContextFlags, Timestamp, framing, oid};
use gss_krb5::checksum::GssChecksum;
use krb5_asn1::{
    ApOptions, ApRep, ApReq, AuthDataElement, AuthDataType, Authenticator, Checksum, Decode, EncApRepPart,
    Encode, EncryptedData, EncryptionKey, KerberosTime, Microseconds, Octets, Principal, Raw, SeqOf, Ticket,
    UInt32,
};
use krb5_crypto::{ChecksumType, EncType, Key, KeyUsage};
use test_support::ticket::{TicketMaker, seal};

/// An AP-REQ that every acceptor should take, until a test changes it.
#[derive(Debug)]
pub(crate) struct Forge {
    pub(crate) maker: TicketMaker,
    pub(crate) options: ApOptions,
    /// The authenticator's client.
    pub(crate) client: Principal,
    pub(crate) checksum: Option<(ChecksumType, Vec<u8>)>,
    pub(crate) time: Timestamp,
    pub(crate) subkey: Option<(EncType, Vec<u8>)>,
    pub(crate) sequence: Option<u32>,
    pub(crate) authorization_data: Vec<(AuthDataType, Vec<u8>)>,
    /// What the authenticator is encrypted in: the session key.
    pub(crate) authenticator_key: Key,
    /// A last change of the authenticator's DER, before encryption.
    pub(crate) edit: fn(&mut Vec<u8>),
    /// Seed of the authenticator's confounder.
    pub(crate) seed: u64,
}

impl Forge {
    pub(crate) fn new(enctype: EncType) -> Self {
        let maker = maker(enctype);
        Self {
            options: ApOptions::MUTUAL_REQUIRED,
            client: CLIENT.parse().unwrap(),
            checksum: Some((ChecksumType::GSS, checksum(ContextFlags::INTEGRITY, b""))),
            time: now_plus(0),
            subkey: None,
            sequence: Some(1),
            authorization_data: Vec::new(),
            authenticator_key: maker.session_key.duplicate(),
            edit: |_| {},
            seed: 5,
            maker,
        }
    }

    /// With a GSS-API checksum that asks for these flags, names no channel, and goes on with these bytes.
    pub(crate) fn asking(mut self, flags: ContextFlags, rest: &[u8]) -> Self {
        self.checksum = Some((ChecksumType::GSS, checksum(flags, rest)));
        self
    }

    /// The bare AP-REQ.
    pub(crate) fn message(&self) -> Vec<u8> {
        let authenticator = self.authenticator();
        let cipher = self.authenticator_key.cipher(KeyUsage::AP_REQ_AUTHENTICATOR);
        let sealed = seal(&cipher, &authenticator, self.seed);
        let ticket = self.maker.ticket();
        let request = ApReq {
            ap_options: self.options,
            ticket: Raw::new(&ticket).unwrap(),
            authenticator: EncryptedData {
                etype: self.authenticator_key.enctype().0,
                kvno: None,
                cipher: Octets::new(&sealed),
            },
        };
        request.to_der().unwrap()
    }

    /// The context token.
    pub(crate) fn token(&self) -> Vec<u8> {
        framed([1, 0], &self.message())
    }

    fn authenticator(&self) -> Vec<u8> {
        let elements: Vec<_> = self
            .authorization_data
            .iter()
            .map(|(ad_type, data)| AuthDataElement { ad_type: *ad_type, ad_data: Octets::new(data) })
            .collect();
        let authenticator = Authenticator {
            crealm: self.client.realm(),
            cname: self.client.name(),
            cksum: self.checksum.as_ref().map(|(cksumtype, content)| Checksum {
                cksumtype: cksumtype.0,
                checksum: Octets::new(content),
            }),
            cusec: Microseconds::new(self.time.micros()).unwrap(),
            ctime: KerberosTime::from_unix(self.time.seconds()).unwrap(),
            subkey: self
                .subkey
                .as_ref()
                .map(|(enctype, bytes)| EncryptionKey { keytype: enctype.0, keyvalue: Octets::new(bytes) }),
            seq_number: self.sequence.map(UInt32),
            authorization_data: (!elements.is_empty()).then_some(SeqOf::new(&elements)),
        };
        let mut der = authenticator.to_der().unwrap();
        (self.edit)(&mut der);
        der
    }
}

/// The content of a checksum of type 0x8003 without bindings.
pub(crate) fn checksum(flags: ContextFlags, rest: &[u8]) -> Vec<u8> {
    [&GssChecksum::fixed_part(BindingDigest::NONE, flags)[..], rest].concat()
}

/// A message as a context token of Kerberos.
pub(crate) fn framed(token_id: [u8; 2], message: &[u8]) -> Vec<u8> {
    framed_for(&oid::KRB5, token_id, message)
}

pub(crate) fn framed_for(mechanism: &oid::Oid, token_id: [u8; 2], message: &[u8]) -> Vec<u8> {
    let mut token = [&token_id[..], message].concat();
    framing::frame_from(&mut token, 0, mechanism).unwrap();
    token
}

/// What is in a framed context token: its identifier and the message.
pub(crate) fn unframed(token: &[u8]) -> ([u8; 2], &[u8]) {
    let framed = framing::Framed::parse(token).unwrap();
    let (id, message) = framed.inner.split_first_chunk().unwrap();
    (*id, message)
}

/// The encrypted part of an AP-REP, with fields of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) time: Timestamp,
    pub(crate) subkey: Option<(EncType, Vec<u8>)>,
    pub(crate) sequence: Option<u32>,
}

impl Reply {
    /// Opens a bare AP-REP.
    pub(crate) fn open(session_key: &Key, message: &[u8]) -> Self {
        let reply = ApRep::from_der(message).unwrap();
        let mut cipher = reply.enc_part.cipher.as_bytes().to_vec();
        let part = session_key.cipher(KeyUsage::AP_REP).decrypt_in_place(&mut cipher).unwrap();
        let part = EncApRepPart::from_der(part).unwrap();
        Self {
            time: Timestamp::new(part.ctime.unix_seconds(), part.cusec.get()).unwrap(),
            subkey: part.subkey.map(|key| (EncType(key.keytype), key.keyvalue.as_bytes().to_vec())),
            sequence: part.seq_number.map(u32::from),
        }
    }

    /// The bare AP-REP.
    pub(crate) fn message(&self, session_key: &Key) -> Vec<u8> {
        let part = EncApRepPart {
            ctime: KerberosTime::from_unix(self.time.seconds()).unwrap(),
            cusec: Microseconds::new(self.time.micros()).unwrap(),
            subkey: self
                .subkey
                .as_ref()
                .map(|(enctype, bytes)| EncryptionKey { keytype: enctype.0, keyvalue: Octets::new(bytes) }),
            seq_number: self.sequence.map(UInt32),
        };
        let sealed = seal(&session_key.cipher(KeyUsage::AP_REP), &part.to_der().unwrap(), 6);
        ap_rep(session_key.enctype(), &sealed)
    }

    /// The context token.
    pub(crate) fn token(&self, session_key: &Key) -> Vec<u8> {
        framed([2, 0], &self.message(session_key))
    }
}

/// An AP-REP around this ciphertext.
pub(crate) fn ap_rep(enctype: EncType, cipher: &[u8]) -> Vec<u8> {
    let enc_part = EncryptedData { etype: enctype.0, kvno: None, cipher: Octets::new(cipher) };
    ApRep { enc_part }.to_der().unwrap()
}

/// A bare AP-REQ with its unauthenticated fields changed, and both ciphertexts as they were.
pub(crate) fn rewrite<'a>(
    message: &'a [u8],
    change: impl FnOnce(&mut ApOptions, &mut Ticket<'a>),
) -> Vec<u8> {
    let mut request = ApReq::from_der(message).unwrap();
    let mut ticket = *request.ticket.value();
    change(&mut request.ap_options, &mut ticket);
    let ticket = ticket.to_der().unwrap();
    ApReq { ticket: Raw::new(&ticket).unwrap(), ..request }.to_der().unwrap()
}
