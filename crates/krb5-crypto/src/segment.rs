//! Messages in pieces: what is encrypted and what is only signed, in the caller's buffers.

use zeroize::Zeroize;

/// A piece of a message that lies in several buffers.
pub enum Segment<'a> {
    /// Encrypted (or decrypted) in place and covered by the integrity check.
    Data(&'a mut [u8]),
    /// Covered by the integrity check at this place in the message, but sent as it is.
    SignOnly(&'a [u8]),
}

impl core::fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Data(data) => write!(f, "Data({} bytes)", data.len()),
            Self::SignOnly(data) => write!(f, "SignOnly({} bytes)", data.len()),
        }
    }
}

/// The confounder and the segments after it as one message, with a position in its encrypted bytes.
pub(crate) struct Scattered<'m, 's> {
    confounder: &'m mut [u8],
    segments: &'m mut [Segment<'s>],
    position: Position,
}

/// Where the next encrypted byte is: the piece (0 is the confounder) and the offset in it.
#[derive(Clone, Copy, Default)]
struct Position {
    piece: usize,
    offset: usize,
}

impl<'m, 's> Scattered<'m, 's> {
    pub(crate) fn new(confounder: &'m mut [u8], segments: &'m mut [Segment<'s>]) -> Self {
        Self { confounder, segments, position: Position::default() }
    }

    /// The number of bytes that are encrypted.
    pub(crate) fn encrypted_len(&self) -> usize {
        self.segments.iter().fold(self.confounder.len(), |len, segment| match segment {
            Segment::Data(data) => len.saturating_add(data.len()),
            Segment::SignOnly(_) => len,
        })
    }

    /// Calls `f` with all pieces that the integrity check covers, in order.
    pub(crate) fn for_each_signed(&self, mut f: impl FnMut(&[u8])) {
        f(self.confounder);
        for segment in self.segments.iter() {
            match segment {
                Segment::Data(data) => f(data),
                Segment::SignOnly(data) => f(data),
            }
        }
    }

    /// Calls `f` with all pieces that are encrypted, in order, for a stream cipher to change.
    #[cfg(feature = "rc4")]
    pub(crate) fn for_each_encrypted(&mut self, mut f: impl FnMut(&mut [u8])) {
        f(self.confounder);
        for segment in self.segments.iter_mut() {
            if let Segment::Data(data) = segment {
                f(data);
            }
        }
    }

    /// Replaces the next `len` encrypted bytes (or as many as are left) by what `f` makes of them. `f` sees
    /// them `N` at a time, the last time maybe fewer.
    pub(crate) fn transform<const N: usize>(&mut self, len: usize, mut f: impl FnMut(&mut [u8])) {
        let mut buffer = [0; N];
        let mut left = len;
        while left > 0 {
            let start = self.position;
            let wanted = left.min(N);
            let (found, end) =
                self.exchange(start, buffer.get_mut(..wanted).unwrap_or_default(), Direction::Out);
            let Some(chunk) = buffer.get_mut(..found).filter(|chunk| !chunk.is_empty()) else { break };
            f(chunk);
            self.exchange(start, chunk, Direction::In);
            self.position = end;
            left = left.saturating_sub(found);
        }
        buffer.zeroize();
    }

    /// Forgets all encrypted pieces' content.
    pub(crate) fn wipe(&mut self) {
        self.confounder.zeroize();
        for segment in self.segments.iter_mut() {
            if let Segment::Data(data) = segment {
                data.zeroize();
            }
        }
    }

    /// Copies between `buffer` and the encrypted bytes from `at` on. Tells how many there were and where the
    /// next one is.
    fn exchange(&mut self, at: Position, buffer: &mut [u8], direction: Direction) -> (usize, Position) {
        let Position { mut piece, mut offset } = at;
        let mut done = 0usize;
        while let Some(left) = buffer.get_mut(done..).filter(|left| !left.is_empty()) {
            let data: &mut [u8] = match piece.checked_sub(1) {
                None => self.confounder,
                Some(index) => match self.segments.get_mut(index) {
                    None => break,
                    Some(Segment::SignOnly(_)) => &mut [],
                    Some(Segment::Data(data)) => data,
                },
            };
            let data = data.get_mut(offset..).unwrap_or_default();
            if data.is_empty() {
                piece = piece.saturating_add(1);
                offset = 0;
                continue;
            }
            let count = data.len().min(left.len());
            let pairs = left.iter_mut().zip(data.iter_mut());
            match direction {
                Direction::Out => pairs.for_each(|(buffer, data)| *buffer = *data),
                Direction::In => pairs.for_each(|(buffer, data)| *data = *buffer),
            }
            offset = offset.saturating_add(count);
            done = done.saturating_add(count);
        }
        (done, Position { piece, offset })
    }
}

#[derive(Clone, Copy)]
enum Direction {
    /// From the message to the buffer.
    Out,
    /// From the buffer to the message.
    In,
}
