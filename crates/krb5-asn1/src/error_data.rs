//! Content of the `e-data` of KRB-ERRORs, besides [`MethodData`](crate::MethodData).

use crate::{KerbErrorDataType, Octets, PaDataType, SeqOf};

message! {
    /// One element of [`TypedData`] (RFC 4120 section 5.9.1).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct TypedDataElement<'a> {
        /// What the data is; numbered together with pre-authentication data.
        must [0] data_type: PaDataType,
        /// Its content.
        may [1] data_value: Octets<'a>,
    }
}

/// TYPED-DATA, which PKINIT errors carry. Its tags start at 0, those of METHOD-DATA at 1.
pub type TypedData<'a> = SeqOf<'a, TypedDataElement<'a>>;

message! {
    /// Error data of Windows (MS-KILE section 2.2.2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KerbErrorData<'a> {
        /// What the data is.
        must [1] data_type: KerbErrorDataType,
        /// Its content; a [`KerbExtError`] for [`KerbErrorDataType::EXTENDED`].
        may [2] data_value: Octets<'a>,
    }
}

/// Why a Windows KDC refused: twelve bytes, little-endian, not DER (MS-KILE section 2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KerbExtError {
    /// The NTSTATUS value.
    pub status: u32,
    /// 1 in what Windows sends; other bits are to be ignored.
    pub flags: u32,
}

impl KerbExtError {
    /// Reads the content; `None` unless it is twelve bytes. The four bytes in the middle are reserved and ignored.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (status, rest) = bytes.split_first_chunk()?;
        let (_reserved, rest) = rest.split_first_chunk::<4>()?;
        let flags = rest.try_into().ok()?;
        Some(Self { status: u32::from_le_bytes(*status), flags: u32::from_le_bytes(flags) })
    }

    /// The content.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        let words = [self.status, 0, self.flags].map(u32::to_le_bytes);
        for (to, from) in bytes.iter_mut().zip(words.as_flattened()) {
            *to = *from;
        }
        bytes
    }
}
