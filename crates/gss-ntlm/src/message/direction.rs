//! Keys and key stream of one direction, and the work on messages (MS-NLMP sections 3.4.3 to 3.4.5).

use super::{Parameters, WeakKey, offered};
use crate::primitive::hmac::HmacMd5;
use crate::primitive::md5;
use crate::primitive::rc4::Rc4;
use crate::primitive::tags_match;
use crate::secret::SessionKey;
use crate::wire::NegotiateFlags;
use gss_core::{Protection, Role};
use zeroize::Zeroizing;

/// Bytes of a checksum.
const CHECKSUM_LEN: usize = 8;

/// What protects the messages of one sender.
pub(super) struct Direction {
    signing: HmacMd5,
    sealing_key: Zeroizing<[u8; 16]>,
    stream: Rc4,
    /// The strongest protection there is.
    offered: Protection,
    /// Whether checksums are encrypted.
    encrypts_checksums: bool,
    datagram: bool,
}

impl Direction {
    /// The direction of the messages that `sender` sends; `None` if messages are not protected.
    pub(super) fn new(parameters: &Parameters<'_>, sender: Role) -> Result<Option<Self>, WeakKey> {
        let Parameters { key, flags, .. } = *parameters;
        let Some(offered) = offered(flags) else {
            return Ok(None);
        };
        if !flags.contains(NegotiateFlags::EXTENDED_SESSION_SECURITY) {
            return Err(WeakKey::NoExtendedSessionSecurity { flags });
        }
        let signing_key = md5::derive(&[key.secret_bytes(), magic_of_signing(sender)]);
        let sealing_key = md5::derive(&[sealing_part(key, flags)?, magic_of_sealing(sender)]);
        Ok(Some(Self {
            signing: HmacMd5::new(&signing_key),
            stream: Rc4::new(&sealing_key),
            sealing_key,
            offered,
            encrypts_checksums: flags.contains(NegotiateFlags::KEY_EXCHANGE),
            datagram: flags.contains(NegotiateFlags::DATAGRAM),
        }))
    }

    /// The strongest protection there is.
    pub(super) fn offered(&self) -> Protection {
        self.offered
    }

    /// Whether each message has a key stream of its own.
    pub(super) fn is_datagram(&self) -> bool {
        self.datagram
    }

    /// Goes back to the start of the key stream.
    pub(super) fn restart(&mut self) {
        self.stream = Rc4::new(&self.sealing_key);
    }

    /// Has to come before the work on each message: the key stream of datagrams depends on their number.
    pub(super) fn begin(&mut self, number: u32) {
        if self.datagram {
            let key = md5::derive(&[&*self.sealing_key, &number.to_le_bytes()]);
            self.stream = Rc4::new(&key);
        }
    }

    /// The checksum over a message that goes out in clear.
    pub(super) fn sign(&mut self, number: u32, message: &[u8]) -> [u8; CHECKSUM_LEN] {
        let checksum = self.checksum(number, message);
        self.encrypt(checksum)
    }

    /// Encrypts a message where it lies and gives the checksum over it.
    pub(super) fn seal(&mut self, number: u32, message: &mut [u8]) -> [u8; CHECKSUM_LEN] {
        let mut mac = self.begin_checksum(number);
        for_each_chunk(message, |chunk| {
            mac.update(chunk);
            self.stream.apply(chunk);
        });
        self.encrypt(first_bytes(&mac.finish()))
    }

    /// Whether the checksum over a message in clear is right.
    pub(super) fn verify(&mut self, number: u32, message: &[u8], checksum: [u8; CHECKSUM_LEN]) -> bool {
        let received = self.encrypt(checksum);
        tags_match(&self.checksum(number, message), &received).into()
    }

    /// Decrypts a message where it lies. Whether its checksum is right.
    pub(super) fn open(&mut self, number: u32, message: &mut [u8], checksum: [u8; CHECKSUM_LEN]) -> bool {
        let mut mac = self.begin_checksum(number);
        for_each_chunk(message, |chunk| {
            self.stream.apply(chunk);
            mac.update(chunk);
        });
        let received = self.encrypt(checksum);
        tags_match(&first_bytes(&mac.finish()), &received).into()
    }

    /// Takes a message of which only a right checksum tells whether it is in clear. `None`: it is wrong either way.
    pub(super) fn verify_or_open(
        &mut self,
        number: u32,
        message: &mut [u8],
        mut checksum: [u8; CHECKSUM_LEN],
    ) -> Option<Protection> {
        // Checksum and message take their turns at these bytes of the key stream, so they are put aside first.
        let mut aside = [0; CHECKSUM_LEN];
        let aside = if self.encrypts_checksums {
            self.stream.apply(&mut aside);
            aside.as_slice()
        } else {
            &[]
        };
        let mut in_clear = checksum;
        xor(&mut in_clear, aside);
        if tags_match(&self.checksum(number, message), &in_clear).into() {
            return Some(Protection::Integrity);
        }
        let aside = self.apply_after(aside, message);
        if self.encrypts_checksums {
            self.apply_after(aside, &mut checksum);
        }
        let opened = bool::from(tags_match(&self.checksum(number, message), &checksum));
        opened.then_some(Protection::Confidentiality)
    }

    /// Applies `aside` and then the key stream; gives what is left of `aside`.
    fn apply_after<'a>(&mut self, aside: &'a [u8], data: &mut [u8]) -> &'a [u8] {
        let (used, left) = aside.split_at(aside.len().min(data.len()));
        xor(data, used);
        self.stream.apply(data.get_mut(used.len()..).unwrap_or_default());
        left
    }

    /// Encrypts or decrypts a checksum if that was negotiated.
    fn encrypt(&mut self, mut checksum: [u8; CHECKSUM_LEN]) -> [u8; CHECKSUM_LEN] {
        if self.encrypts_checksums {
            self.stream.apply(&mut checksum);
        }
        checksum
    }

    fn checksum(&self, number: u32, message: &[u8]) -> [u8; CHECKSUM_LEN] {
        first_bytes(&self.signing.of(&[&number.to_le_bytes(), message]))
    }

    fn begin_checksum(&self, number: u32) -> HmacMd5 {
        let mut mac = self.signing.clone();
        mac.update(&number.to_le_bytes());
        mac
    }
}

/// Cuts a message into pieces that fill whole blocks of MD5, whose first block begins with the sequence number.
///
/// RC4 and MD5 are both slow because each step waits for the one before. A processor works on the two at the same time
/// if they take turns at short pieces.
fn for_each_chunk(message: &mut [u8], mut work: impl FnMut(&mut [u8])) {
    const BLOCKS: usize = 128;
    const FIRST: usize = 60;
    let (first, rest) = message.split_at_mut(message.len().min(FIRST));
    work(first);
    rest.chunks_mut(BLOCKS).for_each(work);
}

/// The part of the key that sealing keys are made from (MS-NLMP section 3.4.5.3, `SEALKEY`).
fn sealing_part(key: &SessionKey, flags: NegotiateFlags) -> Result<&[u8], WeakKey> {
    if flags.contains(NegotiateFlags::KEY_128) {
        Ok(key.secret_bytes())
    } else if flags.contains(NegotiateFlags::KEY_56) {
        Ok(key.secret_bytes().first_chunk::<7>().map_or(&[], |part| part.as_slice()))
    } else {
        Err(WeakKey::FortyBits { flags })
    }
}

/// The constants of MS-NLMP sections 3.4.5.2 and 3.4.5.3 are C strings, hashed with their NUL.
const fn magic_of_signing(sender: Role) -> &'static [u8] {
    match sender {
        Role::Initiator => b"session key to client-to-server signing key magic constant\0",
        Role::Acceptor => b"session key to server-to-client signing key magic constant\0",
    }
}

const fn magic_of_sealing(sender: Role) -> &'static [u8] {
    match sender {
        Role::Initiator => b"session key to client-to-server sealing key magic constant\0",
        Role::Acceptor => b"session key to server-to-client sealing key magic constant\0",
    }
}

fn first_bytes(mac: &[u8; 16]) -> [u8; CHECKSUM_LEN] {
    let [c0, c1, c2, c3, c4, c5, c6, c7, ..] = *mac;
    [c0, c1, c2, c3, c4, c5, c6, c7]
}

fn xor(data: &mut [u8], mask: &[u8]) {
    data.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}
