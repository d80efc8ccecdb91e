//! Tickets in a user's name.

use krb5_asn1::ErrorCode as Code;
use krb5_asn1::{
    Checksum, Decode, Encode, KdcOptions, Octets, PaDataType, PaPacOptions, PaS4uX509User, PacOptions,
    Principal, Raw, S4uOptions, S4uUserId, TicketFlags, UInt32,
};
use krb5_crypto::{Key, KeyUsage};
use krb5_pac::{Pac, SignatureKind};
use krb5_testkdc::{Account, Kdc, PacStyle, Realm};

use crate::client::*;

const FRONT: &str = "HTTP/front.a.test@A.TEST";
const BACK: &str = "HTTP/back.a.test@A.TEST";

fn site(change: impl FnOnce(Realm) -> Realm) -> Kdc {
    let front = Account {
        delegates_to: vec!["HTTP/back.a.test".into()],
        protocol_transition: true,
        ..Account::user("HTTP/front.a.test", "front")
    };
    let plain = Account {
        delegates_to: vec!["HTTP/back.a.test".into()],
        ..Account::user("HTTP/plain.a.test", "plain")
    };
    let resource = Account {
        accepts_delegation_from: vec!["HTTP/plain.a.test".into()],
        ..Account::service("HTTP/resource.a.test")
    };
    kdc(|realm| {
        change(realm)
            .account(front)
            .account(plain)
            .account(resource)
            .service("HTTP/back.a.test")
            .account(Account { sensitive: true, ..Account::user("boss", "secret") })
            .account(Account { locked: true, ..Account::user("locked", "secret") })
    })
}

fn log_in(client: &mut Client<'_>, service: &str) -> Granted {
    let password = service.split(['/', '.']).nth(1).unwrap();
    client.log_in_as(Ask::initial(service).options(KdcOptions::FORWARDABLE), password).unwrap()
}

/// PA-S4U-X509-USER with the subkey of the request it goes into.
fn x509(user: &Principal, key: &Key, nonce: u32) -> Vec<u8> {
    let options = Some(S4uOptions::USE_REPLY_KEY_USAGE);
    let id = S4uUserId {
        nonce: UInt32(nonce),
        cname: Some(user.name()),
        crealm: user.realm(),
        subject_certificate: None,
        options,
    };
    let id = id.to_der().unwrap();
    let checksum = key.checksum(KeyUsage::PA_S4U_X509_USER_REQUEST);
    let tag = checksum.compute_tag(&[&id]);
    let checksum = Checksum { cksumtype: checksum.checksum_type().0, checksum: Octets::new(tag.as_bytes()) };
    PaS4uX509User { user_id: Raw::new(&id).unwrap(), checksum }.to_der().unwrap()
}

/// S4U2Self with PA-S4U-X509-USER, keyed with the session key since there is no subkey.
fn to_self(client: &mut Client<'_>, tgt: &Granted, user: &str) -> Result<Granted, Refused> {
    let value = x509(&principal(user), &tgt.key, 77);
    let ask = Ask::service(&tgt.client.to_string()).with(PaDataType::S4U_X509_USER, value);
    let proof = Proof { subkey: false, ..Proof::default() };
    client.tgs_with(tgt, &ask.options(KdcOptions::FORWARDABLE), &proof)
}

fn to_proxy(
    client: &mut Client<'_>,
    tgt: &Granted,
    evidence: &Granted,
    server: &str,
    resource: bool,
) -> Result<Granted, Refused> {
    let mut ask = Ask { tickets: vec![evidence.ticket.clone()], ..Ask::service(server) };
    if resource {
        let flags = PacOptions::RESOURCE_BASED_CONSTRAINED_DELEGATION;
        ask = ask.with(PaDataType::PAC_OPTIONS, PaPacOptions { flags }.to_der().unwrap());
    }
    client.tgs(tgt, &ask.options(KdcOptions::CNAME_IN_ADDL_TKT | KdcOptions::FORWARDABLE))
}

#[test]
fn to_self_by_name() {
    let kdc = site(nobody_else);
    let mut client = Client::new(&kdc);
    let tgt = log_in(&mut client, FRONT);
    let granted = to_self(&mut client, &tgt, "alice@A.TEST").unwrap();
    assert_eq!((&granted.client, &granted.server), (&principal("alice@A.TEST"), &principal(FRONT)));
    assert!(granted.flags.contains(TicketFlags::FORWARDABLE));
    // The reply repeats the user, under the usage of replies.
    let answer = find(&granted.padata, PaDataType::S4U_X509_USER);
    let answer = PaS4uX509User::from_der(&answer).unwrap();
    let checksum = tgt.key.checksum(KeyUsage::PA_S4U_X509_USER_REPLY);
    assert!(checksum.verify(&[answer.user_id.as_der()], answer.checksum.checksum.as_bytes()).is_ok());
    assert_eq!(answer.user_id.nonce, UInt32(77));

    let plain = log_in(&mut client, "HTTP/plain.a.test@A.TEST");
    assert!(!to_self(&mut client, &plain, "alice@A.TEST").unwrap().flags.contains(TicketFlags::FORWARDABLE));
    assert!(!to_self(&mut client, &tgt, "boss@A.TEST").unwrap().flags.contains(TicketFlags::FORWARDABLE));
    for (user, expected) in [
        ("nobody@A.TEST", Code::KDC_ERR_C_PRINCIPAL_UNKNOWN),
        ("locked@A.TEST", Code::KDC_ERR_CLIENT_REVOKED),
        ("alice@B.TEST", Code::KDC_ERR_C_PRINCIPAL_UNKNOWN),
    ] {
        assert_eq!(to_self(&mut client, &tgt, user).unwrap_err().code, expected, "{user}");
    }
}

#[test]
fn to_self_wishes_that_are_not_authentic() {
    let kdc = site(nobody_else);
    let mut client = Client::new(&kdc);
    let tgt = log_in(&mut client, FRONT);
    let other = Key::generate(AES256, &mut client.rng).unwrap();
    let alice = principal("alice@A.TEST");
    let mut ask = |server: &str, value: Vec<u8>| {
        let ask = Ask::service(server).with(PaDataType::S4U_X509_USER, value);
        client.tgs_with(&tgt, &ask, &Proof { subkey: false, ..Proof::default() }).unwrap_err().code
    };
    assert_eq!(ask(FRONT, x509(&alice, &other, 77)), Code::KRB_AP_ERR_MODIFIED);
    assert_eq!(ask(FRONT, x509(&alice, &tgt.key, 78)), Code::KRB_AP_ERR_MODIFIED);
    assert_eq!(ask(FRONT, vec![0]), Code::KRB_AP_ERR_MODIFIED);
    assert_eq!(ask(BACK, x509(&alice, &tgt.key, 77)), Code::KDC_ERR_C_PRINCIPAL_UNKNOWN);
    let weak = Key::generate(AES128, &mut client.rng).unwrap();
    let mut ask = |value: Vec<u8>| {
        let ask = Ask::service(FRONT).with(PaDataType::S4U_X509_USER, value);
        client.tgs_with(&tgt, &ask, &Proof { subkey: false, ..Proof::default() }).unwrap_err().code
    };
    assert_eq!(ask(x509(&alice, &weak, 77)), Code::KRB_AP_ERR_INAPP_CKSUM);
}

#[cfg(feature = "rc4")]
#[test]
fn to_self_in_the_older_form() {
    use krb5_asn1::{KerberosString, PaForUser};
    let kdc = site(nobody_else);
    let mut client = Client::new(&kdc);
    let tgt = log_in(&mut client, FRONT);
    let alice = principal("alice@A.TEST");
    let value = |key: &Key, cksumtype: i32| {
        let covered = [&1i32.to_le_bytes()[..], b"alice", b"A.TEST", b"Kerberos"].concat();
        let checksum = krb5_crypto::rc4_hmac::checksum_with_any_key(key, KeyUsage::KERB_NON_KERB_CKSUM_SALT);
        let tag = checksum.compute_tag(&[&covered]);
        let cksum = Checksum { cksumtype, checksum: Octets::new(tag.as_bytes()) };
        let auth_package = KerberosString::from("Kerberos");
        let user = PaForUser { user_name: alice.name(), user_realm: alice.realm(), cksum, auth_package };
        user.to_der().unwrap()
    };
    let other = Key::generate(AES256, &mut client.rng).unwrap();
    for (value, expected) in [
        (value(&tgt.key, -138), None),
        (value(&other, -138), Some(Code::KRB_AP_ERR_MODIFIED)),
        (value(&tgt.key, 7), Some(Code::KRB_AP_ERR_INAPP_CKSUM)),
    ] {
        let granted = client.tgs(&tgt, &Ask::service(FRONT).with(PaDataType::FOR_USER, value));
        match expected {
            None => assert_eq!(granted.unwrap().client, alice),
            Some(code) => assert_eq!(granted.unwrap_err().code, code),
        }
    }
}

#[test]
fn to_proxy_as_the_accounts_allow() {
    let kdc = site(nobody_else);
    let mut client = Client::new(&kdc);
    let front = log_in(&mut client, FRONT);
    let plain = log_in(&mut client, "HTTP/plain.a.test@A.TEST");
    let evidence = to_self(&mut client, &front, "alice@A.TEST").unwrap();
    let weak = to_self(&mut client, &plain, "alice@A.TEST").unwrap();
    let boss = to_self(&mut client, &front, "boss@A.TEST").unwrap();
    let their_boss = to_self(&mut client, &plain, "boss@A.TEST").unwrap();
    let resource = "HTTP/resource.a.test@A.TEST";

    let granted = to_proxy(&mut client, &front, &evidence, BACK, false).unwrap();
    assert_eq!((granted.client, granted.server), (principal("alice@A.TEST"), principal(BACK)));
    assert!(granted.flags.contains(TicketFlags::FORWARDABLE));
    let granted = to_proxy(&mut client, &plain, &weak, resource, true).unwrap();
    assert_eq!(granted.client, principal("alice@A.TEST"));
    let options = find(&granted.sealed_padata, PaDataType::PAC_OPTIONS);
    let flags = PaPacOptions::from_der(&options).unwrap().flags;
    assert!(flags.contains(PacOptions::RESOURCE_BASED_CONSTRAINED_DELEGATION));

    // A user's own login, forwardable, is evidence too.
    let alice = client.log_in();
    let ask = Ask::service("HTTP/plain.a.test@A.TEST").options(KdcOptions::FORWARDABLE);
    let own = client.tgs(&alice, &ask).unwrap();
    to_proxy(&mut client, &plain, &own, BACK, false).unwrap();

    let refusals = [
        (&front, &evidence, resource, true, Code::KDC_ERR_BADOPTION),
        (&plain, &weak, resource, false, Code::KDC_ERR_BADOPTION),
        (&plain, &weak, BACK, false, Code::KDC_ERR_BADOPTION),
        (&front, &boss, BACK, false, Code::KDC_ERR_BADOPTION),
        (&plain, &their_boss, resource, true, Code::KDC_ERR_BADOPTION),
        (&plain, &evidence, BACK, false, Code::KDC_ERR_SERVER_NOMATCH),
        (&front, &front, BACK, false, Code::KDC_ERR_SERVER_NOMATCH),
    ];
    for (i, (tgt, evidence, server, by_resource, expected)) in refusals.into_iter().enumerate() {
        let refused = to_proxy(&mut client, tgt, evidence, server, by_resource).unwrap_err();
        assert_eq!(refused.code, expected, "case {i}: {}", refused.text);
    }
}

#[test]
fn a_ticket_lives_no_longer_than_its_evidence() {
    let kdc = site(nobody_else);
    let mut client = Client::new(&kdc);
    let front = log_in(&mut client, FRONT);
    let ask = Ask { till: NOW + 600, ..Ask::initial("alice@A.TEST") };
    let alice = client.log_in_as(ask.options(KdcOptions::FORWARDABLE), "secret").unwrap();
    let own = client.tgs(&alice, &Ask::service(FRONT).options(KdcOptions::FORWARDABLE)).unwrap();
    let granted = to_proxy(&mut client, &front, &own, BACK, false).unwrap();
    assert_eq!((granted.end, granted.auth), (NOW + 600, NOW));
}

/// CVE-2020-17049: a service that makes its evidence forwardable itself, which it can since it has the key.
#[test]
fn evidence_that_the_service_changed_is_refused() {
    let kdc = site(nobody_else);
    let mut client = Client::new(&kdc);
    let plain = log_in(&mut client, "HTTP/plain.a.test@A.TEST");
    let weak = to_self(&mut client, &plain, "alice@A.TEST").unwrap();
    let key = keytab_key(&kdc, "HTTP/plain.a.test@A.TEST", &weak.ticket);
    let remade = |client: &mut Client<'_>, plain: &[u8]| {
        let sealed = seal(&key, KeyUsage::TICKET, plain, &mut client.rng);
        let ticket = krb5_asn1::Ticket::from_der(&weak.ticket).unwrap();
        let kvno = ticket.enc_part.kvno;
        let enc_part = krb5_asn1::EncryptedData { kvno, ..Decode::from_der(&sealed).unwrap() };
        weak.with_ticket(krb5_asn1::Ticket { enc_part, ..ticket }.to_der().unwrap())
    };
    let forwardable = |without_pac: bool| {
        inside(&key, &weak.ticket, |part| {
            let flags = part.flags | TicketFlags::FORWARDABLE;
            let authorization_data = part.authorization_data.filter(|_| !without_pac);
            krb5_asn1::EncTicketPart { flags, authorization_data, ..*part }.to_der().unwrap()
        })
    };
    for (without_pac, expected) in [(false, Code::KRB_AP_ERR_MODIFIED), (true, Code::KDC_ERR_BADOPTION)] {
        let evidence = remade(&mut client, &forwardable(without_pac));
        let refused = to_proxy(&mut client, &plain, &evidence, BACK, false).unwrap_err();
        assert_eq!(refused.code, expected, "{}", refused.text);
    }
    // The signature of the KDC over that of the service is covered by no other.
    let same = inside(&key, &weak.ticket, |part| part.to_der().unwrap());
    let pac = inside(&key, &weak.ticket, crate::pac::of_ticket).unwrap();
    let signature = Pac::parse(&pac).unwrap().signature(SignatureKind::Kdc).unwrap().unwrap().bytes.to_vec();
    let at = same.windows(signature.len()).position(|window| window == signature).unwrap();
    let mut changed = same.clone();
    changed[at] ^= 1;
    let resource = "HTTP/resource.a.test@A.TEST";
    for (plaintext, expected) in [(same, None), (changed, Some(Code::KRB_AP_ERR_MODIFIED))] {
        let evidence = remade(&mut client, &plaintext);
        let refused = to_proxy(&mut client, &plain, &evidence, resource, true).err();
        assert_eq!(refused.map(|refused| refused.code), expected);
    }
}

#[test]
fn the_pac_tells_of_the_services_on_the_way() {
    let kdc = site(|realm| Realm { pac: PacStyle::Domain(krb5_testkdc::Domain::new("A")), ..realm });
    let mut client = Client::new(&kdc);
    let front = log_in(&mut client, FRONT);
    let evidence = to_self(&mut client, &front, "alice@A.TEST").unwrap();
    let granted = to_proxy(&mut client, &front, &evidence, BACK, false).unwrap();
    let key = keytab_key(&kdc, BACK, &granted.ticket);
    let pac = inside(&key, &granted.ticket, crate::pac::of_ticket).unwrap();
    let pac = Pac::parse(&pac).unwrap();
    let info = pac.delegation_info().unwrap().unwrap();
    assert!(info.proxy_target == "HTTP/back.a.test");
    assert_eq!(info.transited.len(), 1);
    assert!(info.transited.first().unwrap() == FRONT);
    assert!(pac.logon_info().unwrap().unwrap().effective_name == "alice");
}
