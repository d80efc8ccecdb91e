//! RFC 4121 tokens around messages in segments.

use super::{
    HEADER_LEN, Header, Keys, Opener, SEALED, Sealer, WRAP, check_inner, exact_length, length_field,
};
use crate::message::segments::{Layout, OpenedSegments, fit, wipe, with_chunks, with_tail};
use gss_core::{CryptoRng, MessageError, Overhead, Protection, SinkFull};
use krb5_crypto::Segment;

/// Filler that Windows wants in sealed messages of DCE style: one cipher block.
const DCE_FILLER_LEN: u16 = 16;

impl Sealer {
    pub(in crate::message) fn segment_overhead(&self, protection: Protection, layout: Layout) -> Overhead {
        self.frame(protection).overhead(layout)
    }

    pub(in crate::message) fn wrap_segments(
        &mut self,
        protection: Protection,
        header: &mut [u8],
        segments: &mut [Segment<'_>],
        trailer: &mut [u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        let layout = Layout::of(trailer);
        let frame = self.frame(protection);
        let (header, trailer) = fit(frame.overhead(layout), header, trailer)?;
        let Parts { clear, confounder, tail, mac } = frame.split(layout, header, trailer)?;
        let rrc = frame.rrc(layout);
        let sequence = self.sequence.current()?;
        match protection {
            Protection::Integrity => {
                let signed = Header::wrap(self.flags, sequence);
                let key = self.keys.wrap_checksum();
                let tag =
                    with_chunks([], segments, [&signed.to_bytes()], |chunks| Ok(key.compute_tag(chunks)))?;
                mac.copy_from_slice(tag.as_bytes());
                clear.copy_from_slice(&signed.with_ec(length_field(frame.mac)).with_rrc(rrc).to_bytes());
            }
            Protection::Confidentiality => {
                let inner = Header::wrap(self.flags | SEALED, sequence).with_ec(length_field(frame.filler));
                let (filler, inner_bytes) = tail.split_at_mut_checked(frame.filler).ok_or(MISFIT)?;
                filler.fill(0);
                inner_bytes.copy_from_slice(&inner.to_bytes());
                let key = self.keys.cipher();
                with_tail(segments, tail, |all| {
                    key.encrypt_segments(confounder, all, mac, rng)
                        .map_err(|small| SinkFull { needed: small.needed }.into())
                })?;
                clear.copy_from_slice(&inner.with_rrc(rrc).to_bytes());
            }
        }
        self.sequence.advance();
        Ok(())
    }

    fn frame(&self, protection: Protection) -> Frame {
        Frame::new(&self.keys, protection, if self.dce_style { DCE_FILLER_LEN } else { 0 }, self.dce_style)
    }
}

impl Opener {
    pub(in crate::message) fn unwrap_segments(
        &mut self,
        header: &mut [u8],
        segments: &mut [Segment<'_>],
        trailer: &mut [u8],
    ) -> Result<OpenedSegments, MessageError> {
        let outer = self.read_header(header, WRAP)?;
        let protection = outer.protection();
        let layout = Layout::of(trailer);
        let frame = Frame::new(&self.keys, protection, outer.ec, self.dce_style);
        if protection == Protection::Integrity && usize::from(outer.ec) != frame.mac {
            return Err(MessageError::InvalidFiller);
        }
        if outer.rrc != frame.rrc(layout) {
            return Err(MessageError::InvalidFiller);
        }
        let needed = frame.overhead(layout);
        exact_length(needed.header.saturating_sub(HEADER_LEN), header.len().saturating_sub(HEADER_LEN))?;
        exact_length(needed.trailer, trailer.len())?;
        let Parts { confounder, tail, mac, .. } = frame.split(layout, header, trailer)?;
        match protection {
            Protection::Integrity => {
                let signed = outer.with_ec(0).with_rrc(0).to_bytes();
                let key = self.keys.wrap_checksum();
                with_chunks([], segments, [&signed], |chunks| {
                    key.verify(chunks, mac).map(|_verified| ()).map_err(|_| MessageError::BadMic)
                })?;
            }
            Protection::Confidentiality => {
                let key = self.keys.cipher();
                with_tail(segments, tail, |all| {
                    key.decrypt_segments(confounder, all, mac).map_err(|_| MessageError::BadMic)
                })?;
                let inner = tail.get(frame.filler..).unwrap_or_default();
                check_inner(&outer, inner).inspect_err(|_| wipe(segments))?;
            }
        }
        Ok(OpenedSegments { protection, sequence: self.window.note(outer.sequence) })
    }
}

/// How long the parts around a message in segments are.
#[derive(Clone, Copy)]
struct Frame {
    confounder: usize,
    filler: usize,
    inner: usize,
    mac: usize,
    dce_style: bool,
}

impl Frame {
    fn new(keys: &Keys, protection: Protection, filler: u16, dce_style: bool) -> Self {
        match protection {
            Protection::Integrity => {
                Self { confounder: 0, filler: 0, inner: 0, mac: keys.mac_len(), dce_style }
            }
            Protection::Confidentiality => Self {
                confounder: keys.confounder_len(),
                filler: usize::from(filler),
                inner: HEADER_LEN,
                mac: keys.mac_len(),
                dce_style,
            },
        }
    }

    /// Filler and inner header: what is encrypted behind the message.
    fn tail(&self) -> usize {
        self.filler.saturating_add(self.inner)
    }

    fn behind(&self) -> usize {
        self.tail().saturating_add(self.mac)
    }

    fn overhead(&self, layout: Layout) -> Overhead {
        let header = HEADER_LEN.saturating_add(self.confounder);
        match layout {
            Layout::HeaderAndTrailer => Overhead { header, trailer: self.behind() },
            Layout::HeaderOnly => Overhead { header: header.saturating_add(self.behind()), trailer: 0 },
        }
    }

    /// The value of RRC that says how the parts lie. In DCE style the filler is rotated along but not counted
    /// (MS-KILE section 3.4.5.4.1).
    fn rrc(&self, layout: Layout) -> u16 {
        match layout {
            Layout::HeaderAndTrailer => 0,
            Layout::HeaderOnly if self.dce_style => length_field(self.inner.saturating_add(self.mac)),
            Layout::HeaderOnly => length_field(self.behind()),
        }
    }

    /// Finds the parts in buffers of the lengths of [`overhead`](Self::overhead).
    fn split<'b>(
        &self,
        layout: Layout,
        header: &'b mut [u8],
        trailer: &'b mut [u8],
    ) -> Result<Parts<'b>, MessageError> {
        let (clear, rest) = header.split_at_mut_checked(HEADER_LEN).ok_or(MISFIT)?;
        let (confounder, behind) = match layout {
            Layout::HeaderAndTrailer => (rest, trailer),
            // Rotated: what would stand behind the message stands before the confounder.
            Layout::HeaderOnly => {
                let (behind, confounder) = rest.split_at_mut_checked(self.behind()).ok_or(MISFIT)?;
                (confounder, behind)
            }
        };
        let (tail, mac) = behind.split_at_mut_checked(self.tail()).ok_or(MISFIT)?;
        Ok(Parts { clear, confounder, tail, mac })
    }
}

/// The parts of a wrapped message that do not lie in its segments.
struct Parts<'b> {
    clear: &'b mut [u8],
    confounder: &'b mut [u8],
    tail: &'b mut [u8],
    mac: &'b mut [u8],
}

/// Cannot happen once the lengths were checked; stands where a slice has to be taken.
const MISFIT: SinkFull = SinkFull { needed: HEADER_LEN };
