//! The Kerberos handshake: recordings, and handshakes of our own whose insides are the input.

use crate::{Seeds, flow};
use fuzz_targets::gss_krb5::{CLIENT, NOW_TIME, held, maker};
use fuzz_targets::input::{Output, rng};
use fuzz_targets::krb5_crypto::{ENCTYPES, enctype_index};
use gss_core::bindings::BindingDigest;
use gss_core::{ChannelBindings, ContextFlags, CryptoRng, Env, Handshake, Step, oid};
use gss_krb5::checksum::GssChecksum;
use gss_krb5::iakerb::{IakerbInitiator, ProxyMessage, TicketSource, TicketStep};
use gss_krb5::token::ContextToken;
use gss_krb5::{Initiator, InitiatorError};
use krb5_asn1::{
    AdApOptions, ApOptions, AuthDataElement, AuthDataType, Authenticator, Checksum, EncApRepPart,
    EncKrbCredPart, Encode, EncryptionKey, KerberosTime, KrbCredInfo, Microseconds, Octets, Principal, SeqOf,
    UInt32,
};
use krb5_crypto::{ChecksumType, EncType, Key};
use test_support::ticket::{NOW, TicketMaker};
use test_support::vectors::load;

/// Everything that safe defaults refuse.
const ALLOW_ALL: u8 = 7;
/// Channel bindings ignored.
const LENIENT: u8 = 2;
const NOW_SECONDS: u32 = 1_700_000_000;

pub fn add(seeds: &mut Seeds) {
    recordings(seeds);
    parts(seeds);
    replies(seeds);
    authdata(seeds);
    iakerb(seeds);
    for path in ["transited/rfc4120.txt", "transited/mit-transit-tests.txt"] {
        for record in load(path).records() {
            let input = Output::new().chunk(&record.hex("client")).chunk(&record.hex("server"));
            let input = input.rest(&record.hex("contents")).finish();
            seeds.add("gss_krb5_transited", &format!("{path} {}", record.name()), input);
        }
    }
    let present = |number: u8, time: i16| [&[number][..], &time.to_be_bytes()].concat();
    let clock = |seconds: i16| [&[0xf0][..], &seconds.to_be_bytes()].concat();
    let four = (0..4).flat_map(|number| present(number, 300)).collect::<Vec<_>>();
    seeds.add("gss_krb5_replay", "twice", [present(1, 300), present(1, 300)].concat());
    seeds.add("gss_krb5_replay", "full", [four.clone(), present(9, 300)].concat());
    seeds.add(
        "gss_krb5_replay",
        "expired",
        [four.clone(), clock(301), present(9, 300), present(1, 0)].concat(),
    );
    seeds.add(
        "gss_krb5_replay",
        "set-back",
        [four.clone(), clock(2000), present(9, 300), clock(-2000), four].concat(),
    );
}

/// Settings and key in front of an acceptor's tokens.
fn acceptor(policies: u8, now: u32, key: &Key) -> Output {
    Output::new()
        .byte(ALLOW_ALL)
        .byte(policies)
        .u32(now)
        .byte(enctype_index(key.enctype()))
        .chunk(key.secret_bytes())
}

fn recordings(seeds: &mut Seeds) {
    for flow in flow::all() {
        for key in flow.service_keys() {
            let mut input = acceptor(LENIENT, flow.now(), &key);
            if flow.is_spnego() {
                input = input.byte(0);
            }
            for token in flow.tokens("initiator") {
                input = input.chunk(&token);
            }
            let target = if flow.is_spnego() { "gss_spnego_krb5" } else { "gss_krb5_acceptor" };
            seeds.add(target, &format!("{} {}", flow.name, key.enctype()), input.finish());
        }
        for (number, token) in flow.tokens("acceptor").into_iter().enumerate() {
            if !flow.is_spnego() {
                let input = Output::new().byte(4 | 8).byte(1).u32(0).rest(&token).finish();
                seeds.add("gss_krb5_initiator", &format!("{} {number}", flow.name), input);
            }
        }
    }
    for &enctype in ENCTYPES {
        let maker = maker(enctype, enctype);
        let initiator = Initiator::new(held(&maker)).allow_weak_enctypes();
        let initiator = initiator.channel_bindings(&ChannelBindings::new(b"fuzz"));
        let input = acceptor(0, NOW_SECONDS, &maker.service_key).chunk(&request(initiator)).finish();
        seeds.add("gss_krb5_acceptor", &format!("bound {enctype}"), input);
    }
}

/// The token of a handshake that begins.
fn request(initiator: impl Handshake<Error = InitiatorError>) -> Vec<u8> {
    let (mut rng, mut token) = (rng(), Vec::new());
    let step = initiator.step(&mut [], &mut token, &mut Env::new(NOW_TIME, &mut rng));
    assert!(matches!(step, Ok(Step::Continue(_) | Step::Done(_))));
    token
}

/// What a client puts into an AP-REQ.
struct Client {
    flags: ContextFlags,
    subkey: Option<Key>,
    checksum: bool,
    options: ApOptions,
    authdata: Vec<(AuthDataType, Vec<u8>)>,
}

impl Client {
    fn new(flags: ContextFlags) -> Self {
        let options =
            if flags.contains(ContextFlags::MUTUAL) { ApOptions::MUTUAL_REQUIRED } else { ApOptions(0) };
        Self { flags, subkey: None, checksum: true, options, authdata: Vec::new() }
    }

    fn authenticator(&self, client: &Principal) -> Vec<u8> {
        let content = GssChecksum::fixed_part(BindingDigest::NONE, self.flags);
        let elements: Vec<_> = self
            .authdata
            .iter()
            .map(|(ad_type, data)| AuthDataElement { ad_type: *ad_type, ad_data: Octets::new(data) })
            .collect();
        let authenticator = Authenticator {
            crealm: client.realm(),
            cname: client.name(),
            cksum: self
                .checksum
                .then_some(Checksum { cksumtype: ChecksumType::GSS.0, checksum: Octets::new(&content) }),
            cusec: Microseconds::new(5).expect("below a million"),
            ctime: now(),
            subkey: self.subkey.as_ref().map(encryption_key),
            seq_number: Some(UInt32(7)),
            authorization_data: (!elements.is_empty()).then(|| SeqOf::new(&elements)),
        };
        authenticator.to_der().expect("an authenticator encodes")
    }
}

fn encryption_key(key: &Key) -> EncryptionKey<'_> {
    EncryptionKey { keytype: key.enctype().0, keyvalue: Octets::new(key.secret_bytes()) }
}

fn now() -> KerberosTime {
    KerberosTime::from_unix(NOW).expect("a time")
}

/// Adds one for `gss_krb5_acceptor_parts`.
fn add_parts(seeds: &mut Seeds, name: &str, maker: &TicketMaker, client: &Client, cred: &[u8], third: &[u8]) {
    let bare = client.flags.contains(ContextFlags::DCE_STYLE);
    let input = Output::new()
        .byte(ALLOW_ALL)
        .byte(if name.contains("transited") { LENIENT | 1 << 5 } else { LENIENT })
        .u32(0)
        .byte(enctype_index(maker.service_key.enctype()))
        .u32(client.options.0)
        .byte(2)
        .byte(bare.into())
        .chunk(&maker.encrypted_part())
        .chunk(&client.authenticator(&maker.client))
        .chunk(cred)
        .chunk(third);
    seeds.add("gss_krb5_acceptor_parts", name, input.finish());
}

fn parts(seeds: &mut Seeds) {
    let mutual = ContextFlags::MUTUAL | ContextFlags::REPLAY | ContextFlags::INTEGRITY;
    for &enctype in ENCTYPES {
        let maker = maker(enctype, enctype);
        add_parts(seeds, &format!("mutual {enctype}"), &maker, &Client::new(mutual), b"", b"");
    }
    let aes = EncType::AES256_CTS_HMAC_SHA1_96;
    let subkey = Some(test_support::ticket::key(EncType::AES128_CTS_HMAC_SHA256_128, 5));
    let usual = maker(aes, aes);
    add_parts(seeds, "one-way", &usual, &Client::new(ContextFlags::INTEGRITY), b"", b"");
    add_parts(seeds, "subkey", &usual, &Client { subkey, ..Client::new(mutual) }, b"", b"");
    add_parts(seeds, "no-checksum", &usual, &Client { checksum: false, ..Client::new(mutual) }, b"", b"");
    // The acceptor's first number; its randomness is the same each time.
    let mut rng = rng();
    let rng: &mut dyn CryptoRng = &mut rng;
    let sequence = rng.next_u32() & 0x3fff_ffff;
    let third = EncApRepPart {
        ctime: now(),
        cusec: Microseconds::default(),
        subkey: None,
        seq_number: Some(UInt32(sequence)),
    };
    let dce = Client::new(mutual | ContextFlags::DCE_STYLE);
    add_parts(seeds, "dce", &usual, &dce, b"", &third.to_der().expect("a part encodes"));
    add_parts(seeds, "delegation", &usual, &Client::new(mutual), &cred(&usual), b"");
    add_parts(
        seeds,
        "authdata",
        &usual,
        &Client { authdata: client_data(), ..Client::new(mutual) },
        b"",
        b"",
    );

    let foreign = Principal::new("alice", "A.B");
    let away = TicketMaker { client: foreign, transited: b"A,B.".to_vec(), ..maker(aes, aes) };
    add_parts(seeds, "transited", &away, &Client::new(mutual), b"", b"");
    let home = TicketMaker {
        addresses: vec![(krb5_asn1::AddressType::IPV4, vec![127, 0, 0, 1])],
        renew_till: Some(NOW + 90_000),
        ..maker(aes, aes)
    };
    add_parts(seeds, "addresses", &home, &Client::new(mutual), b"", b"");
    for (number, pac) in load("pac/mit-t-pac.txt").records().iter().take(1).enumerate() {
        let enctype = EncType(i32::try_from(pac.int("enctype")).expect("an enctype"));
        let mut maker = maker(enctype, enctype);
        maker.client = Principal::new(&pac.text("client"), &pac.text("realm"));
        maker.auth_time = pac.int("authtime");
        let content = pac.hex("pac");
        let element = [AuthDataElement { ad_type: AuthDataType::WIN2K_PAC, ad_data: Octets::new(&content) }];
        let inner = SeqOf::new(&element).to_der().expect("a list encodes");
        maker.authorization_data = vec![(AuthDataType::IF_RELEVANT, inner)];
        add_parts(seeds, &format!("pac {number}"), &maker, &Client::new(mutual), b"", b"");
    }
}

/// One delegated ticket's description.
fn cred(maker: &TicketMaker) -> Vec<u8> {
    let info = [KrbCredInfo {
        key: encryption_key(&maker.session_key),
        prealm: Some(maker.client.realm()),
        pname: Some(maker.client.name()),
        flags: Some(maker.flags),
        authtime: Some(now()),
        starttime: None,
        endtime: Some(now()),
        renew_till: None,
        srealm: Some(maker.service.realm()),
        sname: Some(maker.service.name()),
        caddr: None,
    }];
    let part = EncKrbCredPart {
        ticket_info: SeqOf::new(&info),
        nonce: None,
        timestamp: Some(now()),
        usec: None,
        s_address: None,
        r_address: None,
    };
    part.to_der().expect("credentials encode")
}

/// Offered enctypes, and a note of channel bindings.
fn client_data() -> Vec<(AuthDataType, Vec<u8>)> {
    let etypes = SeqOf::new(&[20, 18, 17]).to_der().expect("a list encodes");
    let options = AdApOptions::CBT.to_bytes();
    let elements = [
        AuthDataElement { ad_type: AuthDataType::ETYPE_NEGOTIATION, ad_data: Octets::new(&etypes) },
        AuthDataElement { ad_type: AuthDataType::AP_OPTIONS, ad_data: Octets::new(&options) },
    ];
    vec![(AuthDataType::IF_RELEVANT, SeqOf::new(&elements).to_der().expect("a list encodes"))]
}

fn replies(seeds: &mut Seeds) {
    for &enctype in ENCTYPES {
        let subkey = test_support::ticket::key(enctype, 6);
        for (style, choices) in [("framed", 8), ("bare", 8 | 1 | 2)] {
            let part = EncApRepPart {
                ctime: now(),
                cusec: Microseconds::new(42).expect("below a million"),
                subkey: Some(encryption_key(&subkey)),
                seq_number: Some(UInt32(9)),
            };
            let part = part.to_der().expect("a part encodes");
            let input = Output::new().byte(choices).byte(enctype_index(enctype)).u32(42).rest(&part);
            seeds.add("gss_krb5_initiator", &format!("{style} {enctype}"), input.finish());
        }
    }
}

fn authdata(seeds: &mut Seeds) {
    for record in load("pac/mit-t-pac.txt").records() {
        let enctype = EncType(i32::try_from(record.int("enctype")).expect("an enctype"));
        let input = Output::new()
            .byte(1)
            .byte(enctype_index(enctype))
            .chunk(&record.hex("key"))
            .u32(u32::try_from(record.int("authtime")).expect("before 2106"))
            .chunk(format!("{}@{}", record.text("client"), record.text("realm")).as_bytes())
            .rest(&record.hex("pac"));
        seeds.add("gss_krb5_authdata", &format!("pac {}", record.name()), input.finish());
    }
    for (_, data) in client_data() {
        let input = Output::new().byte(0).byte(1).chunk(&[7; 32]).u32(NOW_SECONDS).chunk(CLIENT.as_bytes());
        seeds.add("gss_krb5_authdata", "client", input.rest(&data).finish());
    }
    for record in load("asn1/mit-reference.txt").records() {
        if record.text("type") == "AuthorizationData" {
            let input =
                Output::new().byte(0).byte(1).chunk(&[7; 32]).u32(NOW_SECONDS).chunk(CLIENT.as_bytes());
            let input = input.rest(&record.hex("der"));
            seeds.add("gss_krb5_authdata", &format!("mit {}", record.name()), input.finish());
        }
    }
}

fn iakerb(seeds: &mut Seeds) {
    // The initiator's own tokens, sent back: they have the form of an acceptor's.
    let script = Output::new().byte(1).byte(2).chunk(b"AS-REQ").byte(0).finish();
    let input = Output::new().byte(1).chunk(&script).byte(0).byte(0).byte(1);
    seeds.add("gss_krb5_iakerb", "initiator", input.chunk(b"no AP-REP").finish());

    let enctype = EncType::AES256_CTS_HMAC_SHA1_96;
    let maker = maker(enctype, enctype);
    let (mut rng, mut output) = (rng(), Vec::new());
    let mut env = Env::new(NOW_TIME, &mut rng);
    let Ok(Step::Continue(next)) = IakerbInitiator::new(Script(vec![
        TicketStep::Ticket(held(&maker)),
        TicketStep::Request { realm: "INTEROP.TEST".into(), message: b"AS-REQ".to_vec() },
        TicketStep::AskRealm,
    ]))
    .step(&mut [], &mut output, &mut env) else {
        panic!("it asks for the realm")
    };
    let mut input = acceptor_settings().chunk(&output);
    // The acceptor answers in the form of the first token.
    let question = ContextToken::parse_as(&output, &oid::IAKERB).expect("a context token");
    let question = ProxyMessage::parse(&output[question.message]).expect("a question");
    let mut reply = |state: IakerbInitiator<Script>, message: &[u8], input: Output| {
        let mut token = Vec::new();
        let answer = ProxyMessage { realm: "INTEROP.TEST", message, ..question };
        answer.write(&mut token).expect("a Vec has room");
        let mut output = Vec::new();
        match state.step(&mut token, &mut output, &mut env) {
            Ok(Step::Continue(next)) => (next, input.chunk(&output)),
            _ => panic!("it goes on"),
        }
    };
    let (next, with_request) = reply(next, b"", input);
    input = with_request.byte(2).chunk(b"AS-REP");
    let (_, input) = reply(next, b"AS-REP", input);
    seeds.add("gss_krb5_iakerb", "acceptor", input.finish());
}

fn acceptor_settings() -> Output {
    let index = enctype_index(EncType::AES256_CTS_HMAC_SHA1_96);
    Output::new().byte(0).byte(ALLOW_ALL).byte(LENIENT).u32(NOW_SECONDS).byte(index)
}

/// Steps, the last one first.
struct Script(Vec<TicketStep>);

impl TicketSource for Script {
    type Error = InitiatorError;

    fn advance(
        &mut self,
        _: Option<&str>,
        _: Option<&[u8]>,
        _: &mut Env<'_>,
    ) -> Result<TicketStep, InitiatorError> {
        Ok(self.0.pop().expect("a step is left"))
    }
}
