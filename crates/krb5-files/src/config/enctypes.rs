//! Lists of encryption types and of SPAKE groups.

use alloc::vec::Vec;

use krb5_crypto::EncType;

/// The types that `DEFAULT` stands for here: AES. MIT krb5 adds triple DES, RC4 and Camellia to its own; who wants
/// those has to name them.
pub const DEFAULT_ENCTYPES: [EncType; 4] = [
    EncType::AES256_CTS_HMAC_SHA1_96,
    EncType::AES128_CTS_HMAC_SHA1_96,
    EncType::AES256_CTS_HMAC_SHA384_192,
    EncType::AES128_CTS_HMAC_SHA256_128,
];

/// What stands between the words of a list.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', '\t', '\r', '\n', ',']).filter(|word| !word.is_empty())
}

/// Reads a list as in `permitted_enctypes`: names, the families `aes`, `camellia`, `rc4`, `des3`, and `DEFAULT`, each
/// with `+` (or nothing) to add it or `-` to take it out. The order of the first mention is kept.
///
/// The first word that names nothing is returned too; MIT krb5 passes over such words. So it does over weak types
/// (DES and exportable RC4) unless `allow_weak`.
#[must_use]
pub fn enctypes<'a>(text: &'a str, default: &[EncType], allow_weak: bool) -> (Vec<EncType>, Option<&'a str>) {
    let mut list = Vec::new();
    let mut unknown = None;
    for word in words(text) {
        let (add, name) = match word.strip_prefix(['+', '-']) {
            Some(name) => (!word.starts_with('-'), name),
            None => (true, word),
        };
        let mut apply = |enctypes: &[EncType]| {
            for enctype in enctypes {
                if !add {
                    list.retain(|listed| listed != enctype);
                } else if !list.contains(enctype) && (allow_weak || !is_refused(*enctype)) {
                    list.push(*enctype);
                }
            }
        };
        if name.eq_ignore_ascii_case("DEFAULT") {
            apply(default);
        } else if let Some((_, family)) =
            FAMILIES.iter().find(|(family, _)| family.eq_ignore_ascii_case(name))
        {
            apply(family);
        } else if let Some(enctype) = EncType::from_name(name).filter(|enctype| !is_gone(*enctype)) {
            apply(&[enctype]);
        } else {
            unknown = unknown.or(Some(word));
        }
    }
    (list, unknown)
}

const FAMILIES: [(&str, &[EncType]); 4] = [
    ("aes", &DEFAULT_ENCTYPES),
    ("camellia", &[EncType::CAMELLIA256_CTS_CMAC, EncType::CAMELLIA128_CTS_CMAC]),
    ("des3", &[EncType::DES3_CBC_SHA1_KD]),
    ("rc4", &[EncType::RC4_HMAC]),
];

/// What MIT krb5 needs `allow_weak_crypto` for, of the types that it has at all.
fn is_refused(enctype: EncType) -> bool {
    enctype == EncType::RC4_HMAC_EXP
}

/// Single DES, which MIT krb5 1.18 took out with its names (RFC 6649).
fn is_gone(enctype: EncType) -> bool {
    matches!(enctype, EncType::DES_CBC_CRC | EncType::DES_CBC_MD4 | EncType::DES_CBC_MD5)
}

/// A group of SPAKE pre-authentication, by its number in the registry of RFC 9588 section 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpakeGroup(pub i32);

impl SpakeGroup {
    /// `edwards25519`, the default.
    pub const EDWARDS25519: Self = Self(1);
    /// `P-256`.
    pub const P256: Self = Self(2);
    /// `P-384`.
    pub const P384: Self = Self(3);
    /// `P-521`.
    pub const P521: Self = Self(4);

    /// The group of this name, upper or lower case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let names = [
            ("edwards25519", Self::EDWARDS25519),
            ("P-256", Self::P256),
            ("P-384", Self::P384),
            ("P-521", Self::P521),
        ];
        names.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, group)| group)
    }
}
