//! Any bytes at all.

use krb5_crypto::EncType;
use krb5_pac::{
    Attributes, BufferType, ClientInfo, CredentialInfo, DelegationInfo, DeviceInfo, DomainMembership,
    FileTime, GroupAttributes, GroupMembership, List, LogonInfo, Pac, PacBuilder, Sid, SidAndAttributes,
    SignatureKind, SigningKeys, Text, UpnDnsInfo, UpnFlags, UserFlags, VerifyingKeys,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::build::key;
use crate::samples::{client, extra_sids, logon, upn};
use crate::support::all_pacs;

/// Reads all that can be read. Errors have a place inside the PAC.
fn read_all(bytes: &[u8]) {
    let pac = match Pac::parse(bytes) {
        Ok(pac) => pac,
        Err(error) => return assert!(error.offset <= bytes.len()),
    };
    let errors = [
        pac.logon_info().map(|info| info.map(|info| info.sids().count())).err(),
        pac.client_info().err(),
        pac.upn_dns_info().err(),
        pac.attributes().err(),
        pac.requestor_sid().err(),
        pac.delegation_info().map(|info| info.map(|info| info.transited.iter().count())).err(),
        pac.device_info().map(|info| format!("{info:?}")).err(),
        pac.credential_info().err(),
    ];
    for error in errors.into_iter().flatten() {
        assert!(error.offset <= bytes.len(), "{error}");
    }
    let key = key(EncType(18), 1);
    let keys = VerifyingKeys { server: Some(&key), kdc: Some(&key), ticket: Some(b"ticket") };
    let verdicts = pac.verify(&keys);
    for kind in SignatureKind::ALL {
        assert!(!verdicts.of(kind).is_verified(), "nobody signed this with the key");
    }
}

fn any_sid(max: usize) -> impl Strategy<Value = Sid> {
    (0_u64..1 << 48, vec(any::<u32>(), 0..=max))
        .prop_map(|(authority, parts)| Sid::new(authority, &parts).unwrap())
}

fn any_group() -> impl Strategy<Value = GroupMembership> {
    (any::<u32>(), any::<u32>())
        .prop_map(|(rid, attributes)| GroupMembership { rid, attributes: GroupAttributes(attributes) })
}

fn any_extra() -> impl Strategy<Value = SidAndAttributes> {
    (any_sid(15), any::<u32>())
        .prop_map(|(sid, attributes)| SidAndAttributes { sid, attributes: GroupAttributes(attributes) })
}

const NAME: &str = "[^\0]{0,12}";

proptest! {
    #[test]
    fn any_bytes(
        header in prop_oneof![Just(vec![2_u8, 0, 0, 0, 0, 0, 0, 0]), vec(any::<u8>(), 0..9)],
        rest in vec(prop_oneof![Just(0_u8), Just(8), Just(40), any::<u8>()], 0..120),
    ) {
        read_all(&[header, rest].concat());
    }

    #[test]
    fn recorded_pacs_with_bytes_changed(
        which in any::<prop::sample::Index>(),
        changes in vec((any::<prop::sample::Index>(), prop_oneof![Just(0_u8), Just(1), Just(0xff), any::<u8>()]), 1..6),
    ) {
        let pacs = all_pacs();
        let mut bytes = which.get(&pacs).1.clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        read_all(&bytes);
    }

    #[test]
    fn what_is_built_is_read(
        names in vec(NAME, 8),
        numbers in vec(any::<u32>(), 8),
        times in vec(any::<u64>(), 8),
        groups in vec(any_group(), 0..20),
        extra in vec(any_extra(), 0..8),
        resource in vec(any_group(), 0..4),
        domains in (any_sid(14), any_sid(14)),
        key_byte in any::<u8>(),
    ) {
        let name = |i: usize| Text::from(names[i].as_str());
        let info = LogonInfo {
            logon_time: FileTime(times[0]),
            logoff_time: FileTime(times[1]),
            kick_off_time: FileTime(times[2]),
            password_last_set: FileTime(times[3]),
            password_can_change: FileTime(times[4]),
            password_must_change: FileTime(times[5]),
            effective_name: name(0),
            full_name: name(1),
            logon_script: name(2),
            profile_path: name(3),
            home_directory: name(4),
            home_directory_drive: name(5),
            logon_count: 3,
            bad_password_count: 4,
            user_id: numbers[0],
            primary_group_id: numbers[1],
            groups: groups.as_slice().into(),
            user_flags: UserFlags(numbers[2]),
            session_key: krb5_pac::UserSessionKey::new([key_byte; 16]),
            logon_server: name(6),
            logon_domain_name: name(7),
            logon_domain_id: Some(domains.0),
            user_account_control: numbers[3],
            sub_auth_status: numbers[4],
            last_successful_logon: FileTime(times[6]),
            last_failed_logon: FileTime(times[7]),
            failed_logon_count: numbers[5],
            extra_sids: extra.as_slice().into(),
            resource_domain_id: Some(domains.1),
            resource_groups: resource.as_slice().into(),
        };
        let bytes = PacBuilder::new().logon_info(&info).unwrap().to_bytes().unwrap();
        let pac = Pac::parse(&bytes).unwrap();
        let read = pac.logon_info().unwrap().unwrap();
        prop_assert_eq!(format!("{:?}", read), format!("{:?}", info));
        prop_assert_eq!(read.session_key.secret_bytes(), info.session_key.secret_bytes());
        prop_assert!(read.sids().eq(info.sids()));
        prop_assert!(read.sids().count() <= 2 + groups.len() + extra.len() + resource.len());
        let again = PacBuilder::new().logon_info(&read).unwrap().to_bytes().unwrap();
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn small_buffers_are_read_as_built(
        names in vec(NAME, 4),
        transited in vec(NAME, 0..5),
        time in any::<u64>(),
        flags in any::<u32>(),
        sid in any_sid(15),
        extended in any::<bool>(),
        content in vec(any::<u8>(), 0..40),
        domains in vec((any_sid(14), vec(any_group(), 0..4)), 0..4),
    ) {
        let name = |i: usize| Text::from(names[i].as_str());
        let client = ClientInfo { auth_time: FileTime(time), name: name(0) };
        let flag = if extended { flags | 2 } else { flags & !2 };
        let upn = UpnDnsInfo {
            upn: name(1),
            dns_domain_name: name(2),
            flags: UpnFlags(flag),
            extended: extended.then_some((name(3), sid)),
        };
        let attributes = Attributes { bits: 2, flags: krb5_pac::AttributeFlags(flags) };
        let credentials = CredentialInfo { enctype: EncType(7), encrypted: &content };
        let transited: Vec<_> = transited.iter().map(|name| Text::from(name.as_str())).collect();
        let delegation = DelegationInfo { proxy_target: name(0), transited: transited.as_slice().into() };
        let domains: Vec<_> = domains
            .iter()
            .map(|(domain_id, groups)| DomainMembership { domain_id: *domain_id, groups: groups.as_slice().into() })
            .collect();
        let device = DeviceInfo { domain_groups: domains.as_slice().into(), ..DeviceInfo::default() };
        let bytes = PacBuilder::minimal(&client).unwrap()
            .upn_dns_info(&upn).unwrap()
            .attributes(&attributes)
            .credential_info(&credentials)
            .requestor_sid(&sid)
            .delegation_info(&delegation).unwrap()
            .device_info(&device).unwrap()
            .buffer(BufferType(flags | 0x100), content.clone())
            .to_bytes().unwrap();
        let pac = Pac::parse(&bytes).unwrap();
        prop_assert_eq!(pac.client_info(), Ok(Some(client)));
        prop_assert_eq!(pac.upn_dns_info(), Ok(Some(upn)));
        prop_assert_eq!(pac.attributes(), Ok(Some(attributes)));
        prop_assert_eq!(pac.credential_info(), Ok(Some(credentials)));
        prop_assert_eq!(pac.requestor_sid(), Ok(Some(sid)));
        prop_assert_eq!(pac.delegation_info(), Ok(Some(delegation)));
        prop_assert_eq!(pac.device_info(), Ok(Some(device)));
        prop_assert_eq!(pac.buffer(BufferType(flags | 0x100)).unwrap().content, &content[..]);
        prop_assert_eq!(PacBuilder::from_pac(&pac).to_bytes().unwrap(), bytes);
    }
}

#[test]
fn every_single_byte_of_a_full_pac() {
    let (server, kdc) = (key(EncType(17), 8), key(EncType(17), 9));
    let names = [Text::from("a@R")];
    let delegation = DelegationInfo { proxy_target: "b".into(), transited: List::from(&names) };
    let bytes = PacBuilder::domain(&logon(&extra_sids()), &client(), &upn())
        .unwrap()
        .delegation_info(&delegation)
        .unwrap()
        .sign(&SigningKeys::new(&server, &kdc).with_ticket(b"ticket"))
        .unwrap();
    for at in 0..bytes.len() {
        for new in [0, 1, 0x7f, 0x80, 0xff, bytes[at] ^ 1] {
            let mut bytes = bytes.clone();
            bytes[at] = new;
            read_all(&bytes);
        }
    }
    for len in 0..bytes.len() {
        read_all(&bytes[..len]);
    }
}
