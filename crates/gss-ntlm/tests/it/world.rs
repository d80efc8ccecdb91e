//! A server, its users, and somebody who logs on.

use gss_core::{AcceptableBindings, BindingPolicy, ChannelBindings, Target, bindings::BindingCheck};
use gss_ntlm::{
    Accepted, Acceptor, AcceptorConfig, AcceptorError, Context, Initiator, LoggedOn, Logon, MemoryUsers,
    ServerNames,
};
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
