//! Owned forms of messages and keys.

use alloc::vec::Vec;
use core::{fmt, marker::PhantomData};

use der::{Decode, Encode};
use zeroize::Zeroizing;

use crate::{DecodeError, EncryptionKey, Message, Octets};

/// A message that owns its DER, exactly as it was received or first encoded, and is borrowed on demand.
///
/// `M` is the borrowed type at `'static`, as in `Owned<Ticket<'static>>`. The bytes are wiped on drop,
/// for many messages hold keys.
///
/// ```
/// use krb5_asn1::{Checksum, Octets, Owned};
///
/// let checksum = Checksum { cksumtype: 16, checksum: Octets::new(&[7]) };
/// let owned: Owned<Checksum<'static>> = Owned::encode(&checksum)?;
/// assert_eq!(owned.view()?, checksum);
/// # Ok::<(), krb5_asn1::DecodeError>(())
/// ```
pub struct Owned<M> {
    der: Zeroizing<Vec<u8>>,
    message: PhantomData<fn() -> M>,
}

impl<M: Message> Owned<M> {
    /// Takes DER, which must be exactly one message.
    ///
    /// # Errors
    /// When it is not. The bytes are wiped then.
    pub fn from_der(der: impl Into<Vec<u8>>) -> Result<Self, DecodeError> {
        let der = Zeroizing::new(der.into());
        M::View::from_der(&der)?;
        Ok(Self { der, message: PhantomData })
    }

    /// Encodes a borrowed message.
    ///
    /// # Errors
    /// When it is longer than DER can hold, or holds a list of more than
    /// [`MAX_ELEMENTS`](crate::MAX_ELEMENTS).
    pub fn encode(message: &M::View<'_>) -> Result<Self, DecodeError> {
        Self::from_der(message.to_der()?)
    }

    /// The message, borrowed from here.
    ///
    /// # Errors
    /// None in practice: the bytes were decoded once already.
    pub fn view(&self) -> Result<M::View<'_>, DecodeError> {
        M::View::from_der(&self.der)
    }

    /// The exact bytes.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }
}

impl<M> Clone for Owned<M> {
    fn clone(&self) -> Self {
        Self { der: self.der.clone(), message: PhantomData }
    }
}

impl<M: Message> fmt::Debug for Owned<M> {
    /// The type and the length; the content may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Owned<{}>({} bytes)", M::NAME, self.der.len())
    }
}

/// A key that owns its bytes and wipes them on drop.
#[derive(Clone)]
pub struct EncryptionKeyBuf {
    keytype: i32,
    keyvalue: Zeroizing<Vec<u8>>,
}

impl EncryptionKeyBuf {
    /// The key of this encryption type. `keyvalue` is not copied.
    #[must_use]
    pub fn new(keytype: i32, keyvalue: impl Into<Vec<u8>>) -> Self {
        Self { keytype, keyvalue: Zeroizing::new(keyvalue.into()) }
    }

    /// Encryption type.
    #[must_use]
    pub const fn keytype(&self) -> i32 {
        self.keytype
    }

    /// The secret bytes.
    #[must_use]
    pub fn keyvalue(&self) -> &[u8] {
        &self.keyvalue
    }

    /// This key, borrowed.
    #[must_use]
    pub fn as_borrowed(&self) -> EncryptionKey<'_> {
        EncryptionKey { keytype: self.keytype, keyvalue: Octets::new(&self.keyvalue) }
    }
}

impl From<EncryptionKey<'_>> for EncryptionKeyBuf {
    fn from(key: EncryptionKey<'_>) -> Self {
        Self::new(key.keytype, key.keyvalue.as_bytes())
    }
}

impl fmt::Debug for EncryptionKeyBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_borrowed().fmt(f)
    }
}
