//! The secrets of NTLM, and what is computed from them (MS-NLMP section 3.3.2).
//!
//! ```text
//! password -> NtHash -> NtlmV2Hash -> SessionKey (SessionBaseKey) -> SessionKey (ExportedSessionKey)
//! ```
//! Each is as good as the password to who wants to be its user, for all servers, for one account name, or for one
//! session. All are wiped when dropped, and none shows its content in `Debug`.

use crate::primitive::hmac::HmacMd5;
use crate::primitive::md4::{Digest, Md4};
use crate::primitive::rc4::Rc4;
use crate::primitive::tags_match;
use crate::upper::upper_char;
use core::fmt;
use subtle::Choice;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The hash of a password: `NTOWFv1`, also called the NT hash. MD4, without salt.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct NtHash([u8; 16]);

impl NtHash {
    /// Hashes a password. Passwords are taken as they are: neither normalised nor changed in case.
    #[must_use]
    pub fn of_password(password: &str) -> Self {
        let mut hash = Md4::new();
        password.encode_utf16().for_each(|unit| hash.update(unit.to_le_bytes()));
        let mut bytes = Self([0; 16]);
        hash.finalize_into((&mut bytes.0).into());
        bytes
    }

    /// A hash that was computed earlier.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The hash. Who has it needs no password.
    #[must_use]
    pub const fn secret_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Binds the hash to an account name: `NTOWFv2`. The user is put in upper case for it, the domain is taken as it is.
    pub fn v2(&self, user: impl Iterator<Item = char>, domain: impl Iterator<Item = char>) -> NtlmV2Hash {
        let mut mac = HmacMd5::new(&self.0);
        for char in user.map(upper_char).chain(domain) {
            for unit in char.encode_utf16(&mut [0; 2]) {
                mac.update(&unit.to_le_bytes());
            }
        }
        NtlmV2Hash::from_bytes(mac.finish())
    }
}

/// The hash of a password and an account name: `NTOWFv2`, ready to answer challenges.
#[derive(Clone)]
pub struct NtlmV2Hash {
    bytes: Zeroizing<[u8; 16]>,
    keyed: HmacMd5,
}

impl NtlmV2Hash {
    /// A hash that was computed earlier.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self { keyed: HmacMd5::new(&bytes), bytes: Zeroizing::new(bytes) }
    }

    /// The hash. Who has it needs no password for this account name.
    #[must_use]
    pub fn secret_bytes(&self) -> &[u8; 16] {
        &self.bytes
    }

    /// Answers a challenge: `NTProofStr`. `blob` is all that follows the proof in the response.
    #[must_use]
    pub fn proof(&self, server_challenge: &[u8; 8], blob: &[u8]) -> [u8; 16] {
        self.keyed.clone().of(&[server_challenge, blob])
    }

    /// Answers a challenge, and gives the [`session_base_key`](Self::session_base_key) that goes with the answer.
    #[must_use]
    pub fn respond(&self, server_challenge: &[u8; 8], blob: &[u8]) -> ([u8; 16], SessionKey) {
        let proof = self.proof(server_challenge, blob);
        let key = self.session_base_key(&proof);
        (proof, key)
    }

    /// Whether `proof` is the answer to the challenge, in constant time. `blob` is hashed as it was received.
    #[must_use]
    pub fn verify_proof(&self, server_challenge: &[u8; 8], blob: &[u8], proof: &[u8; 16]) -> Choice {
        tags_match(&self.proof(server_challenge, blob), proof)
    }

    /// The LM response that goes beside the proof: `LMv2`.
    #[must_use]
    pub fn lm_v2(&self, server_challenge: &[u8; 8], client_challenge: &[u8; 8]) -> [u8; 24] {
        let mut response = [0; 24];
        let proof = self.keyed.clone().of(&[server_challenge, client_challenge]);
        response.iter_mut().zip(proof.iter().chain(client_challenge)).for_each(|(to, from)| *to = *from);
        response
    }

    /// The `SessionBaseKey`, which is the `KeyExchangeKey` too (MS-NLMP section 3.4.5.1).
    #[must_use]
    pub fn session_base_key(&self, proof: &[u8; 16]) -> SessionKey {
        SessionKey(self.keyed.clone().of(&[proof]))
    }
}

/// A key of one session: the `SessionBaseKey` that follows from the password, or the `ExportedSessionKey` that the
/// client chose.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SessionKey([u8; 16]);

impl SessionKey {
    /// A key that came from elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The key.
    #[must_use]
    pub const fn secret_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Encrypts a key with this one, or decrypts it, which is the same: `RC4K` (MS-NLMP section 3.1.5.1.2).
    pub fn exchange(&self, key: &mut [u8; 16]) {
        Rc4::new(&self.0).apply(key);
    }

    /// The MIC over all three messages, end to end, that of the AUTHENTICATE being zero (MS-NLMP section 3.1.5.1.2).
    #[must_use]
    pub fn mic(&self, messages: &[&[u8]]) -> [u8; 16] {
        HmacMd5::new(&self.0).of(messages)
    }

    /// Whether `mic` is the MIC over the messages, in constant time.
    #[must_use]
    pub fn verify_mic(&self, messages: &[&[u8]], mic: &[u8; 16]) -> bool {
        tags_match(&self.mic(messages), mic).into()
    }
}

macro_rules! hide {
    ($($secret:ident),+) => {
        $(impl fmt::Debug for $secret {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($secret)).finish_non_exhaustive()
            }
        })+
    };
}

hide!(NtHash, NtlmV2Hash, SessionKey);

#[cfg(test)]
mod tests;
