//! The acceptor, and any NEGOTIATE and AUTHENTICATE.

use super::{CHANNEL, NOW_TIME, names, target, users};
use crate::input::{Input, check_error, rng};
use ::gss_core::bindings::BindingCheck;
use ::gss_core::{
    AcceptableBindings, BindingOutcome, BindingPolicy, ContextFlags, Env, Handshake, SecurityContext, Step,
};
use ::gss_ntlm::wire::{
    AuthenticateMessage, AvFlags, ChallengeMessage, Charset, NegotiateFlags, NegotiateMessage, NtlmV2Response,
};
use ::gss_ntlm::{Accepted, Acceptor, AcceptorConfig, AcceptorError, Allow, Context, MAX_NEGOTIATE};

/// What an acceptor allows, and its policies, from two bytes.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    allow: u8,
    policies: u8,
}

const POLICIES: [BindingPolicy; 4] =
    [BindingPolicy::VerifyIfPresent, BindingPolicy::Require, BindingPolicy::Ignore, BindingPolicy::Require];

const ALLOW: [Allow; 3] = [Allow::WITHOUT_MIC, Allow::ANONYMOUS, Allow::KEYS_OF_56_BITS];

impl Settings {
    /// Takes them from an input.
    pub fn take(input: &mut Input<'_>) -> Self {
        Self { allow: input.byte(), policies: input.byte() }
    }

    fn allows(self, allow: Allow) -> bool {
        ALLOW.iter().position(|known| *known == allow).is_some_and(|bit| self.allow & (1 << bit) != 0)
    }

    fn bindings(self) -> BindingPolicy {
        POLICIES[usize::from(self.policies & 3)]
    }

    fn target(self) -> BindingPolicy {
        POLICIES[usize::from(self.policies >> 2 & 3)]
    }

    /// Whether the acceptor knows its name and its channel.
    fn knows_itself(self) -> bool {
        self.policies & 0x10 == 0
    }

    fn datagram(self) -> bool {
        self.policies & 0x20 != 0
    }

    fn max_time_difference(self) -> Option<u32> {
        (self.policies & 0x40 != 0).then_some(300)
    }

    /// The configuration.
    ///
    /// # Panics
    /// Never: one binding is not too many.
    pub fn config(self) -> AcceptorConfig {
        let any_of = if self.knows_itself() { &[CHANNEL][..] } else { &[] };
        let bindings = AcceptableBindings { policy: self.bindings(), any_of };
        let mut config = AcceptorConfig::new(names(), users())
            .channel_bindings(BindingCheck::new(&bindings).expect("one binding"))
            .target_policy(self.target());
        for allow in ALLOW {
            if self.allows(allow) {
                config = config.allow(allow);
            }
        }
        if self.knows_itself() {
            config = config.accept_target(&target());
        }
        if let Some(seconds) = self.max_time_difference() {
            config = config.max_time_difference(seconds);
        }
        if self.datagram() { config.datagram() } else { config }
    }
}

/// Any bytes as the client's messages. With a challenge in the input, so that recordings are seeds, that one counts in
/// place of the acceptor's own; those are the same in each run.
pub fn messages(input: &[u8]) {
    let mut input = Input::new(input);
    let settings = Settings::take(&mut input);
    let config = settings.config();
    let (negotiate, recorded, answer) = (input.chunk(), input.chunk(), input.chunk());
    let mut rng = rng();
    let mut env = Env::new(NOW_TIME, &mut rng);
    let (acceptor, challenge) = if recorded.is_empty() {
        let mut challenge = Vec::new();
        match Acceptor::new(&config).step(&mut negotiate.to_vec(), &mut challenge, &mut env) {
            Ok(Step::Continue(acceptor)) => {
                check_challenge(settings, negotiate, &challenge);
                (acceptor, challenge)
            }
            Ok(Step::Done(_)) => panic!("established without an answer"),
            Err(error) => {
                assert!(challenge.is_empty());
                return check_error(&error);
            }
        }
    } else {
        match Acceptor::resumed(&config, negotiate, recorded) {
            Ok(acceptor) => (acceptor, recorded.to_vec()),
            Err(error) => return check_error(&error),
        }
    };
    let mut output = Vec::new();
    match acceptor.step(&mut answer.to_vec(), &mut output, &mut env) {
        Ok(Step::Done(mut context)) => check_context(settings, &challenge, answer, &mut context),
        Ok(Step::Continue(_)) => panic!("there is no fourth message"),
        Err(error) => check_refusal(settings, &error),
    }
    assert!(output.is_empty());
}

fn check_challenge(settings: Settings, negotiate: &[u8], challenge: &[u8]) {
    assert!(negotiate.len() <= MAX_NEGOTIATE);
    let sent = ChallengeMessage::parse(challenge).expect("our challenge parses");
    assert!(sent.flags.contains(NegotiateFlags::EXTENDED_SESSION_SECURITY | NegotiateFlags::TARGET_INFO));
    assert_eq!(sent.flags.contains(NegotiateFlags::DATAGRAM), settings.datagram());
    let pairs = sent.target_info.expect("our challenge has attributes");
    assert!(pairs.timestamp().is_some() && !pairs.has_flags());
    if settings.datagram() {
        return assert!(negotiate.is_empty());
    }
    let asked = NegotiateMessage::parse(negotiate).expect("what was answered parses").flags;
    let choice = NegotiateFlags::SIGN
        | NegotiateFlags::SEAL
        | NegotiateFlags::KEY_128
        | NegotiateFlags::KEY_56
        | NegotiateFlags::KEY_EXCHANGE
        | NegotiateFlags::IDENTIFY;
    assert_eq!(sent.flags & choice, asked & choice);
    assert!(!sent.flags.contains(NegotiateFlags::UNICODE | NegotiateFlags::OEM));
}

/// What is established is what the client said, and holds by the settings.
fn check_context(settings: Settings, challenge: &[u8], answer: &[u8], context: &mut Context<Accepted>) {
    let sent = ChallengeMessage::parse(challenge).expect("as before");
    let charset = Charset::of(sent.flags).expect("a charset");
    let message = AuthenticateMessage::parse(answer, charset).expect("what was accepted parses");
    let accepted = context.parties();
    assert!(message.workstation.eq_str(accepted.workstation()));
    let protected = ContextFlags::INTEGRITY | ContextFlags::CONFIDENTIALITY;
    if accepted.is_anonymous() {
        assert!(
            settings.allows(Allow::ANONYMOUS) && message.user.is_empty() && message.nt_response.is_empty()
        );
        assert!(context.facts().peer.is_none() && context.secret_session_key().is_none());
        assert!(!context.facts().flags.intersects(protected));
        return;
    }
    assert!(accepted.user().is_some_and(|user| !user.is_empty() && message.user.eq_str(user)));
    assert!(accepted.domain().is_some_and(|domain| message.domain.eq_str(domain)));
    let user = message.user;
    let known = ["alice", "alice@example", "bob", "user", "user@domain"];
    assert!(known.iter().any(|known| user.eq_ignore_case(known)) || user.chars().any(|c| c == '@'), "{user}");
    let response = NtlmV2Response::parse(message.nt_response, message.nt_response_offset()).expect("NTLMv2");
    let pairs = response.av_pairs;
    let theirs = sent.target_info.into_iter().flat_map(|pairs| pairs.iter().collect::<Vec<_>>());
    for pair in theirs.filter(|pair| pair.id != ::gss_ntlm::wire::AvId::FLAGS) {
        assert_eq!(pairs.get(pair.id), Some(pair.value), "our attributes come back");
    }
    assert_eq!(accepted.has_mic(), pairs.flags().contains(AvFlags::MIC_PRESENT));
    assert!(accepted.has_mic() || settings.allows(Allow::WITHOUT_MIC));
    assert!(!accepted.has_mic() || message.mic.is_some());
    check_policies(settings, context);
    let granted = message.flags.unwrap_or(sent.flags) & sent.flags;
    let facts = context.facts().flags;
    let protects = granted.intersects(NegotiateFlags::SIGN | NegotiateFlags::SEAL);
    assert_eq!(facts.contains(ContextFlags::INTEGRITY), protects);
    assert_eq!(facts.contains(ContextFlags::CONFIDENTIALITY), granted.contains(NegotiateFlags::SEAL));
    let short = settings.allows(Allow::KEYS_OF_56_BITS) && granted.contains(NegotiateFlags::KEY_56);
    assert!(!protects || short || granted.contains(NegotiateFlags::KEY_128));
    assert!(context.secret_session_key().is_some());
    assert_eq!(context.sealer().get_mic(b"message", &mut Vec::new()).is_ok(), protects);
    let _ = format!("{context:?}");
}

fn check_policies(settings: Settings, context: &Context<Accepted>) {
    let accepted = context.parties();
    let ours = accepted.target().is_some_and(|name| name.eq_ignore_ascii_case("HTTP/server.example.com"));
    match settings.target() {
        BindingPolicy::Require => assert!(ours),
        BindingPolicy::VerifyIfPresent => {
            assert!(ours || !settings.knows_itself() || accepted.target().is_none());
        }
        BindingPolicy::Ignore => {}
    }
    match (settings.bindings(), context.facts().binding) {
        (BindingPolicy::Require, outcome) => assert_eq!(outcome, BindingOutcome::Bound),
        (BindingPolicy::Ignore, outcome) => assert_eq!(outcome, BindingOutcome::NotChecked),
        (BindingPolicy::VerifyIfPresent, BindingOutcome::Bound) => assert!(settings.knows_itself()),
        (BindingPolicy::VerifyIfPresent, _) => {}
    }
}

/// A refusal fits the settings.
fn check_refusal(settings: Settings, error: &AcceptorError) {
    check_error(error);
    match error {
        AcceptorError::Anonymous => assert!(!settings.allows(Allow::ANONYMOUS)),
        AcceptorError::MicMissing => assert!(!settings.allows(Allow::WITHOUT_MIC)),
        AcceptorError::ClockSkew { .. } => assert!(settings.max_time_difference().is_some()),
        AcceptorError::TargetMissing => assert_eq!(settings.target(), BindingPolicy::Require),
        AcceptorError::TargetNotConfigured => assert!(!settings.knows_itself()),
        AcceptorError::BadMic => panic!("a MIC is always right here"),
        AcceptorError::ChallengeExpired { .. } => panic!("no time goes by here"),
        _ => {}
    }
}
