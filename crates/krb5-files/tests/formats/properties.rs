//! Round trips of made-up values.

use krb5_asn1::{EncryptionKeyBuf, NameType, Principal, TicketFlags};
use krb5_files::{
    Address, AuthData, ByteOrder, Ccache, CcacheVersion, Credential, HeaderField, Keytab, KeytabEntry,
    KeytabVersion, Times,
};
use proptest::prelude::*;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..40)
}

fn principal() -> impl Strategy<Value = Principal> {
    (any::<i32>(), prop::collection::vec(bytes(), 0..4), bytes()).prop_map(
        |(name_type, components, realm)| {
            Principal::from_components(NameType(name_type), components, realm).unwrap()
        },
    )
}

fn order() -> impl Strategy<Value = ByteOrder> {
    prop_oneof![Just(ByteOrder::Little), Just(ByteOrder::Big)]
}

fn entry() -> impl Strategy<Value = KeytabEntry> {
    (principal(), any::<u32>(), 1..=u32::MAX, any::<i16>(), bytes(), bytes()).prop_map(
        |(principal, timestamp, kvno, enctype, key, extra)| KeytabEntry {
            principal,
            timestamp,
            kvno,
            key: EncryptionKeyBuf::new(enctype.into(), key),
            extra,
        },
    )
}

fn credential() -> impl Strategy<Value = Credential> {
    let typed = || prop::collection::vec((any::<i16>(), bytes()), 0..3);
    (
        (principal(), principal(), any::<i16>(), bytes()),
        (any::<[u32; 4]>(), any::<u8>(), any::<u32>()),
        (typed(), typed(), bytes(), bytes()),
    )
        .prop_map(
            |((client, server, enctype, key), (times, skey_mark, flags), (addresses, authdata, t1, t2))| {
                let [authtime, starttime, endtime, renew_till] = times;
                let address = |(kind, data): (i16, _)| Address { addr_type: i32::from(kind).into(), data };
                let element = |(kind, data): (i16, _)| AuthData { ad_type: i32::from(kind).into(), data };
                Credential {
                    client,
                    server,
                    key: EncryptionKeyBuf::new(enctype.into(), key),
                    times: Times { authtime, starttime, endtime, renew_till },
                    skey_mark,
                    flags: TicketFlags(flags),
                    addresses: addresses.into_iter().map(address).collect(),
                    authdata: authdata.into_iter().map(element).collect(),
                    ticket: t1,
                    second_ticket: t2,
                }
            },
        )
}

proptest! {
    #[test]
    fn keytabs(
        version in prop_oneof![Just(KeytabVersion::V2), order().prop_map(KeytabVersion::V1)],
        entries in prop::collection::vec(entry(), 0..4),
    ) {
        let keytab = Keytab { version, entries };
        let bytes = keytab.to_bytes().unwrap();
        let order = if version == KeytabVersion::V1(ByteOrder::Little) { ByteOrder::Little } else { ByteOrder::Big };
        let read = Keytab::parse_with_order(&bytes, order).unwrap();
        prop_assert_eq!(read.version, version);
        prop_assert_eq!(read.entries.len(), keytab.entries.len());
        for (a, b) in read.entries.iter().zip(&keytab.entries) {
            prop_assert_eq!(&a.principal, &b.principal);
            prop_assert_eq!((a.timestamp, a.kvno, &a.extra), (b.timestamp, b.kvno, &b.extra));
            prop_assert_eq!(a.key.keytype(), b.key.keytype());
            prop_assert_eq!(a.key.keyvalue(), b.key.keyvalue());
        }
        prop_assert_eq!(read.to_bytes().unwrap(), bytes);
    }

    #[test]
    fn ccaches(
        version in prop_oneof![
            Just(CcacheVersion::V4),
            Just(CcacheVersion::V3),
            order().prop_map(CcacheVersion::V2),
            order().prop_map(CcacheVersion::V1),
        ],
        default_principal in principal(),
        header in prop::collection::vec((any::<u16>(), bytes()), 0..3),
        entries in prop::collection::vec(credential(), 0..3),
    ) {
        let header: Vec<_> = header.into_iter().map(|(tag, data)| HeaderField { tag, data }).collect();
        let cache = Ccache { version, header, default_principal, entries };
        let bytes = cache.to_bytes().unwrap();
        let order = match version {
            CcacheVersion::V1(order) | CcacheVersion::V2(order) => order,
            _ => ByteOrder::Big,
        };
        let read = Ccache::parse_with_order(&bytes, order).unwrap();
        prop_assert_eq!(read.version, version);
        prop_assert_eq!(&read.default_principal, &cache.default_principal);
        if version == CcacheVersion::V4 {
            prop_assert_eq!(&read.header, &cache.header);
        }
        prop_assert_eq!(read.entries.len(), cache.entries.len());
        for (a, b) in read.entries.iter().zip(&cache.entries) {
            prop_assert_eq!((&a.client, &a.server), (&b.client, &b.server));
            prop_assert_eq!((a.times, a.skey_mark, a.flags), (b.times, b.skey_mark, b.flags));
            prop_assert_eq!((&a.addresses, &a.authdata), (&b.addresses, &b.authdata));
            prop_assert_eq!((&a.ticket, &a.second_ticket), (&b.ticket, &b.second_ticket));
            prop_assert_eq!(a.key.keyvalue(), b.key.keyvalue());
        }
        prop_assert_eq!(read.to_bytes().unwrap(), bytes);
    }

    #[test]
    fn single_credentials(credential in credential(), flips in prop::collection::vec((any::<u16>(), any::<u8>()), 0..4)) {
        let mut bytes = credential.to_bytes(CcacheVersion::V4).unwrap().to_vec();
        for (at, with) in flips {
            let at = usize::from(at) % bytes.len();
            bytes[at] ^= with;
        }
        if let Ok(read) = Credential::parse(&bytes, CcacheVersion::V4) {
            prop_assert_eq!(&*read.to_bytes(CcacheVersion::V4).unwrap(), &bytes);
        }
    }

    #[test]
    fn any_bytes_never_panic(version in 0u8..6, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let file = [&[5, version], &bytes[..]].concat();
        if let Ok(keytab) = Keytab::parse(&file) {
            prop_assert!(keytab.to_bytes().is_ok());
        }
        if let Ok(cache) = Ccache::parse(&file) {
            prop_assert!(cache.to_bytes().is_ok());
        }
    }
}
