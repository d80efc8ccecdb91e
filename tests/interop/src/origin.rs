//! An HTTP server or proxy whose logins an acceptor endpoint does: shows what an HTTP client sends.

use core::net::Ipv4Addr;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result, anyhow};

use crate::endpoint::{Endpoint, State, Step};
use crate::peer::PATIENCE;
use crate::text;

/// What the server is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Answers 401.
    Server,
    /// Answers 407, and the request's page itself once the client has logged in.
    Proxy,
}

/// What came of a login.
#[derive(Debug)]
pub struct Served {
    /// The acceptor's last step; absent when no token came.
    pub step: Option<Step>,
    /// The tokens, the client's first, in turn.
    pub tokens: Vec<Vec<u8>>,
    /// How many connections the client made.
    pub connections: usize,
}

/// Serves one login under a scheme (`NTLM` or `Negotiate`), which `client` makes at the URL it is given. The acceptor
/// has to be at its first step. The page is the user's name.
///
/// # Errors
/// The client fails, the acceptor dies, or something other than HTTP with tokens comes.
pub fn serve<T: Send>(
    acceptor: &mut Endpoint,
    scheme: &str,
    role: Role,
    client: impl FnOnce(&str) -> Result<T> + Send,
) -> Result<(T, Served)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let url = format!("http://localhost:{}/", address.port());
    let mut served = Served { step: None, tokens: Vec::new(), connections: 0 };
    thread::scope(|scope| {
        let client = scope.spawn(move || {
            let result = client(&url);
            // The loop below waits for a connection: this one says that no other comes.
            drop(TcpStream::connect(address));
            result
        });
        let outcome = loop {
            let stream = listener.accept()?.0;
            if client.is_finished() || is_end(&stream) {
                break Ok(());
            }
            served.connections += 1;
            if let Err(error) = converse(stream, acceptor, scheme, role, &mut served) {
                break Err(error);
            }
        };
        drop(listener);
        let fetched = client.join().map_err(|_| anyhow!("the client's thread panicked"))?;
        outcome?;
        Ok((fetched?, served))
    })
}

/// Whether the connection says that the client has ended.
fn is_end(stream: &TcpStream) -> bool {
    let mut byte = [0];
    stream.set_read_timeout(Some(PATIENCE)).is_err() || stream.peek(&mut byte).is_ok_and(|count| count == 0)
}

/// The requests of one connection.
fn converse(
    mut stream: TcpStream,
    acceptor: &mut Endpoint,
    scheme: &str,
    role: Role,
    served: &mut Served,
) -> Result<()> {
    let (request_field, challenge_field, refusal) = match role {
        Role::Server => ("authorization", "WWW-Authenticate", "401 Unauthorized"),
        Role::Proxy => ("proxy-authorization", "Proxy-Authenticate", "407 Proxy Authentication Required"),
    };
    let mut requests = BufReader::new(stream.try_clone()?);
    while let Some(fields) = request(&mut requests)? {
        let value = fields.iter().find(|(name, _)| name == request_field).map(|(_, value)| value);
        let Some(token) = value.and_then(|value| value.strip_prefix(&format!("{scheme} "))) else {
            respond(&mut stream, refusal, Some((challenge_field, scheme.into())), "")?;
            continue;
        };
        let token = text::unbase64(token)?;
        let step = acceptor.step(&token)?;
        served.tokens.push(token);
        let answer = step.token()?;
        served.tokens.extend(answer.clone());
        let field = answer.map(|token| (challenge_field, format!("{scheme} {}", text::base64(&token))));
        match step.state {
            State::Continue => respond(&mut stream, refusal, field, "")?,
            State::Established => {
                respond(&mut stream, "200 OK", field, step.peer.as_deref().unwrap_or_default())?;
            }
            // No scheme to try again with.
            State::Failed => respond(&mut stream, refusal, None, "")?,
        }
        served.step = Some(step);
    }
    Ok(())
}

/// The header fields of a request, names in lower case; `None` at the end of the connection.
fn request(stream: &mut impl BufRead) -> Result<Option<Vec<(String, String)>>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut fields = Vec::new();
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let field = line.trim_end();
        if field.is_empty() {
            return Ok(Some(fields));
        }
        let (name, value) = field.split_once(':').with_context(|| format!("{field:?} is no field"))?;
        fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn respond(stream: &mut TcpStream, status: &str, field: Option<(&str, String)>, body: &str) -> Result<()> {
    let field = field.map(|(name, value)| format!("{name}: {value}\r\n")).unwrap_or_default();
    write!(stream, "HTTP/1.1 {status}\r\n{field}Content-Length: {}\r\n\r\n{body}", body.len())?;
    Ok(())
}
