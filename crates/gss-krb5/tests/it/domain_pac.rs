//! Tickets of domain controllers, recorded, each presented by a client that has their session key: what the acceptor
//! then knows of the client.

use crate::world::{principal, step, waiting};
use alloc::sync::Arc;
use gss_core::{Step, Timestamp};
use gss_krb5::authdata::PacPolicy;
use gss_krb5::replay::MemoryReplayCache;
use gss_krb5::{
    Accepted, Acceptor, AcceptorConfig, Context, Initiator, ServiceKeys, ServiceTicket, TicketTimes,
};
use krb5_asn1::{Decode, EncTicketPart, PrincipalRef, Ticket, TicketFlags};
use krb5_crypto::{EncType, Key, KeyUsage};
use krb5_pac::{Identity, Verdict};
use test_support::vectors::{self, Record};

/// What an acceptor gets of a recorded ticket.
fn accept(record: &Record, policy: PacPolicy) -> Context<Accepted> {
    let bytes = record.hex("ticket");
    let ticket = Ticket::from_der(&bytes).unwrap();
    let key = Key::new(EncType(ticket.enc_part.etype), &record.hex("key")).unwrap();
    let mut cipher = ticket.enc_part.cipher.as_bytes().to_vec();
    let part = key.cipher(KeyUsage::TICKET).decrypt_in_place(&mut cipher).unwrap();
    let part = EncTicketPart::from_der(part).unwrap();
    let time = |time: krb5_asn1::KerberosTime| Timestamp::from_seconds(time.unix_seconds());
    let start = time(part.starttime.unwrap_or(part.authtime));
    let server = PrincipalRef { name: ticket.sname, realm: ticket.realm };
    let held = ServiceTicket {
        client: PrincipalRef { name: part.cname, realm: part.crealm }.into(),
        server: server.into(),
        session_key: Key::new(EncType(part.key.keytype), part.key.keyvalue.as_bytes()).unwrap(),
        ticket: bytes.clone(),
        flags: TicketFlags::default(),
        times: TicketTimes { auth: time(part.authtime), start, end: time(part.endtime), renew_till: None },
    };
    let mut keys = ServiceKeys::new();
    keys.add(server.into(), ticket.enc_part.kvno.unwrap().into(), key);
    let config = AcceptorConfig::new(keys, MemoryReplayCache::with_capacity(8)).pac(policy);
    let (_, token) = waiting(Initiator::new(Arc::new(held)), start);
    match step(Acceptor::new(Arc::new(config)), &token, start).0.unwrap() {
        Step::Done(context) => context,
        Step::Continue(_) => panic!("DCE style was not asked for"),
    }
}

/// The service tickets; those for the KDC itself are not for this kind of acceptor.
fn records(check: impl Fn(&Record)) {
    let mut seen = 0;
    for (path, name) in [
        ("pac/samba-ad-tickets.txt", "service ticket"),
        ("pac/windows-2022-ticket.txt", "Windows Server 2022"),
    ] {
        let file = vectors::load(path);
        for record in file.records_of("ticket").filter(|record| record.name() == name) {
            check(record);
            seen += 1;
        }
    }
    assert_eq!(seen, 2);
}

/// The numbers of groups in a record, which come with their attributes.
fn rids(record: &Record, field: &str) -> Vec<u32> {
    let all = record.all(field).into_iter().map(|text| String::from_utf8(text).unwrap());
    all.map(|text| text.split(' ').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn sids_are_those_that_another_decoder_reads() {
    records(|record| {
        let context = accept(record, PacPolicy::Require);
        let pac = context.parties().pac().unwrap();
        let logon = pac.logon_info().unwrap().unwrap();

        let domain: krb5_pac::Sid = record.text("domain_sid").parse().unwrap();
        let user = domain.with_rid(u32::try_from(record.int("user_id")).unwrap());
        assert_eq!(logon.user_sid(), user);
        let primary = u32::try_from(record.int("primary_group")).unwrap();
        let (mut groups, mut extra, mut resource) = (Vec::new(), Vec::new(), Vec::new());
        for identity in logon.sids() {
            match identity {
                Identity::User(sid) => assert_eq!(Some(sid), user),
                Identity::PrimaryGroup(group) | Identity::Group(group) => {
                    assert!(group.sid.is_in(&domain));
                    groups.push(group.sid.rid().unwrap());
                }
                Identity::Extra(group) => extra.push(group.sid.to_string()),
                Identity::Resource(group) => {
                    assert_eq!(group.sid.domain().unwrap().to_string(), record.text("resource_domain"));
                    resource.push(group.sid.rid().unwrap());
                }
            }
        }
        assert_eq!(groups, rids(record, "group"));
        assert_eq!(groups.first(), Some(&primary));
        assert_eq!(extra, ["S-1-18-1"]);
        assert_eq!(resource, rids(record, "resource"));
    });
}

#[test]
fn names_are_those_of_account_and_domain() {
    records(|record| {
        let context = accept(record, PacPolicy::default());
        let pac = context.parties().pac().unwrap();
        let logon = pac.logon_info().unwrap().unwrap();
        assert_eq!(logon.effective_name.to_string(), record.text("account"));
        assert_eq!(logon.logon_domain_name.to_string(), record.text("domain"));
        let names = pac.upn_dns_info().unwrap().unwrap();
        assert_eq!(names.upn.to_string(), record.text("upn"));
        assert_eq!(names.dns_domain_name.to_string(), record.text("dns_domain"));
        let expected = format!("{}@{}", record.text("client"), record.text("realm"));
        assert_eq!(*context.parties().client(), principal(&expected));
    });
}

#[test]
fn the_kdcs_own_signatures_are_for_the_kdc_to_check() {
    records(|record| {
        assert_eq!(record.text("signatures"), "ticket full server kdc");
        let context = accept(record, PacPolicy::default());
        let verdicts = context.parties().pac().unwrap().verdicts();
        assert!(verdicts.server.is_verified());
        for verdict in [verdicts.kdc, verdicts.ticket, verdicts.full] {
            assert!(matches!(verdict, Verdict::NotChecked), "{verdict:?}");
        }
    });
}

#[test]
fn a_pac_that_was_not_looked_at_is_not_handed_out() {
    records(|record| {
        let context = accept(record, PacPolicy::IgnoreUnverified);
        assert!(context.parties().pac().is_none());
        assert!(!context.parties().has_verified_pac());
        assert!(!context.parties().authorization_data().is_empty());
    });
}
