//! 32-bit flag sets (RFC 4120 section 5.2.8).

use der::{DecodeValue, EncodeValue, FixedTag, Header, Length, Reader, Tag, Writer};

use crate::{DecodeError, DecodeErrorKind};

/// The longest BIT STRING that is read as flags, in bytes after the one that counts unused bits.
pub const MAX_FLAG_BYTES: usize = 64;

/// KerberosFlags with no names: bit 0 of RFC 4120 is the most significant bit here.
///
/// Written as exactly 32 bits. Shorter strings are read as if filled with zeros and bits from 32 on are
/// dropped, as section 5.2.8 asks of receivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct KerberosFlags(pub u32);

flag_set! {
    /// Flags of a ticket (RFC 4120 section 5.3).
    pub struct TicketFlags {
        /// May be exchanged for a ticket with other addresses.
        FORWARDABLE = 0x4000_0000,
        /// Was forwarded, or issued on the strength of a forwarded ticket.
        FORWARDED = 0x2000_0000,
        /// May be exchanged for a proxy ticket.
        PROXIABLE = 0x1000_0000,
        /// Is a proxy ticket.
        PROXY = 0x0800_0000,
        /// A postdated ticket may be issued from this one.
        MAY_POSTDATE = 0x0400_0000,
        /// Was postdated.
        POSTDATED = 0x0200_0000,
        /// Must be validated by the KDC before use.
        INVALID = 0x0100_0000,
        /// May be renewed.
        RENEWABLE = 0x0080_0000,
        /// Was issued by an AS exchange.
        INITIAL = 0x0040_0000,
        /// The client pre-authenticated.
        PRE_AUTHENT = 0x0020_0000,
        /// The client used hardware of its own to authenticate.
        HW_AUTHENT = 0x0010_0000,
        /// The KDC checked the transited realms.
        TRANSITED_POLICY_CHECKED = 0x0008_0000,
        /// Realm policy lets clients delegate to this service.
        OK_AS_DELEGATE = 0x0004_0000,
        /// The encrypted part of the reply carries pre-authentication data (RFC 6806 section 11).
        ENC_PA_REP = 0x0001_0000,
        /// The client is anonymous (RFC 8062).
        ANONYMOUS = 0x0000_8000,
    }
}

flag_set! {
    /// What a client asks of the KDC (RFC 4120 section 5.4.1).
    pub struct KdcOptions {
        /// Asks for a forwardable ticket.
        FORWARDABLE = 0x4000_0000,
        /// Asks for a forwarded ticket.
        FORWARDED = 0x2000_0000,
        /// Asks for a proxiable ticket.
        PROXIABLE = 0x1000_0000,
        /// Asks for a proxy ticket.
        PROXY = 0x0800_0000,
        /// Asks that postdated tickets may be issued from this one.
        ALLOW_POSTDATE = 0x0400_0000,
        /// Asks for a postdated ticket.
        POSTDATED = 0x0200_0000,
        /// Asks for a renewable ticket.
        RENEWABLE = 0x0080_0000,
        /// Asks for authentication by hardware of the client's own.
        OPT_HARDWARE_AUTH = 0x0010_0000,
        /// The additional ticket names the client: constrained delegation (MS-SFU).
        CNAME_IN_ADDL_TKT = 0x0002_0000,
        /// The KDC may change names and refer to other realms (RFC 6806).
        CANONICALIZE = 0x0001_0000,
        /// Asks for an anonymous ticket (RFC 8062).
        REQUEST_ANONYMOUS = 0x0000_8000,
        /// The KDC need not check the transited realms.
        DISABLE_TRANSITED_CHECK = 0x0000_0020,
        /// A renewable ticket is fine if the lifetime asked for is not.
        RENEWABLE_OK = 0x0000_0010,
        /// Encrypt the ticket in the session key of the additional ticket: user-to-user.
        ENC_TKT_IN_SKEY = 0x0000_0008,
        /// Renew the ticket presented.
        RENEW = 0x0000_0002,
        /// Validate the postdated ticket presented.
        VALIDATE = 0x0000_0001,
    }
}

flag_set! {
    /// Options of an AP-REQ (RFC 4120 section 5.5.1).
    pub struct ApOptions {
        /// The ticket is encrypted in a session key: user-to-user.
        USE_SESSION_KEY = 0x4000_0000,
        /// The client asks for an AP-REP.
        MUTUAL_REQUIRED = 0x2000_0000,
    }
}

flag_set! {
    /// Options of a FAST request (RFC 6113 section 5.4.2). The KDC must refuse what it does not know of the upper 16.
    pub struct FastOptions {
        /// The outer parts of replies shall not name the client.
        HIDE_CLIENT_NAMES = 0x4000_0000,
        /// The KDC may follow referrals in the client's place.
        KDC_FOLLOW_REFERRALS = 0x0000_8000,
    }
}

impl FastOptions {
    /// All critical options, with a name here or without: a KDC that does not know one answers
    /// `KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTIONS`.
    pub const CRITICAL: Self = Self(0xffff_0000);
}

flag_set! {
    /// What a client asks of the PAC and the KDC (MS-KILE section 2.2.10, MS-SFU section 2.2.5).
    pub struct PacOptions {
        /// The client knows claims.
        CLAIMS = 0x8000_0000,
        /// The client knows about read-only domain controllers of branches.
        BRANCH_AWARE = 0x4000_0000,
        /// A read-only domain controller shall pass the request on to a full one.
        FORWARD_TO_FULL_DC = 0x2000_0000,
        /// The client knows resource-based constrained delegation.
        RESOURCE_BASED_CONSTRAINED_DELEGATION = 0x1000_0000,
    }
}

flag_set! {
    /// Options of [`S4uUserId`](crate::S4uUserId) (MS-SFU section 2.2.2).
    pub struct S4uOptions {
        /// The KDC shall check the user's logon hours.
        CHECK_LOGON_HOURS = 0x4000_0000,
        /// The reply's checksum shall be made, or was made, with usage 27 in place of 26.
        USE_REPLY_KEY_USAGE = 0x2000_0000,
        /// The KDC need not find the certificate's issuer in its NTAuth store.
        NT_AUTH_POLICY_NOT_REQUIRED = 0x1000_0000,
        /// The ticket shall be as one that the user gets with a password.
        UNCONDITIONAL_DELEGATION = 0x0800_0000,
    }
}

little_endian_flags! {
    /// Content of PA-SUPPORTED-ENCTYPES, and of the directory's attribute `msDS-SupportedEncryptionTypes`: four bytes,
    /// little-endian, not DER (MS-KILE sections 2.2.7 and 2.2.8).
    pub struct SupportedEnctypes {
        /// des-cbc-crc (1).
        DES_CBC_CRC = 0x01,
        /// des-cbc-md5 (3).
        DES_CBC_MD5 = 0x02,
        /// rc4-hmac (23).
        RC4_HMAC = 0x04,
        /// aes128-cts-hmac-sha1-96 (17).
        AES128_CTS_HMAC_SHA1_96 = 0x08,
        /// aes256-cts-hmac-sha1-96 (18).
        AES256_CTS_HMAC_SHA1_96 = 0x10,
        /// Session keys are of AES even where the ticket is of RC4.
        AES256_CTS_HMAC_SHA1_96_SK = 0x20,
        /// The realm's KDCs know FAST.
        FAST_SUPPORTED = 0x0001_0000,
        /// The service takes tickets that name the client's device as well.
        COMPOUND_IDENTITY_SUPPORTED = 0x0002_0000,
        /// The realm's KDCs know claims.
        CLAIMS_SUPPORTED = 0x0004_0000,
        /// PACs for the service hold each SID of a resource group in full.
        RESOURCE_SID_COMPRESSION_DISABLED = 0x0008_0000,
    }
}

impl<'a> DecodeValue<'a> for KerberosFlags {
    type Error = DecodeError;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> Result<Self, DecodeError> {
        let position = reader.position();
        let malformed = |kind| DecodeError::new(DecodeErrorKind::Der(kind), position);
        let value = reader.read_slice(header.length())?;
        let (unused, bytes) =
            value.split_first().ok_or(malformed(der::ErrorKind::Length { tag: Tag::BitString }))?;
        if bytes.len() > MAX_FLAG_BYTES {
            return Err(malformed(der::ErrorKind::Length { tag: Tag::BitString }));
        }
        // X.690 sections 8.6.2.2 and 11.2.1: at most 7 unused bits, none without content, all of them zero.
        let unused_mask = match unused {
            0..=7 => u8::MAX.checked_shl(u32::from(*unused)).map(|used| !used),
            _ => None,
        };
        let clean = match (unused_mask, bytes.last()) {
            (Some(mask), Some(last)) => last & mask == 0,
            (Some(_), None) => *unused == 0,
            (None, _) => false,
        };
        if !clean {
            return Err(malformed(der::ErrorKind::Noncanonical { tag: Tag::BitString }));
        }
        let mut word = [0; 4];
        for (to, from) in word.iter_mut().zip(bytes) {
            *to = *from;
        }
        Ok(Self(u32::from_be_bytes(word)))
    }
}

impl EncodeValue for KerberosFlags {
    fn value_len(&self) -> der::Result<Length> {
        Length::try_from(5usize)
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write_byte(0)?;
        writer.write(&self.0.to_be_bytes())
    }
}

impl FixedTag for KerberosFlags {
    const TAG: Tag = Tag::BitString;
}
