//! A mechanism that follows a script: so many tokens, integrity or not, failing where it is told to.

use core::fmt;
use gss_core::{
    BindingOutcome, Blame, ContextFlags, CryptoRng, Diagnose, Env, Facts, Handshake, MajorStatus,
    MessageError, Oid, Opener, Overhead, PrfKey, Protection, Role, Sealer, SecurityContext, SequenceStatus,
    Step, TokenSink, Unwrapped, oid,
};

/// What both sides of the mechanism do. Tokens 1, 3, 5 are the initiator's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script {
    pub(crate) mechanism: Oid,
    /// Tokens in all, at least one.
    pub(crate) tokens: u8,
    pub(crate) integrity: bool,
    pub(crate) needs_mic: bool,
    pub(crate) key: u8,
    /// Filler in each token, to reach other forms of DER lengths.
    pub(crate) padding: usize,
    pub(crate) failure: Option<Failure>,
    /// Gives no token in any step but an initiator's first, and is never done.
    pub(crate) silent: bool,
    /// Tokens of a real mechanism, in place of made-up ones.
    pub(crate) recorded: Option<&'static [Vec<u8>]>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    pub(crate) role: Role,
    /// Which step of that side, from 1 on.
    pub(crate) step: u8,
    pub(crate) with_token: bool,
    pub(crate) blame: Blame,
}

impl Script {
    pub(crate) fn new(mechanism: Oid, tokens: u8) -> Self {
        Self {
            mechanism,
            tokens,
            integrity: true,
            needs_mic: false,
            key: 7,
            padding: 3,
            failure: None,
            silent: false,
            recorded: None,
        }
    }

    pub(crate) fn krb5(tokens: u8) -> Self {
        Self::new(oid::KRB5, tokens)
    }

    pub(crate) fn ntlm() -> Self {
        Self::new(oid::NTLMSSP, 3)
    }

    pub(crate) fn needing_mic(self) -> Self {
        Self { needs_mic: true, ..self }
    }

    pub(crate) fn without_integrity(self) -> Self {
        Self { integrity: false, ..self }
    }

    pub(crate) fn failing(self, role: Role, step: u8, with_token: bool) -> Self {
        Self { failure: Some(Failure { role, step, with_token, blame: Blame::Environment }), ..self }
    }

    pub(crate) fn initiator(self) -> Scripted {
        Scripted { role: Role::Initiator, script: self, steps: 0 }
    }

    pub(crate) fn acceptor(self) -> Scripted {
        Scripted { role: Role::Acceptor, script: self, steps: 0 }
    }

    /// Token `number`, from 1 on; for initiators the first lies in the mechanism's frame as real ones do.
    pub(crate) fn token(&self, number: u8) -> Vec<u8> {
        if let Some(tokens) = self.recorded {
            return tokens[usize::from(number) - 1].clone();
        }
        let mut token =
            vec![self.mechanism.as_bytes().iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte)), number];
        token.resize(2 + self.padding, b'.');
        if number == 1 && self.mechanism != oid::NTLMSSP {
            let name = if self.mechanism == oid::KRB5_MICROSOFT { &oid::KRB5 } else { &self.mechanism };
            gss_core::framing::frame_from(&mut token, 0, name).unwrap();
        } else if number == 1 {
            token.splice(0..0, *b"NTLMSSP\0");
        }
        token
    }
}

pub(crate) const ERROR_TOKEN: &[u8] = b"mechanism says no";

pub(crate) struct Scripted {
    role: Role,
    script: Script,
    steps: u8,
}

impl Handshake for Scripted {
    type Established = Context;
    type Error = Error;

    fn step(
        mut self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        _: &mut Env<'_>,
    ) -> Result<Step<Self, Context>, Error> {
        let script = self.script;
        self.steps += 1;
        if let Some(failure) = script.failure.filter(|it| it.role == self.role && it.step == self.steps) {
            if failure.with_token {
                output.put(ERROR_TOKEN).unwrap();
            }
            return Err(Error { what: "scripted_failure", blame: failure.blame });
        }
        let received = match self.role {
            Role::Initiator => 2 * (self.steps - 1),
            Role::Acceptor => 2 * self.steps - 1,
        };
        if input == ERROR_TOKEN {
            return Err(Error { what: "told_no", blame: Blame::PeerRefused });
        }
        if received == 0 {
            assert!(input.is_empty(), "an initiator begins with nothing");
        } else if input != script.token(received) {
            return Err(Error { what: "wrong_token", blame: Blame::Peer });
        }
        if script.silent && received > 0 {
            return Ok(Step::Continue(self));
        }
        input.fill(0xee); // what was ciphertext is plaintext now
        if received < script.tokens && output.put(&script.token(received + 1)).is_err() {
            return Err(Error { what: "output_too_small", blame: Blame::Caller });
        }
        if received + 2 > script.tokens {
            Ok(Step::Done(Context {
                script,
                role: self.role,
                sealer: Half { key: script.key, role: self.role },
                opener: Half { key: script.key, role: peer(self.role) },
            }))
        } else {
            Ok(Step::Continue(self))
        }
    }
}

fn peer(role: Role) -> Role {
    match role {
        Role::Initiator => Role::Acceptor,
        Role::Acceptor => Role::Initiator,
    }
}

#[derive(Debug)]
pub(crate) struct Context {
    script: Script,
    role: Role,
    sealer: Half,
    opener: Half,
}

impl SecurityContext for Context {
    type Sealer = Half;
    type Opener = Half;

    fn facts(&self) -> Facts<'_> {
        Facts {
            role: self.role,
            mechanism: self.script.mechanism,
            peer: None,
            local: None,
            flags: if self.script.integrity { ContextFlags::INTEGRITY } else { ContextFlags::NONE },
            expires: None,
            binding: BindingOutcome::Absent,
        }
    }

    fn sealer(&mut self) -> &mut dyn Sealer {
        assert!(self.script.integrity, "no MIC without integrity");
        &mut self.sealer
    }

    fn opener(&mut self) -> &mut dyn Opener {
        assert!(self.script.integrity, "no MIC without integrity");
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

    fn needs_mech_list_mic(&self) -> bool {
        self.script.needs_mic
    }
}

/// Makes and checks MICs of messages that `role` sends.
#[derive(Debug)]
pub(crate) struct Half {
    key: u8,
    role: Role,
}

impl Half {
    /// FNV-1a over key, direction and message: tells changes apart, protects nothing.
    pub(crate) fn mic(&self, message: &[u8]) -> [u8; 8] {
        let direction = if self.role == Role::Initiator { 1 } else { 2 };
        [self.key, direction]
            .iter()
            .chain(message)
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
            })
            .to_be_bytes()
    }
}

/// The MIC that `role` makes over `list` in contexts of `script`.
pub(crate) fn mic(script: Script, role: Role, list: &[u8]) -> [u8; 8] {
    Half { key: script.key, role }.mic(list)
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
        Ok(output.put(&self.mic(message))?)
    }
}

impl Opener for Half {
    fn unwrap<'t>(&mut self, _: &'t mut [u8]) -> Result<Unwrapped<'t>, MessageError> {
        Err(MessageError::Unavailable)
    }

    fn verify_mic(&mut self, message: &[u8], mic: &[u8]) -> Result<SequenceStatus, MessageError> {
        if mic == self.mic(message) { Ok(SequenceStatus::Ok) } else { Err(MessageError::BadMic) }
    }
}

#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) what: &'static str,
    pub(crate) blame: Blame,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

impl core::error::Error for Error {}

impl Diagnose for Error {
    fn blame(&self) -> Blame {
        self.blame
    }

    fn code(&self) -> &'static str {
        self.what
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::NO_CRED
    }

    fn minor(&self) -> Option<i32> {
        Some(42)
    }
}
