//! Arrays of structures, borrowed from a PAC or from the caller.

use core::fmt;

use crate::ndr::NdrReader;
use crate::{PacError, PacErrorKind};

#[cfg(feature = "alloc")]
use crate::ndr::{NdrWriter, Referents, TooLong};

/// A list of a PAC: read from one, where every element was checked, or given to be written to one.
pub struct List<'a, T>(Repr<'a, T>);

enum Repr<'a, T> {
    Wire(Wire<'a, T>),
    Slice(&'a [T]),
}

/// Elements in a PAC: their structures, and behind those what their pointers lead to.
struct Wire<'a, T> {
    count: u32,
    heads: NdrReader<'a>,
    bodies: NdrReader<'a>,
    read: ReadElement<'a, T>,
}

type ReadElement<'a, T> = fn(&mut NdrReader<'a>, &mut NdrReader<'a>) -> Result<T, PacError>;

/// An element of a conformant array.
pub(crate) trait Element<'a>: Sized {
    /// What of the element stands in the array itself.
    type Head;

    /// Its length in bytes.
    const HEAD_LEN: usize;

    fn read_head(ndr: &mut NdrReader<'a>) -> Result<Self::Head, PacError>;

    /// Reads what the pointers of the element lead to.
    fn read_body(head: Self::Head, ndr: &mut NdrReader<'a>) -> Result<Self, PacError>;

    /// How many pointers that lead somewhere the head has.
    #[cfg(feature = "alloc")]
    fn pointers(&self) -> u32;

    #[cfg(feature = "alloc")]
    fn write_head(&self, ndr: &mut NdrWriter) -> Result<(), TooLong>;

    #[cfg(feature = "alloc")]
    fn write_body(&self, ndr: &mut NdrWriter) -> Result<(), TooLong>;
}

fn read_element<'a, T: Element<'a>>(
    heads: &mut NdrReader<'a>,
    bodies: &mut NdrReader<'a>,
) -> Result<T, PacError> {
    T::read_body(T::read_head(heads)?, bodies)
}

impl<'a, T> List<'a, T> {
    /// A list of no elements.
    pub const EMPTY: Self = Self(Repr::Slice(&[]));

    /// The elements that a pointer in a structure leads to. `count` is what the structure says.
    pub(crate) fn read(
        present: bool,
        count: u32,
        ndr: &mut NdrReader<'a>,
        field: &'static str,
    ) -> Result<Self, PacError>
    where
        T: Element<'a>,
    {
        if !present {
            // A number without the array it belongs to.
            let null = PacErrorKind::NullPointer.at(field, ndr.offset());
            return if count == 0 { Ok(Self::EMPTY) } else { Err(null) };
        }
        ndr.expect_max_count(count, field)?;
        let possible = ndr.remaining().checked_div(T::HEAD_LEN).unwrap_or(0);
        if !usize::try_from(count).is_ok_and(|count| count <= possible) {
            return Err(PacErrorKind::CountTooLarge { count, possible }.at(field, ndr.offset()));
        }
        let heads = *ndr;
        for _ in 0..count {
            T::read_head(ndr)?;
        }
        let wire = Wire { count, heads, bodies: *ndr, read: read_element::<T> };
        // Checks them, and finds the end.
        let mut heads = heads;
        for _ in 0..count {
            read_element::<T>(&mut heads, ndr)?;
        }
        Ok(Self(Repr::Wire(wire)))
    }

    /// Writes the part of the list in the structure: count and pointer.
    #[cfg(feature = "alloc")]
    pub(crate) fn write_head(&self, ndr: &mut NdrWriter, field: &'static str) -> Result<Referents, TooLong>
    where
        T: Element<'a> + Clone,
    {
        ndr.count(self.len(), field)?;
        ndr.pointer(!self.is_empty());
        Ok(ndr.reserve(self.iter().map(|element| element.pointers()).sum()))
    }

    /// Writes the elements, where their turn comes.
    #[cfg(feature = "alloc")]
    pub(crate) fn write_body(
        &self,
        referents: Referents,
        ndr: &mut NdrWriter,
        field: &'static str,
    ) -> Result<(), TooLong>
    where
        T: Element<'a> + Clone,
    {
        if self.is_empty() {
            return Ok(());
        }
        ndr.count(self.len(), field)?;
        let later = ndr.switch(referents);
        self.iter().try_for_each(|element| element.write_head(ndr))?;
        ndr.switch(later);
        self.iter().try_for_each(|element| element.write_body(ndr))
    }

    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Wire(wire) => usize::try_from(wire.count).unwrap_or(usize::MAX),
            Repr::Slice(elements) => elements.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a, T: Clone> List<'a, T> {
    /// The elements in order. Each is decoded when its turn comes.
    #[must_use]
    pub fn iter(&self) -> ListIter<'a, T> {
        ListIter(match &self.0 {
            Repr::Wire(wire) => Iter::Wire(*wire),
            Repr::Slice(elements) => Iter::Slice(elements.iter()),
        })
    }

    /// The first element.
    #[must_use]
    pub fn first(&self) -> Option<T> {
        self.iter().next()
    }
}

/// The elements of a [`List`].
#[derive(Clone)]
pub struct ListIter<'a, T>(Iter<'a, T>);

#[derive(Clone)]
enum Iter<'a, T> {
    Wire(Wire<'a, T>),
    Slice(core::slice::Iter<'a, T>),
}

impl<T: Clone> Iterator for ListIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match &mut self.0 {
            Iter::Wire(wire) => {
                wire.count = wire.count.checked_sub(1)?;
                // `List::read` read every element once, so that this does not fail.
                (wire.read)(&mut wire.heads, &mut wire.bodies).ok()
            }
            Iter::Slice(elements) => elements.next().cloned(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = match &self.0 {
            Iter::Wire(wire) => usize::try_from(wire.count).unwrap_or(usize::MAX),
            Iter::Slice(elements) => elements.len(),
        };
        (len, Some(len))
    }
}

impl<T: Clone> ExactSizeIterator for ListIter<'_, T> {}

impl<'a, T: Clone> IntoIterator for &List<'a, T> {
    type Item = T;
    type IntoIter = ListIter<'a, T>;

    fn into_iter(self) -> ListIter<'a, T> {
        self.iter()
    }
}

impl<'a, T> From<&'a [T]> for List<'a, T> {
    fn from(elements: &'a [T]) -> Self {
        Self(Repr::Slice(elements))
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for List<'a, T> {
    fn from(elements: &'a [T; N]) -> Self {
        Self(Repr::Slice(elements))
    }
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self::EMPTY
    }
}

// By hand, since derived ones would ask for `T: Copy`.
impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<'_, T> {}

impl<T> Clone for Repr<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Repr<'_, T> {}

impl<T> Clone for Wire<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Wire<'_, T> {}

impl<T: Clone + PartialEq> PartialEq for List<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Clone + Eq> Eq for List<'_, T> {}

impl<T: Clone + fmt::Debug> fmt::Debug for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T> fmt::Debug for ListIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListIter").finish_non_exhaustive()
    }
}
