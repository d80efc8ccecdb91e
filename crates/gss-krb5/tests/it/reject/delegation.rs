//! Delegated credentials, out and in.

use super::{given_up, refused};
use crate::forge::Forge;
use crate::world::{
    AES128, AES256, CLIENT, ENCTYPES, SERVICE, accept, acceptor, config, held, initiator, maker, now_plus,
    principal,
};
use gss_core::{ContextFlags, MajorStatus, SecurityContext};
use gss_krb5::checksum::MAX_DELEGATION_LEN;
use gss_krb5::{AcceptorError, Allow, DelegationError, Initiator, InitiatorError};
use krb5_asn1::{
    EncKrbCredPart, Encode, EncryptedData, EncryptionKey, ErrorCode, KerberosTime, KrbCred, KrbCredInfo,
    Octets, Raw, SeqOf, Ticket, TicketFlags,
};
use krb5_crypto::{EncType, Key, KeyUsage};
use test_support::Pair;
use test_support::ticket::{NOW, TicketMaker, key, seal};

const TGS: &str = "krbtgt/EXAMPLE.COM@EXAMPLE.COM";

/// The ticket-granting ticket that is delegated.
fn granting() -> TicketMaker {
    let mut maker = TicketMaker::new(CLIENT, TGS, key(AES256, 500));
    maker.session_key = key(AES128, 501);
    maker.flags = maker.flags | TicketFlags::FORWARDABLE | TicketFlags::FORWARDED;
    maker.renew_till = Some(NOW + 86_400);
    maker
}

/// A KRB-CRED made by hand.
struct Cred {
    tickets: usize,
    infos: usize,
    named: bool,
    session_key: (EncType, Vec<u8>),
    key: Option<Key>,
}

impl Cred {
    fn new() -> Self {
        let session_key = granting().session_key;
        Self {
            tickets: 1,
            infos: 1,
            named: true,
            session_key: (session_key.enctype(), session_key.secret_bytes().to_vec()),
            key: Some(maker(AES256).session_key),
        }
    }

    fn der(&self) -> Vec<u8> {
        let granting = granting();
        let time = |seconds| KerberosTime::from_unix(seconds);
        let info = KrbCredInfo {
            key: EncryptionKey { keytype: self.session_key.0.0, keyvalue: Octets::new(&self.session_key.1) },
            prealm: self.named.then(|| granting.client.realm()),
            pname: self.named.then(|| granting.client.name()),
            flags: Some(granting.flags),
            authtime: time(granting.auth_time),
            starttime: None,
            endtime: time(granting.end_time),
            renew_till: granting.renew_till.and_then(time),
            srealm: None,
            sname: None,
            caddr: None,
        };
        let infos = vec![info; self.infos];
        let part = EncKrbCredPart {
            ticket_info: SeqOf::new(&infos),
            nonce: None,
            timestamp: None,
            usec: None,
            s_address: None,
            r_address: None,
        };
        let part = part.to_der().unwrap();
        let (etype, cipher) = match &self.key {
            Some(key) => (key.enctype().0, seal(&key.cipher(KeyUsage::KRB_CRED), &part, 8)),
            None => (0, part),
        };
        let ticket = granting.ticket();
        let tickets: Vec<Raw<'_, Ticket<'_>>> = vec![Raw::new(&ticket).unwrap(); self.tickets];
        let enc_part = EncryptedData { etype, kvno: None, cipher: Octets::new(&cipher) };
        KrbCred { tickets: SeqOf::new(&tickets), enc_part }.to_der().unwrap()
    }

    fn request(&self) -> Forge {
        delegating(&self.der())
    }
}

/// An AP-REQ that delegates this KRB-CRED.
fn delegating(cred: &[u8]) -> Forge {
    let len = u16::try_from(cred.len()).unwrap().to_le_bytes();
    let rest = [&[1, 0], &len[..], cred].concat();
    Forge::new(AES256).asking(ContextFlags::DELEGATION, &rest)
}

#[test]
fn credentials_arrive_as_they_were_sent() {
    for &enctype in ENCTYPES {
        let sent = held(&granting());
        let initiator = initiator(enctype).delegate(held(&granting())).allow_weak_enctypes();
        let acceptor = acceptor(config(enctype).allow(Allow::WEAK_ENCTYPES));
        let (client, server) = Pair::default().run(initiator, acceptor).established();
        for facts in [client.facts(), server.facts()] {
            assert!(facts.flags.contains(ContextFlags::DELEGATION), "{enctype}");
        }
        let delegated = server.into_parties().into_delegated();
        assert_eq!(delegated.len(), 1);
        let ticket = &delegated[0];
        assert_eq!((&ticket.client, &ticket.server), (&sent.client, &sent.server));
        assert_eq!((&ticket.ticket, ticket.flags, ticket.times), (&sent.ticket, sent.flags, sent.times));
        assert!(ticket.session_key.ct_eq(&sent.session_key));
    }
}

#[test]
fn nothing_is_delegated_unless_asked() {
    let flags = ContextFlags::DELEGATION | ContextFlags::MUTUAL;
    let (client, server) =
        Pair::default().run(initiator(AES256).flags(flags), acceptor(config(AES256))).established();
    for facts in [client.facts(), server.facts()] {
        assert!(!facts.flags.contains(ContextFlags::DELEGATION));
    }
    assert!(server.parties().delegated().is_empty());
}

#[test]
fn the_kdc_says_which_services_are_trusted_with_delegation() {
    for (flags, trusted) in [(TicketFlags::FORWARDABLE, false), (TicketFlags::OK_AS_DELEGATE, true)] {
        let ticket = held(&TicketMaker { flags, ..maker(AES256) });
        let initiator = Initiator::new(ticket).delegate_if_trusted(held(&granting()));
        let (client, server) = Pair::default().run(initiator, acceptor(config(AES256))).established();
        for facts in [client.facts(), server.facts()] {
            assert_eq!(facts.flags.contains(ContextFlags::DELEGATION), trusted);
        }
        assert_eq!(server.parties().delegated().len(), usize::from(trusted));
    }
}

#[test]
fn the_session_key_or_the_subkey_of_old_initiators() {
    let context = accept(&config(AES256), &Cred::new().request().token()).unwrap();
    assert!(context.facts().flags.contains(ContextFlags::DELEGATION));
    let ticket = &context.parties().delegated()[0];
    // What the description leaves out comes from the ticket.
    assert_eq!((&ticket.server, ticket.times.start), (&principal(TGS), ticket.times.auth));

    let subkey = key(AES256, 600);
    let mut old = Cred { key: Some(subkey.duplicate()), ..Cred::new() }.request();
    old.subkey = Some((AES256, subkey.secret_bytes().to_vec()));
    let context = accept(&config(AES256), &old.token()).unwrap();
    assert_eq!(context.parties().delegated().len(), 1);
    assert_eq!(context.parties().client(), &principal(CLIENT));
    assert_eq!(context.parties().service(), &principal(SERVICE));
}

#[test]
fn each_rule_has_its_error() {
    let verdict = ("delegation", MajorStatus::DEFECTIVE_TOKEN, Some(ErrorCode::KRB_ERR_GENERIC));
    let fails = |forge: Forge| match refused(&config(AES256), &forge.token(), verdict) {
        AcceptorError::Delegation(error) => error,
        other => panic!("{other}"),
    };
    for (tickets, infos) in [(0, 0), (1, 2), (2, 1), (0, 1), (1, 0), (17, 17)] {
        let error = fails(Cred { tickets, infos, ..Cred::new() }.request());
        assert_eq!(error, DelegationError::Count { tickets, infos });
    }
    assert_eq!(fails(Cred { named: false, ..Cred::new() }.request()), DelegationError::NoClient);
    // Clear text, a key that nobody has, and another usage's enctype.
    let clear = fails(Cred { key: None, ..Cred::new() }.request());
    assert_eq!(clear, DelegationError::Integrity { enctype: EncType(0) });
    let foreign = fails(Cred { key: Some(key(AES256, 601)), ..Cred::new() }.request());
    assert_eq!(foreign, DelegationError::Integrity { enctype: AES256 });
    let foreign = fails(Cred { key: Some(key(AES128, 78)), ..Cred::new() }.request());
    assert_eq!(foreign, DelegationError::Integrity { enctype: AES128 });
    let short_key = fails(Cred { session_key: (AES256, vec![0; 16]), ..Cred::new() }.request());
    assert!(matches!(short_key, DelegationError::Key(_)));
    assert!(matches!(fails(delegating(b"")), DelegationError::Decode(_)));
    assert!(matches!(
        fails(delegating(&[&Cred::new().der()[..], b"\0"].concat())),
        DelegationError::Decode(_)
    ));
    accept(&config(AES256), &Cred { tickets: 16, infos: 16, ..Cred::new() }.request().token()).unwrap();
}

#[test]
fn credentials_without_the_flag_are_not_looked_at() {
    // Without the flag what follows are extensions, and these bytes are none.
    let mut forge = Cred::new().request();
    let content = &mut forge.checksum.as_mut().unwrap().1;
    content[20] &= 0xfe;
    let verdict =
        ("checksum_malformed", MajorStatus::DEFECTIVE_TOKEN, Some(ErrorCode::KRB_AP_ERR_INAPP_CKSUM));
    refused(&config(AES256), &forge.token(), verdict);
}

#[test]
fn every_flipped_bit_of_the_encrypted_part() {
    let der = Cred::new().der();
    let part_starts = der.len() - 100;
    for bit in (part_starts * 8..der.len() * 8).step_by(3) {
        let mut flipped = der.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = accept(&config(AES256), &delegating(&flipped).token()).unwrap_err();
        assert!(matches!(error, AcceptorError::Delegation(DelegationError::Integrity { .. })), "{error}");
    }
}

#[test]
fn a_ticket_too_long_to_delegate() {
    let mut long = granting();
    long.authorization_data = vec![(krb5_asn1::AuthDataType::IF_RELEVANT, vec![0x30; MAX_DELEGATION_LEN])];
    let verdict = ("delegation_too_long", MajorStatus::FAILURE, None);
    match given_up(initiator(AES256).delegate(held(&long)), b"", now_plus(0), verdict) {
        InitiatorError::DelegationTooLong { length } => assert!(length > MAX_DELEGATION_LEN),
        other => panic!("{other}"),
    }
}
