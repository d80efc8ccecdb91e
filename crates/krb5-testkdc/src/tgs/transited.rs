//! The realms that a ticket came through (RFC 4120 section 3.3.3.2).

use krb5_asn1::{ErrorCode, KdcOptions};

use super::Request;
use crate::database::Database;
use crate::refusal::{Outcome, refuse};
use crate::ticket::Contents;

/// The realms of a ticket with the one that it now came from, and whether they were found to be trusted.
pub(super) fn extend(db: &Database, request: &Request<'_>, held: &Contents) -> Outcome<(Vec<u8>, bool)> {
    let issuer = request.client.ticket.server.realm();
    let own = request.realm.name.as_bytes();
    let mut transited = held.transited.clone();
    if issuer.as_bytes() != own && issuer != held.client.realm() {
        if !transited.is_empty() {
            transited.push(b',');
        }
        escape(issuer.as_bytes(), &mut transited);
    }
    let realms = expand(&transited);
    let distrusted = |realm: &[u8]| {
        let named = |name: &String| name.as_bytes() == realm;
        // Who came through this realm already comes in a circle.
        request.realm.distrusted.iter().any(named) || realm == own
    };
    if let Some(realm) = realms.iter().find(|realm| distrusted(realm)) {
        let text = format!("ticket came through {}, which is not trusted", String::from_utf8_lossy(realm));
        return Err(refuse(ErrorCode::KDC_ERR_PATH_NOT_ACCEPTED, text));
    }
    let waived = request.body.kdc_options.contains(KdcOptions::DISABLE_TRANSITED_CHECK);
    let crossed = held.client.realm().as_bytes() != own;
    let known = realms.iter().all(|realm| db.realm(realm).is_some());
    Ok((transited, crossed && known && !waived))
}

/// Separators within a name have a backslash in front.
fn escape(realm: &[u8], out: &mut Vec<u8>) {
    for byte in realm {
        if matches!(byte, b',' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
}

/// The realms that are written out. A name that ends with a dot stands in front of the one before it; one that begins
/// with a slash stands behind it. An empty name, for all realms in between, stands for none here.
fn expand(encoded: &[u8]) -> Vec<Vec<u8>> {
    let mut realms: Vec<Vec<u8>> = Vec::new();
    for name in split(encoded) {
        let before = realms.last();
        let full = match (name.first(), name.last(), before) {
            (Some(b'/'), _, Some(before)) => [before.as_slice(), &name].concat(),
            (_, Some(b'.'), Some(before)) => [name.as_slice(), before].concat(),
            (Some(b' '), ..) => name.get(1..).unwrap_or_default().to_vec(),
            (None, ..) => continue,
            _ => name,
        };
        realms.push(full);
    }
    realms
}

fn split(encoded: &[u8]) -> Vec<Vec<u8>> {
    let mut names = vec![Vec::new()];
    let mut bytes = encoded.iter();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b',' => {
                names.push(Vec::new());
                continue;
            }
            b'\\' => bytes.next().unwrap_or(byte),
            _ => byte,
        };
        if let Some(name) = names.last_mut() {
            name.push(*byte);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(encoded: &str) -> Vec<String> {
        expand(encoded.as_bytes()).into_iter().map(|realm| String::from_utf8(realm).unwrap()).collect()
    }

    /// The examples of RFC 4120 section 3.3.3.2.
    #[test]
    fn names_are_written_out() {
        assert_eq!(
            expanded("EDU,MIT.,ATHENA.,WASHINGTON.EDU,CS."),
            ["EDU", "MIT.EDU", "ATHENA.MIT.EDU", "WASHINGTON.EDU", "CS.WASHINGTON.EDU"]
        );
        assert_eq!(expanded("/COM,/HP,/APOLLO, /COM/DEC"), ["/COM", "/COM/HP", "/COM/HP/APOLLO", "/COM/DEC"]);
        assert_eq!(expanded(",EDU,"), ["EDU"]);
        assert_eq!(expanded(""), Vec::<String>::new());
    }

    #[test]
    fn separators_in_names() {
        let mut out = Vec::new();
        escape(b"A,B\\C", &mut out);
        assert_eq!(out, b"A\\,B\\\\C");
        assert_eq!(expand(&out), [b"A,B\\C".to_vec()]);
    }
}
