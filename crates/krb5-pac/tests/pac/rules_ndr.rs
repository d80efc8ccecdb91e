//! Rules of NDR, each broken once in a logon info or a device info.

use krb5_pac::{
    BufferType, DelegationInfo, DeviceInfo, DomainMembership, List, LogonInfo, Pac, PacBuilder, PacError,
    PacErrorKind, Sid, SidAndAttributes,
};

use crate::rules::put;
use crate::samples::{GROUPS, domain, extra_sids, logon, sid};

/// Where fields of the structure lie: behind two headers and the pointer to it.
const EFFECTIVE_NAME: usize = 68;
const FULL_NAME: usize = EFFECTIVE_NAME + 8;
const USER_ID: usize = 120;
const GROUP_COUNT: usize = 128;
const GROUPS_POINTER: usize = 132;
const DOMAIN_POINTER: usize = 172;
const EXTRA_COUNT: usize = 216;
const EXTRA_POINTER: usize = 220;
const RESOURCE_DOMAIN_POINTER: usize = 224;
const RESOURCE_COUNT: usize = 228;
/// What the pointers lead to begins here: the account name with its three counts.
const BODIES: usize = 236;

fn content(builder: PacBuilder) -> Vec<u8> {
    let pac = builder.to_bytes().unwrap();
    Pac::parse(&pac).unwrap().buffers().next().unwrap().content.to_vec()
}

fn logon_bytes() -> Vec<u8> {
    content(PacBuilder::new().logon_info(&logon(&extra_sids())).unwrap())
}

#[track_caller]
fn refused(bytes: &[u8], kind: PacErrorKind, field: &'static str, offset: usize) {
    assert_eq!(LogonInfo::parse(bytes).err(), Some(PacError { kind, field, offset }));
}

/// Where these bytes lie; they must lie there once.
#[track_caller]
fn find(bytes: &[u8], needle: &[u8]) -> usize {
    let places: Vec<_> =
        bytes.windows(needle.len()).enumerate().filter(|(_, seen)| *seen == needle).collect();
    assert_eq!(places.len(), 1, "{needle:?}");
    places[0].0
}

#[test]
fn headers() {
    let bytes = logon_bytes();
    let available = bytes.len() - 16;
    let info = "logon info";
    refused(&put(&bytes, 0, &[2]), PacErrorKind::NdrVersion { seen: 2 }, info, 0);
    refused(&put(&bytes, 1, &[0]), PacErrorKind::NdrByteOrder { seen: 0 }, info, 1);
    refused(&put(&bytes, 2, &[9]), PacErrorKind::NdrHeaderLength { seen: 9 }, info, 2);
    let true_len = u32::try_from(available).unwrap();
    for seen in [0, true_len - 8, true_len + 8, u32::MAX] {
        let kind = PacErrorKind::NdrObjectLength { seen, available };
        refused(&put(&bytes, 8, &seen.to_le_bytes()), kind, info, 8);
    }
    // A length that is right and yet no multiple of 8.
    let odd = [&put(&bytes, 8, &(true_len + 4).to_le_bytes())[..], &[0; 4]].concat();
    let kind = PacErrorKind::NdrObjectLength { seen: true_len + 4, available: available + 4 };
    refused(&odd, kind, info, 8);
    refused(&put(&bytes, 16, &[0; 4]), PacErrorKind::NullPointer, info, 16);
    // What is to be ignored is.
    let ignored = put(&put(&bytes, 4, &[1, 2, 3, 4]), 12, &[5, 6, 7, 8]);
    assert!(LogonInfo::parse(&put(&ignored, 16, &[0xff; 4])).is_ok());
    // Eight bytes more than any filling.
    let long = [&put(&bytes, 8, &(true_len + 8).to_le_bytes())[..], &[0; 8]].concat();
    let excess = LogonInfo::parse(&long).unwrap_err();
    assert!(matches!(excess.kind, PacErrorKind::TrailingData { excess: 8.. }), "{excess}");
}

#[test]
fn cut_anywhere() {
    let bytes = logon_bytes();
    for len in 0..bytes.len() {
        let mut cut = bytes[..len].to_vec();
        assert!(LogonInfo::parse(&cut).is_err(), "{len}");
        // With a header that admits it.
        if len >= 16 {
            cut.truncate(len / 8 * 8);
            let object = u32::try_from(cut.len() - 16).unwrap();
            let error = LogonInfo::parse(&put(&cut, 8, &object.to_le_bytes())).unwrap_err();
            let short =
                matches!(error.kind, PacErrorKind::Truncated { .. } | PacErrorKind::CountTooLarge { .. });
            assert!(short, "{len}: {error}");
        }
    }
}

#[test]
fn strings() {
    let bytes = logon_bytes();
    let name = "account name";
    let kind = PacErrorKind::LengthAboveMaximum { length: 12, maximum: 10 };
    refused(&put(&bytes, EFFECTIVE_NAME, &[12]), kind, name, EFFECTIVE_NAME);
    refused(&put(&bytes, EFFECTIVE_NAME, &[9]), PacErrorKind::OddLength { len: 9 }, name, EFFECTIVE_NAME);
    refused(
        &put(&bytes, EFFECTIVE_NAME + 2, &[11]),
        PacErrorKind::OddLength { len: 11 },
        name,
        EFFECTIVE_NAME,
    );
    refused(&put(&bytes, EFFECTIVE_NAME + 4, &[0; 4]), PacErrorKind::NullPointer, name, EFFECTIVE_NAME);
    // The three counts before the characters.
    let (seen, expected) = (6, 5);
    refused(&put(&bytes, BODIES, &[6]), PacErrorKind::MaxCount { seen, expected }, name, BODIES);
    refused(&put(&bytes, BODIES + 4, &[1]), PacErrorKind::ArrayOffset { seen: 1 }, name, BODIES + 4);
    refused(&put(&bytes, BODIES + 8, &[6]), PacErrorKind::ActualCount { seen, expected }, name, BODIES + 8);
    refused(&put(&bytes, BODIES + 12, &[0, 0]), PacErrorKind::Nul, name, BODIES + 12);
    let half = PacErrorKind::UnpairedSurrogate { unit: 0xd800 };
    refused(&put(&bytes, BODIES + 20, &[0, 0xd8]), half, name, BODIES + 20);
    // The second name begins at a multiple of 4 again: "alice" is ten bytes, and two fill the gap.
    let units = u32::from(u16::from_le_bytes([bytes[FULL_NAME], bytes[FULL_NAME + 1]])) / 2;
    let kind = PacErrorKind::MaxCount { seen: units + 1, expected: units };
    refused(&put(&bytes, BODIES + 24, &(units + 1).to_le_bytes()), kind, "full name", BODIES + 24);
    // What fills it is not looked at.
    assert!(LogonInfo::parse(&put(&bytes, BODIES + 22, &[0xff, 0xff])).is_ok());
}

#[test]
fn a_string_without_a_pointer_is_empty() {
    let empty = content(PacBuilder::new().logon_info(&LogonInfo::default()).unwrap());
    // Eight strings of no characters, each with three counts, and filled up. One goes with its pointer.
    let used = BODIES + 8 * 12;
    let empty = put(&empty[..used], EFFECTIVE_NAME + 4, &[0; 4]);
    let without = [&empty[..BODIES], &empty[BODIES + 12..]].concat();
    let object = u32::try_from(without.len() - 16).unwrap();
    let without = put(&without, 8, &object.to_le_bytes());
    assert!(LogonInfo::parse(&without).unwrap().effective_name.is_empty());
}

#[test]
fn arrays() {
    let bytes = logon_bytes();
    let groups_at = find(&bytes, &[3, 0, 0, 0, 1, 2, 0, 0, 7, 0, 0, 0]);
    let groups = "groups";
    refused(&put(&bytes, GROUPS_POINTER, &[0; 4]), PacErrorKind::NullPointer, groups, groups_at);
    refused(
        &put(&bytes, groups_at, &[4]),
        PacErrorKind::MaxCount { seen: 4, expected: 3 },
        groups,
        groups_at,
    );
    for count in [4, 0x2000_0000, u32::MAX] {
        let kind = PacErrorKind::MaxCount { seen: 3, expected: count };
        refused(&put(&bytes, GROUP_COUNT, &count.to_le_bytes()), kind, groups, groups_at);
    }
    for count in [0x2000_0000, u32::MAX] {
        let both = put(&put(&bytes, GROUP_COUNT, &count.to_le_bytes()), groups_at, &count.to_le_bytes());
        let possible = (bytes.len() - groups_at - 4) / 8;
        refused(&both, PacErrorKind::CountTooLarge { count, possible }, groups, groups_at + 4);
    }
    // Three extra SIDs: a pointer and attributes each.
    let extra = "extra SIDs";
    let first = [3, 0, 0, 0, 0x30, 0, 2, 0, 7, 0, 0, 0];
    let extra_at = find(&bytes, &first);
    refused(&put(&bytes, EXTRA_POINTER, &[0; 4]), PacErrorKind::NullPointer, extra, extra_at);
    refused(
        &put(&bytes, EXTRA_COUNT, &[2]),
        PacErrorKind::MaxCount { seen: 3, expected: 2 },
        extra,
        extra_at,
    );
    refused(&put(&bytes, extra_at + 4, &[0; 4]), PacErrorKind::NullPointer, "extra SID", extra_at + 4);
    let kind = PacErrorKind::MaxCount { seen: 2, expected: 1 };
    refused(&put(&bytes, RESOURCE_COUNT, &[1]), kind, "resource groups", bytes.len() - 24);
}

#[test]
fn sids() {
    let bytes = logon_bytes();
    // The maximum count, revision and number of parts of S-1-5-21-1-2-3.
    let at =
        find(&bytes, &[4, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]);
    let field = "logon domain SID";
    refused(&put(&bytes, at, &[5]), PacErrorKind::MaxCount { seen: 5, expected: 4 }, field, at);
    refused(&put(&bytes, at + 4, &[2]), PacErrorKind::SidRevision { seen: 2 }, field, at + 4);
    refused(&put(&bytes, at + 5, &[16]), PacErrorKind::SidLength { seen: 16 }, field, at + 4);
    refused(&put(&bytes, at + 5, &[3]), PacErrorKind::MaxCount { seen: 4, expected: 3 }, field, at);
}

#[test]
fn numbers_need_a_domain_with_room() {
    let extra = extra_sids();
    let full = Sid::new(5, &[1; 15]).unwrap();
    let refuse = |logon: &LogonInfo<'_>| {
        let bytes = content(PacBuilder::new().logon_info(logon).unwrap());
        LogonInfo::parse(&bytes).err().map(|error| (error.kind, error.field, error.offset))
    };
    let domain_error = |kind| Some((kind, "logon domain SID", DOMAIN_POINTER));
    let logon = logon(&extra);
    let without = LogonInfo { logon_domain_id: None, ..logon.clone() };
    assert_eq!(refuse(&without), domain_error(PacErrorKind::NullPointer));
    let nobody = LogonInfo { user_id: 0, primary_group_id: 0, groups: List::EMPTY, ..without };
    assert_eq!(refuse(&nobody), None);
    assert_eq!(refuse(&LogonInfo { user_id: 1, ..nobody.clone() }), domain_error(PacErrorKind::NullPointer));
    let primary = LogonInfo { primary_group_id: 1, ..nobody.clone() };
    assert_eq!(refuse(&primary), domain_error(PacErrorKind::NullPointer));
    let groups = LogonInfo { groups: GROUPS.as_slice().into(), ..nobody };
    assert_eq!(refuse(&groups), domain_error(PacErrorKind::NullPointer));
    let no_room = LogonInfo { logon_domain_id: Some(full), ..logon.clone() };
    assert_eq!(refuse(&no_room), domain_error(PacErrorKind::SidFull));

    let resource_error = |kind| Some((kind, "resource domain SID", RESOURCE_DOMAIN_POINTER));
    let without = LogonInfo { resource_domain_id: None, ..logon.clone() };
    assert_eq!(refuse(&without), resource_error(PacErrorKind::NullPointer));
    let no_room = LogonInfo { resource_domain_id: Some(full), ..logon };
    assert_eq!(refuse(&no_room), resource_error(PacErrorKind::SidFull));
}

#[test]
fn fields_lie_where_this_file_says() {
    let bytes = logon_bytes();
    assert_eq!(bytes[USER_ID..][..4], 1104_u32.to_le_bytes());
    assert_eq!(bytes[GROUP_COUNT..][..4], 3_u32.to_le_bytes());
    assert_eq!(bytes[EXTRA_COUNT..][..4], 3_u32.to_le_bytes());
    assert_eq!(bytes[RESOURCE_COUNT..][..4], 2_u32.to_le_bytes());
    assert_eq!(bytes[BODIES + 12..][..10], *b"a\0l\0i\0c\0e\0");
}

#[test]
fn devices() {
    let full = Sid::new(5, &[1; 15]).unwrap();
    let member = |domain_id| DomainMembership { domain_id, groups: GROUPS.as_slice().into() };
    let domains = [member(sid("S-1-5-21-7-7-7"))];
    let extra = [SidAndAttributes::new(sid("S-1-18-1"))];
    let device = DeviceInfo {
        user_id: 1105,
        primary_group_id: 515,
        account_domain_id: Some(domain()),
        account_groups: GROUPS.as_slice().into(),
        extra_sids: List::from(&extra),
        domain_groups: List::from(&domains),
    };
    let bytes = |device: &DeviceInfo<'_>| content(PacBuilder::new().device_info(device).unwrap());
    let refuse = |bytes: &[u8]| DeviceInfo::parse(bytes).unwrap_err();
    let whole = bytes(&device);
    assert_eq!(DeviceInfo::parse(&whole), Ok(device));
    assert_eq!(
        refuse(&bytes(&DeviceInfo { account_domain_id: None, ..device })).kind,
        PacErrorKind::NullPointer
    );
    let no_room = [member(full)];
    let refused = refuse(&bytes(&DeviceInfo { domain_groups: List::from(&no_room), ..device }));
    assert_eq!((refused.kind, refused.field), (PacErrorKind::SidFull, "device's groups of other domains"));
    // The pointer to the domain of the one membership: behind the count comes the pointer.
    let bytes = whole;
    let at = find(&bytes, &[1, 0, 0, 0, 0x18, 0, 2, 0, 3, 0, 0, 0]) + 4;
    assert_eq!(refuse(&put(&bytes, at, &[0; 4])).kind, PacErrorKind::NullPointer);
    // The pointer to its groups.
    assert_eq!(refuse(&put(&bytes, at + 8, &[0; 4])).kind, PacErrorKind::NullPointer);
    assert_eq!(refuse(&put(&bytes, at + 4, &[2])).kind, PacErrorKind::MaxCount { seen: 3, expected: 2 });
}

#[test]
fn delegations() {
    let names = ["a@R".into(), "b@R".into()];
    let info = DelegationInfo { proxy_target: "c".into(), transited: List::from(&names) };
    let pac = PacBuilder::new().delegation_info(&info).unwrap().to_bytes().unwrap();
    let pac = Pac::parse(&pac).unwrap();
    assert_eq!(pac.delegation_info(), Ok(Some(info)));
    let bytes = pac.buffer(BufferType::DELEGATION_INFO).unwrap().content;
    // Behind the pointer: head of the target (8), count, pointer; its body (16); the array.
    let refuse = |at, new: &[u8]| DelegationInfo::parse(&put(bytes, at, new)).unwrap_err().kind;
    assert_eq!(refuse(28, &[3]), PacErrorKind::MaxCount { seen: 2, expected: 3 });
    assert_eq!(refuse(32, &[0; 4]), PacErrorKind::NullPointer);
    let array = 36 + 16;
    assert_eq!(refuse(array, &[1]), PacErrorKind::MaxCount { seen: 1, expected: 2 });
    assert_eq!(refuse(array + 4, &[10]), PacErrorKind::LengthAboveMaximum { length: 10, maximum: 8 });
    assert_eq!(refuse(array + 4 + 4, &[0; 4]), PacErrorKind::NullPointer);
}
