//! The initiator, and any CHALLENGE.

use super::{ABOUT_SERVER, CHANNEL, NOW_TIME, logon, names, target, users};
use crate::input::{Input, check_error, rng};
use ::gss_core::bindings::BindingDigest;
use ::gss_core::{ContextFlags, Env, Handshake, SecurityContext, Step};
use ::gss_ntlm::wire::{
    AuthenticateMessage, AvFlags, AvId, AvPairs, ChallengeMessage, Charset, MAX_AV_PAIRS, NegotiateFlags,
    NegotiateMessage, NtlmV2Response, ResponseError,
};
use ::gss_ntlm::{
    Acceptor, AcceptorConfig, AcceptorError, Allow, Context, Initiator, LoggedOn, Logon, SessionKey,
};

/// Of the attributes, these are the client's to say.
const OURS: [AvId; 3] = [AvId::FLAGS, AvId::TARGET_NAME, AvId::CHANNEL_BINDINGS];

/// What the client wants, from one byte.
#[derive(Clone, Copy, Debug)]
pub struct Wishes(u8);

impl Wishes {
    /// Takes them from an input.
    pub fn take(input: &mut Input<'_>) -> Self {
        Self(input.byte())
    }

    fn has(self, bit: u8) -> bool {
        self.0 & (1 << bit) != 0
    }

    fn flags(self) -> ContextFlags {
        match self.0 & 3 {
            0 => ContextFlags::INTEGRITY | ContextFlags::CONFIDENTIALITY,
            1 => ContextFlags::INTEGRITY,
            2 => ContextFlags::IDENTIFY,
            _ => ContextFlags::NONE,
        }
    }

    fn anonymous(self) -> bool {
        self.has(2)
    }

    fn bound(self) -> bool {
        self.has(3)
    }

    fn aimed(self) -> bool {
        self.has(4)
    }

    fn untrusted(self) -> bool {
        self.has(5)
    }

    fn datagram(self) -> bool {
        self.has(7)
    }

    /// The client.
    pub fn client(self) -> Initiator<Logon> {
        let logon = if self.anonymous() { Logon::anonymous() } else { logon() };
        let logon = if self.aimed() { logon.target(&target()) } else { logon };
        let mut client = Initiator::new(logon).flags(self.flags());
        if self.bound() {
            client = client.channel_bindings(&CHANNEL);
        }
        if self.untrusted() {
            client = client.untrusted_target();
        }
        if self.has(6) {
            client = client.allow_56_bit_keys();
        }
        if self.datagram() { client.datagram() } else { client }
    }
}

/// Whatever the challenge, the answer is what this client wanted to say, and an acceptor that had sent that challenge
/// takes it.
pub fn challenge(input: &[u8]) {
    let mut input = Input::new(input);
    let wishes = Wishes::take(&mut input);
    let challenge = input.rest();
    let mut rng = rng();
    let mut env = Env::new(NOW_TIME, &mut rng);
    let mut negotiate = Vec::new();
    let Ok(Step::Continue(waiting)) = wishes.client().step(&mut [], &mut negotiate, &mut env) else {
        panic!("the first step has nothing to fail for")
    };
    assert_eq!(negotiate.is_empty(), wishes.datagram());
    let mut output = b"kept".to_vec();
    match waiting.step(&mut challenge.to_vec(), &mut output, &mut env) {
        Ok(Step::Done(context)) => check_answer(wishes, &negotiate, challenge, &output[4..], &context),
        Ok(Step::Continue(_)) => panic!("there is no second answer"),
        Err(error) => {
            assert_eq!(output, b"kept");
            check_error(&error);
        }
    }
}

fn check_answer(
    wishes: Wishes,
    negotiate: &[u8],
    challenge: &[u8],
    answer: &[u8],
    context: &Context<LoggedOn<Logon>>,
) {
    let sent = ChallengeMessage::parse(challenge).expect("what was answered parses");
    let message = AuthenticateMessage::parse(answer, Charset::Unicode).expect("our message parses");
    let flags = message.flags.expect("our message has flags");
    if let Ok(asked) = NegotiateMessage::parse(negotiate) {
        let beyond = flags - asked.flags - ABOUT_SERVER - NegotiateFlags::ANONYMOUS;
        assert!(beyond.is_empty(), "not asked for: {beyond}");
    }
    assert_eq!(flags.contains(NegotiateFlags::DATAGRAM), wishes.datagram());
    let protected = context.facts().flags.contains(ContextFlags::INTEGRITY);
    let asked = wishes.flags().contains(ContextFlags::INTEGRITY) && !wishes.anonymous();
    assert_eq!(protected, asked, "no less than asked for");
    let conf = wishes.flags().contains(ContextFlags::CONFIDENTIALITY) && !wishes.anonymous();
    assert_eq!(context.facts().flags.contains(ContextFlags::CONFIDENTIALITY), conf);
    if wishes.anonymous() {
        assert!(message.user.is_empty() && message.nt_response.is_empty() && message.lm_response == [0]);
        assert!(context.secret_session_key().is_none());
    } else {
        assert!(message.user.eq_str("alice") && message.domain.eq_str("EXAMPLE"));
        check_mic(negotiate, challenge, answer, message.mic, context);
        check_attributes(wishes, sent.target_info, &message);
    }
    accept(wishes, negotiate, challenge, answer, context);
}

fn check_mic(
    negotiate: &[u8],
    challenge: &[u8],
    answer: &[u8],
    mic: Option<[u8; 16]>,
    context: &Context<LoggedOn<Logon>>,
) {
    let key = context.secret_session_key().and_then(|key| key.try_into().ok()).expect("a key of 16 bytes");
    let mut zeroed = answer.to_vec();
    zeroed[AuthenticateMessage::MIC_OFFSET..][..16].fill(0);
    assert_eq!(mic, Some(SessionKey::from_bytes(key).mic(&[negotiate, challenge, &zeroed])));
}

fn check_attributes(wishes: Wishes, theirs: Option<AvPairs<'_>>, message: &AuthenticateMessage<'_>) {
    let theirs = theirs.unwrap_or(AvPairs::EMPTY);
    let parsed = NtlmV2Response::parse(message.nt_response, message.nt_response_offset());
    let Ok(response) = parsed else {
        // The server filled the list, and ours came on top.
        return assert!(theirs.iter().count() + OURS.len() > MAX_AV_PAIRS, "{parsed:?}");
    };
    let pairs = response.av_pairs;
    let others = |pairs: AvPairs<'_>| {
        pairs
            .iter()
            .filter(|pair| !OURS.contains(&pair.id))
            .map(|pair| (pair.id, pair.value.to_vec()))
            .collect()
    };
    let (sent, repeated): (Vec<_>, Vec<_>) = (others(theirs), others(pairs));
    assert_eq!(sent, repeated);
    assert!(pairs.flags().contains(AvFlags::MIC_PRESENT));
    assert_eq!(pairs.flags().contains(AvFlags::UNTRUSTED_SPN), wishes.untrusted());
    let bindings = wishes.bound().then(|| BindingDigest::of(&CHANNEL));
    assert_eq!(pairs.channel_bindings(), bindings);
    assert_eq!(
        pairs.target_name().is_some_and(|name| name.eq_str("HTTP/server.example.com")),
        wishes.aimed()
    );
    assert_eq!(pairs.get(AvId::TARGET_NAME).is_some(), wishes.aimed());
    if let Some(time) = theirs.timestamp() {
        assert_eq!(response.time, time);
        assert_eq!(message.lm_response, [0; 24]);
    }
}

fn accept(
    wishes: Wishes,
    negotiate: &[u8],
    challenge: &[u8],
    answer: &[u8],
    ours: &Context<LoggedOn<Logon>>,
) {
    let config = AcceptorConfig::new(names(), users()).allow(Allow::ANONYMOUS | Allow::KEYS_OF_56_BITS);
    let config = if wishes.datagram() { config.datagram() } else { config };
    let acceptor = Acceptor::resumed(&config, negotiate, challenge).expect("both messages parse");
    let mut rng = rng();
    let mut env = Env::new(NOW_TIME, &mut rng);
    match acceptor.step(&mut answer.to_vec(), &mut Vec::new(), &mut env) {
        Ok(Step::Done(theirs)) => {
            assert_eq!(theirs.secret_session_key(), ours.secret_session_key());
            let bound = ContextFlags::CHANNEL_BOUND;
            assert_eq!(theirs.facts().flags - bound, ours.facts().flags - bound);
        }
        // No server of ours sends such attributes.
        Err(AcceptorError::AttributeChanged { id }) => assert!(OURS.contains(&id) || id.name().is_none()),
        Err(AcceptorError::Response(ResponseError::AvPairs(_))) => {
            let theirs = ChallengeMessage::parse(challenge).ok().and_then(|sent| sent.target_info);
            assert!(theirs.is_some_and(|pairs| pairs.iter().count() + OURS.len() > MAX_AV_PAIRS));
        }
        Ok(Step::Continue(_)) => panic!("there is no fourth message"),
        Err(error) => panic!("{error}"),
    }
}
