use crate::wire::{MAX_MECH_LIST_LEN, MAX_MECH_TYPES, MechTypeList};
use gss_core::Oid;
use gss_core::framing::{DerLength, OID_TAG};

/// The list of mechanisms as the initiator sent it, kept for the MIC (RFC 4178 section 5).
pub(crate) struct MechList {
    bytes: [u8; MAX_MECH_LIST_LEN],
    start: usize, // INVARIANT: start <= end <= MAX_MECH_LIST_LEN
    end: usize,
}

impl MechList {
    // tag and a length of at most three octets, since the list has at most 512 bytes
    const HEADER: usize = 4;

    /// A copy of what was received.
    pub(crate) fn received(list: MechTypeList<'_>) -> Option<Self> {
        let der = list.as_der();
        let mut kept = Self { bytes: [0; MAX_MECH_LIST_LEN], start: 0, end: der.len() };
        kept.bytes.get_mut(..der.len())?.copy_from_slice(der);
        Some(kept)
    }

    /// The list of these names, each once. `None` when there are none or they are too many.
    pub(crate) fn of(names: impl Iterator<Item = Oid>) -> Option<Self> {
        let mut list = Self { bytes: [0; MAX_MECH_LIST_LEN], start: 0, end: Self::HEADER };
        let mut count = 0_usize;
        for name in names {
            if !list.lists(&name) {
                list.push(&name)?;
                count = count.checked_add(1)?;
            }
        }
        (1..=MAX_MECH_TYPES).contains(&count).then_some(list)
    }

    /// DER of the list.
    pub(crate) fn as_der(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    fn lists(&self, name: &Oid) -> bool {
        MechTypeList::parse(self.as_der())
            .is_ok_and(|list| list.iter().any(|kept| kept.as_bytes() == name.as_bytes()))
    }

    fn push(&mut self, name: &Oid) -> Option<()> {
        let content = name.as_bytes();
        for bytes in [&[OID_TAG], DerLength::new(content.len())?.as_bytes(), content] {
            let end = self.end.checked_add(bytes.len())?;
            self.bytes.get_mut(self.end..end)?.copy_from_slice(bytes);
            self.end = end;
        }
        let length = DerLength::new(self.end.checked_sub(Self::HEADER)?)?;
        let length = length.as_bytes();
        let start = Self::HEADER.checked_sub(length.len())?;
        self.bytes.get_mut(start..Self::HEADER)?.copy_from_slice(length);
        self.start = start.checked_sub(1)?;
        *self.bytes.get_mut(self.start)? = 0x30;
        Some(())
    }
}
