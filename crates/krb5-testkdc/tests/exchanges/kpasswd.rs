//! Password changes.

use krb5_asn1::ErrorCode as Code;
use krb5_asn1::{
    AddressType, ApRep, ChangePasswdData, Decode, EncApRepPart, EncKrbPrivPart, Encode, EncryptedData,
    HostAddress, KrbPriv, Octets, Principal,
};
use krb5_crypto::KeyUsage;
use krb5_testkdc::{Account, Fault, Kdc, Port};

use crate::client::*;

const CHANGE: u16 = 1;
const SET: u16 = 0xff80;

fn frame(version: u16, ap_req: &[u8], private: &[u8]) -> Vec<u8> {
    let total = u16::try_from(6 + ap_req.len() + private.len()).unwrap();
    let lengths = [total, version, u16::try_from(ap_req.len()).unwrap()];
    [&lengths.map(u16::to_be_bytes).concat()[..], ap_req, private].concat()
}

/// The result code and its text; of refusals before that, the error as well.
type Verdict = (u16, String, Option<Code>);

fn result(data: &[u8], error: Option<Code>) -> Verdict {
    let (code, text) = data.split_at(2);
    (u16::from_be_bytes(code.try_into().unwrap()), String::from_utf8(text.to_vec()).unwrap(), error)
}

fn ask(client: &mut Client<'_>, ticket: &Granted, version: u16, user_data: &[u8]) -> Verdict {
    let proof = Proof { covers_body: false, ..Proof::default() };
    let (ap_req, subkey) = client.ap_req(ticket, KeyUsage::AP_REQ_AUTHENTICATOR, &proof, &[]);
    let subkey = subkey.unwrap();
    let part = EncKrbPrivPart {
        user_data: Octets::new(user_data),
        timestamp: None,
        usec: None,
        seq_number: None,
        s_address: HostAddress { addr_type: AddressType::IPV4, address: Octets::new(&[127, 0, 0, 1]) },
        r_address: None,
    };
    let sealed = seal(&subkey, KeyUsage::KRB_PRIV, &part.to_der().unwrap(), &mut client.rng);
    let private = KrbPriv { enc_part: EncryptedData::from_der(&sealed).unwrap() }.to_der().unwrap();
    let reply = client.kdc.answer(Port::Kpasswd, &frame(version, &ap_req, &private)).unwrap();
    let number = |at: usize| usize::from(u16::from_be_bytes([reply[at], reply[at + 1]]));
    assert_eq!((number(0), number(2)), (reply.len(), 1));
    let (ap_rep, rest) = reply[6..].split_at(number(4));
    if ap_rep.is_empty() {
        let refused = Refused::read(rest).unwrap();
        return result(refused.e_data.as_deref().unwrap(), Some(refused.code));
    }
    let ap_rep = open(&ticket.key, KeyUsage::AP_REP, &ApRep::from_der(ap_rep).unwrap().enc_part);
    let ap_rep = EncApRepPart::from_der(&ap_rep).unwrap();
    assert_eq!(ap_rep.ctime, time(client.now()));
    let plain = open(&subkey, KeyUsage::KRB_PRIV, &KrbPriv::from_der(rest).unwrap().enc_part);
    let part = EncKrbPrivPart::from_der(&plain).unwrap();
    assert_eq!(part.seq_number, ap_rep.seq_number);
    assert_eq!(part.s_address.address.as_bytes(), [127, 0, 0, 1]);
    result(part.user_data.as_bytes(), None)
}

fn set(password: &str, target: Option<&Principal>) -> Vec<u8> {
    let data = ChangePasswdData {
        new_passwd: Octets::new(password.as_bytes()),
        targ_name: target.map(Principal::name),
        targ_realm: target.map(Principal::realm),
    };
    data.to_der().unwrap()
}

fn site() -> Kdc {
    kdc(|realm| {
        realm
            .user("bob", "secret")
            .account(Account { administrator: true, ..Account::user("root", "secret") })
    })
}

fn ticket(client: &mut Client<'_>, name: &str, password: &str) -> Granted {
    let server = Some(principal("kadmin/changepw@A.TEST"));
    client.log_in_as(Ask { server, ..Ask::initial(name) }, password).unwrap()
}

#[test]
fn ones_own_password() {
    let kdc = site();
    let mut client = Client::new(&kdc);
    let held = ticket(&mut client, "alice@A.TEST", "secret");
    assert_eq!(ask(&mut client, &held, CHANGE, b"first").0, 0);
    client.log_in_as(Ask::initial("alice@A.TEST"), "first").unwrap();
    let refused = client.log_in_as(Ask::initial("alice@A.TEST"), "secret").unwrap_err();
    assert_eq!(refused.code, Code::KDC_ERR_PREAUTH_FAILED);
    assert_eq!(ask(&mut client, &held, SET, &set("second", None)).0, 0);
    let alice = principal("alice@A.TEST");
    assert_eq!(ask(&mut client, &held, SET, &set("third", Some(&alice))).0, 0);
    client.log_in_as(Ask::initial("alice@A.TEST"), "third").unwrap();
    let (code, text, _) = ask(&mut client, &held, CHANGE, "äöü".as_bytes());
    assert!(code == 4 && text.contains("too short"), "{code} {text}");
}

#[test]
fn the_password_of_others() {
    let kdc = site();
    let mut client = Client::new(&kdc);
    let (alice, root) =
        (ticket(&mut client, "alice@A.TEST", "secret"), ticket(&mut client, "root@A.TEST", "secret"));
    let (bob, nobody) = (principal("bob@A.TEST"), principal("nobody@A.TEST"));
    assert_eq!(ask(&mut client, &alice, SET, &set("changed", Some(&bob))).0, 5);
    assert_eq!(ask(&mut client, &alice, SET, &set("changed", Some(&nobody))).0, 5);
    assert_eq!(ask(&mut client, &root, SET, &set("changed", Some(&nobody))).0, 5);
    client.log_in_as(Ask::initial("bob@A.TEST"), "secret").unwrap();
    assert_eq!(ask(&mut client, &root, SET, &set("changed", Some(&bob))).0, 0);
    client.log_in_as(Ask::initial("bob@A.TEST"), "changed").unwrap();
}

#[test]
fn a_changed_password_need_not_be_changed() {
    let kdc =
        kdc(|realm| realm.account(Account { must_change_password: true, ..Account::user("fresh", "given") }));
    let mut client = Client::new(&kdc);
    let held = ticket(&mut client, "fresh@A.TEST", "given");
    assert_eq!(ask(&mut client, &held, CHANGE, b"chosen").0, 0);
    client.log_in_as(Ask::initial("fresh@A.TEST"), "chosen").unwrap();
}

#[test]
fn what_is_not_in_order_is_refused() {
    let kdc = site();
    let mut client = Client::new(&kdc);
    let held = ticket(&mut client, "alice@A.TEST", "secret");
    assert_eq!(ask(&mut client, &held, SET, b"no DER").0, 1);
    assert_eq!(ask(&mut client, &held, CHANGE, b"\xff\xff\xff\xff\xff").0, 1);
    assert_eq!(ask(&mut client, &held, 7, b"password").0, 6);
    // Got with a ticket, not with the password itself.
    let tgt = client.log_in();
    let later = client.tgs(&tgt, &Ask::service("kadmin/changepw@A.TEST")).unwrap();
    assert_eq!(ask(&mut client, &later, CHANGE, b"password").0, 7);
    // A ticket for something else.
    let (code, _, error) = ask(&mut client, &tgt, CHANGE, b"password");
    assert_eq!((code, error), (3, Some(Code::KRB_AP_ERR_NOT_US)));
    kdc.inject(Fault::Refuse(Code::KDC_ERR_SVC_UNAVAILABLE));
    let (code, _, error) = ask(&mut client, &held, CHANGE, b"password");
    assert_eq!((code, error), (3, Some(Code::KDC_ERR_SVC_UNAVAILABLE)));
    client.log_in_as(Ask::initial("alice@A.TEST"), "secret").unwrap();
}

#[test]
fn messages_without_form() {
    let kdc = site();
    let mut client = Client::new(&kdc);
    let held = ticket(&mut client, "alice@A.TEST", "secret");
    let proof = Proof { covers_body: false, ..Proof::default() };
    let mut ap_req = || client.ap_req(&held, KeyUsage::AP_REQ_AUTHENTICATOR, &proof, &[]).0;
    let code = |message: &[u8]| {
        let reply = kdc.answer(Port::Kpasswd, message)?;
        let refused = Refused::read(&reply[6..])?;
        Some((result(refused.e_data.as_deref()?, None).0, refused.code))
    };
    assert_eq!(code(&[0, 2, 0]), None);
    assert_eq!(code(&[0, 9, 0, 1, 0, 0]), Some((1, Code::KRB_ERR_GENERIC)));
    assert_eq!(code(&[0, 6, 0, 1, 0, 9]), Some((1, Code::KRB_ERR_GENERIC)));
    assert_eq!(code(&frame(CHANGE, b"garbled", b"")), Some((3, Code::KRB_ERR_GENERIC)));
    let same = ap_req();
    // The AP-REQ is good, so the answer to what follows it is sealed, and no KRB-ERROR.
    assert_eq!(code(&frame(CHANGE, &same, b"garbled")), None);
    assert_eq!(code(&frame(CHANGE, &same, b"garbled")), Some((3, Code::KRB_AP_ERR_REPEAT)));
}
