// A mechanism for tests of the scheme `GSS`: any number of legs, channel bindings, a replay cache, and MICs with a key
// that comes of all tokens. Its keys are toys; what it shows is whether both sides saw the same.

extern crate alloc;

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use gss_core::bindings::{BindingCheck, BindingDigest};
use gss_core::{
    BindingOutcome, Blame, ChannelBindings, ContextFlags, CryptoRng, Diagnose, Env, Facts, Handshake,
    MajorStatus, MessageError, Oid, Opener, Overhead, PrfKey, Protection, Role, Sealer, SecurityContext,
    SequenceStatus, Step, Timestamp, TokenSink, Unwrapped, oid,
};
use std::sync::Mutex;

/// What an acceptor shares with the others of its service.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    /// The first tokens that were accepted.
    pub(crate) seen: Arc<Mutex<BTreeSet<Vec<u8>>>>,
    /// What both sides have to know.
    pub(crate) secret: u64,
}

#[derive(Clone)]
pub(crate) struct Toy {
    pub(crate) role: Role,
    pub(crate) messages: u8,
    pub(crate) user: u8,
    pub(crate) mechanism: Oid,
    pub(crate) flags: ContextFlags,
    pub(crate) expires: Option<i64>,
    /// Bytes that each token has besides.
    pub(crate) padding: usize,
    /// Says that it continues and sends nothing.
    pub(crate) silent: bool,
    /// How many random bytes a step draws.
    pub(crate) draws: usize,
    pub(crate) bindings: Option<BindingCheck>,
    pub(crate) digest: [u8; 16],
    pub(crate) keys: Keys,
    pub(crate) repeats: usize,
    pub(crate) next: u8,
    pub(crate) key: u64,
    pub(crate) outcome: BindingOutcome,
}

impl Toy {
    pub(crate) fn initiator(messages: u8, user: u8, bindings: Option<ChannelBindings<'_>>) -> Self {
        let mut toy = Self::acceptor(messages, &Keys::default());
        toy.role = Role::Initiator;
        toy.user = user;
        if let Some(bindings) = bindings {
            toy.digest = BindingDigest::of(&bindings).0;
            toy.outcome = BindingOutcome::Bound;
        }
        toy
    }

    pub(crate) fn acceptor(messages: u8, keys: &Keys) -> Self {
        Self {
            role: Role::Acceptor,
            messages,
            user: 0,
            mechanism: oid::KRB5,
            flags: ContextFlags::INTEGRITY,
            expires: None,
            padding: 0,
            silent: false,
            draws: 8,
            bindings: None,
            digest: [0; 16],
            keys: keys.clone(),
            repeats: 0,
            next: 1,
            key: keys.secret,
            outcome: BindingOutcome::NotChecked,
        }
    }

    pub(crate) fn repeating(self, repeats: usize) -> Self {
        Self { repeats, ..self }
    }

    fn send(&mut self, output: &mut dyn TokenSink, rng: &mut dyn CryptoRng) -> Result<(), ToyError> {
        let mut random = vec![0; self.draws];
        rng.fill_bytes(&mut random);
        let token = [&[self.next, self.user][..], &self.digest, &random, &vec![7; self.padding]].concat();
        self.key = mix(self.key, &token);
        self.next += 1;
        if self.silent { Ok(()) } else { output.put(&token).map_err(|_| ToyError::Output) }
    }

    fn take(&mut self, input: &mut [u8]) -> Result<(), ToyError> {
        let [number, user, rest @ ..] = &*input else { return Err(ToyError::Token) };
        if *number != self.next || (*number > 2 && *user != self.user) {
            return Err(ToyError::Token);
        }
        if self.role == Role::Acceptor {
            let digest = rest.first_chunk().copied().ok_or(ToyError::Token)?;
            if let Some(check) = &self.bindings {
                let checked = check.check(Some(BindingDigest(digest)), false);
                self.outcome = checked.map_err(|_| ToyError::Binding)?.outcome();
            }
            let fresh = self.keys.seen.lock().unwrap().insert(input.to_vec());
            if !fresh && self.repeats == 0 {
                return Err(ToyError::Replayed);
            }
            self.repeats = self.repeats.saturating_sub(1);
            self.user = *user;
        }
        self.key = mix(self.key, input);
        // As if it had been decrypted where it lies.
        input.fill(0);
        self.next += 1;
        Ok(())
    }
}

/// FNV-1a.
fn mix(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl core::fmt::Debug for Toy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Toy({:?}, next {} of {})", self.role, self.next, self.messages)
    }
}

impl Handshake for Toy {
    type Established = ToyContext;
    type Error = ToyError;

    fn step(
        mut self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        env: &mut Env<'_>,
    ) -> Result<Step<Self, ToyContext>, ToyError> {
        let begins = self.role == Role::Initiator && self.next == 1;
        if !begins && let Err(error) = self.take(input) {
            output.put(b"error").map_err(|_| ToyError::Output)?;
            return Err(error);
        }
        if self.next <= self.messages {
            self.send(output, env.rng)?;
        }
        if self.next > self.messages {
            return Ok(Step::Done(ToyContext::new(self)));
        }
        Ok(Step::Continue(self))
    }
}

#[derive(Debug)]
pub(crate) struct ToyContext {
    pub(crate) toy: Toy,
    sealer: Half,
    opener: Half,
}

impl ToyContext {
    fn new(toy: Toy) -> Self {
        let half = Half { key: toy.key, count: 0 };
        Self { toy, sealer: half, opener: half }
    }
}

impl SecurityContext for ToyContext {
    type Sealer = Half;
    type Opener = Half;

    fn facts(&self) -> Facts<'_> {
        let mutual = if self.toy.messages > 1 { ContextFlags::MUTUAL } else { ContextFlags::NONE };
        Facts {
            role: self.toy.role,
            mechanism: self.toy.mechanism,
            peer: Some(&self.toy.user),
            local: None,
            flags: self.toy.flags | mutual,
            expires: self.toy.expires.map(Timestamp::from_seconds),
            binding: self.toy.outcome,
        }
    }

    fn sealer(&mut self) -> &mut dyn Sealer {
        &mut self.sealer
    }

    fn opener(&mut self) -> &mut dyn Opener {
        &mut self.opener
    }

    fn split(self) -> (Half, Half) {
        (self.sealer, self.opener)
    }

    fn secret_session_key(&self) -> Option<&[u8]> {
        None
    }

    fn prf(&self, _: PrfKey, _: &[u8], _: &mut [u8]) -> Result<(), MessageError> {
        Err(MessageError::Unavailable)
    }
}

/// Signs and verifies; a MIC does not depend on those before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Half {
    key: u64,
    count: u64,
}

impl Sealer for Half {
    fn overhead(&self, _: Protection, _: usize) -> Overhead {
        Overhead::default()
    }

    fn wrap(
        &mut self,
        _: Protection,
        _: &[u8],
        _: &mut dyn TokenSink,
        _: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        Err(MessageError::Unavailable)
    }

    fn wrap_in_place(
        &mut self,
        _: Protection,
        _: &mut [u8],
        _: &mut dyn CryptoRng,
    ) -> Result<(), MessageError> {
        Err(MessageError::Unavailable)
    }

    fn get_mic(&mut self, message: &[u8], output: &mut dyn TokenSink) -> Result<(), MessageError> {
        if self.key == 0 {
            return Err(MessageError::SequenceExhausted);
        }
        Ok(output.put(&mix(self.key, message).to_be_bytes())?)
    }
}

impl Opener for Half {
    fn unwrap<'t>(&mut self, _: &'t mut [u8]) -> Result<Unwrapped<'t>, MessageError> {
        Err(MessageError::Unavailable)
    }

    /// Says that all but the first are duplicates: the scheme has its own count.
    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<SequenceStatus, MessageError> {
        if mix(self.key, message).to_be_bytes() != mic {
            return Err(MessageError::BadMic);
        }
        self.count += 1;
        Ok(if self.count == 1 { SequenceStatus::Ok } else { SequenceStatus::Duplicate })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToyError {
    Binding,
    Output,
    Replayed,
    Token,
}

impl core::fmt::Display for ToyError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "toy refuses: {self:?}")
    }
}

impl core::error::Error for ToyError {}

impl Diagnose for ToyError {
    fn blame(&self) -> Blame {
        Blame::Peer
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Binding => "toy_binding",
            Self::Output => "toy_output",
            Self::Replayed => "toy_replayed",
            Self::Token => "toy_token",
        }
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::DEFECTIVE_TOKEN
    }

    fn minor(&self) -> Option<i32> {
        Some(7)
    }
}
