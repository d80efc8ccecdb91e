//! Principals that own their bytes, and their text form.

use alloc::{string::String, vec::Vec};
use core::{cmp::Ordering, fmt, hash, str::FromStr};

use der::Encode;

use super::{PrincipalName, PrincipalRef};
use crate::{KerberosString, MAX_ELEMENTS, NameType, SeqOf};

/// A name with its realm that owns its bytes.
///
/// ```
/// use krb5_asn1::Principal;
///
/// let service = Principal::new_service("HTTP", "www.example.com", "EXAMPLE.COM");
/// assert_eq!(service.to_string(), "HTTP/www.example.com@EXAMPLE.COM");
/// assert_eq!("HTTP/www.example.com@EXAMPLE.COM".parse(), Ok(service));
/// ```
///
/// `==`, order and hash ignore the name type, as RFC 4120 section 6.2 asks.
#[derive(Clone)]
pub struct Principal {
    name_type: NameType,
    /// The components as concatenated GeneralStrings, so that borrowing them as a
    /// [`PrincipalName`] needs no allocation. DER is canonical: equal bytes, equal components.
    components: Vec<u8>,
    realm: Vec<u8>,
}

/// Why text is not a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParsePrincipalError {
    /// No `@REALM` at the end.
    MissingRealm,
    /// A `@` or `/` in the realm that is not escaped.
    SeparatorInRealm {
        /// Its offset in bytes.
        position: usize,
    },
    /// A backslash at the very end.
    DanglingEscape,
    /// More components than [`MAX_ELEMENTS`], or more bytes than DER can hold.
    TooLong,
}

impl Principal {
    /// The principal with these components. Bytes are taken as they are, without escapes.
    ///
    /// Components beyond [`MAX_ELEMENTS`] are an error.
    ///
    /// # Errors
    /// [`ParsePrincipalError::TooLong`].
    pub fn from_components<C: AsRef<[u8]>>(
        name_type: NameType,
        components: impl IntoIterator<Item = C>,
        realm: impl AsRef<[u8]>,
    ) -> Result<Self, ParsePrincipalError> {
        let mut bytes = Vec::new();
        for (i, component) in components.into_iter().enumerate() {
            if i >= MAX_ELEMENTS {
                return Err(ParsePrincipalError::TooLong);
            }
            KerberosString::new(component.as_ref())
                .encode_to_vec(&mut bytes)
                .map_err(|_| ParsePrincipalError::TooLong)?;
        }
        Ok(Self { name_type, components: bytes, realm: realm.as_ref().to_vec() })
    }

    /// A user or another principal of one component, `name@REALM`.
    #[must_use]
    pub fn new(name: &str, realm: &str) -> Self {
        Self::known(NameType::PRINCIPAL, &[name], realm)
    }

    /// A service on a host, `service/host@REALM`, of type NT-SRV-HST.
    #[must_use]
    pub fn new_service(service: &str, host: &str, realm: &str) -> Self {
        Self::known(NameType::SRV_HST, &[service, host], realm)
    }

    /// The ticket-granting service of `target`, as known in `realm`: `krbtgt/target@realm`.
    #[must_use]
    pub fn new_tgs(target: &str, realm: &str) -> Self {
        Self::known(NameType::SRV_INST, &["krbtgt", target], realm)
    }

    fn known(name_type: NameType, components: &[&str], realm: &str) -> Self {
        let mut bytes = Vec::new();
        for component in components {
            // Fails only for a component over 4 GiB, which then is left out.
            let _ = KerberosString::from(*component).encode_to_vec(&mut bytes);
        }
        Self { name_type, components: bytes, realm: realm.as_bytes().to_vec() }
    }

    /// Reads `name@REALM`, or `name` in the default realm given. Escapes are those that `Display` writes;
    /// a backslash before any other character stands for that character.
    ///
    /// # Errors
    /// As [`ParsePrincipalError`] says; with a default realm, never `MissingRealm`.
    pub fn parse(text: &str, default_realm: Option<&str>) -> Result<Self, ParsePrincipalError> {
        let (components, realm) = split(text)?;
        let realm = match (realm, default_realm) {
            (Some(realm), _) => realm,
            (None, Some(default)) => default.into(),
            (None, None) => return Err(ParsePrincipalError::MissingRealm),
        };
        let name_type = match components.first().map(String::as_str) {
            Some("krbtgt") if components.len() == 2 => NameType::SRV_INST,
            Some("WELLKNOWN") if components.len() > 1 => NameType::WELLKNOWN,
            _ => NameType::PRINCIPAL,
        };
        Self::from_components(name_type, components, realm)
    }

    /// The claimed kind of name.
    #[must_use]
    pub const fn name_type(&self) -> NameType {
        self.name_type
    }

    /// The same principal with another name type.
    #[must_use]
    pub fn with_name_type(self, name_type: NameType) -> Self {
        Self { name_type, ..self }
    }

    /// The realm.
    #[must_use]
    pub fn realm(&self) -> KerberosString<'_> {
        KerberosString::new(&self.realm)
    }

    /// The name without the realm.
    #[must_use]
    pub fn name(&self) -> PrincipalName<'_> {
        // `components` was written by this type, element by element, so it decodes.
        let name_string = SeqOf::from_content(&self.components).unwrap_or_default();
        PrincipalName { name_type: self.name_type, name_string }
    }

    /// The components in order.
    pub fn components(&self) -> impl ExactSizeIterator<Item = KerberosString<'_>> {
        self.name().components()
    }

    /// This principal, borrowed.
    #[must_use]
    pub fn as_borrowed(&self) -> PrincipalRef<'_> {
        PrincipalRef { name: self.name(), realm: self.realm() }
    }
}

impl From<PrincipalRef<'_>> for Principal {
    fn from(principal: PrincipalRef<'_>) -> Self {
        let mut components = Vec::new();
        for component in principal.name.components() {
            // Fails only for a component over 4 GiB, which cannot have been borrowed from DER.
            let _ = component.encode_to_vec(&mut components);
        }
        Self { name_type: principal.name.name_type, components, realm: principal.realm.as_bytes().to_vec() }
    }
}

impl FromStr for Principal {
    type Err = ParsePrincipalError;

    fn from_str(text: &str) -> Result<Self, ParsePrincipalError> {
        Self::parse(text, None)
    }
}

impl TryFrom<&str> for Principal {
    type Error = ParsePrincipalError;

    fn try_from(text: &str) -> Result<Self, ParsePrincipalError> {
        text.parse()
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_borrowed().fmt(f)
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Principal({self}, {})", self.name_type)
    }
}

impl PartialEq for Principal {
    fn eq(&self, other: &Self) -> bool {
        self.components == other.components && self.realm == other.realm
    }
}

impl Eq for Principal {}

impl PartialEq<PrincipalRef<'_>> for Principal {
    fn eq(&self, other: &PrincipalRef<'_>) -> bool {
        self.as_borrowed() == *other
    }
}

impl PartialOrd for Principal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Principal {
    /// By realm, then by components.
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_borrowed().cmp(&other.as_borrowed())
    }
}

impl hash::Hash for Principal {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.components.hash(state);
        self.realm.hash(state);
    }
}

impl fmt::Display for ParsePrincipalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingRealm => f.write_str("principal lacks its realm, expected name@REALM"),
            Self::SeparatorInRealm { position } => {
                write!(f, "realm of the principal holds a separator at byte {position}, expected it escaped")
            }
            Self::DanglingEscape => f.write_str("principal ends in a backslash that escapes nothing"),
            Self::TooLong => write!(f, "principal has more than {MAX_ELEMENTS} components"),
        }
    }
}

impl core::error::Error for ParsePrincipalError {}

/// Components and realm of the text form, escapes resolved.
fn split(text: &str) -> Result<(Vec<String>, Option<String>), ParsePrincipalError> {
    let mut components = Vec::new();
    let mut in_realm = false;
    let mut current = String::new();
    let mut chars = text.char_indices();
    while let Some((position, c)) = chars.next() {
        match c {
            '/' | '@' if in_realm => return Err(ParsePrincipalError::SeparatorInRealm { position }),
            '/' => components.push(core::mem::take(&mut current)),
            '@' => {
                components.push(core::mem::take(&mut current));
                in_realm = true;
            }
            '\\' => current.push(match chars.next().ok_or(ParsePrincipalError::DanglingEscape)?.1 {
                't' => '\t',
                'n' => '\n',
                'b' => '\u{8}',
                '0' => '\0',
                other => other,
            }),
            other => current.push(other),
        }
    }
    if in_realm {
        return Ok((components, Some(current)));
    }
    components.push(current);
    Ok((components, None))
}
