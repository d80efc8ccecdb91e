//! Enctype numbers and the names MIT knows them by.

/// A Kerberos encryption type number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Enctype(pub u16);

impl Enctype {
    /// aes128-cts-hmac-sha1-96 (RFC 3962)
    pub const AES128_SHA1: Self = Self(17);
    /// aes256-cts-hmac-sha1-96 (RFC 3962)
    pub const AES256_SHA1: Self = Self(18);
    /// aes128-cts-hmac-sha256-128 (RFC 8009)
    pub const AES128_SHA256: Self = Self(19);
    /// aes256-cts-hmac-sha384-192 (RFC 8009)
    pub const AES256_SHA384: Self = Self(20);
    /// arcfour-hmac (RFC 4757)
    pub const RC4: Self = Self(23);
    /// camellia128-cts-cmac (RFC 6803)
    pub const CAMELLIA128: Self = Self(25);
    /// camellia256-cts-cmac (RFC 6803)
    pub const CAMELLIA256: Self = Self(26);

    /// Every enctype the tests use.
    pub const ALL: &[Self] = &[
        Self::AES256_SHA1,
        Self::AES128_SHA1,
        Self::AES256_SHA384,
        Self::AES128_SHA256,
        Self::CAMELLIA256,
        Self::CAMELLIA128,
        Self::RC4,
    ];

    /// The name that krb5.conf, kdc.conf and kadmin take; empty for a number outside [`Self::ALL`].
    pub fn mit_name(self) -> &'static str {
        match self {
            Self::AES128_SHA1 => "aes128-cts-hmac-sha1-96",
            Self::AES256_SHA1 => "aes256-cts-hmac-sha1-96",
            Self::AES128_SHA256 => "aes128-cts-hmac-sha256-128",
            Self::AES256_SHA384 => "aes256-cts-hmac-sha384-192",
            Self::RC4 => "arcfour-hmac",
            Self::CAMELLIA128 => "camellia128-cts-cmac",
            Self::CAMELLIA256 => "camellia256-cts-cmac",
            _ => "",
        }
    }

    /// Whether per-message tokens are those of RFC 4121 and the acceptor picks a subkey of its own.
    pub fn is_cfx(self) -> bool {
        self != Self::RC4
    }
}

/// MIT's names in one line, as configuration files list them.
pub(crate) fn mit_names(enctypes: &[Enctype], separator: &str) -> String {
    enctypes.iter().map(|enctype| enctype.mit_name()).collect::<Vec<_>>().join(separator)
}
