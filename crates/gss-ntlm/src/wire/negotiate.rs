use super::error::{WireError, WriteError};
use super::fields::{Field, PayloadWriter, Slot, all_or_nothing, header_len};
use super::flags::NegotiateFlags;
use super::text::{Charset, Text};
use super::{MessageType, Version};
use gss_core::TokenSink;

/// The client's first message (MS-NLMP section 2.2.1.1).
///
/// Its names are in the client's code page whatever the flags say, since nothing is negotiated yet.
#[derive(Clone, Copy, Debug)]
pub struct NegotiateMessage<'a> {
    /// What the client can do.
    pub flags: NegotiateFlags,
    /// The client's domain, if it names one.
    pub domain: Option<Text<'a>>,
    /// The client's name, if it names itself.
    pub workstation: Option<Text<'a>>,
    /// The client's version, if it tells.
    pub version: Option<Version>,
}

const FLAGS_AT: usize = 12;
const DOMAIN: Slot = Slot::new(Field::DomainName, 16);
const WORKSTATION: Slot = Slot::new(Field::Workstation, 24);
const VERSION_AT: usize = 32;
const HEADER_LEN: usize = 40;
/// Header of clients before Windows XP, which have no version.
const HEADER_LEN_WITHOUT_VERSION: usize = 32;
/// Header of the oldest clients, which have no names either.
const HEADER_LEN_WITHOUT_NAMES: usize = 16;

impl<'a> NegotiateMessage<'a> {
    /// Reads a message, the short forms of old clients included
    /// ([`SHORT_NEGOTIATE`](super::leniency::SHORT_NEGOTIATE)).
    ///
    /// A name counts if its flag is set and it is not empty, the version if its flag is set and there is room for it.
    ///
    /// # Errors
    /// [`WireError`], with the place in `message`.
    pub fn parse(message: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = MessageType::Negotiate.expect(message)?;
        let flags = NegotiateFlags::from_bits(reader.u32_le()?);
        if Charset::of(flags).is_none() {
            return Err(WireError::NoCharset { flags });
        }
        if message.len() == HEADER_LEN_WITHOUT_NAMES {
            return Ok(Self { flags, domain: None, workstation: None, version: None });
        }
        let domain = DOMAIN.read(message)?.only_if(flags.contains(NegotiateFlags::OEM_DOMAIN_SUPPLIED));
        let workstation =
            WORKSTATION.read(message)?.only_if(flags.contains(NegotiateFlags::OEM_WORKSTATION_SUPPLIED));
        let header_len = header_len(message, [domain, workstation], HEADER_LEN_WITHOUT_VERSION);
        Ok(Self {
            flags,
            domain: domain.resolve(message, header_len)?.optional_text(Charset::Oem)?,
            workstation: workstation.resolve(message, header_len)?.optional_text(Charset::Oem)?,
            version: Version::read(message, VERSION_AT, header_len, flags)?,
        })
    }

    /// Writes the message in its long form. The flags that say what is there follow what is there.
    ///
    /// # Errors
    /// [`WriteError`]; nothing was written then.
    pub fn write(&self, output: &mut dyn TokenSink) -> Result<(), WriteError> {
        all_or_nothing(output, |output| self.append(output))
    }

    fn append(&self, output: &mut dyn TokenSink) -> Result<(), WriteError> {
        let flags = self
            .flags
            .with_if(NegotiateFlags::OEM_DOMAIN_SUPPLIED, self.domain.is_some())
            .with_if(NegotiateFlags::OEM_WORKSTATION_SUPPLIED, self.workstation.is_some());
        let flags = Version::flag(self.version, flags);
        if Charset::of(flags).is_none() {
            return Err(WriteError::NoCharset { flags });
        }
        let mut writer = PayloadWriter::new(output, HEADER_LEN)?;
        writer.kind(MessageType::Negotiate)?;
        writer.fixed(FLAGS_AT, &flags.bits().to_le_bytes())?;
        writer.fixed(VERSION_AT, &Version::bytes_or_zeros(self.version))?;
        let nothing = Text::empty(Charset::Oem);
        writer.text(DOMAIN, self.domain.unwrap_or(nothing), Charset::Oem)?;
        writer.text(WORKSTATION, self.workstation.unwrap_or(nothing), Charset::Oem)?;
        Ok(())
    }
}
