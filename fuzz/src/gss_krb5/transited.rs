//! The realms that a ticket came through.

use crate::input::Input;
use ::gss_krb5::transited::{MAX_REALM_LEN, MAX_REALMS, TransitedPolicy, TransitedRealms};
use ::krb5_asn1::{KerberosString, Octets, TicketFlags, TransitedEncoding, TransitedType};

/// The policy that lets exactly the realms of the list in accepts the list, and one that lacks a realm does not.
pub fn realms(input: &[u8]) {
    let mut input = Input::new(input);
    let (client, server, contents) = (input.chunk(), input.chunk(), input.rest());
    let (client, server) = (KerberosString::new(client), KerberosString::new(server));
    let transited =
        TransitedEncoding { tr_type: TransitedType::DOMAIN_X500_COMPRESS, contents: Octets::new(contents) };
    let check = |policy: TransitedPolicy<'_>, flags| policy.check(flags, transited, client, server);

    assert!(check(TransitedPolicy::RequireKdcCheck, TicketFlags::TRANSITED_POLICY_CHECKED).is_ok());
    assert!(check(TransitedPolicy::TrustUncheckedPath, TicketFlags::NONE).is_ok());
    let expanded =
        TransitedRealms::new(contents, client, server).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let realms = match expanded {
        Ok(realms) => realms,
        Err(error) => {
            check_refusal(&error);
            let allowed = check(TransitedPolicy::AllowedRealms(&[]), TicketFlags::NONE);
            return assert_eq!(allowed.is_ok(), contents.is_empty(), "{error}");
        }
    };
    assert!(realms.len() <= MAX_REALMS);
    assert!(realms.iter().all(|realm| realm.as_bytes().len() <= MAX_REALM_LEN));
    let required = check(TransitedPolicy::RequireKdcCheck, TicketFlags::NONE);
    assert_eq!(required.is_ok(), realms.is_empty());

    let names: Option<Vec<&str>> =
        realms.iter().map(|realm| core::str::from_utf8(realm.as_bytes()).ok()).collect();
    let Some(names) = names else { return };
    assert!(check(TransitedPolicy::AllowedRealms(&names), TicketFlags::NONE).is_ok());
    for missing in &names {
        let others: Vec<_> = names.iter().copied().filter(|name| name != missing).collect();
        let end = [client, server].iter().any(|end| end.as_bytes() == missing.as_bytes());
        assert_eq!(
            check(TransitedPolicy::AllowedRealms(&others), TicketFlags::NONE).is_ok(),
            end,
            "{missing}"
        );
    }
}

fn check_refusal(error: &impl std::fmt::Display) {
    assert!(!error.to_string().is_empty());
}
