//! What both halves share: the keys of one direction and its key stream.

use super::WeakKey;
use crate::primitive::hmac::HmacMd5;
use crate::primitive::md5::derive;
use crate::primitive::rc4::Rc4;
use crate::secret::SessionKey;
use crate::wire::NegotiateFlags;
use core::fmt;
use zeroize::Zeroizing;

/// Bytes of a signature (`NTLMSSP_MESSAGE_SIGNATURE`).
pub(super) const SIGNATURE_LEN: usize = 16;

/// The first four bytes of every signature.
pub(super) const SIGNATURE_VERSION: u32 = 1;

/// How many bytes are sealed before they are signed, and the other way round: MD5 and RC4 both wait for their own last
/// result most of the time, so that the processor can do one beside the other if they take turns.
const TURN: usize = 64;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    ClientToServer,
    ServerToClient,
}

impl Direction {
    /// The constants that tell signing and sealing keys apart (MS-NLMP 3.4.5.2, 3.4.5.3), with the NUL at their end.
    const fn constants(self) -> (&'static [u8], &'static [u8]) {
        match self {
            Self::ClientToServer => (
                b"session key to client-to-server signing key magic constant\0",
                b"session key to client-to-server sealing key magic constant\0",
            ),
            Self::ServerToClient => (
                b"session key to server-to-client signing key magic constant\0",
                b"session key to server-to-client sealing key magic constant\0",
            ),
        }
    }
}

/// What was agreed on about messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mode {
    /// Whether messages are protected at all.
    pub(super) sign: bool,
    /// Whether they are sealed.
    pub(super) seal: bool,
    /// Whether every message has a key stream of its own.
    pub(super) datagram: bool,
    /// Whether checksums are encrypted, which comes with the exchange of keys.
    encrypt_checksum: bool,
    /// How many bytes of the session key sealing keys are made from.
    sealing_key_len: usize,
}

impl Mode {
    pub(super) fn of(flags: NegotiateFlags) -> Result<Self, WeakKey> {
        let sign = flags.intersects(NegotiateFlags::SIGN | NegotiateFlags::SEAL);
        if sign && !flags.contains(NegotiateFlags::EXTENDED_SESSION_SECURITY) {
            return Err(WeakKey::NoExtendedSessionSecurity);
        }
        let sealing_key_len = if flags.contains(NegotiateFlags::KEY_128) {
            16
        } else if flags.contains(NegotiateFlags::KEY_56) {
            7
        } else if sign {
            return Err(WeakKey::FortyBits);
        } else {
            0 // nothing will be protected
        };
        Ok(Self {
            sign,
            seal: flags.contains(NegotiateFlags::SEAL),
            datagram: flags.contains(NegotiateFlags::DATAGRAM),
            encrypt_checksum: flags.contains(NegotiateFlags::KEY_EXCHANGE),
            sealing_key_len,
        })
    }
}

/// The keys of one direction.
pub(super) struct Half {
    key: SessionKey,
    pub(super) mode: Mode,
    direction: Direction,
    /// Made when the first message needs it: most logins over HTTP never have one.
    ready: Option<Ready>,
}

impl Half {
    pub(super) fn new(key: SessionKey, mode: Mode, direction: Direction) -> Self {
        Self { key, mode, direction, ready: None }
    }

    /// Puts the key stream back to its start.
    pub(super) fn restart(&mut self) {
        self.ready = None;
    }

    /// The keys, with the key stream in place for message `number`.
    pub(super) fn for_message(&mut self, number: u32) -> &mut Ready {
        let Self { key, mode, direction, ready } = self;
        let ready = ready.get_or_insert_with(|| Ready::new(key, *mode, *direction));
        if mode.datagram {
            ready.stream = ready.stream_of(number);
        }
        ready
    }
}

impl fmt::Debug for Half {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Half")
            .field("direction", &self.direction)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// Keys that are ready for use.
pub(super) struct Ready {
    signing: HmacMd5,
    sealing_key: Zeroizing<[u8; 16]>,
    stream: Rc4,
    encrypt_checksum: bool,
}

/// The eight bytes in the middle of a signature.
pub(super) type Checksum = [u8; 8];

impl Ready {
    fn new(key: &SessionKey, mode: Mode, direction: Direction) -> Self {
        let key = key.secret_bytes();
        let (signing, sealing) = direction.constants();
        let signing = derive(&[key, signing]);
        let kept = key.get(..mode.sealing_key_len).unwrap_or_default();
        let sealing_key = derive(&[kept, sealing]);
        Self {
            signing: HmacMd5::new(&signing),
            stream: Rc4::new(&sealing_key),
            sealing_key,
            encrypt_checksum: mode.encrypt_checksum,
        }
    }

    /// The key stream of one datagram (MS-NLMP 3.4.4.2).
    fn stream_of(&self, number: u32) -> Rc4 {
        Rc4::new(&derive(&[self.sealing_key.as_slice(), &number.to_le_bytes()]))
    }

    /// Encrypts `data` in place and returns its checksum.
    pub(super) fn seal(&mut self, number: u32, data: &mut [u8]) -> Checksum {
        let mut mac = self.begin(number);
        for turn in data.chunks_mut(TURN) {
            mac.update(turn);
            self.stream.apply(turn);
        }
        self.finish(mac)
    }

    /// Decrypts `data` in place and returns what its checksum has to be.
    pub(super) fn open(&mut self, number: u32, data: &mut [u8]) -> Checksum {
        let mut mac = self.begin(number);
        for turn in data.chunks_mut(TURN) {
            self.stream.apply(turn);
            mac.update(turn);
        }
        self.finish(mac)
    }

    /// The checksum of a message that stays readable.
    pub(super) fn sign(&mut self, number: u32, data: &[u8]) -> Checksum {
        let mut mac = self.begin(number);
        mac.update(data);
        self.finish(mac)
    }

    /// Tries both forms of a message on a context without SEAL. The checksum of the readable form takes the next eight
    /// bytes of the key stream, where the sealed form has its first bytes: so they are put aside for both.
    pub(super) fn open_either(
        &mut self,
        number: u32,
        data: &mut [u8],
        verify: impl Fn(Checksum) -> bool,
    ) -> Option<Form> {
        if !self.encrypt_checksum {
            let clear = self.sign(number, data);
            return if verify(clear) {
                Some(Form::Clear)
            } else {
                let sealed = self.open(number, data);
                verify(sealed).then_some(Form::Sealed)
            };
        }
        let mut aside = Zeroizing::new([0; 8]);
        self.stream.apply(&mut *aside);
        let mut mac = self.begin(number);
        mac.update(data);
        if verify(xor(truncate(mac), *aside)) {
            return Some(Form::Clear);
        }
        let (head, tail) = data.split_at_mut(data.len().min(aside.len()));
        for (byte, key) in head.iter_mut().zip(aside.iter()) {
            *byte ^= key;
        }
        self.stream.apply(tail);
        // What is left of the bytes put aside belongs to the checksum.
        let mut checksum_stream = Zeroizing::new([0; 8]);
        let left = aside.get(head.len()..).unwrap_or_default();
        let (first, rest) = checksum_stream.split_at_mut(left.len());
        first.copy_from_slice(left);
        self.stream.apply(rest);
        let mut mac = self.begin(number);
        mac.update(data);
        verify(xor(truncate(mac), *checksum_stream)).then_some(Form::Sealed)
    }

    fn begin(&self, number: u32) -> HmacMd5 {
        let mut mac = self.signing.clone();
        mac.update(&number.to_le_bytes());
        mac
    }

    fn finish(&mut self, mac: HmacMd5) -> Checksum {
        let mut checksum = truncate(mac);
        if self.encrypt_checksum {
            self.stream.apply(&mut checksum);
        }
        checksum
    }
}

/// How a wrapped message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Clear,
    Sealed,
}

fn truncate(mac: HmacMd5) -> Checksum {
    let [a, b, c, d, e, f, g, h, ..] = mac.finish();
    [a, b, c, d, e, f, g, h]
}

fn xor(a: Checksum, b: Checksum) -> Checksum {
    let mut out = a;
    out.iter_mut().zip(b).for_each(|(byte, other)| *byte ^= other);
    out
}

/// `Version | Checksum | SeqNum` (MS-NLMP 2.2.2.9.1).
pub(super) fn signature(number: u32, checksum: Checksum) -> [u8; SIGNATURE_LEN] {
    let [a, b, c, d] = SIGNATURE_VERSION.to_le_bytes();
    let [e, f, g, h, i, j, k, l] = checksum;
    let [m, n, o, p] = number.to_le_bytes();
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}
