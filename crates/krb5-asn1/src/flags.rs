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
