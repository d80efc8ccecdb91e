//! Who a PAC says the client is.

use krb5_pac::{GroupMembership, Identity, List, LogonInfo, Pac, SidAndAttributes, UserFlags};

use crate::samples::{domain, extra_sids, logon, sid};
use crate::support::tickets;

fn shown(logon: &LogonInfo<'_>) -> Vec<String> {
    logon
        .sids()
        .map(|identity| {
            let kind = match identity {
                Identity::User(_) => "user",
                Identity::PrimaryGroup(_) => "primary",
                Identity::Group(_) => "group",
                Identity::Extra(_) => "extra",
                Identity::Resource(_) => "resource",
            };
            format!("{kind} {}", identity.sid())
        })
        .collect()
}

#[test]
fn only_what_is_enabled_counts() {
    let extra = extra_sids();
    assert_eq!(
        shown(&logon(&extra)),
        [
            "user S-1-5-21-1-2-3-1104",
            "primary S-1-5-21-1-2-3-513",
            "group S-1-5-21-1-2-3-1201",
            "extra S-1-18-1",
            "extra S-1-5-21-9-9-9-8",
            "resource S-1-5-21-4-5-6-1300",
        ]
    );
}

#[test]
fn lists_count_with_their_flag_only() {
    let extra = extra_sids();
    let mut logon = logon(&extra);
    logon.user_flags = UserFlags::EXTRA_SIDS;
    assert!(shown(&logon).iter().all(|sid| !sid.starts_with("resource")));
    assert_eq!(shown(&logon).len(), 5);
    logon.user_flags = UserFlags::RESOURCE_GROUPS;
    assert!(shown(&logon).iter().all(|sid| !sid.starts_with("extra")));
    assert_eq!(shown(&logon).len(), 4);
}

#[test]
fn an_account_without_a_number_is_the_first_extra_sid() {
    let extra = extra_sids();
    let mut logon = logon(&extra);
    logon.user_id = 0;
    assert_eq!(logon.user_sid(), Some(sid("S-1-18-1")));
    let all = shown(&logon);
    assert_eq!(all.first().map(String::as_str), Some("user S-1-18-1"));
    assert!(!all.contains(&"extra S-1-18-1".to_owned()), "the account is no group of its own: {all:?}");
    assert!(all.contains(&"extra S-1-5-21-9-9-9-8".to_owned()));
    // Without the flag the extra SIDs do not count, so that there is none.
    logon.user_flags = UserFlags::default();
    assert_eq!(logon.user_sid(), None);
    assert_eq!(shown(&logon), ["primary S-1-5-21-1-2-3-513", "group S-1-5-21-1-2-3-1201"]);
}

#[test]
fn the_primary_group_comes_once_and_needs_no_list() {
    let mut logon =
        LogonInfo { primary_group_id: 513, logon_domain_id: Some(domain()), ..LogonInfo::default() };
    assert_eq!(shown(&logon), ["primary S-1-5-21-1-2-3-513"]);
    let disabled =
        [GroupMembership { rid: 513, attributes: krb5_pac::GroupAttributes(3) }, GroupMembership::new(7)];
    logon.groups = List::from(&disabled);
    assert_eq!(shown(&logon), ["group S-1-5-21-1-2-3-7"]);
    logon.primary_group_id = 0;
    assert_eq!(shown(&logon), ["group S-1-5-21-1-2-3-7"]);
}

#[test]
fn what_is_written_is_the_same_person() {
    let extra: [SidAndAttributes; 3] = extra_sids();
    let made = logon(&extra);
    let bytes = krb5_pac::PacBuilder::new().logon_info(&made).unwrap().to_bytes().unwrap();
    let read = Pac::parse(&bytes).unwrap().logon_info().unwrap().unwrap();
    assert_eq!(shown(&read), shown(&made));
    assert_eq!(format!("{read:?}"), format!("{made:?}"));
    assert_eq!(read.session_key.secret_bytes(), made.session_key.secret_bytes());
    assert!(!format!("{read:?}").contains("6, 6"), "no key is shown");
}

#[test]
fn windows_and_samba_say_who_it_is() {
    let mut seen = Vec::new();
    for (ticket, ..) in tickets() {
        if let Some(logon) = Pac::parse(&ticket.pac).unwrap().logon_info().unwrap() {
            seen.push(shown(&logon));
        }
    }
    let samba = "S-1-5-21-3020469637-326697938-3646600168";
    let windows = "S-1-5-21-133451344-1126667713-3548050118";
    assert_eq!(
        seen.first().unwrap().as_slice(),
        [
            format!("user {samba}-1102"),
            format!("primary {samba}-513"),
            format!("group {samba}-1103"),
            format!("group {samba}-1104"),
            "extra S-1-18-1".to_owned(),
        ]
    );
    assert_eq!(
        seen.last().unwrap().as_slice(),
        [
            format!("user {windows}-500"),
            format!("primary {windows}-513"),
            format!("group {windows}-512"),
            format!("group {windows}-520"),
            format!("group {windows}-518"),
            format!("group {windows}-519"),
            "extra S-1-18-1".to_owned(),
            format!("resource {windows}-572"),
        ]
    );
}
