//! AUTHENTICATE made by hand, by an insider: somebody who knows the password, and breaks one rule.

use gss_ntlm::wire::{
    AuthenticateMessage, AvFlags, AvId, AvPairs, ChallengeMessage, NegotiateFlags, SIGNATURE, put_av_pair,
};
use gss_ntlm::{NtHash, SessionKey};

/// A message that the acceptor of [`world`](crate::world) takes, until a test changes it.
pub(crate) struct Forge<'f> {
    user: &'f str,
    domain: &'f str,
    password: &'f str,
    hashed_domain: Option<&'f str>,
    pairs: Change<'f, Pairs>,
    blob: Change<'f, Vec<u8>>,
    parts: Change<'f, Parts>,
    mic: Mic,
}

/// What a test does to a part of the message.
type Change<'f, T> = Box<dyn Fn(&mut T) + 'f>;

/// The attributes, without their end.
pub(crate) type Pairs = Vec<(AvId, Vec<u8>)>;

/// What the fields of the message point at, and its flags.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) lm: Vec<u8>,
    pub(crate) nt: Vec<u8>,
    pub(crate) domain: Vec<u8>,
    pub(crate) user: Vec<u8>,
    pub(crate) workstation: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) flags: NegotiateFlags,
}

/// What lies where the MIC belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mic {
    /// The right one.
    Right,
    /// This.
    Bytes([u8; 16]),
    /// Nothing: the payload begins there.
    NoField,
}

/// The `ExportedSessionKey` of all forgeries.
pub(crate) const KEY: [u8; 16] = [0x33; 16];

impl<'f> Forge<'f> {
    pub(crate) fn new() -> Self {
        Self {
            user: "alice",
            domain: "EXAMPLE",
            password: "correct horse",
            hashed_domain: None,
            pairs: Box::new(|_| {}),
            blob: Box::new(|_| {}),
            parts: Box::new(|_| {}),
            mic: Mic::Right,
        }
    }

    pub(crate) fn user(self, user: &'f str, domain: &'f str, password: &'f str) -> Self {
        Self { user, domain, password, ..self }
    }

    /// The domain that goes into the proof, where it is not the one in the message.
    pub(crate) fn hashed_domain(self, domain: &'f str) -> Self {
        Self { hashed_domain: Some(domain), ..self }
    }

    /// A change of the attributes, which the proof covers.
    pub(crate) fn pairs(self, change: impl Fn(&mut Pairs) + 'f) -> Self {
        Self { pairs: Box::new(change), ..self }
    }

    /// A change of all that the proof covers.
    pub(crate) fn blob(self, change: impl Fn(&mut Vec<u8>) + 'f) -> Self {
        Self { blob: Box::new(change), ..self }
    }

    /// A change of what only the MIC covers.
    pub(crate) fn parts(self, change: impl Fn(&mut Parts) + 'f) -> Self {
        Self { parts: Box::new(change), ..self }
    }

    pub(crate) fn mic(self, mic: Mic) -> Self {
        Self { mic, ..self }
    }

    /// As a client does that never heard of MICs.
    pub(crate) fn without_mic(self) -> Self {
        self.pairs(|pairs| pairs.retain(|(id, _)| *id != AvId::FLAGS)).mic(Mic::NoField)
    }

    /// The answer to this challenge.
    pub(crate) fn answer(&self, negotiate: &[u8], challenge: &[u8]) -> Vec<u8> {
        let sent = ChallengeMessage::parse(challenge).unwrap();
        let hash = NtHash::of_password(self.password)
            .v2(self.user.chars(), self.hashed_domain.unwrap_or(self.domain).chars());
        let mut blob = self.attributes(&sent);
        (self.blob)(&mut blob);
        let proof = hash.proof(&sent.server_challenge, &blob);
        let base = hash.session_base_key(&proof);
        let mut key = KEY;
        base.exchange(&mut key);
        let mut parts = Parts {
            lm: vec![0; 24],
            nt: [&proof[..], &blob].concat(),
            domain: utf16(self.domain),
            user: utf16(self.user),
            workstation: utf16("DESK"),
            key: key.to_vec(),
            flags: sent.flags,
        };
        (self.parts)(&mut parts);
        // Without a key in the message, both sides use the one that they know.
        let key = if parts.key.is_empty() { base } else { SessionKey::from_bytes(KEY) };
        parts.message(self.mic, |message| key.mic(&[negotiate, challenge, message]))
    }

    /// The head of the blob, the attributes and what follows.
    fn attributes(&self, sent: &ChallengeMessage<'_>) -> Vec<u8> {
        let theirs = sent.target_info.unwrap_or(AvPairs::EMPTY);
        let mut pairs: Pairs = theirs.iter().map(|pair| (pair.id, pair.value.to_vec())).collect();
        pairs.push((AvId::FLAGS, AvFlags::MIC_PRESENT.bits().to_le_bytes().to_vec()));
        (self.pairs)(&mut pairs);
        let mut blob = vec![1, 1, 0, 0, 0, 0, 0, 0];
        blob.extend(theirs.timestamp().unwrap_or_default().0.to_le_bytes());
        blob.extend([0x77; 8]);
        blob.extend([0; 4]);
        for (id, value) in pairs {
            put_av_pair(&mut blob, id, &value).unwrap();
        }
        blob.extend([0; 8]);
        blob
    }
}

impl Parts {
    /// The message of these parts.
    pub(crate) fn message(&self, mic: Mic, make: impl Fn(&[u8]) -> [u8; 16]) -> Vec<u8> {
        let header = if mic == Mic::NoField { 72 } else { 88 };
        let mut message = vec![0; header];
        message[..8].copy_from_slice(&SIGNATURE);
        message[8] = 3;
        message[60..64].copy_from_slice(&self.flags.bits().to_le_bytes());
        let fields = [
            (28, &self.domain),
            (36, &self.user),
            (44, &self.workstation),
            (12, &self.lm),
            (20, &self.nt),
            (52, &self.key),
        ];
        for (at, content) in fields {
            let offset = message.len();
            point(&mut message, at, content.len(), offset);
            message.extend(content);
        }
        let place = AuthenticateMessage::MIC_OFFSET..AuthenticateMessage::MIC_OFFSET + 16;
        match mic {
            Mic::NoField => {}
            Mic::Bytes(bytes) => message[place].copy_from_slice(&bytes),
            Mic::Right => {
                let mic = make(&message);
                message[place].copy_from_slice(&mic);
            }
        }
        message
    }
}

/// Has the field `at` this place of the header point somewhere.
pub(crate) fn point(message: &mut [u8], at: usize, len: usize, offset: usize) {
    let len = u16::try_from(len).unwrap().to_le_bytes();
    message[at..at + 2].copy_from_slice(&len);
    message[at + 2..at + 4].copy_from_slice(&len);
    message[at + 4..at + 8].copy_from_slice(&u32::try_from(offset).unwrap().to_le_bytes());
}

/// Where the field `at` this place of the header points: length and offset.
pub(crate) fn pointed(message: &[u8], at: usize) -> (usize, usize) {
    let len = u16::from_le_bytes(message[at..at + 2].try_into().unwrap());
    let offset = u32::from_le_bytes(message[at + 4..at + 8].try_into().unwrap());
    (len.into(), usize::try_from(offset).unwrap())
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// An attribute set to another value, or added.
pub(crate) fn set(pairs: &mut Pairs, id: AvId, value: &[u8]) {
    pairs.retain(|(known, _)| *known != id);
    pairs.push((id, value.to_vec()));
}
