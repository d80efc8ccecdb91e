//! Password changes.

use super::kdc::{AES256, at, credential, finish, key_of, krb_error, open, principal};
use gss_core::{Diagnose, Env};
use krb5_asn1::{
    AddressType, ApRep, ApReq, Authenticator, ChangePasswdData, Decode, EncApRepPart, EncKrbPrivPart,
    EncTicketPart, Encode, EncryptedData, EncryptionKey, ErrorCode, HostAddress, KerberosTime, KrbPriv,
    Microseconds, Octets, TicketFlags, UInt32,
};
use krb5_client::{
    Credential, Exchange, PasswordError, PasswordExchange, PasswordOptions, PasswordOutcome, ResultCode,
    Service,
};
use krb5_crypto::{EncType, Key, KeyUsage};
use test_support::TestRng;
use test_support::ticket::{NOW, key, seal};

fn ticket() -> Credential {
    credential("alice@A", "kadmin/changepw@A", TicketFlags::NONE)
}

fn change(seed: u64) -> PasswordExchange {
    let mut rng = TestRng::insecure(seed);
    let env = &mut Env::new(at(NOW), &mut rng);
    PasswordExchange::change(&ticket(), b"new password", &PasswordOptions::default(), env).unwrap()
}

/// A server's view of a request.
struct Asked {
    version: u16,
    session_key: Key,
    subkey: Key,
    ctime: KerberosTime,
    cusec: Microseconds,
    user_data: Vec<u8>,
}

fn word(bytes: &[u8], index: usize) -> u16 {
    u16::from_be_bytes([bytes[2 * index], bytes[2 * index + 1]])
}

fn read(message: &[u8]) -> Asked {
    assert_eq!(usize::from(word(message, 0)), message.len());
    let (ap_req, rest) = message[6..].split_at(word(message, 2).into());
    let ap_req = ApReq::from_der(ap_req).unwrap();
    let ticket = open(&key_of(&ticket().server), KeyUsage::TICKET, &ap_req.ticket.enc_part);
    let ticket = EncTicketPart::from_der(&ticket).unwrap();
    let session_key = Key::new(EncType(ticket.key.keytype), ticket.key.keyvalue.as_bytes()).unwrap();
    let authenticator = open(&session_key, KeyUsage::AP_REQ_AUTHENTICATOR, &ap_req.authenticator);
    let authenticator = Authenticator::from_der(&authenticator).unwrap();
    let subkey = authenticator.subkey.unwrap();
    let subkey = Key::new(EncType(subkey.keytype), subkey.keyvalue.as_bytes()).unwrap();
    let part = open(&subkey, KeyUsage::KRB_PRIV, &KrbPriv::from_der(rest).unwrap().enc_part);
    let part = EncKrbPrivPart::from_der(&part).unwrap();
    assert_eq!(part.seq_number, authenticator.seq_number);
    assert_eq!(
        (part.s_address.addr_type, part.s_address.address.as_bytes()),
        (AddressType::DIRECTIONAL, [0; 4].as_slice())
    );
    Asked {
        version: word(message, 1),
        session_key,
        subkey,
        ctime: authenticator.ctime,
        cusec: authenticator.cusec,
        user_data: part.user_data.as_bytes().to_vec(),
    }
}

fn encrypted<'c>(key: &Key, cipher: &'c [u8]) -> EncryptedData<'c> {
    EncryptedData { etype: key.enctype().0, kvno: None, cipher: Octets::new(cipher) }
}

/// A reply in the making.
struct Reply {
    ap_key: Key,
    ctime: KerberosTime,
    cusec: Microseconds,
    announced: Option<u32>,
    acceptor_subkey: Option<Key>,
    priv_key: Key,
    sequence: Option<u32>,
    result: Vec<u8>,
}

impl Asked {
    fn reply(&self, result: &[u8]) -> Reply {
        Reply {
            ap_key: self.session_key.duplicate(),
            ctime: self.ctime,
            cusec: self.cusec,
            announced: Some(7),
            acceptor_subkey: None,
            priv_key: self.subkey.duplicate(),
            sequence: Some(7),
            result: result.to_vec(),
        }
    }
}

fn frame(ap: &[u8], rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(6 + ap.len() + rest.len()).unwrap();
    let ap_len = u16::try_from(ap.len()).unwrap();
    [&length.to_be_bytes(), &[0, 1], &ap_len.to_be_bytes(), ap, rest].concat()
}

impl Reply {
    fn encode(&self) -> Vec<u8> {
        let part = EncApRepPart {
            ctime: self.ctime,
            cusec: self.cusec,
            subkey: self.acceptor_subkey.as_ref().map(|key| EncryptionKey {
                keytype: key.enctype().0,
                keyvalue: Octets::new(key.secret_bytes()),
            }),
            seq_number: self.announced.map(UInt32),
        };
        let cipher = seal(&self.ap_key.cipher(KeyUsage::AP_REP), &part.to_der().unwrap(), 1);
        let ap_rep = ApRep { enc_part: encrypted(&self.ap_key, &cipher) }.to_der().unwrap();
        let part = EncKrbPrivPart {
            user_data: Octets::new(&self.result),
            timestamp: None,
            usec: None,
            seq_number: self.sequence.map(UInt32),
            s_address: HostAddress { addr_type: AddressType::IPV4, address: Octets::new(&[10, 0, 0, 1]) },
            r_address: None,
        };
        let cipher = seal(&self.priv_key.cipher(KeyUsage::KRB_PRIV), &part.to_der().unwrap(), 2);
        let rest = KrbPriv { enc_part: encrypted(&self.priv_key, &cipher) }.to_der().unwrap();
        frame(&ap_rep, &rest)
    }
}

fn outcome(result: &[u8], alter: impl FnOnce(&mut Reply)) -> Result<PasswordOutcome, PasswordError> {
    let exchange = change(1);
    let mut reply = read(&exchange.request().message).reply(result);
    alter(&mut reply);
    finish(exchange, &reply.encode())
}

fn code(result: Result<PasswordOutcome, PasswordError>) -> &'static str {
    let error = result.unwrap_err();
    assert!(!error.to_string().is_empty());
    error.code()
}

#[test]
fn a_change_sends_the_password_alone() {
    let exchange = change(1);
    let request = exchange.request();
    assert_eq!((request.realm.as_str(), request.service), ("A", Service::Kpasswd));
    let asked = read(&request.message);
    assert_eq!((asked.version, asked.user_data.as_slice()), (1, b"new password".as_slice()));
    let done = finish(exchange, &asked.reply(b"\0\0changed").encode()).unwrap();
    assert_eq!(done.text.as_deref(), Some("changed"));
}

#[test]
fn a_set_names_the_target() {
    let mut rng = TestRng::insecure(1);
    let env = &mut Env::new(at(NOW), &mut rng);
    let target = principal("HTTP/www.a@A");
    let exchange =
        PasswordExchange::set(&ticket(), &target, "gehe\u{ef}m", &PasswordOptions::default(), env).unwrap();
    let asked = read(&exchange.request().message);
    assert_eq!(asked.version, 0xff80);
    let data = ChangePasswdData::from_der(&asked.user_data).unwrap();
    assert_eq!(data.new_passwd.as_bytes(), "gehe\u{ef}m".as_bytes());
    assert_eq!(data.targ_name, Some(target.name()));
    assert_eq!(data.targ_realm, Some(target.realm()));
    assert_eq!(finish(exchange, &asked.reply(b"\0\0").encode()).unwrap().text, None);
}

#[test]
fn the_password_does_not_stand_in_the_clear() {
    let exchange = change(1);
    let message = &exchange.request().message;
    assert!(!message.windows(12).any(|window| window == b"new password"));
    assert!(!format!("{exchange:?}").contains("new password"));
}

#[test]
fn results_are_told_apart() {
    let rejected = |result: &[u8]| match outcome(result, |_| {}).unwrap_err() {
        PasswordError::Rejected(rejection) => *rejection,
        error => panic!("{error}"),
    };
    for number in 1..=7u16 {
        let rejection = rejected(&[number.to_be_bytes().as_slice(), b"because"].concat());
        assert_eq!(rejection.code, ResultCode(number));
        assert_eq!((rejection.text.as_deref(), rejection.authenticated), (Some("because"), true));
    }
    assert!(rejected(&[0, 99]).to_string().contains("99"));
    let mut policy = vec![0, 4, 0, 0, 0, 0, 0, 12];
    policy.resize(32, 0);
    assert!(rejected(&policy).to_string().contains("at least 12 characters"));
    assert_eq!(code(outcome(b"\0", |_| {})), "malformed_result");
}

#[test]
fn an_acceptors_subkey_is_not_used() {
    let done = outcome(b"\0\0", |reply| reply.acceptor_subkey = Some(key(AES256, 9)));
    assert_eq!(done, Ok(PasswordOutcome { text: None }));
    let other = outcome(b"\0\0", |reply| {
        reply.acceptor_subkey = Some(key(AES256, 9));
        reply.priv_key = key(AES256, 9);
    });
    assert_eq!(other, Err(PasswordError::PrivIntegrity));
}

#[test]
fn sequence_numbers_have_to_match() {
    let error = outcome(b"\0\0", |reply| reply.sequence = Some(8));
    assert_eq!(error, Err(PasswordError::Sequence { expected: 7, found: 8 }));
    assert_eq!(code(outcome(b"\0\0", |reply| reply.sequence = None)), "result_sequence");
    let none = outcome(b"\0\0", |reply| (reply.announced, reply.sequence) = (None, Some(0)));
    assert_eq!(none, Ok(PasswordOutcome { text: None }));
}

#[test]
fn a_reply_to_another_request_is_refused() {
    let other = read(&change(2).request().message);
    // Same second and microsecond, another subkey.
    assert_eq!(code(finish(change(1), &other.reply(b"\0\0").encode())), "result_integrity");
    let late = outcome(b"\0\0", |reply| reply.cusec = Microseconds::new(1).unwrap());
    assert_eq!(code(late), "reply_time_mismatch");
    let early = outcome(b"\0\0", |reply| reply.ctime = KerberosTime::from_unix(NOW - 1).unwrap());
    assert_eq!(code(early), "reply_time_mismatch");
}

#[test]
fn a_server_without_the_session_key_is_refused() {
    assert_eq!(outcome(b"\0\0", |reply| reply.ap_key = key(AES256, 9)), Err(PasswordError::ApRepIntegrity));
    let aes128 = || key(EncType::AES128_CTS_HMAC_SHA1_96, 9);
    assert_eq!(code(outcome(b"\0\0", |reply| reply.ap_key = aes128())), "reply_enctype");
    assert_eq!(code(outcome(b"\0\0", |reply| reply.priv_key = aes128())), "reply_enctype");
}

#[test]
fn every_changed_byte_is_noticed() {
    let good = {
        let exchange = change(1);
        read(&exchange.request().message).reply(b"\0\0").encode()
    };
    assert!(finish(change(1), &good).is_ok());
    for position in 0..good.len() {
        for bit in [1, 0x80] {
            let mut changed = good.clone();
            changed[position] ^= bit;
            // The version of the frame says nothing: 1 and 0xff80 mean the same in a reply, and both need 16 bits.
            assert!(finish(change(1), &changed).is_err(), "byte {position}, bit {bit}");
        }
    }
}

#[test]
fn a_krb_error_tells_why_and_never_that_it_worked() {
    let error =
        |e_data: Option<&[u8]>| krb_error(&ticket().server, ErrorCode::KRB_AP_ERR_SKEW, NOW + 400, e_data);
    let bare = finish(change(1), &error(None)).unwrap_err();
    assert_eq!((bare.code(), bare.minor()), ("clock_skew", Some(37)));
    let explained = finish(change(1), &error(Some(b"\0\x03no"))).unwrap_err();
    let PasswordError::Rejected(rejection) = explained else { panic!("{explained}") };
    assert_eq!((rejection.code, rejection.authenticated), (ResultCode::AUTH_ERROR, false));
    assert_eq!(finish(change(1), &error(Some(b"\0\0done"))), Err(PasswordError::UnprotectedSuccess));
    let framed = frame(&[], &error(Some(b"\0\x01")));
    assert_eq!(code(finish(change(1), &framed)), "password_rejected");
    let windows = finish(change(1), &error(Some(&[0x30, 5, 0xa1, 3, 2, 1, 3])));
    assert_eq!(code(windows), "clock_skew");
    assert_eq!(code(finish(change(1), b"\x7e\x00")), "malformed_reply");
    assert_eq!(code(finish(change(1), &frame(&[], b"junk"))), "malformed_reply");
    assert_eq!(code(finish(change(1), b"\0\x05\0\x01\0")), "malformed_frame");
}

#[test]
fn only_a_good_ticket_for_the_right_service_is_shown() {
    let start = |ticket: &Credential| {
        let mut rng = TestRng::insecure(1);
        let env = &mut Env::new(at(NOW), &mut rng);
        PasswordExchange::change(ticket, b"new", &PasswordOptions::default(), env).unwrap_err().code()
    };
    assert_eq!(start(&credential("alice@A", "krbtgt/A@A", TicketFlags::NONE)), "wrong_ticket");
    let mut expired = ticket();
    expired.times.end = at(NOW);
    assert_eq!(start(&expired), "ticket_expired");
}

#[test]
fn what_does_not_fit_the_frame_is_not_sent() {
    let mut rng = TestRng::insecure(1);
    let env = &mut Env::new(at(NOW), &mut rng);
    let long = vec![b'a'; 0x1_0000];
    let error = PasswordExchange::change(&ticket(), &long, &PasswordOptions::default(), env).unwrap_err();
    assert_eq!(error.code(), "request_too_long");
}
