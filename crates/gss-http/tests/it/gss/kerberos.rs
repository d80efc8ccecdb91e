//! Two servers with the same keytab, replay cache and store, and real tickets.

use super::world::{ORIGIN, at, channel, get};
use alloc::sync::Arc;
use gss::krb5::Credentials;
use gss::ntlm::{self, Logon, MemoryUsers, ServerNames};
use gss::{Acceptor, AcceptorConfig, Context, Error, Framing, Initiator, Target};
use gss_core::bindings::TlsChannel;
use gss_core::{ContextFlags, Diagnose, Env, SecurityContext, Timestamp, oid};
use gss_http::HeaderField;
use gss_http::gss::{
    Answer, Begin, Binding, Challenge, Client, ClientPolicy, Login, MemoryContextStore, Outcome, Proof,
    Request, Response, Server, ServerPolicy,
};
use test_support::ticket::{NOW, TicketMaker};

type Service = Server<Acceptor, Arc<MemoryContextStore>, String>;

struct World {
    maker: TicketMaker,
    config: Arc<AcceptorConfig>,
    store: Arc<MemoryContextStore>,
    servers: [Service; 2],
    channel: TlsChannel,
}

/// What is known of a client: all of it has to come out the same when a context is rebuilt.
fn describe(context: &Context) -> String {
    let facts = context.facts();
    format!("{facts:?} {:?} {:?}", context.negotiation(), context.secret_session_key())
}

impl World {
    fn new() -> Self {
        let maker = TicketMaker::example();
        let mut users = MemoryUsers::new();
        users.add("alice", "EXAMPLE", "correct horse");
        let ntlm = ntlm::AcceptorConfig::new(ServerNames::new("SERVER"), users);
        let config = AcceptorConfig::from_keytab(&maker.keytab()).unwrap().with_ntlm(ntlm);
        let config = Arc::new(config.framing(Framing::SpnegoOrRaw));
        let store = Arc::new(MemoryContextStore::new());
        let server = || Server::new(ServerPolicy::default(), Arc::clone(&store));
        let servers = [server(), server()];
        Self { maker, config, servers, store, channel: channel(1) }
    }

    fn initiator(&self, binding: &Binding) -> Initiator {
        let credentials = Credentials::from_ccache(&self.maker.ccache()).unwrap();
        let target = Target::new("HTTP", "www.example.com").unwrap();
        Initiator::krb5(&credentials, &target).unwrap().channel_bindings(&binding.channel_bindings())
    }

    fn acceptor(&self, begin: Begin) -> Result<Acceptor, Error> {
        let acceptor = Acceptor::new(Arc::clone(&self.config));
        Ok(acceptor.binding_check(begin.bindings).repeating_accepted_tokens(begin.repeats))
    }

    fn ask(&self, server: &Service, field: &HeaderField) -> Answer<String, Error> {
        let lines = [field.value.as_str()];
        let request = Request { credentials: &lines[..], parts: get(&self.channel) };
        let ask = |env: &mut Env<'_>| server.receive(request, |begin| self.acceptor(begin), describe, env);
        at(NOW, ask)
    }

    fn binding(&self) -> Binding {
        let asking = self.servers[0].challenge(&self.channel);
        let challenge = Challenge::find(asking.fields.iter().map(|field| field.value.as_str()));
        challenge.unwrap().unwrap().choose(&self.channel).unwrap()
    }

    /// Logs in, each leg at another server. Gives what the server says of the client.
    fn log_in(&self, initiator: Initiator, legs: usize) -> (Login<Context>, String) {
        let client = Client::new(initiator, Some(self.binding()), ORIGIN, ClientPolicy::default());
        let (mut field, mut exchange) = at(NOW, |env| client.begin(env)).unwrap();
        for leg in 1.. {
            let answer = self.ask(&self.servers[leg % 2], &field);
            let (status, fields) = match &answer {
                Answer::Accepted { fields, .. } => (200, fields),
                Answer::Continue(reply) => (reply.status, &reply.fields),
                Answer::Challenge(_) | Answer::Reject { .. } => panic!("{answer:?}"),
            };
            let named = |name: &str| -> Vec<&str> {
                let named = fields.iter().filter(|field| field.name == name);
                named.map(|field| field.value.as_str()).collect()
            };
            let (challenges, info) = (named("WWW-Authenticate"), named("Authentication-Info"));
            match at(NOW, |env| exchange.receive(Response { status, challenges, info }, env)).unwrap() {
                Outcome::SendAgain { field: next, exchange: after } => (field, exchange) = (next, after),
                Outcome::Done(login) => {
                    assert_eq!(leg, legs);
                    let Answer::Accepted { user, .. } = answer else { panic!("{answer:?}") };
                    return (login, String::clone(&user));
                }
                other => panic!("{other:?}"),
            }
        }
        unreachable!("legs are not without end")
    }
}

#[test]
fn a_login_begun_on_one_server_ends_on_the_other_and_holds_on_both() {
    let dce = ContextFlags::MUTUAL | ContextFlags::INTEGRITY | ContextFlags::REPLAY | ContextFlags::DCE_STYLE;
    for (raw, flags, legs) in [(false, None, 1), (true, None, 1), (true, Some(dce), 2), (false, Some(dce), 2)]
    {
        let world = World::new();
        let mut initiator = world.initiator(&world.binding());
        if raw {
            initiator = initiator.raw();
        }
        if let Some(flags) = flags {
            initiator = initiator.flags(flags);
        }
        let (login, user) = world.log_in(initiator, legs);
        assert!(user.contains("alice@EXAMPLE.COM") && user.contains("binding: Bound"), "{user}");
        let mut session = login.into_session().unwrap();
        for round in 0..3 {
            for server in &world.servers {
                let parts = get(&world.channel);
                let field = session.authorize(&parts, Timestamp::from_seconds(NOW)).unwrap();
                let answer = world.ask(server, &field);
                let Answer::Accepted { user: again, proof: Proof::Again(_), .. } = answer else {
                    panic!("{raw} {flags:?} {round} {answer:?}")
                };
                assert_eq!(*again, user, "rebuilt or not");
                for server in &world.servers {
                    let Answer::Reject { error, .. } = world.ask(server, &field) else { panic!("replayed") };
                    assert_eq!(error.code(), "gss_nonce_replayed");
                }
            }
        }
    }
}

#[test]
fn a_recorded_login_is_of_no_use() {
    let world = World::new();
    let client = Client::new(
        world.initiator(&world.binding()),
        Some(world.binding()),
        ORIGIN,
        ClientPolicy::default(),
    );
    let (field, _) = at(NOW, |env| client.begin(env)).unwrap();
    assert!(matches!(world.ask(&world.servers[0], &field), Answer::Accepted { .. }));
    for server in &world.servers {
        let Answer::Reject { error, .. } = world.ask(server, &field) else { panic!("replayed") };
        assert_eq!(error.code(), "replayed");
    }
    assert_eq!(world.store.established(), 1);
}

#[test]
fn a_login_for_another_connection_is_refused() {
    let world = World::new();
    let other = channel(2);
    let binding = Binding::of(&other, gss_core::bindings::TlsBinding::Exporter).next().unwrap();
    let client =
        Client::new(world.initiator(&binding), Some(binding.clone()), ORIGIN, ClientPolicy::default());
    let (field, _) = at(NOW, |env| client.begin(env)).unwrap();
    let Answer::Reject { error, reply } = world.ask(&world.servers[0], &field) else { panic!("relayed") };
    assert_eq!((error.code(), reply.status), ("bindings_mismatch", 401));
}

#[test]
fn ntlm_logs_in_on_two_servers_and_goes_no_further() {
    let world = World::new();
    let target = Target::new("HTTP", "www.example.com").unwrap();
    let logon = Arc::new(Logon::with_password("alice", "EXAMPLE", "correct horse").target(&target));
    let initiator = Initiator::ntlm(logon).channel_bindings(&world.binding().channel_bindings());
    let (login, user) = world.log_in(initiator, 2);
    assert!(user.contains("EXAMPLE\\alice") && user.contains("binding: Bound"), "{user}");
    assert_eq!(login.context.facts().mechanism, oid::NTLMSSP);
    assert!(!login.can_go_on());
    assert_eq!(world.store.established(), 0);
}
