//! What an answer is, as far as it decides whether another server is asked.

use krb5_asn1::{Decode, ErrorCode, KrbError};
use krb5_client::Service;

/// What came as an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// A message for the exchange, which knows what to make of it.
    Message,
    /// `KDC_ERR_SVC_UNAVAILABLE`: another server may do better.
    Unavailable,
    /// `KRB_ERR_RESPONSE_TOO_BIG`: to be asked again by TCP (RFC 4120 section 7.2.1).
    TooBig,
    /// Something else than what such a service says.
    NotKerberos,
}

/// Tags of the messages that a KDC answers with: AS-REP, TGS-REP and KRB-ERROR (RFC 4120 section 5.10).
const AS_REP: u8 = 0x6b;
const TGS_REP: u8 = 0x6d;
const KRB_ERROR: u8 = 0x7e;

/// Looks at an answer. Nothing in it is authenticated, so this is no check of it: it only sorts out what cannot be an
/// answer.
pub(crate) fn classify(service: Service, reply: &[u8]) -> Reply {
    match reply.first() {
        Some(&KRB_ERROR) => match KrbError::from_der(reply) {
            Ok(error) if error.error_code == ErrorCode::KDC_ERR_SVC_UNAVAILABLE => Reply::Unavailable,
            Ok(error) if error.error_code == ErrorCode::KRB_ERR_RESPONSE_TOO_BIG => Reply::TooBig,
            Ok(_) => Reply::Message,
            Err(_) => Reply::NotKerberos,
        },
        Some(&(AS_REP | TGS_REP)) if service != Service::Kpasswd && is_whole(reply) => Reply::Message,
        Some(_) if service == Service::Kpasswd && is_password_reply(reply) => Reply::Message,
        _ => Reply::NotKerberos,
    }
}

/// Whether the length of the outermost DER value is that of all the bytes.
fn is_whole(reply: &[u8]) -> bool {
    let Some((&first, rest)) = reply.get(1..).and_then(<[u8]>::split_first) else { return false };
    if first < 0x80 {
        return rest.len() == usize::from(first);
    }
    let Some((length, content)) = rest.split_at_checked(usize::from(first & 0x7f)) else { return false };
    length.len() <= 4
        && length.iter().fold(0, |sum: usize, &byte| (sum << 8) | usize::from(byte)) == content.len()
}

/// Whether this begins as a password server's answer does: its own length, then version 1 (RFC 3244 section 2).
fn is_password_reply(reply: &[u8]) -> bool {
    match reply {
        [high, low, 0, 1, _, _, ..] => usize::from(u16::from_be_bytes([*high, *low])) == reply.len(),
        _ => false,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use krb5_asn1::{Encode, KerberosString, KerberosTime, Microseconds, Principal};

    /// A KRB-ERROR with this code.
    pub(crate) fn krb_error(code: ErrorCode) -> Vec<u8> {
        let server = Principal::new_tgs("EXAMPLE.COM", "EXAMPLE.COM");
        KrbError {
            ctime: None,
            cusec: None,
            stime: KerberosTime::from_unix(0).unwrap(),
            susec: Microseconds::new(0).unwrap(),
            error_code: code,
            crealm: None,
            cname: None,
            realm: KerberosString::new(b"EXAMPLE.COM"),
            sname: server.name(),
            e_text: None,
            e_data: None,
        }
        .to_der()
        .unwrap()
    }

    #[test]
    fn sorts_answers() {
        let kdc = Service::Kdc;
        assert_eq!(classify(kdc, &krb_error(ErrorCode::KDC_ERR_PREAUTH_REQUIRED)), Reply::Message);
        assert_eq!(classify(kdc, &krb_error(ErrorCode::KDC_ERR_SVC_UNAVAILABLE)), Reply::Unavailable);
        assert_eq!(classify(kdc, &krb_error(ErrorCode::KRB_ERR_RESPONSE_TOO_BIG)), Reply::TooBig);
        assert_eq!(classify(kdc, &[AS_REP, 2, 0x30, 0]), Reply::Message);
        assert_eq!(classify(kdc, &[TGS_REP, 0x82, 0, 2, 0x30, 0]), Reply::Message);
        assert_eq!(classify(Service::Kpasswd, &[0, 8, 0, 1, 0, 0, 1, 2]), Reply::Message);
    }

    #[test]
    fn knows_what_is_no_answer() {
        for bytes in [
            &[][..],
            b"HTTP/1.1 400 Bad Request",
            &[AS_REP],
            &[AS_REP, 3, 0x30, 0],
            &[AS_REP, 1, 0x30, 0],
            &[TGS_REP, 0x82, 0],
            &[TGS_REP, 0x85, 0, 0, 0, 0, 2, 0x30, 0],
            &[KRB_ERROR, 2, 0x30, 0],
            &[0x6a, 2, 0x30, 0],
            &[0, 8, 0, 1, 0, 0, 1, 2],
        ] {
            assert_eq!(classify(Service::Kdc, bytes), Reply::NotKerberos, "{bytes:02x?}");
        }
        for bytes in [&[AS_REP, 2, 0x30, 0][..], &[0, 9, 0, 1, 0, 0, 1, 2], &[0, 6, 0, 2, 0, 0]] {
            assert_eq!(classify(Service::Kpasswd, bytes), Reply::NotKerberos, "{bytes:02x?}");
        }
    }
}
