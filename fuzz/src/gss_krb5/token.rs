//! Context tokens, and the checksum inside the authenticator.

use ::gss_core::framing::frame_from;
use ::gss_core::{ContextFlags, oid};
use ::gss_krb5::checksum::GssChecksum;
use ::gss_krb5::iakerb::ProxyMessage;
use ::gss_krb5::token::{ContextToken, Framing, TokenId};

/// A token that is taken apart and put together again is the same; a checksum's fixed part too.
pub fn parse(bytes: &[u8]) {
    for mechanism in [oid::KRB5, oid::IAKERB] {
        match ContextToken::parse_as(bytes, &mechanism) {
            Ok(token) => rebuild(bytes, &token),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    if let Ok(proxied) = ProxyMessage::parse(bytes) {
        let mut token = Vec::new();
        proxied.write(&mut token).expect("a Vec has room");
        let framed = ContextToken::parse_as(&token, &oid::IAKERB).expect("what was written parses");
        assert_eq!(framed.id, TokenId::IAKERB_PROXY);
        assert_eq!(ProxyMessage::parse(&token[framed.message]), Ok(proxied));
    }
    checksum(bytes);
}

fn rebuild(bytes: &[u8], token: &ContextToken) {
    let message = &bytes[token.message.clone()];
    let mut again = match token.framing {
        Framing::Bare => Vec::new(),
        Framing::Gss(_) => token.id.0.to_vec(),
    };
    again.extend_from_slice(message);
    if let Framing::Gss(mechanism) = token.framing {
        frame_from(&mut again, 0, &mechanism).expect("a Vec has room");
    }
    assert_eq!(again, bytes);
    let _ = format!("{token:?} {}", token.id);
}

fn checksum(bytes: &[u8]) {
    let checksum = match GssChecksum::parse(bytes) {
        Ok(checksum) => checksum,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let fixed = GssChecksum::fixed_part(checksum.bindings, checksum.flags);
    assert_eq!(bytes[..fixed.len()], fixed);
    assert_eq!(checksum.delegation.is_some(), checksum.flags.contains(ContextFlags::DELEGATION));
    for kind in 0..4 {
        let within = |data: &[u8]| bytes.as_ptr_range().contains(&data.as_ptr()) || data.is_empty();
        assert!(checksum.extension(kind).is_none_or(within));
    }
    let _ = format!("{checksum:?}");
}
