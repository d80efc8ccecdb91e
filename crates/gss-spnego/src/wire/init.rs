use super::encode::{InitHeader, frame_init, wrap_mic};
use super::fields::{Fields, only};
use super::{
    BIT_STRING, Field, GENERAL_STRING, MAX_REQ_FLAGS_LEN, MechTypeList, OCTET_STRING, SEQUENCE, WireError,
};
use core::fmt;
use gss_core::reader::Reader;
use gss_core::{ContextFlags, SinkFull, TokenSink};

/// The name that acceptors put in their hints (MS-SPNG 2.2.1).
pub const HINT_NAME: &[u8] = b"not_defined_in_RFC4178@please_ignore";

/// `NegTokenInit` (RFC 4178 section 4.2.1) or, with hints, `NegTokenInit2` (MS-SPNG 2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NegTokenInit<'a> {
    /// The mechanisms, most preferred first. Only `NegTokenInit2` may go without.
    pub mech_types: Option<MechTypeList<'a>>,
    /// Flags that the initiator asks for. Not protected; RFC 4178 says to ignore them.
    pub req_flags: Option<ReqFlags<'a>>,
    /// The first token of the first mechanism.
    pub mech_token: Option<Field<'a>>,
    /// What an acceptor that speaks first tells about itself.
    pub hints: Option<NegHints<'a>>,
    /// The MIC over the list of mechanisms.
    pub mech_list_mic: Option<Field<'a>>,
}

impl<'a> NegTokenInit<'a> {
    pub(super) fn parse(content: Reader<'a>) -> Result<Self, WireError> {
        let mut fields = Fields::of(content)?;
        let mech_types = fields.next(0)?.map(MechTypeList::read).transpose()?;
        let req_flags = fields.next_value(1, BIT_STRING)?.map(ReqFlags::read).transpose()?;
        let mech_token = fields.next_value(2, OCTET_STRING)?.map(Field::rest_of);
        let (mut hints, mut mech_list_mic) = (None, None);
        if let Some(field) = fields.next(3)? {
            if field.peek() == Some(SEQUENCE) {
                hints = Some(NegHints::read(field)?);
            } else {
                mech_list_mic = Some(Field::rest_of(only(field, OCTET_STRING)?));
            }
        }
        if let Some(second) = fields.next_value(4, OCTET_STRING)? {
            if mech_list_mic.is_some() {
                return Err(WireError::TwoMics { offset: second.offset() });
            }
            mech_list_mic = Some(Field::rest_of(second));
        }
        fields.finish(5)?;
        Ok(Self { mech_types, req_flags, mech_token, hints, mech_list_mic })
    }

    /// Appends the token to `output`, in the framing of RFC 2743. The MIC goes to field `[4]` where there are hints.
    ///
    /// # Errors
    /// [`SinkFull`]; nothing was appended then.
    pub fn write(&self, output: &mut dyn TokenSink) -> Result<(), SinkFull> {
        let start = output.len();
        self.write_fields(start, output).inspect_err(|_| output.truncate(start))
    }

    fn write_fields(&self, start: usize, output: &mut dyn TokenSink) -> Result<(), SinkFull> {
        if let Some(token) = self.mech_token {
            output.put(token.bytes)?;
        }
        if let Some(hints) = self.hints {
            hints.write(output)?;
        }
        if let Some(mic) = self.mech_list_mic {
            let mic_start = output.len();
            output.put(mic.bytes)?;
            wrap_mic(output, mic_start, if self.hints.is_some() { 4 } else { 3 })?;
        }
        let header = InitHeader {
            mech_types: self.mech_types.map(|list| list.as_der()),
            req_flags: self.req_flags.map(|flags| flags.content),
            token: self.mech_token.map(|token| token.bytes.len()),
        };
        frame_init(output, start, &header)
    }
}

/// `ContextFlags` of RFC 4178 section 4.2.1: flags the initiator asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReqFlags<'a> {
    content: &'a [u8], // INVARIANT: count of unused bits, then the bits
}

impl<'a> ReqFlags<'a> {
    /// The flags, by the numbers of RFC 2744. Bits without a meaning are left out.
    #[must_use]
    pub fn flags(&self) -> ContextFlags {
        let bits = self.content.get(1).copied().unwrap_or_default();
        NUMBERED
            .iter()
            .enumerate()
            .filter(|(number, _)| bits & (0x80 >> number) != 0)
            .fold(ContextFlags::NONE, |flags, (_, flag)| flags | *flag)
    }

    fn read(content: Reader<'a>) -> Result<Self, WireError> {
        let bytes = content.peek_rest();
        match bytes {
            [0] | [0..=7, _, ..] if bytes.len() <= MAX_REQ_FLAGS_LEN => Ok(Self { content: bytes }),
            _ => Err(WireError::ReqFlags { offset: content.offset() }),
        }
    }
}

impl fmt::Debug for ReqFlags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.flags().fmt(f)
    }
}

/// The flags by their number in the bit string.
const NUMBERED: [ContextFlags; 7] = [
    ContextFlags::DELEGATION,
    ContextFlags::MUTUAL,
    ContextFlags::REPLAY,
    ContextFlags::SEQUENCE,
    ContextFlags::ANONYMOUS,
    ContextFlags::CONFIDENTIALITY,
    ContextFlags::INTEGRITY,
];

/// `NegHints` (MS-SPNG 2.2.1). Not authenticated, and of no use but for display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NegHints<'a> {
    /// A name; [`HINT_NAME`] today, the acceptor's principal in Windows 2000.
    pub name: Option<Field<'a>>,
    /// An address; never sent.
    pub address: Option<Field<'a>>,
}

impl<'a> NegHints<'a> {
    fn read(field: Reader<'a>) -> Result<Self, WireError> {
        let mut fields = Fields::of(field)?;
        let name = fields.next_value(0, GENERAL_STRING)?.map(Field::rest_of);
        let address = fields.next_value(1, OCTET_STRING)?.map(Field::rest_of);
        fields.finish(2)?;
        Ok(Self { name, address })
    }

    fn write(&self, output: &mut dyn TokenSink) -> Result<(), SinkFull> {
        let start = output.len();
        for (number, tag, field) in [(0, GENERAL_STRING, self.name), (1, OCTET_STRING, self.address)] {
            if let Some(field) = field {
                let at = output.len();
                output.put(field.bytes)?;
                super::encode::wrap(output, at, number, tag)?;
            }
        }
        super::encode::wrap(output, start, 3, SEQUENCE)
    }
}
