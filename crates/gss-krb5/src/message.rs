//! Per-message tokens: `GSS_Wrap`, `GSS_GetMIC` and their opposites.
//!
//! [`halves`] makes a [`Sealer`] and an [`Opener`] from what both sides of a context agreed on. Context
//! establishment ends with it; a program that learnt key and sequence numbers elsewhere (another library's
//! exported "lucid context", the kernel's) can call it as well.
//!
//! Which tokens are used follows from the key: those of RFC 4121 ("CFX") for all enctypes but RC4, those of
//! RFC 4757 for RC4 (feature `rc4`). Keys are derived once, when the halves are made. Nothing here allocates:
//! messages are encrypted and decrypted where they lie.
//!
//! What is sent: RRC 0 and EC 0 in contiguous tokens, which all known peers take. What is taken: every RRC and
//! every EC that RFC 4121 allows.

mod cfx;
#[cfg(feature = "rc4")]
mod rc4;
mod segments;
#[cfg(test)]
mod tests;

use gss_core::{
    ContextFlags, CryptoRng, MessageError, Overhead, Protection, Role, SequenceStatus, TokenSink, Unwrapped,
};
use krb5_crypto::{Key, KeyError};

pub use krb5_crypto::Segment;
pub use segments::{Layout, MAX_SEGMENTS, OpenedSegments};

/// What both sides of a context agreed on about messages.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'k> {
    /// Which side we are.
    pub role: Role,
    /// The key for messages: the acceptor's subkey, else the initiator's, else the session key.
    pub key: &'k Key,
    /// Whether `key` is a subkey that the acceptor chose (RFC 4121 section 4.2.2, flag `AcceptorSubkey`).
    pub acceptor_subkey: bool,
    /// The number of the next message that we send. RC4 uses the lower 32 bits.
    pub send_sequence: u64,
    /// The number that the peer's next message should have. RC4 uses the lower 32 bits.
    pub receive_sequence: u64,
    /// The context's flags. Used are `REPLAY` and `SEQUENCE`, which decide what [`Opener`] detects, and
    /// `DCE_STYLE`, which changes how messages in [`Segment`]s are laid out.
    pub flags: ContextFlags,
}

impl Parameters<'_> {
    fn is_dce_style(&self) -> bool {
        self.flags.contains(ContextFlags::DCE_STYLE)
    }
}

/// Makes both halves of an established context.
///
/// # Errors
/// [`KeyError::Unsupported`] if this build has no per-message tokens for the key's enctype (RC4 without feature
/// `rc4`).
pub fn halves(parameters: &Parameters<'_>) -> Result<(Sealer, Opener), KeyError> {
    if parameters.key.enctype().uses_cfx() {
        let sealer = Sealer { scheme: SealerScheme::Cfx(cfx::Sealer::new(parameters)) };
        let opener = Opener { scheme: OpenerScheme::Cfx(cfx::Opener::new(parameters)) };
        return Ok((sealer, opener));
    }
    #[cfg(feature = "rc4")]
    if parameters.key.enctype() == krb5_crypto::EncType::RC4_HMAC {
        let sealer = Sealer { scheme: SealerScheme::Rc4(rc4::Sealer::new(parameters)) };
        let opener = Opener { scheme: OpenerScheme::Rc4(rc4::Opener::new(parameters)) };
        return Ok((sealer, opener));
    }
    Err(KeyError::Unsupported(parameters.key.enctype()))
}

/// Fills `output` with what `GSS_Pseudo_random` gives for this key and input (RFC 7802 section 3, which replaces
/// RFC 4402): the enctype's PRF of a counter in four bytes, most significant first, and the input.
pub fn prf(key: &Key, input: &[u8], output: &mut [u8]) {
    for (counter, part) in (0_u32..).zip(output.chunks_mut(key.prf_len())) {
        key.prf_chunks(&[&counter.to_be_bytes(), input], part);
    }
}

/// Protects messages to the peer. Made by [`halves`].
#[derive(Debug)]
pub struct Sealer {
    scheme: SealerScheme,
}

#[derive(Debug)]
#[cfg_attr(
    feature = "rc4",
    expect(clippy::large_enum_variant, reason = "no heap here, and the large one is the usual one")
)]
enum SealerScheme {
    Cfx(cfx::Sealer),
    #[cfg(feature = "rc4")]
    Rc4(rc4::Sealer),
}

impl Sealer {
    /// How long header and trailer must be for [`wrap_segments`](Self::wrap_segments) of `length` bytes in
    /// [`Segment::Data`]. RC4 has one layout only, whatever `layout` says.
    #[must_use]
    #[cfg_attr(
        not(feature = "rc4"),
        expect(unused_variables, reason = "only RC4 tokens depend on the length")
    )]
    pub fn segment_overhead(&self, protection: Protection, layout: Layout, length: usize) -> Overhead {
        match &self.scheme {
            SealerScheme::Cfx(cfx) => cfx.segment_overhead(protection, layout),
            #[cfg(feature = "rc4")]
            SealerScheme::Rc4(rc4) => rc4.segment_overhead(length),
        }
    }

    /// Wraps a message whose parts lie in several buffers (what others call IOV): [`Segment::Data`] is encrypted
    /// in place if `protection` says so, [`Segment::SignOnly`] is covered by the integrity check alone.
    ///
    /// `header` and `trailer` have the lengths of [`segment_overhead`](Self::segment_overhead), bytes beyond are
    /// left alone. An empty `trailer` means [`Layout::HeaderOnly`]. Header, data and trailer laid end to end are
    /// the token that [`wrap`](gss_core::Sealer::wrap) would have made, provided that nothing is
    /// [`Segment::SignOnly`], the layout is [`Layout::HeaderAndTrailer`] and the context is not DCE style.
    ///
    /// # Errors
    /// [`MessageError::BufferTooSmall`], [`MessageError::SequenceExhausted`], [`MessageError::Unavailable`] for
    /// more than [`MAX_SEGMENTS`]; no sequence number was used then.
    pub fn wrap_segments(
        &mut self,
        protection: Protection,
        header: &mut [u8],
        segments: &mut [Segment<'_>],
        trailer: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        segments::check_count(segments)?;
        match &mut self.scheme {
            SealerScheme::Cfx(cfx) => cfx.wrap_segments(protection, header, segments, trailer, rng),
            #[cfg(feature = "rc4")]
            SealerScheme::Rc4(rc4) => rc4.wrap_segments(protection, header, segments, trailer, rng),
        }
    }
}

impl gss_core::Sealer for Sealer {
    #[cfg_attr(
        not(feature = "rc4"),
        expect(unused_variables, reason = "only RC4 tokens depend on the length")
    )]
    fn overhead(&self, protection: Protection, length: usize) -> Overhead {
        match &self.scheme {
            SealerScheme::Cfx(cfx) => cfx.overhead(protection),
            #[cfg(feature = "rc4")]
            SealerScheme::Rc4(rc4) => rc4.overhead(length),
        }
    }

    fn wrap(
        &mut self,
        protection: Protection,
        message: &[u8],
        output: &mut dyn TokenSink,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        let Overhead { header, trailer } = self.overhead(protection, message.len());
        let end = header.saturating_add(message.len());
        append(output, end.saturating_add(trailer), |token| {
            token.get_mut(header..end).unwrap_or_default().copy_from_slice(message);
            self.wrap_in_place(protection, token, rng)
        })
    }

    fn wrap_in_place(
        &mut self,
        protection: Protection,
        buffer: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        match &mut self.scheme {
            SealerScheme::Cfx(cfx) => cfx.wrap_in_place(protection, buffer, rng),
            #[cfg(feature = "rc4")]
            SealerScheme::Rc4(rc4) => rc4.wrap_in_place(protection, buffer, rng),
        }
    }

    fn get_mic(&mut self, message: &[u8], output: &mut dyn TokenSink) -> Result<(), MessageError> {
        match &mut self.scheme {
            SealerScheme::Cfx(cfx) => append(output, cfx.mic_len(), |mic| cfx.make_mic(message, mic)),
            #[cfg(feature = "rc4")]
            SealerScheme::Rc4(rc4) => append(output, rc4::MIC_LEN, |mic| rc4.make_mic(message, mic)),
        }
    }
}

/// Takes messages from the peer. Made by [`halves`].
#[derive(Debug)]
pub struct Opener {
    scheme: OpenerScheme,
}

#[derive(Debug)]
#[cfg_attr(
    feature = "rc4",
    expect(clippy::large_enum_variant, reason = "no heap here, and the large one is the usual one")
)]
enum OpenerScheme {
    Cfx(cfx::Opener),
    #[cfg(feature = "rc4")]
    Rc4(rc4::Opener),
}

impl Opener {
    /// Unwraps a message whose parts lie in several buffers: the opposite of [`Sealer::wrap_segments`]. An empty
    /// `trailer` means [`Layout::HeaderOnly`].
    ///
    /// # Errors
    /// [`MessageError`]; what was decrypted is wiped then, and the sequence state is as it was. Tokens of another
    /// layout than the buffers have, told by their EC and RRC, are [`MessageError::InvalidFiller`].
    pub fn unwrap_segments(
        &mut self,
        header: &mut [u8],
        segments: &mut [Segment<'_>],
        trailer: &mut [u8],
    ) -> Result<OpenedSegments, MessageError> {
        segments::check_count(segments)?;
        match &mut self.scheme {
            OpenerScheme::Cfx(cfx) => cfx.unwrap_segments(header, segments, trailer),
            #[cfg(feature = "rc4")]
            OpenerScheme::Rc4(rc4) => rc4.unwrap_segments(header, segments, trailer),
        }
    }
}

impl gss_core::Opener for Opener {
    fn unwrap<'t>(&mut self, token: &'t mut [u8]) -> Result<Unwrapped<'t>, MessageError> {
        match &mut self.scheme {
            OpenerScheme::Cfx(cfx) => cfx.unwrap(token),
            #[cfg(feature = "rc4")]
            OpenerScheme::Rc4(rc4) => rc4.unwrap(token),
        }
    }

    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<SequenceStatus, MessageError> {
        match &mut self.scheme {
            OpenerScheme::Cfx(cfx) => cfx.verify_mic(message, mic),
            #[cfg(feature = "rc4")]
            OpenerScheme::Rc4(rc4) => rc4.verify_mic(message, mic),
        }
    }
}

/// Appends `len` bytes and lets `fill` write them; takes them away again if it fails.
fn append(
    output: &mut dyn TokenSink,
    len: usize,
    fill: impl FnOnce(&mut [u8]) -> Result<(), MessageError>,
) -> Result<(), MessageError> {
    let start = output.len();
    let outcome = fill(output.grow(len)?);
    if outcome.is_err() {
        // The message was copied there already.
        zeroize::Zeroize::zeroize(output.as_mut_slice().get_mut(start..).unwrap_or_default());
        output.truncate(start);
    }
    outcome
}
