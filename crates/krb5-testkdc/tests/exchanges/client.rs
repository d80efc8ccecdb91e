//! A client that does what a test says and nothing by itself.

use gss_core::Timestamp;
use krb5_asn1::{
    ApOptions, ApReq, AsRep, AsReq, AuthDataElement, Authenticator, Checksum, Decode, EncAsRepPart,
    EncTgsRepPart, EncTicketPart, Encode, EncryptedData, EncryptionKeyBuf, ErrorCode, KdcOptions, KdcReqBody,
    KerberosString, KerberosTime, KrbError, MethodData, Microseconds, Octets, PaData, PaDataType, PaEncTsEnc,
    Principal, Raw, SeqOf, TgsRep, TgsReq, Ticket, TicketFlags, UInt32,
};
use krb5_crypto::{EncType, Key, KeyUsage};
use krb5_testkdc::{Account, Clock, Kdc, Port, Realm};
use test_support::TestRng;

pub(crate) const NOW: i64 = 1_700_000_000;
pub(crate) const HOUR: i64 = 3600;
pub(crate) const AES256: EncType = EncType::AES256_CTS_HMAC_SHA1_96;
pub(crate) const AES128: EncType = EncType::AES128_CTS_HMAC_SHA1_96;
pub(crate) const TGS: &str = "krbtgt/A.TEST@A.TEST";

/// Realm A.TEST with alice and a web service, and whatever else a test wants.
pub(crate) fn kdc(more: impl FnOnce(Realm) -> Realm) -> Kdc {
    let realm = Realm::new("A.TEST").user("alice", "secret").service("HTTP/www.a.test");
    Kdc::builder().realm(more(realm)).clock(clock()).seed(1).build().unwrap()
}

pub(crate) fn clock() -> Clock {
    Clock::manual(Timestamp::from_seconds(NOW))
}

pub(crate) fn nobody_else(realm: Realm) -> Realm {
    realm
}

pub(crate) fn without_preauth(name: &str) -> Account {
    Account { requires_preauth: false, ..Account::user(name, "secret") }
}

pub(crate) fn principal(text: &str) -> Principal {
    text.parse().unwrap()
}

pub(crate) fn time(seconds: i64) -> KerberosTime {
    KerberosTime::from_unix(seconds).unwrap()
}

type Padata = Vec<(PaDataType, Vec<u8>)>;

/// A KRB-ERROR.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) code: ErrorCode,
    pub(crate) text: String,
    pub(crate) crealm: Option<String>,
    pub(crate) stime: i64,
    pub(crate) e_data: Option<Vec<u8>>,
}

impl Refused {
    pub(crate) fn read(message: &[u8]) -> Option<Self> {
        let error = KrbError::from_der(message).ok()?;
        Some(Self {
            code: error.error_code,
            text: error.e_text.unwrap_or_default().to_string(),
            crealm: error.crealm.map(|realm| realm.to_string()),
            stime: error.stime.unix_seconds(),
            e_data: error.e_data.map(|data| data.as_bytes().to_vec()),
        })
    }

    /// The METHOD-DATA.
    pub(crate) fn padata(&self) -> Padata {
        own(Some(MethodData::from_der(self.e_data.as_deref().expect("METHOD-DATA")).unwrap()))
    }

    pub(crate) fn types(&self) -> Vec<PaDataType> {
        self.padata().iter().map(|(padata_type, _)| *padata_type).collect()
    }

    pub(crate) fn value(&self, padata_type: PaDataType) -> Vec<u8> {
        find(&self.padata(), padata_type)
    }
}

pub(crate) fn find(padata: &Padata, padata_type: PaDataType) -> Vec<u8> {
    let found = padata.iter().find(|(seen, _)| *seen == padata_type);
    found.unwrap_or_else(|| panic!("no {padata_type} in {padata:?}")).1.clone()
}

pub(crate) fn own(padata: Option<MethodData<'_>>) -> Padata {
    let padata = padata.iter().flat_map(SeqOf::iter);
    padata.map(|element| (element.padata_type, element.padata_value.as_bytes().to_vec())).collect()
}

/// A ticket that was granted, and all that came with it.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) client: Principal,
    pub(crate) server: Principal,
    pub(crate) ticket: Vec<u8>,
    pub(crate) key: Key,
    pub(crate) flags: TicketFlags,
    pub(crate) auth: i64,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) renew_till: Option<i64>,
    pub(crate) nonce: u32,
    pub(crate) padata: Padata,
    pub(crate) sealed_padata: Padata,
    /// Enctype that the reply says it is encrypted in.
    pub(crate) enctype: i32,
}

impl Granted {
    /// The same with another ticket.
    pub(crate) fn with_ticket(&self, ticket: Vec<u8>) -> Self {
        Self {
            client: self.client.clone(),
            server: self.server.clone(),
            ticket,
            key: self.key.duplicate(),
            padata: Vec::new(),
            sealed_padata: Vec::new(),
            ..*self
        }
    }
}

impl From<krb5_files::Credential> for Granted {
    /// A ticket that the KDC gave out without an exchange.
    fn from(stored: krb5_files::Credential) -> Self {
        Self {
            key: Key::new(EncType(stored.key.keytype()), stored.key.keyvalue()).unwrap(),
            client: stored.client,
            server: stored.server,
            ticket: stored.ticket,
            flags: stored.flags,
            auth: stored.times.authtime.into(),
            start: stored.times.starttime.into(),
            end: stored.times.endtime.into(),
            renew_till: Some(stored.times.renew_till.into()),
            nonce: 0,
            padata: Vec::new(),
            sealed_padata: Vec::new(),
            enctype: 0,
        }
    }
}

/// What is asked for.
pub(crate) struct Ask {
    pub(crate) options: KdcOptions,
    pub(crate) client: Option<Principal>,
    pub(crate) realm: String,
    pub(crate) server: Option<Principal>,
    pub(crate) from: Option<i64>,
    pub(crate) till: i64,
    pub(crate) rtime: Option<i64>,
    pub(crate) nonce: u32,
    pub(crate) etypes: Vec<EncType>,
    pub(crate) authdata: Option<Vec<u8>>,
    pub(crate) tickets: Vec<Vec<u8>>,
    pub(crate) padata: Padata,
}

impl Ask {
    /// For an initial ticket.
    pub(crate) fn initial(client: &str) -> Self {
        let client = principal(client);
        let realm = client.realm().to_string();
        let server = Principal::new_tgs(&realm, &realm);
        Self { client: Some(client), ..Self::new(realm, server) }
    }

    /// For a further ticket.
    pub(crate) fn service(server: &str) -> Self {
        let server = principal(server);
        Self::new(server.realm().to_string(), server)
    }

    fn new(realm: String, server: Principal) -> Self {
        Self {
            options: KdcOptions::NONE,
            client: None,
            realm,
            server: Some(server),
            from: None,
            till: 0,
            rtime: None,
            nonce: 77,
            etypes: vec![AES256, AES128],
            authdata: None,
            tickets: Vec::new(),
            padata: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, padata_type: PaDataType, value: impl Into<Vec<u8>>) -> Self {
        self.padata.push((padata_type, value.into()));
        self
    }

    pub(crate) fn options(self, options: KdcOptions) -> Self {
        Self { options: self.options | options, ..self }
    }

    /// DER of the KDC-REQ-BODY.
    pub(crate) fn body(&self) -> Vec<u8> {
        let etypes: Vec<_> = self.etypes.iter().map(|enctype| enctype.0).collect();
        let tickets: Vec<Raw<'_, Ticket<'_>>> =
            self.tickets.iter().map(|der| Raw::new(der).unwrap()).collect();
        let body = KdcReqBody {
            kdc_options: self.options,
            cname: self.client.as_ref().map(Principal::name),
            realm: KerberosString::from(self.realm.as_str()),
            sname: self.server.as_ref().map(Principal::name),
            from: self.from.map(time),
            till: time(self.till),
            rtime: self.rtime.map(time),
            nonce: UInt32(self.nonce),
            etype: SeqOf::new(&etypes),
            addresses: None,
            enc_authorization_data: self.authdata.as_ref().map(|der| EncryptedData::from_der(der).unwrap()),
            additional_tickets: (!tickets.is_empty()).then(|| SeqOf::new(&tickets)),
        };
        body.to_der().unwrap()
    }
}

pub(crate) fn elements(padata: &Padata) -> Vec<PaData<'_>> {
    padata
        .iter()
        .map(|(padata_type, value)| PaData { padata_type: *padata_type, padata_value: Octets::new(value) })
        .collect()
}

pub(crate) fn seal(key: &Key, usage: KeyUsage, plain: &[u8], rng: &mut TestRng) -> Vec<u8> {
    let cipher = key.cipher(usage);
    let mut buffer = vec![0; cipher.overhead() + plain.len()];
    buffer[cipher.header_len()..][..plain.len()].copy_from_slice(plain);
    cipher.encrypt_in_place(&mut buffer, rng).unwrap();
    let data = EncryptedData { etype: key.enctype().0, kvno: None, cipher: Octets::new(&buffer) };
    data.to_der().unwrap()
}

pub(crate) fn open(key: &Key, usage: KeyUsage, data: &EncryptedData<'_>) -> Vec<u8> {
    let mut buffer = data.cipher.as_bytes().to_vec();
    key.cipher(usage).decrypt_in_place(&mut buffer).expect("decrypts").to_vec()
}

/// An authenticator, right unless a test makes it wrong.
pub(crate) struct Proof {
    pub(crate) client: Option<Principal>,
    pub(crate) ahead: i64,
    pub(crate) subkey: bool,
    pub(crate) checksum: Option<(i32, Vec<u8>)>,
    /// The checksum is computed over the body and takes the place of `checksum`.
    pub(crate) covers_body: bool,
    pub(crate) armor_only: bool,
    pub(crate) key: Option<Key>,
}

impl Default for Proof {
    fn default() -> Self {
        Self {
            client: None,
            ahead: 0,
            subkey: true,
            checksum: None,
            covers_body: true,
            armor_only: false,
            key: None,
        }
    }
}

/// A client of one KDC.
pub(crate) struct Client<'k> {
    pub(crate) kdc: &'k Kdc,
    pub(crate) rng: TestRng,
}

impl<'k> Client<'k> {
    pub(crate) fn new(kdc: &'k Kdc) -> Self {
        Self { kdc, rng: TestRng::insecure(99) }
    }

    pub(crate) fn now(&self) -> i64 {
        self.kdc.clock().now().seconds()
    }

    /// PA-ENC-TIMESTAMP of a user whose password has the default salt.
    pub(crate) fn timestamp(&mut self, key: &Key, ahead: i64) -> Vec<u8> {
        let at = PaEncTsEnc { patimestamp: time(self.now() + ahead), pausec: None };
        seal(key, KeyUsage::PA_ENC_TIMESTAMP, &at.to_der().unwrap(), &mut self.rng)
    }

    pub(crate) fn as_req(&self, ask: &Ask) -> Vec<u8> {
        let body = ask.body();
        let padata = elements(&ask.padata);
        let padata = (!padata.is_empty()).then(|| SeqOf::new(&padata));
        AsReq { padata, req_body: Raw::new(&body).unwrap() }.to_der().unwrap()
    }

    /// Asks as it is.
    pub(crate) fn initial(&mut self, ask: &Ask, reply_key: &Key) -> Result<Granted, Refused> {
        let reply = self.kdc.answer(Port::Kdc, &self.as_req(ask)).expect("an answer");
        if let Some(refused) = Refused::read(&reply) {
            return Err(refused);
        }
        let reply = AsRep::from_der(&reply).unwrap();
        let plain = open(reply_key, KeyUsage::AS_REP, &reply.enc_part);
        Ok(granted(&reply, &EncAsRepPart::from_der(&plain).unwrap().0))
    }

    /// Asks with an encrypted timestamp and a password.
    pub(crate) fn log_in_as(&mut self, ask: Ask, password: &str) -> Result<Granted, Refused> {
        let key = key_of(ask.client.as_ref().unwrap(), password, ask.etypes[0]);
        let timestamp = self.timestamp(&key, 0);
        self.initial(&ask.with(PaDataType::ENC_TIMESTAMP, timestamp), &key)
    }

    /// alice's ticket-granting ticket.
    pub(crate) fn log_in(&mut self) -> Granted {
        self.log_in_as(Ask::initial("alice@A.TEST").options(KdcOptions::FORWARDABLE), "secret").unwrap()
    }

    /// DER of an AP-REQ, and the subkey.
    pub(crate) fn ap_req(
        &mut self,
        tgt: &Granted,
        usage: KeyUsage,
        proof: &Proof,
        body: &[u8],
    ) -> (Vec<u8>, Option<Key>) {
        let session_key = proof.key.as_ref().unwrap_or(&tgt.key);
        let checksum = session_key.checksum(KeyUsage::TGS_REQ_AUTHENTICATOR_CHECKSUM);
        let tag = checksum.compute_tag(&[body]);
        let checksum = if proof.covers_body {
            Some((checksum.checksum_type().0, tag.as_bytes().to_vec()))
        } else {
            proof.checksum.clone()
        };
        let subkey = proof.subkey.then(|| Key::generate(tgt.key.enctype(), &mut self.rng).unwrap());
        let wire = subkey.as_ref().map(|key| EncryptionKeyBuf::new(key.enctype().0, key.secret_bytes()));
        let client = proof.client.as_ref().unwrap_or(&tgt.client);
        let armor =
            [AuthDataElement { ad_type: krb5_asn1::AuthDataType::FX_FAST_ARMOR, ad_data: Octets::new(&[]) }];
        let authenticator = Authenticator {
            crealm: client.realm(),
            cname: client.name(),
            cksum: checksum
                .as_ref()
                .map(|(cksumtype, tag)| Checksum { cksumtype: *cksumtype, checksum: Octets::new(tag) }),
            cusec: Microseconds::default(),
            ctime: time(self.now() + proof.ahead),
            subkey: wire.as_ref().map(EncryptionKeyBuf::as_borrowed),
            seq_number: None,
            authorization_data: proof.armor_only.then(|| SeqOf::new(&armor)),
        };
        let sealed = seal(session_key, usage, &authenticator.to_der().unwrap(), &mut self.rng);
        let request = ApReq {
            ap_options: ApOptions::NONE,
            ticket: Raw::new(&tgt.ticket).unwrap(),
            authenticator: EncryptedData::from_der(&sealed).unwrap(),
        };
        (request.to_der().unwrap(), subkey)
    }

    /// Message and subkey of a TGS-REQ.
    pub(crate) fn tgs_req(&mut self, tgt: &Granted, ask: &Ask, proof: &Proof) -> (Vec<u8>, Option<Key>) {
        let body = ask.body();
        let (ap_req, subkey) = self.ap_req(tgt, KeyUsage::TGS_REQ_AUTHENTICATOR, proof, &body);
        let mut all = vec![(PaDataType::TGS_REQ, ap_req)];
        all.extend(ask.padata.iter().cloned());
        let padata = elements(&all);
        let request = TgsReq { padata: Some(SeqOf::new(&padata)), req_body: Raw::new(&body).unwrap() };
        (request.to_der().unwrap(), subkey)
    }

    pub(crate) fn tgs(&mut self, tgt: &Granted, ask: &Ask) -> Result<Granted, Refused> {
        self.tgs_with(tgt, ask, &Proof::default())
    }

    pub(crate) fn tgs_with(&mut self, tgt: &Granted, ask: &Ask, proof: &Proof) -> Result<Granted, Refused> {
        let (request, subkey) = self.tgs_req(tgt, ask, proof);
        let reply = self.kdc.answer(Port::Kdc, &request).expect("an answer");
        read_tgs(&reply, subkey.as_ref().ok_or(&tgt.key))
    }
}

/// Reads a TGS-REP, sealed with the subkey or else the session key.
pub(crate) fn read_tgs(reply: &[u8], key: Result<&Key, &Key>) -> Result<Granted, Refused> {
    if let Some(refused) = Refused::read(reply) {
        return Err(refused);
    }
    let reply = TgsRep::from_der(reply).unwrap();
    let plain = match key {
        Ok(subkey) => open(subkey, KeyUsage::TGS_REP_SUBKEY, &reply.enc_part),
        Err(session_key) => open(session_key, KeyUsage::TGS_REP_SESSION_KEY, &reply.enc_part),
    };
    Ok(granted_tgs(&reply, &plain))
}

pub(crate) fn granted_tgs(reply: &TgsRep<'_>, plain: &[u8]) -> Granted {
    let TgsRep { padata, crealm, cname, ticket, enc_part } = *reply;
    granted(&AsRep { padata, crealm, cname, ticket, enc_part }, &EncTgsRepPart::from_der(plain).unwrap().0)
}

pub(crate) fn granted(reply: &AsRep<'_>, part: &krb5_asn1::EncKdcRepPart<'_>) -> Granted {
    Granted {
        client: Principal::from(reply.cname.in_realm(reply.crealm)),
        server: Principal::from(part.sname.in_realm(part.srealm)),
        ticket: reply.ticket.as_der().to_vec(),
        key: Key::new(EncType(part.key.keytype), part.key.keyvalue.as_bytes()).unwrap(),
        flags: part.flags,
        auth: part.authtime.unix_seconds(),
        start: part.starttime.unwrap().unix_seconds(),
        end: part.endtime.unix_seconds(),
        renew_till: part.renew_till.map(KerberosTime::unix_seconds),
        nonce: part.nonce.0,
        padata: own(reply.padata),
        sealed_padata: own(part.encrypted_pa_data),
        enctype: reply.enc_part.etype,
    }
}

/// The key of a password with the default salt.
pub(crate) fn key_of(client: &Principal, password: &str, enctype: EncType) -> Key {
    let mut salt = client.realm().as_bytes().to_vec();
    client.components().for_each(|component| salt.extend_from_slice(component.as_bytes()));
    Key::from_password(enctype, password.as_bytes(), &salt, None).unwrap()
}

/// The key that an account's ticket is sealed with, from its keytab.
pub(crate) fn keytab_key(kdc: &Kdc, server: &str, ticket: &[u8]) -> Key {
    let ticket = Ticket::from_der(ticket).unwrap();
    let keytab = kdc.keytab(&[server]).unwrap();
    let kvno = ticket.enc_part.kvno.map_or(0, |kvno| kvno.0);
    let entry = keytab.find(&principal(server), kvno, ticket.enc_part.etype).expect("an entry");
    Key::new(EncType(entry.key.keytype()), entry.key.keyvalue()).unwrap()
}

/// Shows what is in a ticket.
pub(crate) fn inside<T>(key: &Key, ticket: &[u8], look: impl FnOnce(&EncTicketPart<'_>) -> T) -> T {
    let plain = open(key, KeyUsage::TICKET, &Ticket::from_der(ticket).unwrap().enc_part);
    look(&EncTicketPart::from_der(&plain).unwrap())
}
