//! The state between requests.

use super::answer::{self, Failure};
use super::krb5::{self, Found};
use super::ntlm;
use super::policy::{Allowance, Mechs, acceptable, parse_flags};
use super::replay::Remembered;
use super::request::{self, Framing, ImportKrb5, Request};
use super::text::{base64, hex};
use crate::random;
use alloc::sync::Arc;
use core::fmt;
use gss::ntlm::Logon;
use gss::{
    Acceptor, AcceptorConfig, ChannelBindings, Context, Diagnose, Env, Handshake, Initiator, Opener,
    Protection, Sealer, SecurityContext, SequenceStatus, Step, Timestamp,
};
use gss_ntlm::Parties;
use serde_json::{Value, json};
use std::path::Path;
use zeroize::Zeroizing;

type Answer = Result<Value, Failure>;

/// A caller's session: one context at a time, and a replay cache that outlives it.
pub struct Session {
    state: State,
    clock: Option<Timestamp>,
    replay: Arc<Remembered>,
}

enum State {
    Nothing,
    Initiator(Initiator),
    Acceptor(Acceptor),
    /// For what the facade has no words for.
    NtlmInitiator(gss_ntlm::Initiator<Arc<Logon>>),
    /// What the first step is going to say: what is wrong with the credentials.
    WithoutCredentials(Failure),
    Established(Box<Context>),
    InParts(Parts),
}

/// A context that is not the facade's.
pub(super) struct Parts {
    pub(super) sealer: Box<dyn Sealer>,
    pub(super) opener: Box<dyn Opener>,
    pub(super) key: Option<Zeroizing<Vec<u8>>>,
}

impl Session {
    /// A session without a context.
    pub fn new() -> Self {
        Self { state: State::Nothing, clock: None, replay: Arc::default() }
    }

    pub(super) fn answer(&mut self, request: Request) -> Value {
        let answer = match request {
            Request::Acceptor(request) => self.accept(&request),
            Request::Initiator(request) => self.initiate(&request),
            Request::Step { mut token } => return self.step(&mut token.0),
            Request::Wrap { data, conf } => self.wrap(&data.0, conf),
            Request::Unwrap { mut token } => self.unwrap(&mut token.0),
            Request::GetMic { data } => self.mic(&data.0),
            Request::VerifyMic { data, token } => self.verify_mic(&data.0, &token.0),
            Request::SessionKey {} => self.session_key(),
            Request::Delegated { ccache } => self.store_delegated(&ccache),
            Request::ImportKrb5(request) => self.import_krb5(&request),
            // Without state, so that it can be asked in the middle of anything.
            Request::NtlmVerify(mut request) => ntlm::verify(&mut request),
        };
        answer.unwrap_or_else(Failure::into_answer)
    }

    fn accept(&mut self, request: &request::Acceptor) -> Answer {
        self.state = State::Nothing;
        let mechs = Mechs::parse(&request.mechs)?;
        let allow = Allowance::parse_all(&request.allow)?;
        if request.datagram {
            ntlm::only_raw_ntlm("`datagram`", &request.mechs, request.framing)?;
        }
        let ntlm = mechs.ntlm.then(|| ntlm::acceptor(&request.ntlm, request.skew, &allow)).transpose()?;
        let ntlm = ntlm.map(|config| if request.datagram { config.datagram() } else { config });
        let krb5 = mechs.krb5.then(|| krb5::acceptor(request, &allow, &self.replay)).transpose()?;
        let config = match (krb5, ntlm) {
            (Some(krb5), Some(ntlm)) => AcceptorConfig::krb5(krb5).with_ntlm(ntlm),
            (Some(krb5), None) => AcceptorConfig::krb5(krb5),
            (None, Some(ntlm)) => AcceptorConfig::ntlm(ntlm),
            (None, None) => return Err(Failure::bad_request("field `mechs` lists nothing")),
        };
        let channel = request.channel_bindings.as_ref().map(|data| ChannelBindings::new(&data.0));
        let framing = match request.framing {
            Framing::Spnego => gss::Framing::Spnego,
            Framing::Raw => gss::Framing::Raw,
            Framing::Any => gss::Framing::SpnegoOrRaw,
        };
        let config =
            config.framing(framing).channel_bindings(&acceptable(request.cb_policy, channel.as_ref()))?;
        self.clock = request.now.map(|now| now.0);
        self.state = State::Acceptor(Acceptor::new(Arc::new(config)));
        Ok(answer::ok())
    }

    fn initiate(&mut self, request: &request::Initiator) -> Answer {
        self.state = State::Nothing;
        let mechs = Mechs::parse(&request.mechs)?;
        let flags = request.flags.as_deref().map(parse_flags).transpose()?;
        let allow = Allowance::parse_all(&request.allow)?;
        let target = ntlm::parse_target(&request.target)?;
        if request.framing == Framing::Any {
            return Err(Failure::bad_request("framing `any` is for acceptors, expected spnego or raw"));
        }
        if request.datagram {
            ntlm::only_raw_ntlm("`datagram`", &request.mechs, request.framing)?;
        }
        let mut initiator = None;
        let mut missing = None;
        if mechs.krb5 {
            match krb5::initiator(request, &target, flags, &allow)? {
                Found::Ticket(found) => initiator = Some(*found),
                Found::NoCache(failure) if !mechs.ntlm => return Err(failure),
                Found::NoTicket(failure) | Found::NoCache(failure) => missing = Some(failure),
            }
        }
        self.clock = request.now.map(|now| now.0);
        if mechs.ntlm {
            let logon = ntlm::logon(request, &target, &allow)?;
            if let Some(bare) = ntlm::initiator(request, &logon, flags, &allow)? {
                self.state = State::NtlmInitiator(bare);
                return Ok(answer::ok());
            }
            initiator = Some(match initiator {
                Some(initiator) => initiator.or_ntlm(logon),
                None => Initiator::ntlm(logon),
            });
        }
        let Some(mut initiator) = initiator else {
            // A missing ticket is the failure of a step, as it is with other libraries.
            self.state = missing.map_or(State::Nothing, State::WithoutCredentials);
            return Ok(answer::ok());
        };
        if request.framing == Framing::Raw {
            initiator = initiator.raw();
        }
        if let Some(flags) = flags {
            initiator = initiator.flags(flags);
        }
        if let Some(data) = &request.channel_bindings {
            initiator = initiator.channel_bindings(&ChannelBindings::new(&data.0));
        }
        self.state = State::Initiator(initiator);
        Ok(answer::ok())
    }

    fn step(&mut self, token: &mut [u8]) -> Value {
        let mut rng = random::system();
        let mut env = Env::new(self.clock.unwrap_or_else(Timestamp::now), &mut rng);
        let mut output = Vec::new();
        match core::mem::replace(&mut self.state, State::Nothing) {
            State::Initiator(initiator) => {
                let step = initiator.step(token, &mut output, &mut env);
                self.stepped(step.map(|step| step.map_continue(State::Initiator)), &output, established)
            }
            State::Acceptor(acceptor) => {
                let step = acceptor.step(token, &mut output, &mut env);
                self.stepped(step.map(|step| step.map_continue(State::Acceptor)), &output, established)
            }
            State::NtlmInitiator(initiator) => {
                let step = initiator.step(token, &mut output, &mut env);
                self.stepped(step.map(|step| step.map_continue(State::NtlmInitiator)), &output, taken_apart)
            }
            State::WithoutCredentials(failure) => failure.into_step(&[]),
            State::Nothing => no_context("step").into_step(&[]),
            done @ (State::Established(_) | State::InParts(_)) => {
                self.state = done;
                Failure::bad_request("the context is established; nothing is left to step").into_step(&[])
            }
        }
    }

    fn stepped<C>(
        &mut self,
        step: Result<Step<State, C>, impl Diagnose>,
        output: &[u8],
        established: impl FnOnce(C, &[u8]) -> (Value, State),
    ) -> Value {
        match step {
            Ok(Step::Continue(next)) => {
                self.state = next;
                answer::to_be_continued(output)
            }
            Ok(Step::Done(context)) => {
                let (answer, state) = established(context, output);
                self.state = state;
                answer
            }
            Err(error) => Failure::from(error).into_step(output),
        }
    }

    fn wrap(&mut self, data: &[u8], conf: bool) -> Answer {
        let protection = if conf { Protection::Confidentiality } else { Protection::Integrity };
        let mut token = Vec::new();
        self.sealer("wrap")?.wrap(protection, data, &mut token, &mut random::system())?;
        Ok(json!({ "token": base64(&token) }))
    }

    fn unwrap(&mut self, token: &mut [u8]) -> Answer {
        let unwrapped = self.opener("unwrap")?.unwrap(token)?;
        Ok(json!({
            "data": hex(unwrapped.message),
            "conf": unwrapped.protection == Protection::Confidentiality,
            "status": unwrapped.sequence.name(),
        }))
    }

    fn mic(&mut self, data: &[u8]) -> Answer {
        let mut token = Vec::new();
        self.sealer("get_mic")?.get_mic(data, &mut token)?;
        Ok(json!({ "token": base64(&token) }))
    }

    fn verify_mic(&mut self, data: &[u8], mic: &[u8]) -> Answer {
        let status: SequenceStatus = self.opener("verify_mic")?.verify_mic(data, mic)?;
        Ok(json!({ "status": status.name() }))
    }

    fn session_key(&self) -> Answer {
        let key = match &self.state {
            State::Established(context) => context.secret_session_key(),
            State::InParts(parts) => parts.key.as_deref().map(Vec::as_slice),
            _ => return Err(no_context("session_key")),
        };
        let key = key.ok_or_else(|| {
            Failure::new("GSS_S_UNAVAILABLE", "unavailable", "the context has no session key")
        })?;
        Ok(json!({ "key": hex(key) }))
    }

    fn store_delegated(&self, path: &Path) -> Answer {
        let State::Established(context) = &self.state else { return Err(no_context("delegated")) };
        krb5::store_delegated(context, path)?;
        Ok(answer::ok())
    }

    fn import_krb5(&mut self, request: &ImportKrb5) -> Answer {
        self.state = State::Nothing;
        self.state = State::InParts(krb5::import(request)?);
        Ok(answer::ok())
    }

    fn sealer(&mut self, op: &str) -> Result<&mut dyn Sealer, Failure> {
        match &mut self.state {
            State::Established(context) => Ok(context.sealer()),
            State::InParts(parts) => Ok(&mut *parts.sealer),
            _ => Err(no_context(op)),
        }
    }

    fn opener(&mut self, op: &str) -> Result<&mut dyn Opener, Failure> {
        match &mut self.state {
            State::Established(context) => Ok(context.opener()),
            State::InParts(parts) => Ok(&mut *parts.opener),
            _ => Err(no_context(op)),
        }
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::Nothing | State::WithoutCredentials(_) => "Session(no context)",
            State::Initiator(_) | State::NtlmInitiator(_) => "Session(initiator)",
            State::Acceptor(_) => "Session(acceptor)",
            State::Established(_) | State::InParts(_) => "Session(established)",
        })
    }
}

fn no_context(op: &str) -> Failure {
    let message = format!("{op} needs a context; none was begun, or it failed");
    Failure::new("GSS_S_NO_CONTEXT", "no_context", message)
}

fn established(context: Context, token: &[u8]) -> (Value, State) {
    (answer::established(&context, token), State::Established(Box::new(context)))
}

fn taken_apart<P: Parties>(context: gss_ntlm::Context<P>, token: &[u8]) -> (Value, State) {
    let answer = answer::common(&context.facts(), token).into();
    let key = context.secret_session_key().map(|key| Zeroizing::new(key.to_vec()));
    let (sealer, opener) = context.split();
    (answer, State::InParts(Parts { sealer: Box::new(sealer), opener: Box::new(opener), key }))
}
