//! Comparison of a UTF-16 name with a principal's, without a heap.

use core::iter;

use krb5_asn1::{KerberosString, PrincipalName};

use crate::transited::Excerpt;

/// Whether `utf16` (little-endian) is the name's components with `/` between them, followed by `@` and the realm
/// if one is given. Nothing is escaped there, and letters must agree in case as everywhere in Kerberos.
pub(super) fn is(utf16: &[u8], name: PrincipalName<'_>, realm: Option<KerberosString<'_>>) -> bool {
    let components = name.components().enumerate().flat_map(|(i, component)| {
        let separator: &[u8] = if i == 0 { b"" } else { b"/" };
        separator.iter().chain(component.as_bytes())
    });
    let realm = realm.iter().flat_map(|realm| iter::once(&b'@').chain(realm.as_bytes()));
    let mut expected = components.chain(realm).copied();
    for unit in chars(utf16) {
        // An unpaired surrogate is no character and so not part of any name.
        let Some(c) = unit else { return false };
        let mut utf8 = [0; 4];
        let same = c.encode_utf8(&mut utf8).bytes().all(|byte| expected.next() == Some(byte));
        if !same {
            return false;
        }
    }
    expected.next().is_none()
}

/// The beginning of the name, for an error.
pub(super) fn excerpt(utf16: &[u8]) -> Excerpt {
    // One character more than fits, so that the excerpt knows that it is cut.
    let mut bytes = [0; Excerpt::MAX + 4];
    let mut len = 0usize;
    for c in chars(utf16) {
        let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
        let Some(room) = bytes.get_mut(len..).filter(|room| room.len() >= c.len_utf8()) else { break };
        len = len.saturating_add(c.encode_utf8(room).len());
    }
    Excerpt::new(bytes.get(..len).unwrap_or_default())
}

fn chars(utf16: &[u8]) -> impl Iterator<Item = Option<char>> {
    let units = utf16.chunks_exact(2).filter_map(|unit| unit.first_chunk().copied().map(u16::from_le_bytes));
    char::decode_utf16(units).map(Result::ok)
}
