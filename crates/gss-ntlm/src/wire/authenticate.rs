use super::error::{WireError, WriteError};
use super::fields::{PayloadWriter, all_or_nothing, header_len};
use super::flags::NegotiateFlags;
use super::text::{Charset, Text};
use super::{MessageType, Version};
use core::fmt;
use gss_core::TokenSink;
use gss_core::reader::Reader;

/// The client's second message (MS-NLMP section 2.2.1.3).
#[derive(Clone, Copy)]
pub struct AuthenticateMessage<'a> {
    /// The answer made from the LM hash, or what stands in for it.
    pub lm_response: &'a [u8],
    /// The answer made from the NT hash.
    pub nt_response: &'a [u8],
    /// The user's domain.
    pub domain: Text<'a>,
    /// The user.
    pub user: Text<'a>,
    /// The client's name.
    pub workstation: Text<'a>,
    /// The session key, encrypted with the key that both sides know; empty when that key itself is used.
    pub encrypted_session_key: &'a [u8],
    /// What was agreed, as the client sees it; old clients do not say.
    pub flags: Option<NegotiateFlags>,
    /// The client's version, if it tells.
    pub version: Option<Version>,
    /// The bytes where a MIC lies if the client made one. Only [`AvFlags::MIC_PRESENT`](super::AvFlags::MIC_PRESENT)
    /// in the NT response tells that it did.
    pub mic: Option<[u8; 16]>,
    nt_response_offset: usize,
}

/// Where the header has what.
pub(crate) mod slot {
    use crate::wire::fields::{Field, Slot};

    pub(crate) const LM_RESPONSE: Slot = Slot::new(Field::LmResponse, 12);
    pub(crate) const NT_RESPONSE: Slot = Slot::new(Field::NtResponse, 20);
    pub(crate) const DOMAIN: Slot = Slot::new(Field::DomainName, 28);
    pub(crate) const USER: Slot = Slot::new(Field::UserName, 36);
    pub(crate) const WORKSTATION: Slot = Slot::new(Field::Workstation, 44);
    pub(crate) const SESSION_KEY: Slot = Slot::new(Field::EncryptedSessionKey, 52);
    pub(crate) const FLAGS_AT: usize = 60;
    pub(crate) const VERSION_AT: usize = 64;
    /// Length of the header with everything.
    pub(crate) const HEADER_LEN: usize = 88;
    /// Length of the header without the MIC.
    pub(crate) const HEADER_LEN_WITHOUT_MIC: usize = 72;
    /// Length of the header up to the flags.
    pub(crate) const HEADER_LEN_WITH_FLAGS: usize = 64;
    /// Length of the oldest header, without session key and flags.
    pub(crate) const HEADER_LEN_WITHOUT_FLAGS: usize = 52;
}

impl<'a> AuthenticateMessage<'a> {
    /// Where the MIC lies, in bytes from the start of the message.
    pub const MIC_OFFSET: usize = 72;

    /// A message of these names and nothing else.
    #[must_use]
    pub const fn new(domain: Text<'a>, user: Text<'a>, workstation: Text<'a>) -> Self {
        Self {
            lm_response: &[],
            nt_response: &[],
            domain,
            user,
            workstation,
            encrypted_session_key: &[],
            flags: None,
            version: None,
            mic: None,
            nt_response_offset: 0,
        }
    }

    /// Where `nt_response` began in the message that was read, in bytes from its start.
    #[must_use]
    pub const fn nt_response_offset(&self) -> usize {
        self.nt_response_offset
    }

    /// Reads a message, the short forms of old clients included
    /// ([`SHORT_AUTHENTICATE`](super::leniency::SHORT_AUTHENTICATE)). `fallback` is the charset of messages without
    /// flags: the one that the CHALLENGE named.
    ///
    /// # Errors
    /// [`WireError`], with the place in `message`.
    pub fn parse(message: &'a [u8], fallback: Charset) -> Result<Self, WireError> {
        MessageType::Authenticate.expect(message)?;
        let lm = slot::LM_RESPONSE.read(message)?;
        let nt = slot::NT_RESPONSE.read(message)?;
        let domain = slot::DOMAIN.read(message)?;
        let user = slot::USER.read(message)?;
        let workstation = slot::WORKSTATION.read(message)?;
        let old = [lm, nt, domain, user, workstation];
        let mut header = header_len(message, old, slot::HEADER_LEN_WITHOUT_FLAGS);
        let mut charset = fallback;
        let mut flags = None;
        let mut encrypted_session_key: &[u8] = &[];
        if header >= slot::HEADER_LEN_WITH_FLAGS {
            let key = slot::SESSION_KEY.read(message)?;
            header =
                header_len(message, [lm, nt, domain, user, workstation, key], slot::HEADER_LEN_WITH_FLAGS);
            encrypted_session_key = key.resolve(message, header)?.bytes;
            let found = NegotiateFlags::from_bits(read_at(message, slot::FLAGS_AT)?.u32_le()?);
            charset = Charset::of(found).ok_or(WireError::NoCharset { flags: found })?;
            flags = Some(found);
        }
        let mic = if header >= slot::HEADER_LEN {
            Some(read_at(message, Self::MIC_OFFSET)?.take_array()?)
        } else {
            None
        };
        let nt_response = nt.resolve(message, header)?;
        Ok(Self {
            lm_response: lm.resolve(message, header)?.bytes,
            nt_response: nt_response.bytes,
            domain: domain.resolve(message, header)?.text(charset)?,
            user: user.resolve(message, header)?.text(charset)?,
            workstation: workstation.resolve(message, header)?.text(charset)?,
            encrypted_session_key,
            flags,
            version: Version::read(message, slot::VERSION_AT, header, flags.unwrap_or_default())?,
            mic,
            nt_response_offset: nt_response.offset,
        })
    }

    /// Writes the message: header, then domain, user, workstation, LM response, NT response and session key. The
    /// header has a place for the MIC if there is one, and ends before session key and flags if there are no flags.
    ///
    /// # Errors
    /// [`WriteError`]; nothing was written then.
    pub fn write(&self, output: &mut dyn TokenSink) -> Result<(), WriteError> {
        all_or_nothing(output, |output| self.append(output))
    }

    fn append(&self, output: &mut dyn TokenSink) -> Result<(), WriteError> {
        let header_len = match (self.flags, self.mic) {
            (Some(_), Some(_)) => slot::HEADER_LEN,
            (Some(_), None) => slot::HEADER_LEN_WITHOUT_MIC,
            (None, None) if self.version.is_none() && self.encrypted_session_key.is_empty() => {
                slot::HEADER_LEN_WITHOUT_FLAGS
            }
            (None, _) => return Err(WriteError::FlagsMissing),
        };
        let mut writer = PayloadWriter::new(output, header_len)?;
        writer.kind(MessageType::Authenticate)?;
        let mut charset = self.user.charset();
        if let Some(flags) = self.flags {
            let flags = Version::flag(self.version, flags);
            charset = Charset::of(flags).ok_or(WriteError::NoCharset { flags })?;
            writer.fixed(slot::FLAGS_AT, &flags.bits().to_le_bytes())?;
            writer.fixed(slot::VERSION_AT, &Version::bytes_or_zeros(self.version))?;
        }
        if let Some(mic) = self.mic {
            writer.fixed(Self::MIC_OFFSET, &mic)?;
        }
        writer.text(slot::DOMAIN, self.domain, charset)?;
        writer.text(slot::USER, self.user, charset)?;
        writer.text(slot::WORKSTATION, self.workstation, charset)?;
        writer.field(slot::LM_RESPONSE, self.lm_response)?;
        writer.field(slot::NT_RESPONSE, self.nt_response)?;
        if self.flags.is_some() {
            writer.field(slot::SESSION_KEY, self.encrypted_session_key)?;
        }
        Ok(())
    }
}

fn read_at(message: &[u8], at: usize) -> Result<Reader<'_>, WireError> {
    let mut reader = Reader::new(message);
    reader.take(at)?;
    Ok(reader)
}

/// Passwords can be guessed offline from the responses, so only their lengths are shown.
impl fmt::Debug for AuthenticateMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticateMessage")
            .field("lm_response_len", &self.lm_response.len())
            .field("nt_response_len", &self.nt_response.len())
            .field("domain", &self.domain)
            .field("user", &self.user)
            .field("workstation", &self.workstation)
            .field("encrypted_session_key_len", &self.encrypted_session_key.len())
            .field("flags", &self.flags)
            .field("version", &self.version)
            .field("has_mic", &self.mic.is_some())
            .finish_non_exhaustive()
    }
}
