//! The state between requests.

use super::answer::{self, Failure};
use super::policy::{Allowance, only_krb5, parse_flags};
use super::replay::{NoReplayCache, Remembered};
use super::request::{self, CbPolicy, Framing, ImportKrb5, Request};
use super::text::{base64, hex};
use crate::{random, source};
use alloc::sync::Arc;
use core::fmt;
use gss::krb5::{
    self, Allow, Credentials, EncType, Key, Principal, TicketFlags, TransitedPolicy, service_keys, to_ccache,
};
use gss::{
    AcceptableBindings, Acceptor, AcceptorConfig, BindingPolicy, ChannelBindings, Context, ContextFlags, Env,
    Handshake, Initiator, Opener, Protection, Role, Sealer, SecurityContext, SequenceStatus, Step, Target,
    Timestamp,
};
use gss_krb5::message::{self, Parameters};
use serde_json::{Value, json};
use std::fs;
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
    /// What the first step is going to say: what is wrong with the credentials.
    WithoutCredentials(Failure),
    Established(Box<Context>),
    Imported(Box<Imported>),
}

/// A context made from its keys.
struct Imported {
    sealer: message::Sealer,
    opener: message::Opener,
    key: Zeroizing<Vec<u8>>,
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
            Request::NtlmVerify {} => Err(Failure::unavailable("NTLM")),
        };
        answer.unwrap_or_else(Failure::into_answer)
    }

    fn accept(&mut self, request: &request::Acceptor) -> Answer {
        self.state = State::Nothing;
        only_krb5(&request.mechs)?;
        let path = request.keytab.as_deref();
        let path = path.ok_or_else(|| Failure::bad_request("field `keytab` is missing, expected a file"))?;
        let keytab = read(path, "keytab")?;
        let keys = service_keys(&keytab)?;
        let mut config = if request.replay_cache {
            krb5::AcceptorConfig::new(keys, Arc::clone(&self.replay))
        } else {
            krb5::AcceptorConfig::new(keys, NoReplayCache)
        };
        if let Some(principal) = &request.principal {
            let service = Principal::parse(principal, None)
                .map_err(|error| Failure::bad_request(format!("principal {principal:?}: {error}")))?;
            config = config.accept_only(service);
        }
        if let Some(skew) = request.skew {
            config = config.skew(skew);
        }
        for name in &request.allow {
            config = match Allowance::parse(name)? {
                Allowance::Kerberos(allow) => config.allow(allow),
                Allowance::UncheckedPath => config.transited(TransitedPolicy::TrustUncheckedPath),
                Allowance::OfNoUse => config,
            };
        }
        let channel = request.channel_bindings.as_ref().map(|data| ChannelBindings::new(&data.0));
        let framing = match request.framing {
            Framing::Spnego => gss::Framing::Spnego,
            Framing::Raw => gss::Framing::Raw,
            Framing::Any => gss::Framing::SpnegoOrRaw,
        };
        let config = AcceptorConfig::krb5(config).framing(framing).channel_bindings(&AcceptableBindings {
            policy: match request.cb_policy {
                CbPolicy::Ignore => BindingPolicy::Ignore,
                CbPolicy::Verify => BindingPolicy::VerifyIfPresent,
                CbPolicy::Require => BindingPolicy::Require,
            },
            any_of: channel.as_slice(),
        })?;
        self.clock = request.now.map(|now| now.0);
        self.state = State::Acceptor(Acceptor::new(Arc::new(config)));
        Ok(answer::ok())
    }

    fn initiate(&mut self, request: &request::Initiator) -> Answer {
        self.state = State::Nothing;
        only_krb5(&request.mechs)?;
        let path = match &request.ccache {
            Some(path) => path.clone(),
            None => source::default_ccache()
                .map_err(|error| Failure::new("GSS_S_NO_CRED", "no_ccache", format!("{error:#}")))?,
        };
        let flags = request.flags.as_deref().map(parse_flags).transpose()?;
        let allow = request.allow.iter().map(|name| Allowance::parse(name)).collect::<Result<Vec<_>, _>>()?;
        let target = Target::parse(&request.target)
            .map_err(|error| Failure::new("GSS_S_BAD_NAME", "bad_target", error.to_string()))?;
        let credentials = Credentials::from_ccache(&read(&path, "credential cache")?)?;
        self.clock = request.now.map(|now| now.0);
        // A missing ticket is the failure of a step, as it is with other libraries.
        let mut initiator = match Initiator::krb5(&credentials, &target) {
            Ok(initiator) => initiator,
            Err(error) => {
                self.state = State::WithoutCredentials(error.into());
                return Ok(answer::ok());
            }
        };
        match request.framing {
            Framing::Spnego => {}
            Framing::Raw => initiator = initiator.raw(),
            Framing::Any => {
                return Err(Failure::bad_request("framing `any` is for acceptors, expected spnego or raw"));
            }
        }
        if allow.iter().any(|allow| matches!(allow, Allowance::Kerberos(Allow::WEAK_ENCTYPES))) {
            initiator = initiator.allow_weak_enctypes();
        }
        if let Some(flags) = flags {
            initiator = initiator.flags(flags);
        }
        let delegate =
            request.delegate || flags.is_some_and(|flags| flags.contains(ContextFlags::DELEGATION));
        // Without a ticket that may be forwarded there is no delegation and still a context (RFC 2743 section 1.2.9).
        if delegate
            && let Ok(ticket) = credentials.ticket_granting_ticket()
            && ticket.flags.contains(TicketFlags::FORWARDABLE)
        {
            initiator = initiator.delegate(ticket);
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
                self.stepped(step.map(|step| step.map_continue(State::Initiator)), &output)
            }
            State::Acceptor(acceptor) => {
                let step = acceptor.step(token, &mut output, &mut env);
                self.stepped(step.map(|step| step.map_continue(State::Acceptor)), &output)
            }
            State::WithoutCredentials(failure) => failure.into_step(&[]),
            State::Nothing => no_context("step").into_step(&[]),
            done @ (State::Established(_) | State::Imported(_)) => {
                self.state = done;
                Failure::bad_request("the context is established; nothing is left to step").into_step(&[])
            }
        }
    }

    fn stepped(&mut self, step: Result<Step<State, Context>, gss::Error>, output: &[u8]) -> Value {
        match step {
            Ok(Step::Continue(next)) => {
                self.state = next;
                answer::to_be_continued(output)
            }
            Ok(Step::Done(context)) => {
                let answer = answer::established(&context, output);
                self.state = State::Established(Box::new(context));
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
            State::Imported(imported) => Some(&imported.key[..]),
            _ => return Err(no_context("session_key")),
        };
        let key = key.ok_or_else(|| Failure::unavailable("a session key of this mechanism"))?;
        Ok(json!({ "key": hex(key) }))
    }

    fn store_delegated(&self, path: &Path) -> Answer {
        let State::Established(context) = &self.state else { return Err(no_context("delegated")) };
        let Some(first) = context.delegated().first() else {
            return Err(Failure::new(
                "GSS_S_NO_CRED",
                "nothing_delegated",
                "the initiator delegated nothing",
            ));
        };
        let bytes = to_ccache(&first.client, context.delegated())
            .map_err(|error| Failure::new("GSS_S_FAILURE", "cannot_write_ccache", error.to_string()))?;
        fs::write(path, &bytes).map_err(|error| {
            let message = format!("cannot write {}: {error}", path.display());
            Failure::new("GSS_S_FAILURE", "cannot_write_file", message)
        })?;
        Ok(answer::ok())
    }

    fn import_krb5(&mut self, request: &ImportKrb5) -> Answer {
        self.state = State::Nothing;
        let flags = parse_flags(&request.flags)?;
        let key = Key::new(EncType(request.etype), &request.key.0)
            .map_err(|error| Failure::bad_request(error.to_string()))?;
        let (sealer, opener) = message::halves(&Parameters {
            role: match request.role {
                request::Role::Initiator => Role::Initiator,
                request::Role::Acceptor => Role::Acceptor,
            },
            key: &key,
            acceptor_subkey: request.acceptor_subkey,
            send_sequence: request.send_seq,
            receive_sequence: request.recv_seq,
            flags,
        })
        .map_err(|error| Failure::bad_request(error.to_string()))?;
        self.state = State::Imported(Box::new(Imported { sealer, opener, key: request.key.0.clone() }));
        Ok(answer::ok())
    }

    fn sealer(&mut self, op: &str) -> Result<&mut dyn Sealer, Failure> {
        match &mut self.state {
            State::Established(context) => Ok(context.sealer()),
            State::Imported(imported) => Ok(&mut imported.sealer),
            _ => Err(no_context(op)),
        }
    }

    fn opener(&mut self, op: &str) -> Result<&mut dyn Opener, Failure> {
        match &mut self.state {
            State::Established(context) => Ok(context.opener()),
            State::Imported(imported) => Ok(&mut imported.opener),
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
            State::Initiator(_) => "Session(initiator)",
            State::Acceptor(_) => "Session(acceptor)",
            State::Established(_) => "Session(established)",
            State::Imported(_) => "Session(imported)",
        })
    }
}

fn no_context(op: &str) -> Failure {
    let message = format!("{op} needs a context; none was begun, or it failed");
    Failure::new("GSS_S_NO_CONTEXT", "no_context", message)
}

fn read(path: &Path, what: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    source::read(path, what)
        .map_err(|error| Failure::new("GSS_S_NO_CRED", "cannot_read_file", format!("{error:#}")))
}
