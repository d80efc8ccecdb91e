//! The acceptor, from a token or from what lies inside of one.

use super::{NOW_TIME, SERVICE, maker};
use crate::input::{Input, check_error, rng};
use crate::krb5_crypto::{ENCTYPES, key};
use ::gss_core::bindings::{BindingCheck, BindingDigest};
use ::gss_core::{
    AcceptableBindings, BindingPolicy, ChannelBindings, ContextFlags, Diagnose, Env, Handshake,
    SecurityContext, Step, Timestamp, oid,
};
use ::gss_krb5::authdata::PacPolicy;
use ::gss_krb5::checksum::GssChecksum;
use ::gss_krb5::replay::MemoryReplayCache;
use ::gss_krb5::token::{ContextToken, Framing, TokenId};
use ::gss_krb5::transited::TransitedPolicy;
use ::gss_krb5::{Accepted, Acceptor, AcceptorConfig, AcceptorError, Allow, Context, ServiceKeys};
use ::krb5_asn1::{
    AddressType, ApOptions, ApRep, ApReq, Authenticator, Checksum, Decode, EncTicketPart, Encode,
    EncryptedData, KrbCred, KrbError, Octets, Principal, Raw, SeqOf, Ticket, UInt32,
};
use ::krb5_crypto::{ChecksumType, EncType, Key, KeyUsage};
use test_support::ticket::seal;

/// What an acceptor allows, its policies and its clock, from a few bytes.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    allow: u8,
    policies: u8,
    now: Timestamp,
}

impl Settings {
    /// Takes them from an input: two bytes, and a time in four.
    pub fn take(input: &mut Input<'_>) -> Self {
        let (allow, policies) = (input.byte(), input.byte());
        Self { allow, policies, now: Timestamp::from_seconds(input.u32().into()) }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A configuration with one key and an empty replay cache.
    ///
    /// # Panics
    /// Never: one binding is not too many.
    pub fn config(&self, key: Key) -> AcceptorConfig {
        let service: Principal = SERVICE.parse().expect("a principal");
        let mut keys = ServiceKeys::new();
        keys.add(service.clone(), 1, key.duplicate());
        keys.add(service.clone(), 2, key);
        let mut config = AcceptorConfig::new(keys, MemoryReplayCache::with_capacity_and_shards(8, 1));
        for (bit, allow) in
            [Allow::WEAK_ENCTYPES, Allow::MISSING_CHECKSUM, Allow::BARE_AP_REQ].into_iter().enumerate()
        {
            if self.allow & (1 << bit) != 0 {
                config = config.allow(allow);
            }
        }
        let policy = match self.policies & 3 {
            0 => BindingPolicy::VerifyIfPresent,
            1 => BindingPolicy::Require,
            _ => BindingPolicy::Ignore,
        };
        let any_of = [ChannelBindings::new(b"fuzz")];
        let any_of = if self.policies & 4 == 0 { &any_of[..] } else { &[] };
        let bindings = BindingCheck::new(&AcceptableBindings { policy, any_of }).expect("one binding");
        config
            .channel_bindings(bindings)
            .pac(match self.policies >> 3 & 3 {
                0 => PacPolicy::VerifyIfPresent,
                1 => PacPolicy::Require,
                _ => PacPolicy::IgnoreUnverified,
            })
            .transited(match self.policies >> 5 & 3 {
                0 => TransitedPolicy::RequireKdcCheck,
                1 => TransitedPolicy::AllowedRealms(&["A", "B.A"]),
                _ => TransitedPolicy::TrustUncheckedPath,
            })
    }

    fn acceptor<'c>(&self, config: &'c AcceptorConfig) -> Acceptor<&'c AcceptorConfig> {
        let acceptor = Acceptor::new(config);
        if self.policies & 0x80 == 0 {
            acceptor
        } else {
            acceptor.peer_address(AddressType::IPV4, &[127, 0, 0, 1])
        }
    }
}

/// Any bytes as the token, and any bytes as the token after it. The key comes with the input, so that recordings are
/// seeds.
pub fn tokens(input: &[u8]) {
    let mut input = Input::new(input);
    let settings = Settings::take(&mut input);
    let config = settings.config(key(&mut input));
    accept(&settings, &config, input.chunk(), input.chunk());
}

/// Any bytes as the plaintext of ticket, authenticator, delegated credentials and third leg, each encrypted as it should
/// be: what a client can say that a KDC knows.
pub fn parts(input: &[u8]) {
    let mut input = Input::new(input);
    let settings = Settings { now: NOW_TIME, ..Settings::take(&mut input) };
    let service_key = maker(*input.pick(ENCTYPES), ENCTYPES[0]).service_key;
    let options = ApOptions(input.u32());
    let kvno = Some(UInt32(input.byte().into())).filter(|kvno| kvno.0 != 0);
    let framed = input.byte().is_multiple_of(2);
    let [ticket_part, authenticator, cred, third] = [(); 4].map(|()| input.chunk());

    let session_key = session_key(ticket_part).unwrap_or_else(|| service_key.duplicate());
    let sealed = seal(&service_key.cipher(KeyUsage::TICKET), ticket_part, 1);
    let service: Principal = SERVICE.parse().expect("a principal");
    let ticket = Ticket {
        realm: service.realm(),
        sname: service.name(),
        enc_part: encrypted(&service_key, kvno, &sealed),
    };
    let ticket = ticket.to_der().expect("a ticket encodes");
    let ticket: Raw<'_, Ticket<'_>> = Raw::new(&ticket).expect("a ticket decodes");

    let authenticator = with_delegation(authenticator, cred, ticket, &session_key);
    let sealed = seal(&session_key.cipher(KeyUsage::AP_REQ_AUTHENTICATOR), &authenticator, 2);
    let request =
        ApReq { ap_options: options, ticket, authenticator: encrypted(&session_key, None, &sealed) };
    let mut token = request.to_der().expect("a request encodes");
    if framed {
        token.splice(0..0, TokenId::AP_REQ.0);
        ::gss_core::framing::frame_from(&mut token, 0, &oid::KRB5).expect("a Vec has room");
    }
    let sealed = seal(&session_key.cipher(KeyUsage::AP_REP), third, 3);
    let third = ApRep { enc_part: encrypted(&session_key, None, &sealed) }.to_der().expect("a reply encodes");
    let config = settings.config(service_key);
    accept(&settings, &config, &token, &third);
}

fn encrypted<'a>(key: &Key, kvno: Option<UInt32>, cipher: &'a [u8]) -> EncryptedData<'a> {
    EncryptedData { etype: key.enctype().0, kvno, cipher: Octets::new(cipher) }
}

/// The key inside a ticket, if it holds one.
fn session_key(part: &[u8]) -> Option<Key> {
    let part = EncTicketPart::from_der(part).ok()?;
    Key::new(EncType(part.key.keytype), part.key.keyvalue.as_bytes()).ok()
}

/// Puts delegated credentials into the authenticator's checksum, if both are there.
fn with_delegation(
    authenticator: &[u8],
    cred: &[u8],
    ticket: Raw<'_, Ticket<'_>>,
    session_key: &Key,
) -> Vec<u8> {
    let Ok(decoded) = Authenticator::from_der(authenticator) else { return authenticator.to_vec() };
    if cred.is_empty() {
        return authenticator.to_vec();
    }
    let sealed = seal(&session_key.cipher(KeyUsage::KRB_CRED), cred, 4);
    let tickets = [ticket];
    let cred = KrbCred { tickets: SeqOf::new(&tickets), enc_part: encrypted(session_key, None, &sealed) };
    let cred = cred.to_der().expect("credentials encode");
    let Ok(len) = u16::try_from(cred.len()) else { return authenticator.to_vec() };
    let flags = ContextFlags::DELEGATION | ContextFlags::MUTUAL;
    let mut content = GssChecksum::fixed_part(BindingDigest::NONE, flags).to_vec();
    content.extend_from_slice(&[1, 0]);
    content.extend_from_slice(&len.to_le_bytes());
    content.extend_from_slice(&cred);
    let cksum = Some(Checksum { cksumtype: ChecksumType::GSS.0, checksum: Octets::new(&content) });
    Authenticator { cksum, ..decoded }.to_der().expect("an authenticator encodes")
}

/// Runs an acceptor, and presents the same token again.
fn accept(settings: &Settings, config: &AcceptorConfig, token: &[u8], third: &[u8]) {
    let (mut rng, mut output) = (rng(), b"kept".to_vec());
    let mut env = Env::new(settings.now, &mut rng);
    let outcome = settings.acceptor(config).step(&mut token.to_vec(), &mut output, &mut env);
    let output = output.strip_prefix(b"kept").expect("what the sink held stays");
    let framing = ContextToken::parse(token).map(|token| token.framing);
    let framing = framing.unwrap_or(Framing::Bare);
    match outcome {
        Err(error) => return check_refusal(&error, framing, output),
        Ok(Step::Done(mut context)) => {
            let mutual = context.facts().flags.contains(ContextFlags::MUTUAL);
            assert!(!context.facts().flags.contains(ContextFlags::DCE_STYLE));
            assert_eq!(mutual, !output.is_empty(), "an AP-REP if and only if asked for");
            if mutual {
                check_reply(framing, output);
            }
            check_context(settings, &mut context);
        }
        Ok(Step::Continue(next)) => {
            check_reply(Framing::Bare, output);
            let mut output = Vec::new();
            match next.step(&mut third.to_vec(), &mut output, &mut env) {
                Ok(Step::Done(mut context)) => check_context(settings, &mut context),
                Ok(Step::Continue(_)) => panic!("there is no fourth leg"),
                Err(error) => check_error(&error),
            }
            assert!(output.is_empty());
        }
    }
    let again = settings.acceptor(config).step(&mut token.to_vec(), &mut Vec::new(), &mut env);
    match again {
        Ok(_) => panic!("the same authenticator was accepted twice"),
        Err(error) => assert_eq!(error.code(), "replayed", "{error}"),
    }
}

/// A refusal says why, to the peer too where Kerberos has a code for it.
fn check_refusal(error: &AcceptorError, framing: Framing, output: &[u8]) {
    check_error(error);
    let Some(code) = error.krb_error() else { return assert!(output.is_empty()) };
    if output.is_empty() {
        return;
    }
    let token = ContextToken::parse(output).expect("a context token");
    assert_eq!((token.id, token.framing), (TokenId::KRB_ERROR, framing));
    let message = KrbError::from_der(&output[token.message]).expect("a KRB-ERROR");
    assert_eq!(message.error_code, code);
}

fn check_reply(framing: Framing, output: &[u8]) {
    let token = ContextToken::parse(output).expect("a context token");
    assert_eq!((token.id, token.framing), (TokenId::AP_REP, framing));
    assert!(ApRep::from_der(&output[token.message]).is_ok());
}

/// What is established holds by the settings, and protects messages.
pub fn check_context(settings: &Settings, context: &mut Context<Accepted>) {
    let skew = i64::from(AcceptorConfig::DEFAULT_SKEW);
    let accepted = context.parties();
    assert!(accepted.times().end >= settings.now.saturating_add_seconds(-skew));
    assert!(accepted.times().start <= settings.now.saturating_add_seconds(skew));
    assert_eq!(accepted.service().to_string(), SERVICE);
    assert!(settings.allow & 1 != 0 || !accepted.ticket_enctype().is_weak());
    assert!(settings.allow & 1 != 0 || !context.secret_message_key().enctype().is_weak());
    assert!(settings.policies >> 3 & 3 != 1 || accepted.has_verified_pac());
    let facts = context.facts();
    assert_eq!(facts.peer.map(ToString::to_string), Some(accepted.client().to_string()));
    assert_eq!(facts.expires, Some(accepted.times().end));
    let delegated = facts.flags.contains(ContextFlags::DELEGATION);
    assert_eq!(delegated, !accepted.delegated().is_empty(), "delegation means tickets");
    let _ = format!("{context:?}");
    let (mut rng, mut mic) = (rng(), Vec::new());
    context.sealer().get_mic(b"message", &mut mic).expect("a fresh context has numbers left");
    let protection = ::gss_core::Protection::Confidentiality;
    context.sealer().wrap(protection, b"message", &mut mic, &mut rng).expect("as before");
}
