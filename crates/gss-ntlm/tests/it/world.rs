//! A server, its users, and somebody who logs on.

use crate::forge::Forge;
use gss_core::{
    AcceptableBindings, BindingPolicy, ChannelBindings, ContextFlags, Env, Handshake, Step, Target,
    Timestamp, bindings::BindingCheck,
};
use gss_ntlm::{
    Accepted, Acceptor, AcceptorConfig, AcceptorError, Context, Initiator, InitiatorError, LoggedOn, Logon,
    MemoryUsers, ServerNames,
};
use test_support::TestRng;
use test_support::pair::{End, Pair, Run};

pub(crate) type Client = Initiator<Logon>;
pub(crate) type Server<'c> = Acceptor<&'c AcceptorConfig>;

pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) fn users() -> MemoryUsers {
    let mut users = MemoryUsers::new();
    users.add("alice", "EXAMPLE", "correct horse");
    users.add("bob", "", "battery staple");
    users
}

pub(crate) fn names() -> ServerNames {
    ServerNames::new("SERVER")
        .domain("EXAMPLE")
        .dns_computer("server.example.com")
        .dns_domain("example.com")
        .dns_tree("example.com")
}

pub(crate) fn config() -> AcceptorConfig {
    AcceptorConfig::new(names(), users())
}

pub(crate) fn target() -> Target<'static> {
    Target::new("HTTP", "server.example.com").unwrap()
}

pub(crate) fn logon() -> Logon {
    Logon::with_password("alice", "EXAMPLE", "correct horse").workstation("DESK").target(&target())
}

pub(crate) fn client() -> Client {
    Initiator::new(logon())
}

pub(crate) fn bindings(policy: BindingPolicy, any_of: &[ChannelBindings<'_>]) -> BindingCheck {
    BindingCheck::new(&AcceptableBindings { policy, any_of }).unwrap()
}

pub(crate) fn run<'c>(client: Client, config: &'c AcceptorConfig) -> Run<Client, Server<'c>> {
    Pair::at(NOW).run(client, Acceptor::new(config))
}

/// Both contexts of a handshake that has to succeed.
pub(crate) fn established(
    client: Client,
    config: &AcceptorConfig,
) -> (Context<LoggedOn<Logon>>, Context<Accepted>) {
    match run(client, config) {
        Run { initiator: End::Done(ours), acceptor: End::Done(theirs), .. } => (ours, theirs),
        other => panic!("{other:?}"),
    }
}

/// Why the server refuses.
pub(crate) fn refused(client: Client, config: &AcceptorConfig) -> AcceptorError {
    match run(client, config).acceptor {
        End::Failed(error) => error,
        other => panic!("{other:?}"),
    }
}

/// How a step came out.
pub(crate) type Stepped<H> = Result<Step<H, <H as Handshake>::Established>, <H as Handshake>::Error>;

/// One step with any input at any time; what it wrote comes with it.
pub(crate) fn step<H: Handshake>(state: H, input: &[u8], now: i64, seed: u64) -> (Stepped<H>, Vec<u8>) {
    let mut output = Vec::new();
    let mut rng = TestRng::insecure(seed);
    let mut env = Env::new(Timestamp::from_seconds(now), &mut rng);
    let result = state.step(&mut input.to_vec(), &mut output, &mut env);
    (result, output)
}

/// A server that has sent its challenge, and both messages up to there.
pub(crate) struct Scene<'c> {
    pub(crate) negotiate: Vec<u8>,
    pub(crate) challenge: Vec<u8>,
    acceptor: Server<'c>,
    now: i64,
}

impl<'c> Scene<'c> {
    /// The server's answer to our own client.
    pub(crate) fn new(config: &'c AcceptorConfig) -> Self {
        Self::at(config, &negotiate(client()), NOW, 1)
    }

    /// The server's answer to this NEGOTIATE, at this time, with this source of randomness.
    pub(crate) fn at(config: &'c AcceptorConfig, negotiate: &[u8], now: i64, seed: u64) -> Self {
        let (step, challenge) = step(Acceptor::new(config), negotiate, now, seed);
        match step {
            Ok(Step::Continue(acceptor)) => Self { negotiate: negotiate.to_vec(), challenge, acceptor, now },
            other => panic!("{:?}", other.map(|_| "done")),
        }
    }

    /// What the server says to this answer.
    pub(crate) fn verdict(self, answer: &[u8]) -> Result<Context<Accepted>, AcceptorError> {
        let (result, output) = step(self.acceptor, answer, self.now, 2);
        assert!(output.is_empty(), "nothing follows an AUTHENTICATE");
        match result? {
            Step::Done(context) => Ok(context),
            Step::Continue(_) => panic!("there is no fourth message"),
        }
    }

    /// What the server says to this forgery.
    pub(crate) fn forged(self, forge: &Forge<'_>) -> Result<Context<Accepted>, AcceptorError> {
        let answer = forge.answer(&self.negotiate, &self.challenge);
        self.verdict(&answer)
    }

    /// Why the server refuses this answer.
    #[track_caller]
    pub(crate) fn refuses(self, answer: &[u8]) -> AcceptorError {
        self.verdict(answer).map(|context| format!("{context:?}")).unwrap_err()
    }
}

/// Why a server of this configuration refuses this forgery.
#[track_caller]
pub(crate) fn refused_forgery(forge: &Forge<'_>, config: &AcceptorConfig) -> AcceptorError {
    Scene::new(config).forged(forge).map(|context| format!("{context:?}")).unwrap_err()
}

/// The first message of a client.
pub(crate) fn negotiate(client: Client) -> Vec<u8> {
    let (step, negotiate) = step(client, &[], NOW, 3);
    assert!(matches!(step, Ok(Step::Continue(_))));
    negotiate
}

/// The first message of a client that wants no protection, and a key of its own all the same, as Samba does.
pub(crate) fn negotiate_bare_with_key() -> Vec<u8> {
    let mut negotiate = negotiate(client().flags(ContextFlags::NONE));
    negotiate[15] |= 0x40; // KEY_EXCHANGE
    negotiate
}

/// What a client that has sent its first message makes of this challenge. When it gives up, it sends nothing.
pub(crate) fn answer(
    client: Client,
    challenge: &[u8],
) -> Result<(Context<LoggedOn<Logon>>, Vec<u8>), InitiatorError> {
    let Ok(Step::Continue(waiting)) = step(client, &[], NOW, 3).0 else { panic!("the first step fails") };
    let (result, output) = step(waiting, challenge, NOW, 4);
    match result {
        Ok(Step::Done(context)) => Ok((context, output)),
        Ok(Step::Continue(_)) => panic!("there is no third message of a client"),
        Err(error) => {
            assert!(output.is_empty(), "{error}: {} bytes would be sent", output.len());
            Err(error)
        }
    }
}
