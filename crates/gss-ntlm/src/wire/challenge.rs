use super::av::AvPairs;
use super::error::{WireError, WriteError};
use super::fields::{Field, PayloadWriter, Slot, all_or_nothing, header_len};
use super::flags::NegotiateFlags;
use super::text::{Charset, Text};
use super::{MessageType, Version};
use gss_core::TokenSink;
use gss_core::reader::Reader;

/// The server's answer (MS-NLMP section 2.2.1.2).
#[derive(Clone, Copy, Debug)]
pub struct ChallengeMessage<'a> {
    /// What the server chose of the client's flags, and its own.
    pub flags: NegotiateFlags,
    /// The server's domain or the server, as the `TARGET_TYPE_*` flags say.
    pub target_name: Option<Text<'a>>,
    /// What the client has to answer.
    pub server_challenge: [u8; 8],
    /// Attributes of the server, if it gives any.
    pub target_info: Option<AvPairs<'a>>,
    /// The server's version, if it tells.
    pub version: Option<Version>,
}

const TARGET_NAME: Slot = Slot::new(Field::TargetName, 12);
const FLAGS_AT: usize = 20;
const SERVER_CHALLENGE_AT: usize = 24;
const TARGET_INFO: Slot = Slot::new(Field::TargetInfo, 40);
const VERSION_AT: usize = 48;
const HEADER_LEN: usize = 56;
/// Header up to where the attributes are named, if the server has any.
const HEADER_LEN_WITH_INFO: usize = 48;
/// Header of the oldest servers, which ends behind the challenge.
const HEADER_LEN_WITHOUT_INFO: usize = 32;

impl<'a> ChallengeMessage<'a> {
    /// Reads a message, the short forms of old servers included
    /// ([`SHORT_CHALLENGE`](super::leniency::SHORT_CHALLENGE)).
    ///
    /// The name counts if it is not empty ([`TARGET_NAME_UNASKED`](super::leniency::TARGET_NAME_UNASKED)), the
    /// attributes if they are not empty and their flag is set, the version if its flag is set and there is room for it.
    ///
    /// # Errors
    /// [`WireError`], with the place in `message`.
    pub fn parse(message: &'a [u8]) -> Result<Self, WireError> {
        MessageType::Challenge.expect(message)?;
        let target_name = TARGET_NAME.read(message)?;
        let mut reader = Reader::new(message);
        reader.take(FLAGS_AT)?;
        let flags = NegotiateFlags::from_bits(reader.u32_le()?);
        let server_challenge = reader.take_array()?;
        let charset = Charset::of(flags).ok_or(WireError::NoCharset { flags })?;
        let mut header = header_len(message, [target_name], HEADER_LEN_WITHOUT_INFO);
        let mut target_info = None;
        if header >= HEADER_LEN_WITH_INFO {
            let info = TARGET_INFO.read(message)?.only_if(flags.contains(NegotiateFlags::TARGET_INFO));
            header = header_len(message, [target_name, info], HEADER_LEN_WITH_INFO);
            let info = info.resolve(message, header)?;
            if !info.bytes.is_empty() {
                target_info = Some(AvPairs::parse(info.bytes, info.offset)?);
            }
        }
        Ok(Self {
            flags,
            target_name: target_name.resolve(message, header)?.optional_text(charset)?,
            server_challenge,
            target_info,
            version: Version::read(message, VERSION_AT, header, flags)?,
        })
    }

    /// Writes the message in its long form. The flags that say what is there follow what is there; what follows the
    /// end of the attributes is written too.
    ///
    /// # Errors
    /// [`WriteError`]; nothing was written then.
    pub fn write(&self, output: &mut dyn TokenSink) -> Result<(), WriteError> {
        all_or_nothing(output, |output| self.append(output))
    }

    fn append(&self, output: &mut dyn TokenSink) -> Result<(), WriteError> {
        let flags = self.flags.with_if(NegotiateFlags::TARGET_INFO, self.target_info.is_some());
        let flags = Version::flag(self.version, flags);
        let charset = Charset::of(flags).ok_or(WriteError::NoCharset { flags })?;
        let mut writer = PayloadWriter::new(output, HEADER_LEN)?;
        writer.kind(MessageType::Challenge)?;
        writer.fixed(FLAGS_AT, &flags.bits().to_le_bytes())?;
        writer.fixed(SERVER_CHALLENGE_AT, &self.server_challenge)?;
        writer.fixed(VERSION_AT, &Version::bytes_or_zeros(self.version))?;
        writer.text(TARGET_NAME, self.target_name.unwrap_or(Text::empty(charset)), charset)?;
        // Without attributes the field stays zero, its offset too, as in the example of MS-NLMP section 4.2.2.3.
        if let Some(info) = self.target_info {
            let mark = writer.begin();
            writer.sink().put(info.as_bytes())?;
            writer.sink().put(info.trailing())?;
            writer.end(mark, TARGET_INFO.at)?;
        }
        Ok(())
    }
}
