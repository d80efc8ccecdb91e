//! One direction of a context: its keys, its key stream, and the work on messages (MS-NLMP sections 3.4.3 to 3.4.5).

use super::{Parameters, WeakKey};
use crate::primitive::hmac::HmacMd5;
use crate::primitive::md5;
use crate::primitive::rc4::Rc4;
use crate::primitive::tags_match;
use crate::secret::SessionKey;
use crate::wire::NegotiateFlags;
use gss_core::{Protection, Role};
use zeroize::Zeroizing;

/// Bytes of a checksum.
pub(super) const CHECKSUM_LEN: usize = 8;

type Checksum = [u8; CHECKSUM_LEN];

/// What protects the messages of one sender.
pub(super) struct Half {
    sender: Role,
    key: SessionKey,
    flags: NegotiateFlags,
    /// The strongest protection there is.
    pub(super) offered: Protection,
    /// Whether each message has a key stream of its own.
    pub(super) datagram: bool,
    /// How many bytes of the session key the sealing key is made from.
    strength: usize,
    /// Made when the first message needs them: most logins over HTTP end without one.
    keys: Option<Keys>,
}

impl Half {
    /// The half that messages of `sender` pass through; `None` if nothing protects them.
    pub(super) fn new(parameters: &Parameters<'_>, sender: Role) -> Result<Option<Self>, WeakKey> {
        let Parameters { key, flags, .. } = *parameters;
        // Sealed messages are signed as well, whether or not SIGN was negotiated (MS-NLMP section 2.2.2.5, E).
        let offered = if flags.contains(NegotiateFlags::SEAL) {
            Protection::Confidentiality
        } else if flags.contains(NegotiateFlags::SIGN) {
            Protection::Integrity
        } else {
            return Ok(None);
        };
        if !flags.contains(NegotiateFlags::EXTENDED_SESSION_SECURITY) {
            return Err(WeakKey::NoExtendedSessionSecurity { flags });
        }
        let strength = strength(flags)?;
        let datagram = flags.contains(NegotiateFlags::DATAGRAM);
        Ok(Some(Self { sender, key: key.clone(), flags, offered, datagram, strength, keys: None }))
    }

    /// Goes back to the start of the key stream.
    pub(super) fn rewind(&mut self) {
        self.keys = None;
    }

    /// The keys, with the key stream where message `number` needs it.
    pub(super) fn keys(&mut self, number: u32) -> &mut Keys {
        let Self { sender, key, flags, strength, datagram, .. } = self;
        let keys = self.keys.get_or_insert_with(|| {
            let sealing_key = sealing_key(key, *strength, *sender);
            Keys {
                signing: HmacMd5::new(&signing_key(key, *sender)),
                stream: Rc4::new(&sealing_key),
                sealing_key,
                encrypts_checksums: flags.contains(NegotiateFlags::KEY_EXCHANGE),
            }
        });
        if *datagram {
            keys.stream = Rc4::new(&md5::derive(&[&*keys.sealing_key, &number.to_le_bytes()]));
        }
        keys
    }
}

/// The keys of one sender, and how far its key stream has been used.
pub(super) struct Keys {
    signing: HmacMd5,
    sealing_key: Zeroizing<[u8; 16]>,
    stream: Rc4,
    /// Whether checksums are encrypted.
    encrypts_checksums: bool,
}

impl Keys {
    /// The checksum over a message that goes out in clear.
    pub(super) fn sign(&mut self, number: u32, message: &[u8]) -> Checksum {
        let checksum = self.checksum(number, message);
        self.encrypt(checksum)
    }

    /// Encrypts a message where it lies and gives the checksum over it.
    pub(super) fn seal(&mut self, number: u32, message: &mut [u8]) -> Checksum {
        let mut mac = self.begin_checksum(number);
        for turn in message.chunks_mut(TURN) {
            mac.update(turn);
            self.stream.apply(turn);
        }
        self.encrypt(first_bytes(mac.finish()))
    }

    /// Whether the checksum over a message in clear is right.
    pub(super) fn verify(&mut self, number: u32, message: &[u8], checksum: Checksum) -> bool {
        let expected = self.sign(number, message);
        tags_match(&expected, &checksum).into()
    }

    /// Decrypts a message where it lies. Whether its checksum is right.
    pub(super) fn open(&mut self, number: u32, message: &mut [u8], checksum: Checksum) -> bool {
        let mut mac = self.begin_checksum(number);
        for turn in message.chunks_mut(TURN) {
            self.stream.apply(turn);
            mac.update(turn);
        }
        let expected = self.encrypt(first_bytes(mac.finish()));
        tags_match(&expected, &checksum).into()
    }

    /// Takes a message of which only a right checksum tells whether it is in clear. `None`: it is wrong either way.
    pub(super) fn verify_or_open(
        &mut self,
        number: u32,
        message: &mut [u8],
        mut checksum: Checksum,
    ) -> Option<Protection> {
        // In clear, these bytes of the key stream encrypt the checksum; sealed, the first bytes of the message. So they
        // are put aside for both. Without key exchange they have no part in clear messages, but a few zeros of key
        // stream let a sealed message look like a clear one. Who never seals does not care where the key stream is.
        let mut aside = Zeroizing::new([0; CHECKSUM_LEN]);
        let used = if self.encrypts_checksums { CHECKSUM_LEN } else { message.len().min(CHECKSUM_LEN) };
        let aside = aside.get_mut(..used).unwrap_or_default();
        self.stream.apply(aside);
        let mut in_clear = checksum;
        if self.encrypts_checksums {
            xor(&mut in_clear, aside);
        }
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

    /// Encrypts a checksum if that was negotiated.
    fn encrypt(&mut self, mut checksum: Checksum) -> Checksum {
        if self.encrypts_checksums {
            self.stream.apply(&mut checksum);
        }
        checksum
    }

    fn checksum(&self, number: u32, message: &[u8]) -> Checksum {
        first_bytes(self.signing.clone().of(&[&number.to_le_bytes(), message]))
    }

    fn begin_checksum(&self, number: u32) -> HmacMd5 {
        let mut mac = self.signing.clone();
        mac.update(&number.to_le_bytes());
        mac
    }
}

/// How many bytes of a message MD5 and RC4 take in turns. Each of their steps waits for the one before, and where their
/// turns meet, a processor has steps of both to work on: a few percent, which longer turns lose.
const TURN: usize = 64;

/// How many bytes of the session key the sealing key is made from (MS-NLMP section 3.4.5.3).
pub(super) const fn strength(flags: NegotiateFlags) -> Result<usize, WeakKey> {
    if flags.contains(NegotiateFlags::KEY_128) {
        Ok(16)
    } else if flags.contains(NegotiateFlags::KEY_56) {
        Ok(7)
    } else {
        Err(WeakKey::FortyBits { flags })
    }
}

/// `SIGNKEY` (MS-NLMP section 3.4.5.2). The constants are C strings, hashed with their NUL.
pub(super) fn signing_key(key: &SessionKey, sender: Role) -> Zeroizing<[u8; 16]> {
    let magic: &[u8] = match sender {
        Role::Initiator => b"session key to client-to-server signing key magic constant\0",
        Role::Acceptor => b"session key to server-to-client signing key magic constant\0",
    };
    md5::derive(&[key.secret_bytes(), magic])
}

/// `SEALKEY` (MS-NLMP section 3.4.5.3).
pub(super) fn sealing_key(key: &SessionKey, strength: usize, sender: Role) -> Zeroizing<[u8; 16]> {
    let magic: &[u8] = match sender {
        Role::Initiator => b"session key to client-to-server sealing key magic constant\0",
        Role::Acceptor => b"session key to server-to-client sealing key magic constant\0",
    };
    md5::derive(&[key.secret_bytes().get(..strength).unwrap_or_default(), magic])
}

fn first_bytes(mac: [u8; 16]) -> Checksum {
    let [c0, c1, c2, c3, c4, c5, c6, c7, ..] = mac;
    [c0, c1, c2, c3, c4, c5, c6, c7]
}

fn xor(data: &mut [u8], mask: &[u8]) {
    data.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}
