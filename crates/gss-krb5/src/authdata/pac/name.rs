//! Comparison of a PAC's name with a principal's, without a heap.

use core::iter;

use krb5_asn1::{KerberosString, PrincipalName};
use krb5_pac::Text;

use crate::transited::Excerpt;

/// Whether `text` is the name's components with `/` between them, followed by `@` and the realm if one is given. Nothing
/// is escaped there, and letters must agree in case as everywhere in Kerberos.
pub(super) fn is(text: &Text<'_>, name: PrincipalName<'_>, realm: Option<KerberosString<'_>>) -> bool {
    let components = name.components().enumerate().flat_map(|(i, component)| {
        let separator: &[u8] = if i == 0 { b"" } else { b"/" };
        separator.iter().chain(component.as_bytes())
    });
    let realm = realm.iter().flat_map(|realm| iter::once(&b'@').chain(realm.as_bytes()));
    let mut expected = components.chain(realm).copied();
    text.chars().all(|c| c.encode_utf8(&mut [0; 4]).bytes().all(|byte| expected.next() == Some(byte)))
        && expected.next().is_none()
}

/// The beginning of the name, for an error.
pub(super) fn excerpt(text: &Text<'_>) -> Excerpt {
    // One character more than fits, so that the excerpt knows that it is cut.
    let mut bytes = [0; Excerpt::MAX + 4];
    let mut len = 0usize;
    for c in text.chars() {
        let Some(room) = bytes.get_mut(len..).filter(|room| room.len() >= c.len_utf8()) else { break };
        len = len.saturating_add(c.encode_utf8(room).len());
    }
    Excerpt::new(bytes.get(..len).unwrap_or_default())
}
