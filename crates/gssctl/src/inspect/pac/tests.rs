//! PACs of real KDCs, explained.

use super::pac;
use crate::inspect::Inspector;
use crate::inspect::tree::Node;
use gss::krb5::pac::{
    AttributeFlags, Attributes, BufferType, CredentialInfo, DelegationInfo, List, PacBuilder, Sid,
};
use gss::krb5::{EncType, EncryptionKeyBuf, Key};
use krb5_files::{Keytab, KeytabEntry};
use proptest::prelude::{any, proptest};
use test_support::vectors::{self, Record};

fn key(record: &Record) -> Key {
    Key::new(EncType(record.int("enctype").try_into().unwrap()), &record.hex("key")).unwrap()
}

/// What is said of a ticket whose key is at hand.
fn explained(record: &Record) -> String {
    let key = key(record);
    let key = EncryptionKeyBuf::new(key.enctype().0, key.secret_bytes());
    let keytab = Keytab::from_entries([KeytabEntry::new("service@REALM".parse().unwrap(), 2, key)]);
    let inspector = Inspector { keytab: Some(keytab), secrets: false };
    inspector.inspect(&record.hex("ticket")).to_string()
}

fn says(text: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[test]
fn a_ticket_of_windows_says_who_comes() {
    let file = vectors::load("pac/windows-2022-ticket.txt");
    let text = explained(&file.records()[0]);
    says(
        &text,
        &[
            "logon info (1), ",
            "account: Administrator\n",
            "domain: W2022-L7 (S-1-5-21-133451344-1126667713-3548050118)",
            "domain controller: W2022-118",
            "last logged on at: 2022-",
            "is logged off at: never",
            "user: S-1-5-21-133451344-1126667713-3548050118-500 (administrator)",
            "primary group: S-1-5-21-133451344-1126667713-3548050118-513 (domain users)",
            "group: S-1-5-21-133451344-1126667713-3548050118-519 (administrators of the forest)",
            "extra SID: S-1-18-1 (identity asserted by the KDC)",
            "group of the service's domain: S-1-5-21-133451344-1126667713-3548050118-572\n",
            "client: administrator",
            "authenticated at: 2022-",
            "UPN: Administrator@w2022-l7.base (made from account and domain, the account has none)",
            "DNS name of the domain: W2022-L7.BASE",
            "over: the PAC, with the service's key",
            "type: hmac-sha1-96-aes256",
            "verdict: verified with the key that opened the ticket",
            "over: the ticket, with the KDC's key",
            "verdict: not checked, only the KDC can",
        ],
    );
    assert!(!text.contains("malformed"), "{text}");
}

#[test]
fn the_other_kdcs_are_understood_too() {
    let file = vectors::load("pac/samba-ad-tickets.txt");
    says(&explained(&file.records()[0]), &["domain: SAMBADOM (S-1-5-21-", "UPN: alice@samba.test\n"]);
    says(&explained(&file.records()[1]), &["why there is a PAC: the client ", "asked for by: S-1-5-21-"]);
    let file = vectors::load("pac/mit-kdc-ticket.txt");
    let text = explained(&file.records()[0]);
    says(&text, &["client: ", "verdict: verified with the key that opened the ticket"]);
    assert!(!text.contains("logon info"), "{text}");
}

fn text(bytes: &[u8], key: Option<&Key>) -> String {
    pac(bytes, key).into_iter().fold(Node::new("PAC"), Node::with).to_string()
}

#[test]
fn a_signature_that_is_wrong_stands_out() {
    let file = vectors::load("pac/mit-t-pac.txt");
    let record = file.records_of("pac").find(|record| record.name().contains("RC4")).unwrap();
    let (bytes, right) = (record.hex("pac"), key(record));
    says(&text(&bytes, Some(&right)), &["verdict: verified with the key that opened the ticket"]);
    says(&text(&bytes, None), &["verdict: not checked, the ticket's key is not known"]);
    let other = Key::new(right.enctype(), &[9; 16]).unwrap();
    says(
        &text(&bytes, Some(&other)),
        &["verdict: WRONG: PAC signature does not verify with this rc4-hmac key"],
    );
    let aes = Key::new(EncType::AES128_CTS_HMAC_SHA1_96, &[9; 16]).unwrap();
    says(&text(&bytes, Some(&aes)), &["verdict: WRONG: PAC signature is of type hmac-md5"]);
}

#[test]
fn the_rarer_buffers_have_words_as_well() {
    let transited = ["HTTP/front@TEST".into()];
    let delegation = DelegationInfo { proxy_target: "ldap/back".into(), transited: List::from(&transited) };
    let sid: Sid = "S-1-5-32-544".parse().unwrap();
    let credentials = CredentialInfo { enctype: EncType::AES256_CTS_HMAC_SHA1_96, encrypted: &[1; 40] };
    let bytes = PacBuilder::new()
        .delegation_info(&delegation)
        .unwrap()
        .attributes(&Attributes::new(AttributeFlags::REQUESTED))
        .requestor_sid(&sid)
        .credential_info(&credentials)
        .buffer(BufferType::CLIENT_CLAIMS, vec![0xab; 3])
        .buffer(BufferType(77), vec![0xcd])
        .buffer(BufferType::UPN_DNS_INFO, vec![1])
        .to_bytes()
        .unwrap();
    says(
        &text(&bytes, None),
        &[
            "the ticket is for: ldap/back",
            "services that acted for the client: HTTP/front@TEST",
            "why there is a PAC: the client asked for one (flags 0x1)",
            "asked for by: S-1-5-32-544 (built-in administrators)",
            "NTLM hashes: aes256-cts-hmac-sha1-96, 40 bytes encrypted",
            "client claims (13), 3 bytes at ",
            "bytes: ababab",
            "buffer type 77, 1 bytes at ",
            "malformed: PAC, UPN and DNS info: expected 2 bytes, 1 left",
        ],
    );
    let file = vectors::load("pac/device-info.txt");
    let device = PacBuilder::new().buffer(BufferType::DEVICE_INFO, file.records()[0].hex("buffer"));
    says(
        &text(&device.to_bytes().unwrap(), None),
        &["computer: S-1-5-21-", "groups of another domain: S-1-"],
    );
}

proptest! {
    #[test]
    fn any_bytes_are_answered_with_text(bytes: Vec<u8>, kind in 0u32..22, content in proptest::collection::vec(any::<u8>(), 0..60)) {
        assert!(text(&bytes, None).lines().count() > 1);
        let made = PacBuilder::new().buffer(BufferType(kind), content).to_bytes().unwrap();
        assert!(text(&made, None).lines().count() > 1);
    }
}
