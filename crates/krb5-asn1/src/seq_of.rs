//! SEQUENCE OF without a heap.

use core::{fmt, hash, marker::PhantomData, slice};

use der::{
    Decode, DecodeValue, Encode, EncodeValue, FixedTag, Header, Length, Reader, SliceReader, Tag, Writer,
};

use crate::{DecodeError, DecodeErrorKind, Message, codec::add};

/// The largest number of elements that any list in a message may have.
pub const MAX_ELEMENTS: usize = 1024;

/// A SEQUENCE OF: either DER that was checked element by element and is decoded again as it is iterated,
/// or a borrowed slice that is to be encoded.
pub struct SeqOf<'a, T>(Repr<'a, T>);

enum Repr<'a, T> {
    /// The content octets, all elements of which have been decoded once.
    Der {
        content: &'a [u8],
        count: usize,
        element: PhantomData<fn() -> T>,
    },
    Slice(&'a [T]),
}

/// The elements of a [`SeqOf`].
pub struct SeqOfIter<'a, T>(IterRepr<'a, T>);

enum IterRepr<'a, T> {
    Der { rest: &'a [u8], count: usize, element: PhantomData<fn() -> T> },
    Slice(slice::Iter<'a, T>),
}

impl<'a, T> SeqOf<'a, T> {
    /// A list with no elements.
    pub const EMPTY: Self = Self(Repr::Slice(&[]));

    /// The list of these elements, for encoding.
    #[must_use]
    pub const fn new(elements: &'a [T]) -> Self {
        Self(Repr::Slice(elements))
    }

    /// The number of elements.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self.0 {
            Repr::Der { count, .. } => count,
            Repr::Slice(elements) => elements.len(),
        }
    }

    /// Whether there are no elements.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a, T> SeqOf<'a, T>
where
    T: Decode<'a>,
    DecodeError: From<T::Error>,
{
    /// Checks the content octets of a SEQUENCE OF: the concatenated encodings of its elements.
    ///
    /// # Errors
    /// When an element is malformed, or there are more than [`MAX_ELEMENTS`].
    pub fn from_content(content: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = SliceReader::new(content)?;
        let count = count_elements::<_, T>(&mut reader)?;
        Ok(Self(Repr::Der { content, count, element: PhantomData }))
    }
}

impl<'a, T: Clone> SeqOf<'a, T> {
    /// The elements in order.
    #[must_use]
    pub fn iter(&self) -> SeqOfIter<'a, T> {
        SeqOfIter(match self.0 {
            Repr::Der { content, count, element } => IterRepr::Der { rest: content, count, element },
            Repr::Slice(elements) => IterRepr::Slice(elements.iter()),
        })
    }
}

impl<'a, T: Decode<'a> + Clone> SeqOf<'a, T> {
    /// The first element.
    #[must_use]
    pub fn first(&self) -> Option<T> {
        self.iter().next()
    }

    /// The element at this index.
    #[must_use]
    pub fn nth(&self, index: usize) -> Option<T> {
        self.iter().nth(index)
    }
}

impl<'a, T: Decode<'a> + Clone> Iterator for SeqOfIter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match &mut self.0 {
            IterRepr::Slice(elements) => elements.next().cloned(),
            IterRepr::Der { rest, count, .. } => {
                // The same bytes decoded before, so this ends only where the content ends.
                let (element, tail) = T::from_der_partial(rest).ok()?;
                *rest = tail;
                *count = count.saturating_sub(1);
                Some(element)
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = match &self.0 {
            IterRepr::Slice(elements) => elements.len(),
            IterRepr::Der { count, .. } => *count,
        };
        (len, Some(len))
    }
}

impl<'a, T: Decode<'a> + Clone> ExactSizeIterator for SeqOfIter<'a, T> {}

impl<'a, T: Decode<'a> + Clone> IntoIterator for SeqOf<'a, T> {
    type Item = T;
    type IntoIter = SeqOfIter<'a, T>;

    fn into_iter(self) -> SeqOfIter<'a, T> {
        self.iter()
    }
}

impl<'a, T> From<&'a [T]> for SeqOf<'a, T> {
    fn from(elements: &'a [T]) -> Self {
        Self::new(elements)
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for SeqOf<'a, T> {
    fn from(elements: &'a [T; N]) -> Self {
        Self::new(elements)
    }
}

impl<T> Default for SeqOf<'_, T> {
    fn default() -> Self {
        Self::EMPTY
    }
}

// By hand, since a derive would ask for `T: Copy`.
impl<T> Clone for SeqOf<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for SeqOf<'_, T> {}

impl<T> Clone for Repr<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Repr<'_, T> {}

impl<'a, T: Decode<'a> + Clone + PartialEq> PartialEq for SeqOf<'a, T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<'a, T: Decode<'a> + Clone + Eq> Eq for SeqOf<'a, T> {}

impl<'a, T: Decode<'a> + Clone + hash::Hash> hash::Hash for SeqOf<'a, T> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        self.iter().for_each(|element| element.hash(state));
    }
}

impl<'a, T: Decode<'a> + Clone + fmt::Debug> fmt::Debug for SeqOf<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T> fmt::Debug for SeqOfIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeqOfIter").finish_non_exhaustive()
    }
}

impl<'a, T> DecodeValue<'a> for SeqOf<'a, T>
where
    T: Decode<'a>,
    DecodeError: From<T::Error>,
{
    type Error = DecodeError;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> Result<Self, DecodeError> {
        // Elements are checked with the message's own reader, so that errors carry the message's offsets.
        let mut checker = reader.clone();
        let content = reader.read_slice(header.length())?;
        let count = count_elements::<_, T>(&mut checker)?;
        Ok(Self(Repr::Der { content, count, element: PhantomData }))
    }
}

fn count_elements<'a, R, T>(reader: &mut R) -> Result<usize, DecodeError>
where
    R: Reader<'a>,
    T: Decode<'a>,
    DecodeError: From<T::Error>,
{
    let mut count = 0usize;
    while !reader.is_finished() {
        if count >= MAX_ELEMENTS {
            return Err(DecodeError::new(DecodeErrorKind::TooManyElements, reader.position()));
        }
        T::decode(reader).map_err(|e| DecodeError::from(e).or_at(reader.position()))?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

impl<T: Encode> EncodeValue for SeqOf<'_, T> {
    fn value_len(&self) -> der::Result<Length> {
        match self.0 {
            Repr::Der { content, .. } => Length::try_from(content.len()),
            Repr::Slice(elements) => {
                elements.iter().try_fold(Length::ZERO, |len, element| add(len, element.encoded_len()?))
            }
        }
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        match self.0 {
            Repr::Der { content, .. } => writer.write(content),
            Repr::Slice(elements) => elements.iter().try_for_each(|element| element.encode(writer)),
        }
    }
}

impl<T> FixedTag for SeqOf<'_, T> {
    const TAG: Tag = Tag::Sequence;
}

impl<M: Message> Message for SeqOf<'static, M> {
    type View<'a> = SeqOf<'a, M::View<'a>>;
    const NAME: &'static str = "SeqOf";
}
