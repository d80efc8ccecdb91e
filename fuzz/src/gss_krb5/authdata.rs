//! Authorization data of tickets and authenticators, and the PAC in it.

use crate::input::Input;
use crate::krb5_crypto::key;
use ::gss_krb5::authdata::{AuthenticatorData, MAX_ETYPES, PacPolicy, TicketData, TicketFacts};
use ::krb5_asn1::{
    AuthDataElement, AuthDataType, AuthorizationData, Decode, KerberosTime, Octets, Principal, SeqOf,
};
use ::krb5_pac::BufferType;

/// Any authorization data, or any PAC in an element of its own.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let wrapped = input.byte() % 2 == 1;
    let key = key(&mut input);
    let authtime = KerberosTime::from_unix(input.u32().into()).expect("before the year 9999");
    let name = core::str::from_utf8(input.chunk()).unwrap_or_default();
    let client = Principal::parse(name, Some("REALM")).unwrap_or_else(|_| Principal::new("alice", "REALM"));
    let facts = TicketFacts { service_key: &key, session_key: &key, client: client.as_borrowed(), authtime };

    let bytes = input.rest();
    let pac = [AuthDataElement { ad_type: AuthDataType::WIN2K_PAC, ad_data: Octets::new(bytes) }];
    let data = if wrapped {
        SeqOf::new(&pac)
    } else {
        match AuthorizationData::from_der(bytes) {
            Ok(data) => data,
            Err(_) => return,
        }
    };
    ticket_data(data, &facts);
    match AuthenticatorData::read(Some(data)) {
        Ok(found) => {
            assert!(found.etypes.len() <= MAX_ETYPES && found.etypes.iter().all(|it| it.is_supported()))
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn ticket_data(data: AuthorizationData<'_>, facts: &TicketFacts<'_>) {
    let outcome = |policy| TicketData::check(Some(data), facts, policy);
    let verified = outcome(PacPolicy::VerifyIfPresent);
    let required = outcome(PacPolicy::Require);
    let ignored = outcome(PacPolicy::IgnoreUnverified);
    assert!(ignored.as_ref().is_ok_and(|it| it.pac.is_none()) || ignored.is_err());
    match verified {
        Ok(found) => {
            assert_eq!(required.is_ok(), found.pac.is_some());
            assert!(ignored.is_ok(), "a policy that looks at less refuses no more");
            let _ = format!("{found:?}");
            let Some(pac) = found.pac else { return };
            for needed in [BufferType::SERVER_SIGNATURE, BufferType::KDC_SIGNATURE, BufferType::CLIENT_INFO] {
                assert!(pac.buffer(needed).is_some(), "{needed}");
            }
            let verdicts = pac.verdicts();
            assert!(verdicts.server.is_verified());
            for other in [verdicts.kdc, verdicts.ticket, verdicts.full] {
                assert!(!other.is_verified(), "nobody has the KDC's key");
            }
            // What they say is another target's; here that reading it ends.
            let _ = pac.logon_info().map(|logon| logon.map(|logon| logon.sids().count()));
            let _ = pac.upn_dns_info();
        }
        Err(error) => {
            assert!(required.is_err());
            assert!(!error.to_string().is_empty());
            let _ = format!("{error:?}");
        }
    }
}
