//! A made-up account with something in every field.

use krb5_pac::{
    ClientInfo, FileTime, GroupAttributes, GroupMembership, LogonInfo, Sid, SidAndAttributes, UpnDnsInfo,
    UpnFlags, UserFlags, UserSessionKey,
};

pub(crate) const AUTH_TIME: i64 = 1_700_000_000;

pub(crate) fn sid(text: &str) -> Sid {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub(crate) fn domain() -> Sid {
    sid("S-1-5-21-1-2-3")
}

const fn group(rid: u32, attributes: u32) -> GroupMembership {
    GroupMembership { rid, attributes: GroupAttributes(attributes) }
}

pub(crate) const GROUPS: [GroupMembership; 3] = [group(513, 7), group(1200, 3), group(1201, 7)];
pub(crate) const RESOURCE_GROUPS: [GroupMembership; 2] = [group(1300, 0x2000_0007), group(1301, 0x2000_0003)];

pub(crate) fn extra_sids() -> [SidAndAttributes; 3] {
    [
        SidAndAttributes::new(sid("S-1-18-1")),
        SidAndAttributes { sid: sid("S-1-5-21-9-9-9-7"), attributes: GroupAttributes(3) },
        SidAndAttributes::new(sid("S-1-5-21-9-9-9-8")),
    ]
}

pub(crate) fn logon<'a>(extra_sids: &'a [SidAndAttributes]) -> LogonInfo<'a> {
    LogonInfo {
        logon_time: FileTime::from_unix(AUTH_TIME),
        logoff_time: FileTime::NEVER,
        kick_off_time: FileTime(u64::MAX),
        password_last_set: FileTime(1),
        password_can_change: FileTime(2),
        password_must_change: FileTime(3),
        effective_name: "alice".into(),
        full_name: "Alice Ärgerlich \u{1f600}".into(),
        logon_script: "a.bat".into(),
        profile_path: r"\\srv\profiles\alice".into(),
        home_directory: r"\\srv\home".into(),
        home_directory_drive: "H:".into(),
        logon_count: 4,
        bad_password_count: 5,
        user_id: 1104,
        primary_group_id: 513,
        groups: GROUPS.as_slice().into(),
        user_flags: UserFlags::EXTRA_SIDS.union(UserFlags::RESOURCE_GROUPS),
        session_key: UserSessionKey::new([6; 16]),
        logon_server: "DC1".into(),
        logon_domain_name: "EXAMPLE".into(),
        logon_domain_id: Some(domain()),
        user_account_control: 0x210,
        sub_auth_status: 7,
        last_successful_logon: FileTime(8),
        last_failed_logon: FileTime(9),
        failed_logon_count: 10,
        extra_sids: extra_sids.into(),
        resource_domain_id: Some(sid("S-1-5-21-4-5-6")),
        resource_groups: RESOURCE_GROUPS.as_slice().into(),
    }
}

pub(crate) fn client() -> ClientInfo<'static> {
    ClientInfo { auth_time: FileTime::from_unix(AUTH_TIME), name: "alice".into() }
}

pub(crate) fn upn() -> UpnDnsInfo<'static> {
    UpnDnsInfo {
        upn: "alice@example.com".into(),
        dns_domain_name: "EXAMPLE.COM".into(),
        flags: UpnFlags::EXTENDED,
        extended: Some(("alice".into(), domain().with_rid(1104).unwrap())),
    }
}
