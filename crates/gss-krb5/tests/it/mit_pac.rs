//! Tickets of MIT's KDC, recorded: their PAC names the client and says nothing else of it.

use crate::world::principal;
use alloc::sync::Arc;
use gss_core::{Env, Handshake, Step, Timestamp};
use gss_krb5::authdata::PacPolicy;
use gss_krb5::replay::MemoryReplayCache;
use gss_krb5::{Accepted, Acceptor, AcceptorConfig, AcceptorError, Context, ServiceKeys};
use krb5_asn1::{AuthDataType, AuthorizationData, Decode};
use krb5_crypto::{EncType, Key};
use test_support::TestRng;
use test_support::vectors::{self, Record};

fn accept(record: &Record, policy: PacPolicy, change: u8) -> Result<Context<Accepted>, AcceptorError> {
    let enctype = EncType(i32::try_from(record.int("etype")).unwrap());
    let mut key = record.hex("key");
    key[0] ^= change;
    let mut keys = ServiceKeys::new();
    keys.add(principal(&record.text("service")), 1, Key::new(enctype, &key).unwrap());
    let config = AcceptorConfig::new(keys, MemoryReplayCache::with_capacity(8)).pac(policy);
    let mut rng = TestRng::insecure(1);
    let mut env = Env::new(Timestamp::from_seconds(record.int("unix")), &mut rng);
    match Acceptor::new(Arc::new(config)).step(&mut record.hex("token"), &mut Vec::new(), &mut env)? {
        Step::Done(context) => Ok(context),
        Step::Continue(_) => panic!("DCE style was not asked for"),
    }
}

/// Types of a PAC's buffers (MS-PAC section 2.4).
fn pac_types(authorization_data: &[u8]) -> Vec<u32> {
    let outer = AuthorizationData::from_der(authorization_data).unwrap();
    for element in outer.iter() {
        if element.ad_type != AuthDataType::IF_RELEVANT {
            continue;
        }
        let inner = AuthorizationData::from_der(element.ad_data.as_bytes()).unwrap();
        for element in inner.iter() {
            if element.ad_type == AuthDataType::WIN2K_PAC {
                let pac = element.ad_data.as_bytes();
                let count = u32::from_le_bytes(pac[..4].try_into().unwrap()) as usize;
                let entries = pac[8..].chunks(16).take(count);
                return entries.map(|entry| u32::from_le_bytes(entry[..4].try_into().unwrap())).collect();
            }
        }
    }
    panic!("there is no PAC")
}

#[test]
fn a_pac_without_logon_information_is_verified() {
    let file = vectors::load("pac/mit-kdc-minimal.txt");
    assert_eq!(file.records().len(), 4);
    for record in file.records() {
        for policy in [PacPolicy::default(), PacPolicy::Require] {
            let context =
                accept(record, policy, 0).unwrap_or_else(|error| panic!("{}: {error}", record.name()));
            let accepted = context.parties();
            assert!(accepted.has_verified_pac(), "{}", record.name());
            assert_eq!(accepted.client().to_string(), record.text("client"));
            let types = pac_types(accepted.authorization_data());
            // Client information, signatures of server and KDC; logon information is type 1.
            assert!([10, 6, 7].iter().all(|needed| types.contains(needed)), "{types:?}");
            assert!(!types.contains(&1), "{types:?}");
        }
        assert!(accept(record, PacPolicy::default(), 1).is_err(), "{} with another key", record.name());
    }
}
