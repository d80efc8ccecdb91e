//! What tickets say about their client.

use krb5_asn1::ErrorCode as Code;
use krb5_asn1::{
    AuthDataType, AuthorizationData, Decode, EncTicketPart, Encode, PaDataType, SupportedEnctypes,
};
use krb5_crypto::{Key, KeyUsage};
use krb5_pac::{BufferType, Pac, SignatureKind, VerifyingKeys};
use krb5_testkdc::{Account, Domain, Identity, Kdc, PacStyle, Realm};

use crate::client::*;

const WWW: &str = "HTTP/www.a.test@A.TEST";

/// The PAC of a ticket.
pub(crate) fn of_ticket(part: &EncTicketPart<'_>) -> Option<Vec<u8>> {
    let element =
        part.authorization_data?.iter().find(|element| element.ad_type == AuthDataType::IF_RELEVANT)?;
    let inner = AuthorizationData::from_der(element.ad_data.as_bytes()).unwrap();
    let pac = inner.iter().find(|inner| inner.ad_type == AuthDataType::WIN2K_PAC)?;
    Some(pac.ad_data.as_bytes().to_vec())
}

/// The PAC of a ticket and which of its signatures hold.
fn verified(kdc: &Kdc, server: &str, kdc_key: &Key, ticket: &[u8]) -> (Vec<u8>, Vec<SignatureKind>) {
    let key = keytab_key(kdc, server, ticket);
    inside(&key, ticket, |part| {
        let pac = of_ticket(part).expect("a PAC");
        let covered = krb5_pac::without_pac(part).unwrap();
        let keys = VerifyingKeys { server: Some(&key), kdc: Some(kdc_key), ticket: Some(&covered) };
        let verdicts = Pac::parse(&pac).unwrap().verify(&keys);
        let good = SignatureKind::ALL.into_iter().filter(|kind| verdicts.of(*kind).is_verified()).collect();
        (pac, good)
    })
}

fn types(pac: &[u8]) -> Vec<BufferType> {
    let mut types: Vec<_> = Pac::parse(pac).unwrap().buffers().map(|buffer| buffer.buffer_type).collect();
    types.sort_unstable();
    types
}

fn domain() -> Domain {
    Domain { server: "DC1".into(), ..Domain::new("ATEST") }
}

fn in_domain() -> Kdc {
    let extra = domain().sid.with_rid(999).unwrap();
    let identity = Identity {
        rid: Some(1234),
        primary_group: Some(515),
        groups: vec![512, 515, 2000],
        extra_sids: vec![extra],
        full_name: "Bob B.".into(),
        upn: Some("bob@mail.test".into()),
    };
    kdc(|realm| {
        Realm { pac: PacStyle::Domain(domain()), ..realm }
            .account(Account { identity, ..Account::user("bob", "secret") })
            .account(Account { without_pac: true, ..Account::service("plain/host") })
    })
}

#[test]
fn minimal_as_from_mit() {
    let kdc = kdc(nobody_else);
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    let tgs_key = keytab_key(&kdc, TGS, &tgt.ticket);
    let (pac, good) = verified(&kdc, TGS, &tgs_key, &tgt.ticket);
    assert_eq!(good, [SignatureKind::Server, SignatureKind::Kdc]);
    assert_eq!(
        types(&pac),
        [BufferType::SERVER_SIGNATURE, BufferType::KDC_SIGNATURE, BufferType::CLIENT_INFO]
    );
    let service = client.tgs(&tgt, &Ask::service(WWW)).unwrap();
    let (pac, good) = verified(&kdc, WWW, &tgs_key, &service.ticket);
    assert_eq!(good, SignatureKind::ALL);
    let info = Pac::parse(&pac).unwrap();
    let info = info.client_info().unwrap().unwrap();
    assert!(info.name == "alice" && info.auth_time.unix_seconds() == NOW);
}

#[test]
fn of_a_domain() {
    let kdc = in_domain();
    let mut client = Client::new(&kdc);
    let tgt = client.log_in_as(Ask::initial("bob@A.TEST"), "secret").unwrap();
    let tgs_key = keytab_key(&kdc, TGS, &tgt.ticket);
    let (pac, _) = verified(&kdc, TGS, &tgs_key, &tgt.ticket);
    let pac = Pac::parse(&pac).unwrap();
    assert_eq!(pac.requestor_sid().unwrap(), domain().sid.with_rid(1234));
    assert!(pac.attributes().unwrap().is_some());

    let service = client.tgs(&tgt, &Ask::service(WWW)).unwrap();
    let (pac, good) = verified(&kdc, WWW, &tgs_key, &service.ticket);
    assert_eq!(good, SignatureKind::ALL);
    let pac = Pac::parse(&pac).unwrap();
    assert!(pac.requestor_sid().unwrap().is_none() && pac.attributes().unwrap().is_none());
    let logon = pac.logon_info().unwrap().unwrap();
    assert!(
        logon.effective_name == "bob" && logon.full_name == "Bob B." && logon.logon_domain_name == "ATEST"
    );
    assert!(logon.logon_server == "DC1");
    assert_eq!((logon.user_id, logon.primary_group_id), (1234, 515));
    assert_eq!(logon.groups.iter().map(|group| group.rid).collect::<Vec<_>>(), [515, 512, 2000]);
    assert_eq!(logon.extra_sids.first().unwrap().sid, domain().sid.with_rid(999).unwrap());
    let upn = pac.upn_dns_info().unwrap().unwrap();
    assert!(upn.upn == "bob@mail.test" && upn.dns_domain_name == "A.TEST");
    assert_eq!(upn.extended.unwrap().1, domain().sid.with_rid(1234).unwrap());

    // Domain controllers tell the client what the service understands.
    let value = find(&service.sealed_padata, PaDataType::SUPPORTED_ETYPES);
    let aes = SupportedEnctypes::AES128_CTS_HMAC_SHA1_96 | SupportedEnctypes::AES256_CTS_HMAC_SHA1_96;
    assert_eq!(SupportedEnctypes::from_bytes(&value), Some(aes));
}

#[test]
fn none_where_it_is_not_wanted() {
    let of_domain = in_domain();
    let none = kdc(|realm| Realm { pac: PacStyle::None, ..realm }.service("plain/host"));
    for (kdc, server) in [(&of_domain, "plain/host@A.TEST"), (&none, WWW)] {
        let mut client = Client::new(kdc);
        let tgt = client.log_in();
        let service = client.tgs(&tgt, &Ask::service(server)).unwrap();
        let key = keytab_key(kdc, server, &service.ticket);
        assert_eq!(inside(&key, &service.ticket, of_ticket), None);
    }
}

#[test]
fn it_crosses_realms() {
    let kdc = Kdc::builder()
        .realm(Realm { pac: PacStyle::Domain(domain()), ..Realm::new("A.TEST") }.user("alice", "secret"))
        .realm(Realm::new("B.TEST").service("HTTP/www.b.test"))
        .trust("A.TEST", "B.TEST")
        .clock(clock())
        .build()
        .unwrap();
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    let referral = client.tgs(&tgt, &Ask::service("krbtgt/B.TEST@A.TEST")).unwrap();
    let service = client.tgs(&referral, &Ask::service("HTTP/www.b.test@B.TEST")).unwrap();
    let b = kdc.keytab(&["krbtgt/B.TEST@B.TEST"]).unwrap().entries[0].key.clone();
    let b = Key::new(AES256, b.keyvalue()).unwrap();
    let (pac, good) = verified(&kdc, "HTTP/www.b.test@B.TEST", &b, &service.ticket);
    assert_eq!(good, SignatureKind::ALL);
    assert!(Pac::parse(&pac).unwrap().logon_info().unwrap().unwrap().effective_name == "alice");
}

/// A ticket-granting ticket made anew with another byte in its PAC, or another client.
#[test]
fn one_that_was_changed_is_refused() {
    let kdc = in_domain();
    let mut client = Client::new(&kdc);
    let tgt = client.log_in();
    let key = keytab_key(&kdc, TGS, &tgt.ticket);
    let remake = |client: &mut Client<'_>, plain: &[u8]| {
        let sealed = seal(&key, KeyUsage::TICKET, plain, &mut client.rng);
        let ticket = krb5_asn1::Ticket::from_der(&tgt.ticket).unwrap();
        let enc_part =
            krb5_asn1::EncryptedData { kvno: ticket.enc_part.kvno, ..Decode::from_der(&sealed).unwrap() };
        tgt.with_ticket(krb5_asn1::Ticket { enc_part, ..ticket }.to_der().unwrap())
    };
    let plain = inside(&key, &tgt.ticket, |part| part.to_der().unwrap());
    let same = remake(&mut client, &plain);
    client.tgs(&same, &Ask::service(WWW)).unwrap();

    let logon_name: Vec<u8> = "alice".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let at = plain.windows(logon_name.len()).position(|window| window == logon_name).unwrap();
    let mut changed = plain.clone();
    changed[at] = b'A';
    let forged = remake(&mut client, &changed);
    assert_eq!(client.tgs(&forged, &Ask::service(WWW)).unwrap_err().code, Code::KRB_AP_ERR_MODIFIED);

    let bob = principal("bob@A.TEST");
    let other =
        inside(&key, &tgt.ticket, |part| EncTicketPart { cname: bob.name(), ..*part }.to_der().unwrap());
    let mut swapped = remake(&mut client, &other);
    swapped.client = bob.clone();
    assert_eq!(client.tgs(&swapped, &Ask::service(WWW)).unwrap_err().code, Code::KRB_AP_ERR_MODIFIED);
}
