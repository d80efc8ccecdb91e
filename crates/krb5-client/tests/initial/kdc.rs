//! A KDC of one realm and one user, which does what a test wants it to.

mod reply;
mod wire;

use gss_core::{Env, Timestamp};
use krb5_asn1::{
    ApReq, AsReq, Authenticator, Decode, EncTicketPart, Encode, EncryptedData, ErrorCode, EtypeInfo2Entry,
    KdcReqBody, KerberosString, KrbError, KrbFastReq, Microseconds, Octets, PaDataType, PaEncTsEnc,
    PaFxFastRequest, Principal, SeqOf, TicketFlags,
};
use krb5_client::{AsError, AsExchange, AsOptions, AsOutcome, Policy, Request, RunError, Secret, run};
use krb5_crypto::{EncType, Key, KeyUsage};
use krb5_files::Address;
use test_support::TestRng;

pub(crate) use wire::*;

pub(crate) const REALM: &str = "EXAMPLE.COM";
pub(crate) const NOW: i64 = 1_700_000_000;
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const AES256: EncType = EncType::AES256_CTS_HMAC_SHA1_96;
pub(crate) const AES128: EncType = EncType::AES128_CTS_HMAC_SHA1_96;

pub(crate) type Data = Vec<(PaDataType, Vec<u8>)>;

/// The KDC, and what it saw.
pub(crate) struct Kdc {
    pub(crate) realm: String,
    pub(crate) client: Principal,
    pub(crate) now: i64,
    pub(crate) salt: String,
    pub(crate) s2kparams: Option<Vec<u8>>,
    /// The enctype of the client's key.
    pub(crate) enctype: EncType,
    /// What it wants; empty: nothing.
    pub(crate) preauth: Vec<PaDataType>,
    pub(crate) fast: bool,
    pub(crate) tgs_key: Key,
    /// What it refuses with, whatever is asked.
    pub(crate) refuse: Option<ErrorCode>,
    pub(crate) refer_to: Option<String>,
    pub(crate) seen: Vec<Seen>,
    /// Changes what the KDC is about to reply.
    pub(crate) twist: Box<dyn FnMut(&mut Parts)>,
    /// Changes what goes through the tunnel of FAST, before and after it is encrypted.
    pub(crate) bend_inside: fn(&mut Inside<'_>),
    pub(crate) bend_outside: fn(&mut Vec<u8>),
    pub(crate) rng: TestRng,
    #[cfg(feature = "spake")]
    pub(crate) spake: crate::spake::KdcSide,
}

/// A request as the KDC saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) etypes: Vec<i32>,
    pub(crate) nonce: u32,
    pub(crate) outer_name: String,
    /// Types of the data that counts.
    pub(crate) padata: Vec<PaDataType>,
    pub(crate) inside_fast: bool,
    pub(crate) cookie: Option<Vec<u8>>,
}

/// What goes through the tunnel.
pub(crate) type Inside<'a> = krb5_asn1::KrbFastResponse<'a>;

/// What goes into a reply.
pub(crate) struct Parts {
    pub(crate) client: Principal,
    pub(crate) ticket_server: Principal,
    pub(crate) server: Principal,
    pub(crate) nonce: u32,
    pub(crate) reply_key: Key,
    pub(crate) session_enctype: EncType,
    pub(crate) session_key: Vec<u8>,
    pub(crate) flags: TicketFlags,
    pub(crate) auth: i64,
    pub(crate) start: Option<i64>,
    pub(crate) end: i64,
    pub(crate) renew_till: Option<i64>,
    pub(crate) addresses: Vec<Address>,
    pub(crate) padata: Data,
    /// Makes the checksum over the request; `None`: there is none.
    pub(crate) request_checksum_over: Option<Vec<u8>>,
    pub(crate) says_fast: bool,
    pub(crate) strengthen: bool,
    pub(crate) finished: bool,
    pub(crate) fast_nonce: u32,
    /// What the ticket checksum covers, in place of the ticket.
    pub(crate) checksum_over: Option<Vec<u8>>,
    pub(crate) in_tunnel: bool,
}

/// What the KDC works with for one request.
pub(crate) struct Asked<'a> {
    /// DER of the body that counts.
    #[cfg_attr(not(feature = "spake"), expect(dead_code, reason = "SPAKE alone makes keys of it"))]
    pub(crate) body: &'a [u8],
    pub(crate) padata: Data,
    pub(crate) armor: Option<Key>,
    pub(crate) nonce: u32,
    pub(crate) whole: &'a [u8],
    pub(crate) sname: Vec<String>,
    pub(crate) till: i64,
}

impl Kdc {
    pub(crate) fn new() -> Self {
        Self {
            realm: REALM.into(),
            client: Principal::new("alice", REALM),
            now: NOW,
            salt: "EXAMPLE.COMalice".into(),
            s2kparams: Some(vec![0, 0, 0, 16]),
            enctype: AES256,
            preauth: vec![PaDataType::ENC_TIMESTAMP],
            fast: false,
            tgs_key: Key::new(AES256, &[0x77; 32]).unwrap(),
            refuse: None,
            refer_to: None,
            seen: Vec::new(),
            twist: Box::new(|_| {}),
            bend_inside: |_| {},
            bend_outside: |_| {},
            rng: TestRng::insecure(7),
            #[cfg(feature = "spake")]
            spake: crate::spake::KdcSide::default(),
        }
    }

    pub(crate) fn wanting(preauth: &[PaDataType]) -> Self {
        Self { preauth: preauth.to_vec(), ..Self::new() }
    }

    pub(crate) fn twisted(twist: impl FnMut(&mut Parts) + 'static) -> Self {
        Self { twist: Box::new(twist), ..Self::new() }
    }

    pub(crate) fn key(&self) -> Key {
        Key::from_password(self.enctype, PASSWORD.as_bytes(), self.salt.as_bytes(), self.s2kparams.as_deref())
            .unwrap()
    }

    pub(crate) fn answer(&mut self, message: &[u8]) -> Vec<u8> {
        let request = AsReq::from_der(message).unwrap();
        let outer = list(&request.padata.unwrap_or_default());
        let fast = outer.iter().find(|(pa_type, _)| *pa_type == PaDataType::FX_FAST).filter(|_| self.fast);
        let inner = fast.map(|(_, value)| self.open_tunnel(value, request.req_body.as_der()));
        let (armor, padata, body) = match &inner {
            None => (None, outer.clone(), request.req_body.as_der().to_vec()),
            Some((armor, plaintext)) => {
                let inner = KrbFastReq::from_der(plaintext).unwrap();
                (Some(armor.duplicate()), list(&inner.padata), inner.req_body.as_der().to_vec())
            }
        };
        let view = KdcReqBody::from_der(&body).unwrap();
        self.seen.push(Seen {
            etypes: view.etype.iter().collect(),
            nonce: view.nonce.0,
            outer_name: request.req_body.cname.unwrap().to_string(),
            padata: padata.iter().map(|(pa_type, _)| *pa_type).collect(),
            inside_fast: armor.is_some(),
            cookie: value(&padata, PaDataType::FX_COOKIE).map(<[u8]>::to_vec),
        });
        let asked = Asked {
            body: &body,
            armor,
            nonce: view.nonce.0,
            whole: message,
            sname: view.sname.unwrap().components().map(|part| part.to_string()).collect(),
            till: view.till.unix_seconds(),
            padata,
        };
        if let Some(code) = self.refuse {
            return self.error(&asked, code, &[]);
        }
        if self.refer_to.is_some() {
            return self.error(&asked, ErrorCode::KDC_ERR_WRONG_REALM, &[]);
        }
        if view.cname.unwrap() != self.client.name() {
            return self.error(&asked, ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN, &[]);
        }
        self.authenticate(&asked)
    }

    /// PA-FX-FAST of a request: the armor key and the plaintext of KrbFastReq.
    fn open_tunnel(&self, value: &[u8], outer_body: &[u8]) -> (Key, Vec<u8>) {
        let PaFxFastRequest::ArmoredData(armored) = PaFxFastRequest::from_der(value).unwrap();
        let ap_req = ApReq::from_der(armored.armor.unwrap().armor_value.as_bytes()).unwrap();
        let ticket = open(&self.tgs_key, KeyUsage::TICKET, &ap_req.ticket.enc_part).unwrap();
        let session = key(EncTicketPart::from_der(&ticket).unwrap().key);
        let authenticator = open(&session, KeyUsage::AP_REQ_AUTHENTICATOR, &ap_req.authenticator).unwrap();
        let subkey = key(Authenticator::from_der(&authenticator).unwrap().subkey.unwrap());
        let armor = subkey.cf2(&session, b"subkeyarmor", b"ticketarmor").unwrap();
        let tag = armored.req_checksum.checksum.as_bytes();
        let _ = armor.checksum(KeyUsage::FAST_REQUEST_CHECKSUM).verify(&[outer_body], tag).unwrap();
        let plaintext = open(&armor, KeyUsage::FAST_REQUEST, &armored.enc_fast_req).unwrap();
        (armor, plaintext)
    }

    fn authenticate(&mut self, asked: &Asked<'_>) -> Vec<u8> {
        let mut wanted = self.preauth.clone();
        wanted.retain(|pa_type| value(&asked.padata, *pa_type).is_some());
        match wanted.first().copied() {
            _ if self.preauth.is_empty() => self.issue(asked, self.key(), Vec::new()),
            None => self.error(asked, ErrorCode::KDC_ERR_PREAUTH_REQUIRED, &self.offers()),
            Some(PaDataType::ENC_TIMESTAMP) => {
                let key = self.key();
                match self.check_time(asked, PaDataType::ENC_TIMESTAMP, &key, KeyUsage::PA_ENC_TIMESTAMP) {
                    Ok(()) => self.issue(asked, key, Vec::new()),
                    Err(code) => self.error(asked, code, &self.offers()),
                }
            }
            Some(PaDataType::ENCRYPTED_CHALLENGE) => self.encrypted_challenge(asked),
            #[cfg(feature = "spake")]
            Some(PaDataType::SPAKE) => crate::spake::answer(self, asked),
            Some(other) => panic!("the KDC does not know {other}"),
        }
    }

    fn encrypted_challenge(&mut self, asked: &Asked<'_>) -> Vec<u8> {
        const PA: PaDataType = PaDataType::ENCRYPTED_CHALLENGE;
        let (armor, key) = (asked.armor.as_ref().unwrap(), self.key());
        let challenge = |pepper| armor.cf2(&key, pepper, b"challengelongterm").unwrap();
        let from_client = challenge(&b"clientchallengearmor"[..]);
        if let Err(code) = self.check_time(asked, PA, &from_client, KeyUsage::ENCRYPTED_CHALLENGE_CLIENT) {
            return self.error(asked, code, &self.offers());
        }
        let time = PaEncTsEnc { patimestamp: time(self.now), pausec: None }.to_der().unwrap();
        let to_client = challenge(&b"kdcchallengearmor"[..]);
        let sealed = self.seal(&to_client, KeyUsage::ENCRYPTED_CHALLENGE_KDC, &time);
        let value = encrypted(&to_client, &sealed).to_der().unwrap();
        self.issue(asked, key, vec![(PA, value)])
    }

    fn check_time(
        &self,
        asked: &Asked<'_>,
        pa_type: PaDataType,
        key: &Key,
        usage: KeyUsage,
    ) -> Result<(), ErrorCode> {
        let sealed = EncryptedData::from_der(value(&asked.padata, pa_type).unwrap()).unwrap();
        let plaintext = open(key, usage, &sealed).ok_or(ErrorCode::KDC_ERR_PREAUTH_FAILED)?;
        let sent = PaEncTsEnc::from_der(&plaintext).unwrap().patimestamp.unix_seconds();
        if (sent - self.now).abs() > 300 { Err(ErrorCode::KRB_AP_ERR_SKEW) } else { Ok(()) }
    }

    pub(crate) fn offers(&self) -> Data {
        let info = EtypeInfo2Entry {
            etype: self.enctype.0,
            salt: Some(KerberosString::from(self.salt.as_str())),
            s2kparams: self.s2kparams.as_deref().map(Octets::new),
        };
        let mut offers = vec![(PaDataType::ETYPE_INFO2, SeqOf::new(&[info]).to_der().unwrap())];
        offers.extend(self.preauth.iter().map(|pa_type| (*pa_type, Vec::new())));
        if self.fast {
            offers.push((PaDataType::FX_FAST, Vec::new()));
        }
        let cookie = format!("cookie {}", self.seen.len()).into_bytes();
        offers.push((PaDataType::FX_COOKIE, cookie));
        offers
    }

    pub(crate) fn error(
        &mut self,
        asked: &Asked<'_>,
        code: ErrorCode,
        offers: &[(PaDataType, Vec<u8>)],
    ) -> Vec<u8> {
        let plain = self.krb_error(code, &encode(offers));
        let Some(armor) = &asked.armor else { return plain };
        let mut inside = offers.to_vec();
        inside.push((PaDataType::FX_ERROR, self.krb_error(code, &[])));
        let armor = armor.duplicate();
        let tunnel = self.tunnel(&armor, &inside, None, None, asked.nonce);
        self.krb_error(code, &encode(&[(PaDataType::FX_FAST, tunnel)]))
    }

    pub(crate) fn krb_error(&self, code: ErrorCode, e_data: &[u8]) -> Vec<u8> {
        let server = Principal::new_tgs(&self.realm, &self.realm);
        let crealm = self.refer_to.as_deref().filter(|_| code == ErrorCode::KDC_ERR_WRONG_REALM);
        KrbError {
            ctime: None,
            cusec: None,
            stime: time(self.now),
            susec: Microseconds::default(),
            error_code: code,
            crealm: crealm.map(KerberosString::from),
            cname: None,
            realm: server.realm(),
            sname: server.name(),
            e_text: None,
            e_data: Some(Octets::new(e_data)).filter(|_| !e_data.is_empty()),
        }
        .to_der()
        .unwrap()
    }
}

/// Logs alice in.
pub(crate) fn login(kdc: &mut Kdc) -> Result<AsOutcome, AsError> {
    login_with(kdc, options(), Secret::password(PASSWORD))
}

pub(crate) fn options() -> AsOptions {
    AsOptions::new(Principal::new("alice", REALM))
}

pub(crate) fn login_with(kdc: &mut Kdc, options: AsOptions, secret: Secret) -> Result<AsOutcome, AsError> {
    converse(&Policy::default(), options, secret, |request| kdc.answer(&request.message))
}

/// Runs an exchange with whatever answers.
pub(crate) fn converse(
    policy: &Policy,
    options: AsOptions,
    secret: Secret,
    mut answer: impl FnMut(&Request) -> Vec<u8>,
) -> Result<AsOutcome, AsError> {
    let mut rng = TestRng::insecure(1);
    let exchange =
        AsExchange::new(policy, options, secret, &mut Env::new(Timestamp::from_seconds(NOW), &mut rng))?;
    drive(exchange, &mut answer)
}

pub(crate) fn drive(
    exchange: AsExchange,
    answer: &mut dyn FnMut(&Request) -> Vec<u8>,
) -> Result<AsOutcome, AsError> {
    let mut rng = TestRng::insecure(2);
    let mut transport = |request: &Request| Ok::<_, core::convert::Infallible>(answer(request));
    run(exchange, &mut transport, &mut || Timestamp::from_seconds(NOW), &mut rng).map_err(|error| match error
    {
        RunError::Exchange(error) => error,
        RunError::Transport(never) => match never {},
    })
}
