//! The cryptography of RC4 tokens.

use super::{CHECKSUM_LEN, NUMBER_LEN};
use crate::message::segments::{MAX_SEGMENTS, with_chunks};
use gss_core::MessageError;
use krb5_crypto::rc4_hmac::{hmac_md5, md5, rc4_apply};
use krb5_crypto::{Key, Segment};
use zeroize::Zeroizing;

/// The keys of RFC 4757 section 7, as far as they do not depend on the message.
pub(super) struct Keys {
    sign: Zeroizing<[u8; 16]>,
    /// To encrypt numbers.
    number: Zeroizing<[u8; 16]>,
    /// To encrypt messages.
    seal: Zeroizing<[u8; 16]>,
}

impl Keys {
    pub(super) fn derive(key: &Key) -> Self {
        let session = key.secret_bytes();
        let mut local = Zeroizing::new([0_u8; 16]);
        local.iter_mut().zip(session).for_each(|(to, from)| *to = from ^ 0xf0);
        Self {
            sign: Zeroizing::new(hmac_md5(session, &[b"signaturekey\0"])),
            number: Zeroizing::new(hmac_md5(session, &[&0_u32.to_le_bytes()])),
            seal: Zeroizing::new(hmac_md5(&*local, &[&0_u32.to_le_bytes()])),
        }
    }

    pub(super) fn sign(
        &self,
        message_type: u32,
        before: [&[u8]; 2],
        content: &[Segment<'_>],
    ) -> Result<[u8; CHECKSUM_LEN], MessageError> {
        let [header, first] = before;
        let hash =
            with_chunks([&message_type.to_le_bytes(), header, first], content, [], |chunks| Ok(md5(chunks)))?;
        let full = hmac_md5(&*self.sign, &[&hash]);
        Ok(full.first_chunk().copied().unwrap_or_default())
    }

    /// Encrypts or decrypts the number.
    pub(super) fn mask_number(
        &self,
        checksum: &[u8; CHECKSUM_LEN],
        mut number: [u8; NUMBER_LEN],
    ) -> [u8; NUMBER_LEN] {
        let key = Zeroizing::new(hmac_md5(&*self.number, &[checksum]));
        rc4_apply(&key, &mut [&mut number]);
        number
    }

    /// Encrypts or decrypts confounder and content.
    pub(super) fn seal(&self, number: u64, confounder: &mut [u8], content: &mut [Segment<'_>]) {
        let [.., a, b, c, d] = number.to_be_bytes();
        let key = Zeroizing::new(hmac_md5(&*self.seal, &[&[a, b, c, d]]));
        let mut pieces: [&mut [u8]; MAX_SEGMENTS + 2] = core::array::from_fn(|_| -> &mut [u8] { &mut [] });
        let data = content.iter_mut().filter_map(|segment| match segment {
            Segment::Data(data) => Some(&mut **data),
            Segment::SignOnly(_) => None,
        });
        for (to, from) in pieces.iter_mut().zip(core::iter::once(confounder).chain(data)) {
            *to = from;
        }
        rc4_apply(&key, &mut pieces);
    }
}
