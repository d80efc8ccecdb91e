//! Requests byte by byte: one over each connection of HTTP/1.1 over TLS, with credentials of the test's own making.

use alloc::sync::Arc;
use core::net::Ipv4Addr;
use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Context as _, Result, ensure};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use gss::krb5::Credentials;
use gss::{ContextSealer, Env, Handshake as _, Initiator, Timestamp};
use gss_core::bindings::{TlsBinding, TlsChannel};
use gss_http::gss::{Binding, Client, ClientPolicy, Outcome, RequestParts, Session};
use gss_rustls::client_channel;
use interop::peer::{PATIENCE, succeed};
use interop::{packages, text};
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::*;

/// Asks servers that are all [`WWW`] to their clients, with one origin.
#[derive(Clone)]
pub(super) struct Asker {
    tls: Arc<ClientConfig>,
    /// What channels to these servers have in common: their certificate.
    channel: TlsChannel,
    origin: String,
}

/// A response.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    fields: Vec<(String, String)>,
    pub(super) page: String,
}

impl Response {
    /// All values of a field.
    pub(super) fn values<'r>(&'r self, name: &'r str) -> Vec<&'r str> {
        let fields = self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        fields.map(|(_, value)| value.as_str()).collect()
    }

    /// As the scheme `GSS` looks at it.
    pub(super) fn for_gss(&self) -> gss_http::gss::Response<Vec<&str>> {
        let (challenges, info) = (self.values("www-authenticate"), self.values("authentication-info"));
        gss_http::gss::Response { status: self.status, challenges, info }
    }

    /// Whom it greets, if it greets anybody.
    pub(super) fn user(&self) -> Option<String> {
        Greeting::find(&self.page).filter(|_| self.status == 200).map(|greeting| greeting.user)
    }
}

impl Asker {
    /// Learns the certificate from a server.
    pub(super) fn new(tls: ClientConfig, origin: &str, port: u16) -> Result<Self> {
        let channel = TlsChannel::none();
        let mut asker = Self { tls: Arc::new(tls), channel, origin: origin.into() };
        let learnt = client_channel(&asker.connect(port)?.conn)?;
        for end_point in learnt.of(TlsBinding::ServerEndPoint) {
            asker.channel = asker.channel.with_end_point(end_point.application_data);
        }
        ensure!(asker.channel.has(TlsBinding::ServerEndPoint), "the certificate can be bound to");
        Ok(asker)
    }

    fn connect(&self, port: u16) -> Result<StreamOwned<ClientConnection, TcpStream>> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let mut connection = ClientConnection::new(Arc::clone(&self.tls), WWW.try_into()?)?;
        connection.complete_io(&mut stream)?;
        Ok(StreamOwned::new(connection, stream))
    }

    /// Sends `GET` with these credentials, over a connection of its own.
    ///
    /// # Errors
    /// There is no whole answer.
    pub(super) fn get(&self, port: u16, target: &str, credentials: &str) -> Result<Response> {
        let mut stream = self.connect(port)?;
        let host = self.origin.replace("https://", "");
        write!(
            stream,
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {credentials}\r\nConnection: close\r\n\r\n"
        )?;
        let mut bytes = Vec::new();
        match stream.read_to_end(&mut bytes) {
            // Whether all of it came, its length says.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
            other => drop(other?),
        }
        let answer = String::from_utf8_lossy(&bytes);
        response(&answer).with_context(|| format!("no answer: {answer:?}"))
    }

    /// Credentials of Negotiate that nobody has seen yet.
    pub(super) fn negotiate(&self, user: &User, host: &str) -> Result<String> {
        let mut token = Vec::new();
        let initiator = self.binding()?.map_or_else(
            || user.initiator(host),
            |binding| Ok(user.initiator(host)?.channel_bindings(&binding.channel_bindings())),
        )?;
        with_env(|env| initiator.step(&mut [], &mut token, env).map(drop))?;
        Ok(format!("Negotiate {}", text::base64(&token)))
    }

    /// A client of the scheme `GSS` that is bound to the certificate.
    pub(super) fn gss_client(&self, initiator: Initiator) -> Result<Client<Initiator>> {
        let binding = self.binding()?.context("a binding")?;
        let initiator = initiator.channel_bindings(&binding.channel_bindings());
        Ok(Client::new(initiator, Some(binding), &self.origin, ClientPolicy::default()))
    }

    /// Logs in by the scheme `GSS`, in one leg; the response instead if the server refuses.
    pub(super) fn log_in(&self, port: u16, user: &User) -> Result<Result<Session<ContextSealer>, Response>> {
        let client = self.gss_client(user.initiator(WWW)?)?;
        let (field, exchange) = with_env(|env| client.begin(env))?;
        let response = self.get(port, "/", field.value.as_str())?;
        if response.status != 200 {
            return Ok(Err(response));
        }
        let outcome = with_env(|env| exchange.receive(response.for_gss(), env))?;
        let Outcome::Done(login) = outcome else { anyhow::bail!("{outcome:?} of {response:?}") };
        Ok(Ok(login.into_session().context("a login that goes on")?))
    }

    /// Credentials that a session signs a request with.
    pub(super) fn sign(&self, session: &mut Session<ContextSealer>, target: &str) -> Result<String> {
        let parts = RequestParts {
            method: "GET",
            origin: &self.origin,
            target,
            content_digest: None,
            channel: &self.channel,
        };
        Ok(session.authorize(&parts, Timestamp::now())?.value.as_str().to_owned())
    }

    fn binding(&self) -> Result<Option<Binding>> {
        Ok(Binding::of(&self.channel, TlsBinding::ServerEndPoint).next())
    }
}

/// Calls with the time and randomness of this machine.
pub(super) fn with_env<T>(call: impl FnOnce(&mut Env<'_>) -> T) -> T {
    call(&mut Env::new(Timestamp::now(), &mut UnwrapErr(SysRng)))
}

/// Whole answers only.
fn response(answer: &str) -> Option<Response> {
    let (head, page) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let fields: Option<Vec<_>> = lines.map(|line| line.split_once(": ")).collect();
    let fields = fields?.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let response = Response { status, fields, page: page.into() };
    let length: usize = response.values("content-length").first()?.parse().ok()?;
    (page.len() == length).then_some(response)
}

/// A user with tickets for the services of [`WWW`] and [`OTHER`](interop::web::OTHER).
pub(super) struct User {
    pub(super) name: &'static str,
    credentials: Credentials,
}

impl User {
    /// Gets the tickets with MIT's programs.
    pub(super) fn log_in(world: &World, name: &'static str) -> Result<Self> {
        let ccache = world.login(name)?;
        let mut command = world.site().command(packages::find("kvno")?);
        command.env("KRB5CCNAME", &ccache);
        succeed(command.args([WWW, interop::web::OTHER].map(|host| format!("HTTP/{host}"))), b"")?;
        Ok(Self { name, credentials: Credentials::from_ccache(&fs::read(ccache)?)? })
    }

    fn initiator(&self, host: &str) -> Result<Initiator> {
        Ok(Initiator::krb5(&self.credentials, &gss::Target::new("HTTP", host)?)?)
    }
}
