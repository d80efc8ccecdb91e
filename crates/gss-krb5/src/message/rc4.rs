//! Tokens of RFC 4757 section 7, for RC4 keys.
//!
//! ```text
//! MIC  frame | 01 01 | 11 00 | FF FF FF FF   | number and direction (8) | checksum (8)
//! Wrap frame | 02 01 | 11 00 | 10 00 | FF FF | number and direction (8) | checksum (8) | confounder (8) | message | 01
//! ```
//! The frame is that of RFC 2743 section 3.1 and covers all that follows. Without encryption `FF FF` stands for
//! `10 00`, and confounder, message and padding are in clear.
//!
//! Three things differ from the text of RFC 4757; all are proven by the example of MS-KILE section 4.5: wrap
//! tokens are signed with message type 13, the initiator's direction is 00 and the acceptor's FF.
//!
//! A weakness that cannot be repaired here: the number is encrypted with a stream cipher and not signed. Whoever
//! changes its bits on the way changes the number of a message that is not encrypted.

mod frame;
mod keys;

use self::frame::{frame_len, inner_offset, message_len, segments_inner_offset};
use self::keys::Keys;
use super::Parameters;
use super::segments::{OpenedSegments, fit, wipe, with_tail};
use core::fmt;
use gss_core::framing::FrameHeader;
use gss_core::reader::{ParseError, ParseErrorKind, Reader};
use gss_core::sequence::{ReceiveWindow, SendSequence, Width};
use gss_core::{
    CryptoRng, MessageError, Overhead, Protection, Role, SequenceStatus, SinkFull, Unwrapped, oid,
};
use krb5_crypto::Segment;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

const MIC: u16 = 0x0101;
const WRAP: u16 = 0x0201;
const HMAC_MD5: [u8; 2] = [0x11, 0x00];
const RC4: [u8; 2] = [0x10, 0x00];
const NONE: [u8; 2] = [0xff, 0xff];
const FILLER: [u8; 2] = [0xff, 0xff];

/// Message types that the checksums begin with.
const SIGN_MIC: u32 = 15;
const SIGN_WRAP: u32 = 13;

/// Token kind, algorithms, filler.
const HEADER_LEN: usize = 8;
const NUMBER_LEN: usize = 8;
const CHECKSUM_LEN: usize = 8;
const CONFOUNDER_LEN: usize = 8;
/// A padding of one byte that says so: a stream cipher needs none, the format does.
const PADDING: [u8; 1] = [1];

const MIC_INNER_LEN: usize = HEADER_LEN + NUMBER_LEN + CHECKSUM_LEN;
const WRAP_INNER_LEN: usize = MIC_INNER_LEN + CONFOUNDER_LEN;
/// Frame tag, one octet of length, OID with tag and length.
const MIC_FRAME_LEN: usize = 1 + 1 + OID_ELEMENT_LEN;
const OID_ELEMENT_LEN: usize = 2 + oid::KRB5.as_bytes().len();

pub(super) const MIC_LEN: usize = MIC_FRAME_LEN + MIC_INNER_LEN;

pub(super) struct Sealer {
    keys: Keys,
    direction: u8,
    dce_style: bool,
    sequence: SendSequence,
}

impl Sealer {
    pub(super) fn new(parameters: &Parameters<'_>) -> Self {
        Self {
            keys: Keys::derive(parameters.key),
            direction: direction(parameters.role),
            dce_style: parameters.is_dce_style(),
            sequence: SendSequence::new(Width::Bits32, parameters.send_sequence),
        }
    }

    pub(super) fn overhead(&self, length: usize) -> Overhead {
        let inner = [WRAP_INNER_LEN, length, PADDING.len()].into_iter().fold(0, usize::saturating_add);
        Overhead { header: frame_len(inner).saturating_add(WRAP_INNER_LEN), trailer: PADDING.len() }
    }

    pub(super) fn wrap_in_place(
        &mut self,
        protection: Protection,
        buffer: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        let length = message_len(buffer.len())?;
        let Overhead { header, .. } = self.overhead(length);
        let misfit = SinkFull { needed: header };
        let (header, rest) = buffer.split_at_mut_checked(header).ok_or(misfit)?;
        let (message, padding) = rest.split_at_mut_checked(length).ok_or(misfit)?;
        let inner = WRAP_INNER_LEN.saturating_add(length).saturating_add(padding.len());
        padding.copy_from_slice(&PADDING);
        self.wrap(protection, inner, header, &mut [Segment::Data(message), Segment::Data(padding)], rng)
    }

    pub(super) fn segment_overhead(&self, length: usize) -> Overhead {
        // DCE style: no padding, and the frame covers only what lies in front of the message.
        if self.dce_style {
            let header = frame_len(WRAP_INNER_LEN).saturating_add(WRAP_INNER_LEN);
            Overhead { header, trailer: 0 }
        } else {
            self.overhead(length)
        }
    }

    pub(super) fn wrap_segments(
        &mut self,
        protection: Protection,
        header: &mut [u8],
        segments: &mut [Segment<'_>],
        trailer: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        let length = data_len(segments);
        let (header, padding) = fit(self.segment_overhead(length), header, trailer)?;
        padding.fill(PADDING[0]);
        let inner = if self.dce_style {
            WRAP_INNER_LEN
        } else {
            WRAP_INNER_LEN.saturating_add(length).saturating_add(padding.len())
        };
        with_tail(segments, padding, |all| self.wrap(protection, inner, header, all, rng))
    }

    /// Writes `header` and encrypts what it covers. `inner` is the length that the frame states.
    fn wrap(
        &mut self,
        protection: Protection,
        inner: usize,
        header: &mut [u8],
        content: &mut [Segment<'_>],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        let number = self.sequence.current()?;
        let frame = FrameHeader::new(&oid::KRB5, inner)?;
        let seal = match protection {
            Protection::Integrity => NONE,
            Protection::Confidentiality => RC4,
        };
        let fixed = header_bytes(WRAP, seal);
        let mut confounder = [0; CONFOUNDER_LEN];
        rng.fill_bytes(&mut confounder);
        let checksum = self.keys.sign(SIGN_WRAP, [&fixed, &confounder], content)?;
        if protection == Protection::Confidentiality {
            self.keys.seal(number, &mut confounder, content);
        }
        let number_bytes = self.keys.mask_number(&checksum, plain_number(number, self.direction));
        let pieces: [&[u8]; 5] = [frame.as_bytes(), &fixed, &number_bytes, &checksum, &confounder];
        write_pieces(header, &pieces);
        self.sequence.advance();
        Ok(())
    }

    /// `mic` is [`MIC_LEN`] bytes long.
    pub(super) fn make_mic(&mut self, message: &[u8], mic: &mut [u8]) -> Result<(), MessageError> {
        let number = self.sequence.current()?;
        let frame = FrameHeader::new(&oid::KRB5, MIC_INNER_LEN)?;
        let fixed = header_bytes(MIC, NONE);
        let checksum = self.keys.sign(SIGN_MIC, [&fixed, message], &[])?;
        let number_bytes = self.keys.mask_number(&checksum, plain_number(number, self.direction));
        write_pieces(mic, &[frame.as_bytes(), &fixed, &number_bytes, &checksum]);
        self.sequence.advance();
        Ok(())
    }
}

pub(super) struct Opener {
    keys: Keys,
    /// The direction that the peer's tokens have.
    direction: u8,
    dce_style: bool,
    window: ReceiveWindow,
}

impl Opener {
    pub(super) fn new(parameters: &Parameters<'_>) -> Self {
        Self {
            keys: Keys::derive(parameters.key),
            direction: !direction(parameters.role),
            dce_style: parameters.is_dce_style(),
            window: ReceiveWindow::new(Width::Bits32, parameters.receive_sequence, parameters.flags),
        }
    }

    pub(super) fn unwrap<'t>(&mut self, token: &'t mut [u8]) -> Result<Unwrapped<'t>, MessageError> {
        let start = inner_offset(token)?;
        let inner = token.get_mut(start..).unwrap_or_default();
        let needed = WRAP_INNER_LEN.saturating_add(PADDING.len());
        let truncated =
            ParseError { kind: ParseErrorKind::Truncated { needed, available: inner.len() }, offset: start };
        let fields = Fields::parse(inner, WRAP)?;
        let (fixed, content) = inner.split_at_mut_checked(WRAP_INNER_LEN).ok_or(truncated)?;
        let end = content.len().checked_sub(PADDING.len()).ok_or(truncated)?;
        let confounder = fixed.get_mut(MIC_INNER_LEN..).unwrap_or_default();
        let (message, padding) = content.split_at_mut_checked(end).ok_or(truncated)?;
        let mut segments = [Segment::Data(&mut *message), Segment::Data(&mut *padding)];
        let number = self.open(&fields, confounder, &mut segments)?;
        if padding != PADDING {
            message.zeroize();
            return Err(MessageError::InvalidPadding);
        }
        let sequence = self.window.note(number);
        Ok(Unwrapped { message, protection: fields.protection, sequence })
    }

    pub(super) fn unwrap_segments(
        &mut self,
        header: &mut [u8],
        segments: &mut [Segment<'_>],
        trailer: &mut [u8],
    ) -> Result<OpenedSegments, MessageError> {
        let covered = if self.dce_style { 0 } else { data_len(segments).saturating_add(trailer.len()) };
        let start = segments_inner_offset(header, covered)?;
        let inner = header.get_mut(start..).unwrap_or_default();
        let fields = Fields::parse(inner, WRAP)?;
        let confounder = inner.get_mut(MIC_INNER_LEN..).unwrap_or_default();
        let padding_len = if self.dce_style { 0 } else { PADDING.len() };
        if confounder.len() != CONFOUNDER_LEN || trailer.len() != padding_len {
            return Err(MessageError::InvalidPadding);
        }
        let number = with_tail(segments, &mut *trailer, |all| self.open(&fields, confounder, all))?;
        if !self.dce_style && trailer != PADDING {
            wipe(segments);
            return Err(MessageError::InvalidPadding);
        }
        Ok(OpenedSegments { protection: fields.protection, sequence: self.window.note(number) })
    }

    /// Decrypts and verifies, and gives the message's number. On failure what was decrypted is wiped.
    fn open(
        &self,
        fields: &Fields,
        confounder: &mut [u8],
        content: &mut [Segment<'_>],
    ) -> Result<u64, MessageError> {
        let (number, direction) = split_number(self.keys.mask_number(&fields.checksum, fields.number));
        if fields.protection == Protection::Confidentiality {
            self.keys.seal(number, confounder, content);
        }
        let expected = self.keys.sign(SIGN_WRAP, [&fields.fixed, confounder], content)?;
        let outcome = self.judge(&expected, fields, direction);
        if outcome.is_err() && fields.protection == Protection::Confidentiality {
            confounder.zeroize();
            wipe(content);
        }
        outcome.map(|()| number)
    }

    pub(super) fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<SequenceStatus, MessageError> {
        let start = inner_offset(mic)?;
        let inner = mic.get(start..).unwrap_or_default();
        let fields = Fields::parse(inner, MIC)?;
        if let Some(excess) = inner.len().checked_sub(MIC_INNER_LEN).filter(|excess| *excess > 0) {
            let offset = start.saturating_add(MIC_INNER_LEN);
            return Err(ParseError { kind: ParseErrorKind::TrailingData { excess }, offset }.into());
        }
        let (number, direction) = split_number(self.keys.mask_number(&fields.checksum, fields.number));
        let expected = self.keys.sign(SIGN_MIC, [&fields.fixed, message], &[])?;
        self.judge(&expected, &fields, direction)?;
        Ok(self.window.note(number))
    }

    /// Checksum first: the direction means nothing before.
    fn judge(&self, expected: &[u8], fields: &Fields, direction: [u8; 4]) -> Result<(), MessageError> {
        let verified = bool::from(expected.ct_eq(&fields.checksum));
        if !verified && !cfg!(fuzzing) {
            return Err(MessageError::BadMic);
        }
        if direction == [self.direction; 4] {
            Ok(())
        } else if direction == [!self.direction; 4] {
            Err(MessageError::WrongDirection)
        } else {
            Err(MessageError::BadMic)
        }
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("window", &self.window).finish_non_exhaustive()
    }
}

/// What stands in front of the confounder.
struct Fields {
    fixed: [u8; HEADER_LEN],
    number: [u8; NUMBER_LEN],
    checksum: [u8; CHECKSUM_LEN],
    protection: Protection,
}

impl Fields {
    fn parse(inner: &[u8], expected: u16) -> Result<Self, MessageError> {
        let mut reader = Reader::new(inner);
        let fixed: [u8; HEADER_LEN] = reader.take_array()?;
        let [i0, i1, sign0, sign1, seal0, seal1, filler0, filler1] = fixed;
        let found = u16::from_be_bytes([i0, i1]);
        if found != expected {
            return Err(MessageError::UnexpectedTokenId { expected, found });
        }
        let protection = match ([sign0, sign1], [seal0, seal1]) {
            (HMAC_MD5, NONE) => Protection::Integrity,
            (HMAC_MD5, RC4) if expected == WRAP => Protection::Confidentiality,
            // In MIC tokens these bytes are filler.
            (HMAC_MD5, _) if expected == MIC => return Err(MessageError::InvalidFiller),
            _ => return Err(MessageError::UnexpectedAlgorithm),
        };
        if [filler0, filler1] != FILLER {
            return Err(MessageError::InvalidFiller);
        }
        Ok(Self { fixed, number: reader.take_array()?, checksum: reader.take_array()?, protection })
    }
}

fn header_bytes(token_id: u16, seal: [u8; 2]) -> [u8; HEADER_LEN] {
    let [i0, i1] = token_id.to_be_bytes();
    let [sign0, sign1] = HMAC_MD5;
    let [seal0, seal1] = seal;
    let [filler0, filler1] = FILLER;
    [i0, i1, sign0, sign1, seal0, seal1, filler0, filler1]
}

const fn direction(sender: Role) -> u8 {
    match sender {
        Role::Initiator => 0x00,
        Role::Acceptor => 0xff,
    }
}

fn plain_number(number: u64, direction: u8) -> [u8; NUMBER_LEN] {
    let [.., a, b, c, d] = number.to_be_bytes();
    [a, b, c, d, direction, direction, direction, direction]
}

fn split_number(plain: [u8; NUMBER_LEN]) -> (u64, [u8; 4]) {
    let [a, b, c, d, direction @ ..] = plain;
    (u64::from(u32::from_be_bytes([a, b, c, d])), direction)
}

fn data_len(segments: &[Segment<'_>]) -> usize {
    segments.iter().fold(0, |len, segment| match segment {
        Segment::Data(data) => len.saturating_add(data.len()),
        Segment::SignOnly(_) => len,
    })
}

/// Lays pieces end to end.
fn write_pieces(to: &mut [u8], pieces: &[&[u8]]) {
    to.iter_mut().zip(pieces.iter().copied().flatten()).for_each(|(to, from)| *to = *from);
}
