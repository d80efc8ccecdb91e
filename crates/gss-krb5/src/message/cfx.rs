//! Tokens of RFC 4121 section 4.2, for every enctype but DES, triple DES and RC4.
//!
//! ```text
//! MIC          04 04 | flags | FF FF FF FF FF  | number (8) | checksum(message | header)
//! Wrap         05 04 | flags | FF | EC  | RRC  | number (8) | body rotated right by RRC bytes
//!   sealed     body = encrypt(message | EC bytes of filler | header with RRC 0)
//!   not sealed body = message | checksum(message | header with EC 0 and RRC 0), EC = its length
//! ```

mod segments;

use super::Parameters;
use gss_core::reader::{ParseError, ParseErrorKind, Reader};
use gss_core::sequence::{ReceiveWindow, SendSequence, Width};
use gss_core::{CryptoRng, MessageError, Overhead, Protection, Role, SequenceStatus, SinkFull, Unwrapped};
use krb5_crypto::{ChecksumKey, CipherKey, Key, KeyUsage};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

const HEADER_LEN: usize = 16;

const MIC: u16 = 0x0404;
const WRAP: u16 = 0x0504;

const SENT_BY_ACCEPTOR: u8 = 1;
const SEALED: u8 = 2;
const ACCEPTOR_SUBKEY: u8 = 4;

const FILLER: u8 = 0xff;
/// What stands where wrap tokens have EC and RRC.
const MIC_FILLER: u16 = 0xffff;

pub(super) struct Sealer {
    keys: Keys,
    flags: u8,
    dce_style: bool,
    sequence: SendSequence,
}

impl Sealer {
    pub(super) fn new(parameters: &Parameters<'_>) -> Self {
        Self {
            keys: Keys::new(parameters.key, parameters.role),
            flags: sender_flags(parameters.role, parameters.acceptor_subkey),
            dce_style: parameters.is_dce_style(),
            sequence: SendSequence::new(Width::Bits64, parameters.send_sequence),
        }
    }

    pub(super) fn overhead(&self, protection: Protection) -> Overhead {
        match protection {
            Protection::Integrity => Overhead { header: HEADER_LEN, trailer: self.keys.mac_len() },
            Protection::Confidentiality => Overhead {
                header: HEADER_LEN.saturating_add(self.keys.confounder_len()),
                trailer: HEADER_LEN.saturating_add(self.keys.mac_len()),
            },
        }
    }

    pub(super) fn wrap_in_place(
        &mut self,
        protection: Protection,
        buffer: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        let Overhead { header, trailer } = self.overhead(protection);
        let needed = header.saturating_add(trailer);
        let too_small = SinkFull { needed: needed.saturating_sub(buffer.len()) };
        if buffer.len() < needed {
            return Err(too_small.into());
        }
        let sequence = self.sequence.current()?;
        let (clear, body) = buffer.split_at_mut_checked(HEADER_LEN).ok_or(too_small)?;
        match protection {
            Protection::Integrity => {
                let end = body.len().saturating_sub(trailer);
                let (message, checksum) = body.split_at_mut_checked(end).ok_or(too_small)?;
                let signed = Header::wrap(self.flags, sequence);
                checksum.copy_from_slice(
                    self.keys.wrap_checksum().compute_tag(&[message, &signed.to_bytes()]).as_bytes(),
                );
                clear.copy_from_slice(&signed.with_ec(length_field(trailer)).to_bytes());
            }
            Protection::Confidentiality => {
                let header = Header::wrap(self.flags | SEALED, sequence).to_bytes();
                let inner = body.len().saturating_sub(trailer);
                let inner = body.get_mut(inner..).and_then(|tail| tail.get_mut(..HEADER_LEN));
                inner.ok_or(too_small)?.copy_from_slice(&header);
                self.keys.cipher().encrypt_in_place(body, rng).map_err(|_| too_small)?;
                clear.copy_from_slice(&header);
            }
        }
        self.sequence.advance();
        Ok(())
    }

    pub(super) fn mic_len(&self) -> usize {
        HEADER_LEN.saturating_add(self.keys.mac_len())
    }

    /// `mic` is [`mic_len`](Self::mic_len) bytes long.
    pub(super) fn make_mic(&mut self, message: &[u8], mic: &mut [u8]) -> Result<(), MessageError> {
        let too_small = SinkFull { needed: self.mic_len().saturating_sub(mic.len()) };
        let header = Header::mic(self.flags, self.sequence.current()?).to_bytes();
        let (clear, checksum) = mic.split_at_mut_checked(HEADER_LEN).ok_or(too_small)?;
        self.keys.mic().compute(&[message, &header], checksum).map_err(|_| too_small)?;
        clear.copy_from_slice(&header);
        self.sequence.advance();
        Ok(())
    }
}

pub(super) struct Opener {
    keys: Keys,
    /// The flags that the peer's tokens have.
    flags: u8,
    dce_style: bool,
    window: ReceiveWindow,
}

impl Opener {
    pub(super) fn new(parameters: &Parameters<'_>) -> Self {
        let peer = match parameters.role {
            Role::Initiator => Role::Acceptor,
            Role::Acceptor => Role::Initiator,
        };
        Self {
            keys: Keys::new(parameters.key, peer),
            flags: sender_flags(peer, parameters.acceptor_subkey),
            dce_style: parameters.is_dce_style(),
            window: ReceiveWindow::new(Width::Bits64, parameters.receive_sequence, parameters.flags),
        }
    }

    pub(super) fn unwrap<'t>(&mut self, token: &'t mut [u8]) -> Result<Unwrapped<'t>, MessageError> {
        let header = self.read_header(token, WRAP)?;
        let body = token.get_mut(HEADER_LEN..).unwrap_or_default();
        let message = match header.protection() {
            Protection::Integrity => self.open_clear(&header, body)?,
            Protection::Confidentiality => self.open_sealed(&header, body)?,
        };
        let sequence = self.window.note(header.sequence);
        Ok(Unwrapped { message, protection: header.protection(), sequence })
    }

    fn open_clear<'t>(&mut self, header: &Header, body: &'t mut [u8]) -> Result<&'t mut [u8], MessageError> {
        let checksum = self.keys.wrap_checksum();
        if header.ec != length_field(checksum.len()) {
            return Err(MessageError::InvalidFiller);
        }
        let truncated = truncated(checksum.len(), body.len());
        let end = body.len().checked_sub(checksum.len()).ok_or(truncated)?;
        rotate_left(body, usize::from(header.rrc));
        let (message, tag) = body.split_at_mut_checked(end).ok_or(truncated)?;
        let signed = header.with_ec(0).with_rrc(0).to_bytes();
        let _verified = checksum.verify(&[message, &signed], tag).map_err(|_| MessageError::BadMic)?;
        Ok(message)
    }

    fn open_sealed<'t>(&mut self, header: &Header, body: &'t mut [u8]) -> Result<&'t mut [u8], MessageError> {
        let needed = self.keys.cipher().overhead().saturating_add(HEADER_LEN);
        if body.len() < needed {
            return Err(truncated(needed, body.len()));
        }
        rotate_left(body, self.rotation(header));
        let plaintext = self.keys.cipher().decrypt_in_place(body).map_err(|_| MessageError::BadMic)?;
        let end = plaintext.len().saturating_sub(HEADER_LEN);
        let (content, inner) = plaintext.split_at_mut_checked(end).ok_or(MessageError::HeaderMismatch)?;
        let len = check_inner(header, inner).and_then(|()| {
            // Only the peer can have written such a header: it is inside the encryption.
            content.len().checked_sub(usize::from(header.ec)).ok_or(MessageError::InvalidPadding)
        });
        match len {
            Ok(len) => Ok(content.get_mut(..len).unwrap_or_default()),
            Err(error) => {
                content.zeroize();
                inner.zeroize();
                Err(error)
            }
        }
    }

    /// By how many bytes a sealed body is rotated. Windows rotates messages of DCE style by EC more than RRC says;
    /// MIT and Heimdal do the same. A zero there means no rotation at all.
    fn rotation(&self, header: &Header) -> usize {
        match header.rrc {
            0 => 0,
            rrc if self.dce_style => usize::from(rrc).saturating_add(usize::from(header.ec)),
            rrc => usize::from(rrc),
        }
    }

    pub(super) fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<SequenceStatus, MessageError> {
        let header = self.read_header(mic, MIC)?;
        // RFC 4121 section 4.2.2: the flag shall not be set in MIC tokens.
        if header.ec != MIC_FILLER || header.rrc != MIC_FILLER || header.flags & SEALED != 0 {
            return Err(MessageError::InvalidFiller);
        }
        let tag = mic.get(HEADER_LEN..).unwrap_or_default();
        exact_length(self.keys.mac_len(), tag.len())?;
        let _verified =
            self.keys.mic().verify(&[message, &header.to_bytes()], tag).map_err(|_| MessageError::BadMic)?;
        Ok(self.window.note(header.sequence))
    }

    /// Reads the header and checks who made it and with which key. What it says is not yet verified.
    fn read_header(&self, token: &[u8], expected: u16) -> Result<Header, MessageError> {
        let header = Header::parse(token, expected)?;
        // RFC 4121 section 4.2.2: unknown flags are ignored. They are part of what is signed all the same.
        let differing = header.flags ^ self.flags;
        if differing & SENT_BY_ACCEPTOR != 0 {
            return Err(MessageError::WrongDirection);
        }
        if differing & ACCEPTOR_SUBKEY != 0 {
            return Err(MessageError::WrongKey);
        }
        Ok(header)
    }
}

/// The keys of one direction. Each is derived when the first message needs it, and kept: contexts that only
/// authenticate, as most over HTTP do, never pay for them.
struct Keys {
    key: Key,
    seal: KeyUsage,
    sign: KeyUsage,
    cipher: Option<CipherKey>,
    wrap_checksum: Option<ChecksumKey>,
    mic: Option<ChecksumKey>,
}

impl Keys {
    /// RFC 4121 section 2: each side has its own usages. Wrap tokens have the usage of sealing even if they are
    /// only signed.
    fn new(key: &Key, sender: Role) -> Self {
        let (seal, sign) = match sender {
            Role::Initiator => (KeyUsage::GSS_INITIATOR_SEAL, KeyUsage::GSS_INITIATOR_SIGN),
            Role::Acceptor => (KeyUsage::GSS_ACCEPTOR_SEAL, KeyUsage::GSS_ACCEPTOR_SIGN),
        };
        Self { key: key.duplicate(), seal, sign, cipher: None, wrap_checksum: None, mic: None }
    }

    fn cipher(&mut self) -> &CipherKey {
        self.cipher.get_or_insert_with(|| self.key.cipher(self.seal))
    }

    fn wrap_checksum(&mut self) -> &ChecksumKey {
        self.wrap_checksum.get_or_insert_with(|| self.key.checksum(self.seal))
    }

    fn mic(&mut self) -> &ChecksumKey {
        self.mic.get_or_insert_with(|| self.key.checksum(self.sign))
    }

    fn confounder_len(&self) -> usize {
        self.key.header_len()
    }

    /// Length of every MAC: that of a sealed message, a signed one, and a MIC token.
    fn mac_len(&self) -> usize {
        self.key.trailer_len()
    }
}

#[derive(Clone, Copy)]
struct Header {
    token_id: u16,
    flags: u8,
    ec: u16,
    rrc: u16,
    sequence: u64,
}

impl Header {
    const fn wrap(flags: u8, sequence: u64) -> Self {
        Self { token_id: WRAP, flags, ec: 0, rrc: 0, sequence }
    }

    const fn mic(flags: u8, sequence: u64) -> Self {
        Self { token_id: MIC, flags, ec: MIC_FILLER, rrc: MIC_FILLER, sequence }
    }

    fn parse(token: &[u8], expected: u16) -> Result<Self, MessageError> {
        let mut reader = Reader::new(token);
        let token_id = reader.u16_be()?;
        if token_id != expected {
            return Err(MessageError::UnexpectedTokenId { expected, found: token_id });
        }
        let flags = reader.u8()?;
        let filler = reader.u8()?;
        let header =
            Self { token_id, flags, ec: reader.u16_be()?, rrc: reader.u16_be()?, sequence: reader.u64_be()? };
        if filler == FILLER { Ok(header) } else { Err(MessageError::InvalidFiller) }
    }

    const fn to_bytes(self) -> [u8; HEADER_LEN] {
        let [i0, i1] = self.token_id.to_be_bytes();
        let [e0, e1] = self.ec.to_be_bytes();
        let [r0, r1] = self.rrc.to_be_bytes();
        let [s0, s1, s2, s3, s4, s5, s6, s7] = self.sequence.to_be_bytes();
        [i0, i1, self.flags, FILLER, e0, e1, r0, r1, s0, s1, s2, s3, s4, s5, s6, s7]
    }

    const fn with_ec(self, ec: u16) -> Self {
        Self { ec, ..self }
    }

    const fn with_rrc(self, rrc: u16) -> Self {
        Self { rrc, ..self }
    }

    const fn protection(&self) -> Protection {
        if self.flags & SEALED == 0 { Protection::Integrity } else { Protection::Confidentiality }
    }
}

fn sender_flags(sender: Role, acceptor_subkey: bool) -> u8 {
    let direction = if sender == Role::Acceptor { SENT_BY_ACCEPTOR } else { 0 };
    direction | if acceptor_subkey { ACCEPTOR_SUBKEY } else { 0 }
}

/// Compares the header in clear with the one that was encrypted, where RRC is zero (RFC 4121 section 4.2.4).
/// Without this an attacker could change EC and so cut the message (CVE-2024-37370).
fn check_inner(clear: &Header, inner: &[u8]) -> Result<(), MessageError> {
    let equal = bool::from(clear.with_rrc(0).to_bytes().ct_eq(inner));
    // Fuzzers cannot make such headers, and have to get past this like past a MAC.
    if equal || cfg!(fuzzing) { Ok(()) } else { Err(MessageError::HeaderMismatch) }
}

/// RRC may exceed the length (RFC 4121 section 4.2.5).
fn rotate_left(body: &mut [u8], count: usize) {
    match count.checked_rem(body.len()) {
        None | Some(0) => {}
        Some(count) => body.rotate_left(count),
    }
}

/// A length of few bytes as EC or RRC.
fn length_field(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}

/// What follows the header is too short for what has to be in it.
fn truncated(needed: usize, available: usize) -> MessageError {
    ParseError { kind: ParseErrorKind::Truncated { needed, available }, offset: HEADER_LEN }.into()
}

/// What follows the header has to be this long.
fn exact_length(needed: usize, available: usize) -> Result<(), MessageError> {
    match available.checked_sub(needed) {
        None => Err(truncated(needed, available)),
        Some(0) => Ok(()),
        Some(excess) => {
            let offset = HEADER_LEN.saturating_add(needed);
            Err(ParseError { kind: ParseErrorKind::TrailingData { excess }, offset }.into())
        }
    }
}

impl core::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Sealer").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for Opener {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Opener").field("window", &self.window).finish_non_exhaustive()
    }
}
