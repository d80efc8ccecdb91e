//! What the server itself says, without asking the KDC: replies too long for UDP, requests too long for anything.

use alloc::vec::Vec;
use std::time::{SystemTime, UNIX_EPOCH};

use krb5_asn1::{
    AsRep, Decode, Encode, ErrorCode, KerberosString, KerberosTime, KrbError, Microseconds, NameType,
    PrincipalName, TgsRep,
};

/// Sends a client to TCP (RFC 4120 section 7.2.1), in the name of the realm of the reply it cannot have.
pub(super) fn response_too_big(reply: &[u8], realm: &str) -> Option<Vec<u8>> {
    let own = KerberosString::new(realm.as_bytes());
    let realm = if let Ok(reply) = AsRep::from_der(reply) {
        reply.ticket.realm
    } else if let Ok(reply) = TgsRep::from_der(reply) {
        reply.ticket.realm
    } else {
        KrbError::from_der(reply).map_or(own, |refusal| refusal.realm)
    };
    refusal(ErrorCode::KRB_ERR_RESPONSE_TOO_BIG, realm)
}

/// Refuses a length that no request may have (RFC 4120 section 7.2.2).
pub(super) fn field_too_long(realm: &str) -> Option<Vec<u8>> {
    refusal(ErrorCode::KRB_ERR_FIELD_TOOLONG, KerberosString::new(realm.as_bytes()))
}

fn refusal(error_code: ErrorCode, realm: KerberosString<'_>) -> Option<Vec<u8>> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = [KerberosString::new(b"krbtgt"), realm];
    let error = KrbError {
        ctime: None,
        cusec: None,
        stime: i64::try_from(since.as_secs()).ok().and_then(KerberosTime::from_unix)?,
        susec: Microseconds::new(since.subsec_micros())?,
        error_code,
        crealm: None,
        cname: None,
        realm,
        sname: PrincipalName::new(NameType::SRV_INST, &name),
        e_text: None,
        e_data: None,
    };
    error.to_der().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_the_realm_of_the_reply_or_else_the_servers() {
        let refusal = field_too_long("A.TEST").unwrap();
        let read = KrbError::from_der(&refusal).unwrap();
        assert_eq!(read.error_code, ErrorCode::KRB_ERR_FIELD_TOOLONG);
        assert!(read.sname.is(&["krbtgt", "A.TEST"]), "{read:?}");

        let refusal = response_too_big(&refusal, "B.TEST").unwrap();
        let read = KrbError::from_der(&refusal).unwrap();
        assert_eq!(read.error_code, ErrorCode::KRB_ERR_RESPONSE_TOO_BIG);
        assert_eq!(read.realm.as_bytes(), b"A.TEST");

        let refusal = response_too_big(b"no message", "B.TEST").unwrap();
        assert_eq!(KrbError::from_der(&refusal).unwrap().realm.as_bytes(), b"B.TEST");
    }
}
