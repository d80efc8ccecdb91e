//! What recorded PACs say, as another decoder reads it.

use krb5_pac::{DelegationInfo, DeviceInfo, LogonInfo, Pac, PacBuilder, Text};
use test_support::vectors::{self, Record};

use crate::support::{all_pacs, tickets};

/// Every fact that a vector file may state, in its form there. Names that are empty are not stated.
fn facts(pac: &Pac<'_>) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let mut add = |key, fact: &dyn ToString| facts.push((key, fact.to_string()));
    if let Some(logon) = pac.logon_info().unwrap() {
        logon_facts(&logon, &mut add);
    }
    let client = pac.client_info().unwrap().expect("all of them name the client");
    add("client", &client.name);
    add("client_time", &client.auth_time.0);
    if let Some(upn) = pac.upn_dns_info().unwrap() {
        add("upn", &upn.upn);
        add("dns_domain", &upn.dns_domain_name);
        add("upn_flags", &upn.flags.0);
        if let Some((name, sid)) = upn.extended {
            add("sam_name", &name);
            add("sam_sid", &sid);
        }
    }
    if let Some(attributes) = pac.attributes().unwrap() {
        add("attributes", &attributes.flags.0);
    }
    if let Some(sid) = pac.requestor_sid().unwrap() {
        add("requestor", &sid);
    }
    facts
}

fn logon_facts(logon: &LogonInfo<'_>, add: &mut dyn FnMut(&'static str, &dyn ToString)) {
    let names: [(&'static str, Text<'_>); 5] = [
        ("account", logon.effective_name),
        ("full_name", logon.full_name),
        ("script", logon.logon_script),
        ("server", logon.logon_server),
        ("domain", logon.logon_domain_name),
    ];
    names.iter().filter(|(_, name)| !name.is_empty()).for_each(|(key, name)| add(key, name));
    add("logon_time", &logon.logon_time.0);
    add("password_last_set", &logon.password_last_set.0);
    add("logon_count", &logon.logon_count);
    add("user_id", &logon.user_id);
    add("primary_group", &logon.primary_group_id);
    add("user_flags", &logon.user_flags.0);
    add("account_control", &logon.user_account_control);
    logon.logon_domain_id.iter().for_each(|sid| add("domain_sid", sid));
    for group in &logon.groups {
        add("group", &format!("{} {:?}", group.rid, group.attributes));
    }
    for extra in &logon.extra_sids {
        add("extra", &format!("{} {:?}", extra.sid, extra.attributes));
    }
    logon.resource_domain_id.iter().for_each(|sid| add("resource_domain", sid));
    for group in &logon.resource_groups {
        add("resource", &format!("{} {:?}", group.rid, group.attributes));
    }
}

const SINGLE: [&str; 23] = [
    "account",
    "full_name",
    "script",
    "server",
    "domain",
    "logon_time",
    "password_last_set",
    "logon_count",
    "user_id",
    "primary_group",
    "user_flags",
    "account_control",
    "domain_sid",
    "resource_domain",
    "client",
    "client_time",
    "upn",
    "dns_domain",
    "upn_flags",
    "sam_name",
    "sam_sid",
    "attributes",
    "requestor",
];

fn compare(pac: &Pac<'_>, record: &Record) {
    let facts = facts(pac);
    let of = |key: &str| facts.iter().filter(|(k, _)| *k == key).map(|(_, v)| v.clone()).collect::<Vec<_>>();
    for key in SINGLE {
        let stated: Vec<_> = record.get(key).map(|_| record.text(key)).into_iter().collect();
        assert_eq!(of(key), stated, "{key} of {}", record.name());
    }
    for key in ["group", "extra", "resource"] {
        let stated: Vec<_> =
            record.all(key).into_iter().map(|text| String::from_utf8(text).unwrap()).collect();
        assert_eq!(of(key), stated, "{key} of {}", record.name());
    }
}

#[test]
fn tickets_say_what_another_decoder_reads() {
    for (ticket, file, index) in tickets() {
        compare(&Pac::parse(&ticket.pac).unwrap(), &file.records()[index]);
    }
}

#[test]
fn the_example_of_the_specification_says_what_it_explains() {
    let file = vectors::load("pac/ms-pac-example.txt");
    for record in file.records_of("pac") {
        let bytes = record.hex("pac");
        let pac = Pac::parse(&bytes).unwrap();
        compare(&pac, record);
        let logon = pac.logon_info().unwrap().unwrap();
        // Section 3.1.
        assert_eq!(logon.effective_name, "lzhu");
        assert_eq!(logon.groups.len(), 26);
        let group = logon.logon_domain_id.unwrap().with_rid(logon.groups.first().unwrap().rid).unwrap();
        assert_eq!(group.to_string(), "S-1-5-21-397955417-626881126-188441444-3392609");
    }
}

#[test]
fn mits_kdc_leaves_the_logon_info_out() {
    let tickets = tickets();
    let mits: Vec<_> =
        tickets.iter().filter(|(_, file, _)| file.header("source").starts_with("MIT krb5 1.20")).collect();
    assert_eq!(mits.len(), 2);
    for (ticket, ..) in mits {
        let pac = Pac::parse(&ticket.pac).unwrap();
        assert!(pac.logon_info().unwrap().is_none());
        assert!(pac.client_info().unwrap().unwrap().name == "alice");
    }
}

#[test]
fn every_pac_is_laid_out_again_byte_by_byte() {
    for (name, bytes) in all_pacs() {
        let pac = Pac::parse(&bytes).unwrap();
        assert_eq!(PacBuilder::from_pac(&pac).to_bytes().as_ref(), Ok(&bytes), "{name}");
    }
}

#[test]
fn every_buffer_is_written_again_byte_by_byte() {
    let mut seen = 0;
    for (name, bytes) in all_pacs() {
        let pac = Pac::parse(&bytes).unwrap();
        let mut builder = PacBuilder::from_pac(&pac);
        if let Some(logon) = pac.logon_info().unwrap() {
            builder = builder.logon_info(&logon).unwrap();
            seen += 1;
        }
        builder = builder.client_info(&pac.client_info().unwrap().unwrap()).unwrap();
        if let Some(upn) = pac.upn_dns_info().unwrap() {
            let written = PacBuilder::new().upn_dns_info(&upn).unwrap().to_bytes().unwrap();
            assert_eq!(Pac::parse(&written).unwrap().upn_dns_info(), Ok(Some(upn)));
            // Samba does not align the SID, as Windows does.
            if upn.dns_domain_name != "SAMBA.TEST" {
                builder = builder.upn_dns_info(&upn).unwrap();
            }
        }
        if let Some(attributes) = pac.attributes().unwrap() {
            builder = builder.attributes(&attributes);
        }
        if let Some(sid) = pac.requestor_sid().unwrap() {
            builder = builder.requestor_sid(&sid);
        }
        assert_eq!(builder.to_bytes().as_ref(), Ok(&bytes), "{name}");
    }
    assert!(seen > 5);
}

#[test]
fn delegation_is_read_and_written() {
    let file = vectors::load("pac/delegation-info.txt");
    for record in file.records_of("delegation-info") {
        let buffer = record.hex("buffer");
        let info = DelegationInfo::parse(&buffer).unwrap();
        assert!(info.proxy_target == record.text("target").as_str());
        let transited: Vec<_> = info.transited.iter().map(|name| name.to_string().into_bytes()).collect();
        assert_eq!(transited, record.all("transited"));
        let pac = PacBuilder::new().delegation_info(&info).unwrap().to_bytes().unwrap();
        let written = Pac::parse(&pac).unwrap().buffer(krb5_pac::BufferType::DELEGATION_INFO).unwrap();
        assert_eq!(written.content, buffer, "{}", record.name());
    }
    for record in file.records_of("malformed") {
        assert!(DelegationInfo::parse(&record.hex("buffer")).is_err(), "{}", record.name());
    }
}

#[test]
fn devices_are_read_and_written() {
    let file = vectors::load("pac/device-info.txt");
    for record in file.records_of("device-info") {
        let buffer = record.hex("buffer");
        let info = DeviceInfo::parse(&buffer).unwrap();
        assert_eq!(i64::from(info.user_id), record.int("user_id"));
        assert_eq!(i64::from(info.primary_group_id), record.int("primary_group"));
        assert_eq!(info.account_domain_id, record.text("domain_sid").parse().ok());
        let texts = |key| {
            record.all(key).into_iter().map(|text| String::from_utf8(text).unwrap()).collect::<Vec<_>>()
        };
        let groups: Vec<_> =
            info.account_groups.iter().map(|group| format!("{} {:?}", group.rid, group.attributes)).collect();
        assert_eq!(groups, texts("group"));
        let extra: Vec<_> =
            info.extra_sids.iter().map(|extra| format!("{} {:?}", extra.sid, extra.attributes)).collect();
        assert_eq!(extra, texts("extra"));
        let others: Vec<_> = info
            .domain_groups
            .iter()
            .flat_map(|domain| {
                let sid = domain.domain_id;
                domain
                    .groups
                    .iter()
                    .map(move |group| format!("{} {:?}", sid.with_rid(group.rid).unwrap(), group.attributes))
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(others, texts("domain_group"));

        // Only the numbers of the pointers differ.
        let pac = PacBuilder::new().device_info(&info).unwrap().to_bytes().unwrap();
        let pac = Pac::parse(&pac).unwrap();
        assert_eq!(pac.device_info().unwrap(), Some(info));
        let written = pac.buffer(krb5_pac::BufferType::DEVICE_INFO).unwrap().content;
        assert_eq!(written.len(), buffer.len());
    }
}
