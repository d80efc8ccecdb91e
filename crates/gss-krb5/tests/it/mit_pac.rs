//! Tickets of MIT's KDC, recorded: their PAC names the client and says nothing else of it.

use crate::world::principal;
use alloc::sync::Arc;
use gss_core::{Env, Handshake, Step, Timestamp};
use gss_krb5::authdata::PacPolicy;
use gss_krb5::replay::MemoryReplayCache;
use gss_krb5::{Accepted, Acceptor, AcceptorConfig, AcceptorError, Context, ServiceKeys};
use krb5_crypto::{EncType, Key};
use krb5_pac::{BufferType, Verdict};
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
            let pac = accepted.pac().unwrap();
            let types: Vec<_> = pac.buffers().map(|buffer| buffer.buffer_type).collect();
            let needed = [BufferType::CLIENT_INFO, BufferType::SERVER_SIGNATURE, BufferType::KDC_SIGNATURE];
            assert!(needed.iter().all(|needed| types.contains(needed)), "{types:?}");
            assert!(pac.logon_info().unwrap().is_none(), "{types:?}");
            assert!(pac.client_info().unwrap().is_some_and(|info| info.name == "alice"), "{pac:?}");
            let verdicts = pac.verdicts();
            assert!(verdicts.server.is_verified());
            assert!(matches!(verdicts.kdc, Verdict::NotChecked));
        }
        assert!(accept(record, PacPolicy::default(), 1).is_err(), "{} with another key", record.name());
    }
}
