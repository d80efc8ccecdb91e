// A mechanism for tests and examples. It proves nothing: its tokens say which message of how many they are, and whose.

use gss_core::{
    BindingOutcome, Blame, ContextFlags, CryptoRng, Diagnose, Env, Facts, Handshake, MajorStatus,
    MessageError, Oid, Opener, Overhead, PrfKey, Protection, Role, Sealer, SecurityContext, SequenceStatus,
    Step, Timestamp, TokenSink, Unwrapped, oid,
};

/// One side of an exchange of `messages` tokens, the initiator's first token counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scripted {
    pub(crate) role: Role,
    pub(crate) messages: u8,
    pub(crate) user: u8,
    /// The message that comes next.
    pub(crate) next: u8,
    /// What tokens look like.
    pub(crate) form: Form,
    /// What the context says that it is.
    pub(crate) mechanism: Oid,
    /// When the context ends, in seconds.
    pub(crate) expires: Option<i64>,
}

/// What tokens look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Those of SPNEGO.
    Spnego,
    /// NTLM's messages.
    Ntlm,
}

impl Scripted {
    pub(crate) fn initiator(messages: u8, user: u8) -> Self {
        let role = Role::Initiator;
        Self { role, messages, user, next: 1, form: Form::Spnego, mechanism: oid::KRB5, expires: None }
    }

    pub(crate) fn acceptor(messages: u8) -> Self {
        Self { role: Role::Acceptor, ..Self::initiator(messages, 0) }
    }

    /// The same with NTLM inside SPNEGO.
    #[allow(dead_code, reason = "not every includer needs it")]
    pub(crate) fn ntlm_inside(self) -> Self {
        Self { mechanism: oid::NTLMSSP, ..self }
    }

    /// The same with NTLM's own messages.
    #[allow(dead_code, reason = "not every includer needs it")]
    pub(crate) fn raw_ntlm(self) -> Self {
        Self { form: Form::Ntlm, ..self.ntlm_inside() }
    }

    #[allow(dead_code, reason = "not every includer needs it")]
    pub(crate) fn token(number: u8, user: u8) -> Vec<u8> {
        Form::Spnego.token(number, user)
    }
}

impl Form {
    /// The first byte is that of RFC 2743 framing for the first message, and that of `NegTokenResp` for the others.
    pub(crate) fn token(self, number: u8, user: u8) -> Vec<u8> {
        match self {
            Self::Spnego => vec![if number == 1 { 0x60 } else { 0xa1 }, number, user],
            Self::Ntlm => [&b"NTLMSSP\0"[..], &[number, 0, 0, 0, user]].concat(),
        }
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
            let user = input.last().copied().unwrap_or_default();
            if input != self.form.token(self.next, user) || (self.next != 1 && user != self.user) {
                output.put(b"\x7eerror").map_err(|_| ScriptedError)?;
                return Err(ScriptedError);
            }
            self.user = user;
            input.fill(0);
            if self.next == self.messages {
                return Ok(Step::Done(ScriptedContext(self, NoMessages)));
            }
            self.next += 1;
        }
        output.put(&self.form.token(self.next, self.user)).map_err(|_| ScriptedError)?;
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
            mechanism: self.0.mechanism,
            peer: Some(&self.0.user),
            local: None,
            flags: mutual,
            expires: self.0.expires.map(Timestamp::from_seconds),
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
