// A mechanism for tests and examples. It proves nothing: its tokens say which message of how many they are, and whose.

use gss_core::{
    BindingOutcome, Blame, ContextFlags, CryptoRng, Diagnose, Env, Facts, Handshake, MajorStatus,
    MessageError, Opener, Overhead, PrfKey, Protection, Role, Sealer, SecurityContext, SequenceStatus, Step,
    TokenSink, Unwrapped, oid,
};

/// One side of an exchange of `messages` tokens, the initiator's first token counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scripted {
    pub(crate) role: Role,
    pub(crate) messages: u8,
    pub(crate) user: u8,
    /// The message that comes next.
    pub(crate) next: u8,
}

impl Scripted {
    pub(crate) fn initiator(messages: u8, user: u8) -> Self {
        Self { role: Role::Initiator, messages, user, next: 1 }
    }

    pub(crate) fn acceptor(messages: u8) -> Self {
        Self { role: Role::Acceptor, messages, user: 0, next: 1 }
    }

    /// The first byte is that of RFC 2743 framing for the first message, and that of `NegTokenResp` for the others.
    pub(crate) fn token(number: u8, user: u8) -> [u8; 3] {
        [if number == 1 { 0x60 } else { 0xa1 }, number, user]
    }
}

impl Handshake for Scripted {
    type Established = ScriptedContext;
    type Error = ScriptedError;

    fn step(
        mut self,
        input: &mut [u8],
        output: &mut dyn TokenSink,
        _: &mut Env<'_>,
    ) -> Result<Step<Self, ScriptedContext>, ScriptedError> {
        let begins = self.role == Role::Initiator && self.next == 1;
        if !begins {
            let well_formed = matches!(input, [_, number, user]
                if *number == self.next && (self.user == *user || self.next == 1));
            if !well_formed {
                output.put(b"\x7eerror").map_err(|_| ScriptedError)?;
                return Err(ScriptedError);
            }
            self.user = input[2];
            input.fill(0);
            if self.next == self.messages {
                return Ok(Step::Done(ScriptedContext(self, NoMessages)));
            }
            self.next += 1;
        }
        output.put(&Self::token(self.next, self.user)).map_err(|_| ScriptedError)?;
        if self.next == self.messages {
            return Ok(Step::Done(ScriptedContext(self, NoMessages)));
        }
        self.next += 1;
        Ok(Step::Continue(self))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScriptedContext(pub(crate) Scripted, pub(crate) NoMessages);

impl SecurityContext for ScriptedContext {
    type Sealer = NoMessages;
    type Opener = NoMessages;

    fn facts(&self) -> Facts<'_> {
        let mutual = if self.0.messages > 1 { ContextFlags::MUTUAL } else { ContextFlags::NONE };
        Facts {
            role: self.0.role,
            mechanism: oid::KRB5,
            peer: Some(&self.0.user),
            local: None,
            flags: mutual,
            expires: None,
            binding: BindingOutcome::NotChecked,
        }
    }

    fn sealer(&mut self) -> &mut dyn Sealer {
        &mut self.1
    }

    fn opener(&mut self) -> &mut dyn Opener {
        &mut self.1
    }

    fn split(self) -> (NoMessages, NoMessages) {
        (NoMessages, NoMessages)
    }

    fn secret_session_key(&self) -> Option<&[u8]> {
        None
    }

    fn prf(&self, _: PrfKey, _: &[u8], _: &mut [u8]) -> Result<(), MessageError> {
        Err(MessageError::Unavailable)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoMessages;

impl Sealer for NoMessages {
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

    fn get_mic(&mut self, _: &[u8], _: &mut dyn TokenSink) -> Result<(), MessageError> {
        Err(MessageError::Unavailable)
    }
}

impl Opener for NoMessages {
    fn unwrap<'t>(&mut self, _: &'t mut [u8]) -> Result<Unwrapped<'t>, MessageError> {
        Err(MessageError::Unavailable)
    }

    fn verify_mic(&mut self, _: &[u8], _: &[u8]) -> Result<SequenceStatus, MessageError> {
        Err(MessageError::Unavailable)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScriptedError;

impl core::fmt::Display for ScriptedError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("not the token that the script wants")
    }
}

impl core::error::Error for ScriptedError {}

impl Diagnose for ScriptedError {
    fn blame(&self) -> Blame {
        Blame::Peer
    }

    fn code(&self) -> &'static str {
        "scripted"
    }

    fn major(&self) -> MajorStatus {
        MajorStatus::DEFECTIVE_TOKEN
    }

    fn minor(&self) -> Option<i32> {
        Some(7)
    }
}
