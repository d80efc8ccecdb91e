//! A message as bytes at places, none of them trusted.

use super::super::tree::Node;
use gss_core::reader::Reader;
use gss_ntlm::wire::{Charset, Field, NegotiateFlags, Version};

/// A message, to be read at any place.
pub(super) struct View<'m> {
    message: &'m [u8],
}

/// A field as the header has it.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Its length in bytes.
    pub(super) len: u16,
    max_len: u16,
    offset: u32,
}

impl Place {
    /// Where it begins.
    pub(super) fn start(self) -> usize {
        usize::try_from(self.offset).unwrap_or(usize::MAX)
    }

    /// What it points at; `None` if that is not all inside the message.
    pub(super) fn of(self, message: &[u8]) -> Option<&[u8]> {
        if self.len == 0 {
            return Some(&[]);
        }
        message.get(self.start()..)?.get(..usize::from(self.len))
    }
}

impl<'m> View<'m> {
    pub(super) fn new(message: &'m [u8]) -> Self {
        Self { message }
    }

    pub(super) fn message(&self) -> &'m [u8] {
        self.message
    }

    fn reader(&self, at: usize) -> Option<Reader<'m>> {
        self.message.get(at..).map(|rest| Reader::at_offset(rest, at))
    }

    pub(super) fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.reader(at)?.take_array().ok()
    }

    pub(super) fn flags(&self, at: usize) -> Option<NegotiateFlags> {
        self.reader(at)?.u32_le().ok().map(NegotiateFlags::from_bits)
    }

    /// The field whose length, room and offset stand at this place.
    pub(super) fn field(&self, at: usize) -> Option<Place> {
        let mut reader = self.reader(at)?;
        let (len, max_len) = (reader.u16_le().ok()?, reader.u16_le().ok()?);
        Some(Place { len, max_len, offset: reader.u32_le().ok()? })
    }

    /// Where the header ends: with the message, or where the first of these fields that has anything begins. Fields
    /// that reach into the header's first `least` bytes are broken, and do not count.
    pub(super) fn header_end(&self, fields: &[usize], least: usize) -> usize {
        let places = fields.iter().filter_map(|at| self.field(*at)).filter(|place| place.len > 0);
        let first = places.map(Place::start).filter(|start| *start >= least).min();
        first.unwrap_or(usize::MAX).min(self.message.len())
    }

    /// The version, if its flag is set and the header, which ends at `end`, has room for it.
    pub(super) fn version(&self, at: usize, end: usize, flags: NegotiateFlags) -> Option<Version> {
        let there = flags.contains(NegotiateFlags::VERSION) && end >= at.saturating_add(8);
        self.array(at).filter(|_| there).map(Version::from_bytes)
    }

    /// Where a field lies.
    pub(super) fn bytes(&self, name: Field, place: Place) -> Node {
        Node::field(&name.to_string(), self.place(place))
    }

    /// Where a field lies, and its text.
    pub(super) fn text(&self, name: Field, place: Place, charset: Charset) -> Node {
        let lies = self.place(place);
        match place.of(self.message) {
            Some(bytes) if !bytes.is_empty() => {
                Node::field(&name.to_string(), format_args!("{}, {lies}", text(bytes, charset)))
            }
            _ => Node::field(&name.to_string(), lies),
        }
    }

    fn place(&self, place: Place) -> String {
        let Place { len, max_len, offset } = place;
        let mut lies =
            if len == 0 { format!("empty, offset {offset}") } else { format!("{len} bytes at {offset}") };
        if max_len != len {
            lies.push_str(&format!(", room for {max_len}"));
        }
        if place.of(self.message).is_none() {
            lies.push_str(", not inside the message");
        }
        lies
    }
}

/// Text in quotes, with what cannot be read in it replaced.
pub(super) fn text(bytes: &[u8], charset: Charset) -> String {
    match charset {
        Charset::Unicode => {
            let (units, rest) = bytes.as_chunks();
            let units: Vec<u16> = units.iter().copied().map(u16::from_le_bytes).collect();
            let odd = if rest.is_empty() { "" } else { " and half a character" };
            format!("{:?}{odd}", String::from_utf16_lossy(&units))
        }
        Charset::Oem => format!("\"{}\"", bytes.escape_ascii()),
    }
}
