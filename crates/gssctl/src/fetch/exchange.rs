//! The exchange of requests and responses.

use super::Url;
use crate::decode::{Spelling, tree};
use crate::http::{Connection, Framing, ResponseHead, Socket, Stream};
use crate::inspect::Inspector;
use crate::inspect::tree::Printable;
use crate::random;
use crate::tls::ClientTls;
use anyhow::{Context as _, Result, anyhow, bail};
use core::time::Duration;
use gss::{ChannelBindings, Context, Env, Initiator, SecurityContext, Timestamp, oid};
use gss_core::bindings::{TlsBinding, TlsChannel};
use gss_http::{
    Client, ClientPolicy, Exchange, FinalToken, FirstOutcome, HeaderField, Outcome, Response, Scheme,
    Schemes, ServerProof,
};
use std::net::{TcpStream, ToSocketAddrs};

/// How long a server may take to accept a connection, and for a part of its answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest page.
const MAX_PAGE: u64 = 1024 * 1024 * 1024;

/// Longest body of a response that asks for credentials.
const MAX_CHALLENGE_BODY: u64 = 1024 * 1024;

/// Most responses to one request that are not the last word (1xx).
const MAX_INTERIM: usize = 8;

/// How deep `-v` looks into tokens.
const OUTLINE: usize = 4;

pub(crate) struct Fetch<'a> {
    pub(crate) url: &'a Url,
    pub(crate) tls: Option<ClientTls>,
    /// Told of each step.
    pub(crate) voice: Option<&'a dyn Fn(&str)>,
    /// The kinds of pages that are wanted.
    pub(crate) accept: &'a str,
    pub(crate) unproven: bool,
    pub(crate) schemes: Schemes,
}

impl Fetch<'_> {
    /// Asks until the server is content or says no. `initiator` makes one for the scheme that the server offers.
    pub(crate) fn run(
        &self,
        initiator: impl FnOnce(Scheme) -> Option<Initiator>,
        page: &mut Vec<u8>,
    ) -> Result<u16> {
        let mut connection = self.connect()?;
        let head = self.ask(&mut connection, None)?;
        let challenges: Vec<_> = head.fields.lines("www-authenticate").collect();
        // Where nothing of ours is offered, the client of the first scheme says so.
        let offered = self.schemes.preferred(challenges.iter().copied())?;
        let scheme = offered.or(self.schemes.iter().next()).unwrap_or_default();
        let mut initiator = initiator(scheme).with_context(|| format!("nothing to send with {scheme}"))?;
        let channel = connection.stream().channel()?;
        if let Some(bindings) = end_point(&channel) {
            initiator = initiator.channel_bindings(&bindings);
        }
        let policy = ClientPolicy {
            scheme,
            final_token: if self.unproven { FinalToken::AllowMissing } else { FinalToken::Require },
            ..ClientPolicy::default()
        };
        let outcome = Client::new(initiator, policy)
            .receive(Response::new(head.status, challenges), &mut env(&mut random::system()))
            .with_context(|| self.refused(&head))?;
        let (field, exchange) = match outcome {
            FirstOutcome::SendAgain { field, exchange } => (field, exchange),
            FirstOutcome::NotAsked(_) if self.unproven => {
                self.say("  the server asks for nothing, and proves nothing");
                return self.page(&mut connection, &head, page);
            }
            FirstOutcome::NotAsked(_) => bail!(
                "{} answers with status {} and asks for no credentials, so it proves nothing either; \
                 --unproven prints such pages",
                self.url,
                head.status
            ),
        };
        if head.keeps_alive() {
            self.skip(&mut connection, &head)?;
        } else {
            connection = self.connect()?;
            if end_point(&connection.stream().channel()?) != end_point(&channel) {
                bail!("{} has another certificate on a second connection; try again", self.url);
            }
        }
        self.authenticate(connection, field, exchange, page)
    }

    fn authenticate(
        &self,
        mut connection: Connection,
        mut field: HeaderField,
        mut exchange: Exchange<Initiator>,
        page: &mut Vec<u8>,
    ) -> Result<u16> {
        loop {
            let mut head = self.ask(&mut connection, Some(&field))?;
            let mut interim = 0;
            let outcome = loop {
                let response = Response::new(head.status, head.fields.lines("www-authenticate"));
                match exchange
                    .receive(response, &mut env(&mut random::system()))
                    .with_context(|| self.refused(&head))?
                {
                    Outcome::Wait(waiting) if head.status < 200 && interim < MAX_INTERIM => {
                        interim += 1;
                        exchange = waiting;
                        head = self.read(&mut connection)?;
                    }
                    outcome => break outcome,
                }
            };
            match outcome {
                Outcome::SendAgain { field: next, exchange: waiting } => {
                    if !head.keeps_alive() {
                        bail!("{} closes the connection in the middle of the handshake", self.url);
                    }
                    self.skip(&mut connection, &head)?;
                    (field, exchange) = (next, waiting);
                }
                Outcome::Done { context, server } => {
                    self.check(&context, server)?;
                    return self.page(&mut connection, &head, page);
                }
                Outcome::Unproven => {
                    self.say("  the server did not prove who it is");
                    return self.page(&mut connection, &head, page);
                }
                Outcome::Wait(_) => bail!("{} answers with status {}, no last word", self.url, head.status),
                Outcome::Restart(_) => bail!("{} wants to begin again", self.url),
            }
        }
    }

    /// The context stands: who is it with?
    fn check(&self, context: &Context, server: ServerProof) -> Result<()> {
        let name = context.peer_name().unwrap_or_default();
        match server {
            ServerProof::Proven => self.say(&format!("  the server proved to be {name}")),
            ServerProof::None if self.unproven => self.say("  the server did not prove who it is"),
            ServerProof::None if context.mechanism() == oid::NTLMSSP => bail!(
                "NTLM does not tell whether {} is the right server; --unproven prints such pages",
                self.url
            ),
            ServerProof::None => bail!("{} did not prove who it is", self.url),
        }
        self.say(&format!("  context: {}", context.facts().flags));
        Ok(())
    }

    fn page(&self, connection: &mut Connection, head: &ResponseHead, page: &mut Vec<u8>) -> Result<u16> {
        let framing = Framing::of_response(head.status, &head.fields)?;
        connection.read_body(framing, MAX_PAGE, page).with_context(|| format!("the page of {}", self.url))?;
        if let Some(location) = head.fields.lines("location").next().filter(|_| head.status / 100 == 3) {
            let location = String::from_utf8_lossy(location);
            eprintln!("redirected to {}, which is not followed", Printable(&location));
        }
        Ok(head.status)
    }

    fn connect(&self) -> Result<Connection> {
        let (host, port) = (self.url.socket_host(), self.url.port());
        let addresses =
            (host, port).to_socket_addrs().with_context(|| format!("cannot find an address of {host}"))?;
        let mut last = anyhow!("{host} has no address");
        for address in addresses {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => {
                    self.say(&format!("* connected to {address}"));
                    return self.secure(Socket::new(stream, PATIENCE)?);
                }
                Err(error) => last = anyhow!(error).context(format!("cannot connect to {address}")),
            }
        }
        Err(last)
    }

    fn secure(&self, socket: Socket) -> Result<Connection> {
        let stream = match &self.tls {
            None => Stream::Plain(socket),
            Some(tls) => {
                Stream::connect(tls.connection(self.url.target_host())?, socket).with_context(|| {
                    format!("no TLS with {}; --cacert names authorities to believe", self.url)
                })?
            }
        };
        Ok(Connection::over(stream, PATIENCE))
    }

    /// Sends the request, with credentials or without, and reads the head of the response.
    fn ask(&self, connection: &mut Connection, field: Option<&HeaderField>) -> Result<ResponseHead> {
        let (authority, target) = (self.url.authority(), self.url.target());
        let mut request = format!("GET {target} HTTP/1.1\r\nHost: {authority}\r\n");
        request.push_str(concat!("User-Agent: gssctl/", env!("CARGO_PKG_VERSION"), "\r\n"));
        request.push_str(&format!("Accept: {}\r\n", self.accept));
        self.say(&format!("> GET {target} HTTP/1.1"));
        if let Some(HeaderField { name, value }) = field {
            request.push_str(&format!("{name}: {}\r\n", value.as_str()));
            self.show_token(">", name, value.as_bytes());
        }
        request.push_str("\r\n");
        connection.write(request.as_bytes()).with_context(|| format!("cannot send to {}", self.url))?;
        self.read(connection)
    }

    fn read(&self, connection: &mut Connection) -> Result<ResponseHead> {
        let head = connection
            .read_head()
            .and_then(|head| head.map(|head| ResponseHead::parse(&head)).transpose())
            .with_context(|| format!("the answer of {}", self.url))?
            .with_context(|| format!("{} closed the connection without an answer", self.url))?;
        self.say(&format!("< {} {}", head.status, head.reason));
        for line in head.fields.lines("www-authenticate") {
            self.show_token("<", "WWW-Authenticate", line);
        }
        Ok(head)
    }

    fn skip(&self, connection: &mut Connection, head: &ResponseHead) -> Result<()> {
        let framing = Framing::of_response(head.status, &head.fields)?;
        connection
            .read_body(framing, MAX_CHALLENGE_BODY, &mut std::io::sink())
            .with_context(|| format!("the answer of {}", self.url))
    }

    fn refused(&self, head: &ResponseHead) -> String {
        format!("{} answers with status {}", self.url, head.status)
    }

    fn say(&self, line: &str) {
        if let Some(voice) = self.voice {
            voice(line);
        }
    }

    fn show_token(&self, direction: &str, name: &str, value: &[u8]) {
        let Some(voice) = self.voice else { return };
        // Other schemes are shown as they came.
        let Ok(tree) = tree(&Inspector::default(), value, Spelling::Auto) else { return };
        let scheme = value.split(|byte| *byte == b' ').next().unwrap_or_default();
        let is_ours = core::str::from_utf8(scheme).is_ok_and(|name| Scheme::parse(name).is_some());
        if !is_ours {
            voice(&format!("{direction} {name}: {}", String::from_utf8_lossy(value)));
            return;
        }
        for (index, line) in tree.outline(OUTLINE).lines().enumerate() {
            if index == 0 {
                voice(&format!("{direction} {name}: {line}"));
            } else {
                voice(&format!("{direction} {line}"));
            }
        }
    }
}

/// What ties the context to the server's certificate. Stock servers know no other binding.
fn end_point(channel: &TlsChannel) -> Option<ChannelBindings<'_>> {
    channel.of(TlsBinding::ServerEndPoint).next()
}

fn env(rng: &mut dyn gss::CryptoRng) -> Env<'_> {
    Env::new(Timestamp::now(), rng)
}
