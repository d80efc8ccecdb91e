//! One connection: requests, one after the other.

use super::Site;
use super::page::{self, Page};
use crate::http::{Connection, Framing, ReadError, RequestHead};
use crate::random;
use alloc::sync::Arc;
use core::fmt::Write as _;
use core::net::SocketAddr;
use gss::{Acceptor, AcceptorConfig, Env, Timestamp, oid};
use gss_http::{
    Answer, HeaderField, Reply, Request, Scheme, Schemes, ServerConnection, ServerPolicy, Version,
};

/// Longest body that is read and thrown away, so that the connection can go on.
const MAX_BODY: u64 = 1024 * 1024;

/// Most requests on one connection.
const MAX_REQUESTS: usize = 1000;

/// Answers requests until the client or we have enough.
pub(super) fn serve(mut connection: Connection, peer: SocketAddr, site: &Site) {
    let mut authentication = ServerConnection::new(policy(&site.config));
    for _ in 0..MAX_REQUESTS {
        match next(&mut connection, &mut authentication, peer, site) {
            Next::Request => {}
            Next::Close => break,
        }
    }
    connection.close();
}

/// The scheme NTLM is there for clients that know no SPNEGO.
fn policy(config: &AcceptorConfig) -> ServerPolicy {
    let negotiate = Schemes::only(Scheme::Negotiate);
    let ntlm = config.mechanisms().any(|mechanism| mechanism == oid::NTLMSSP);
    let schemes = if ntlm { negotiate.then(Scheme::Ntlm) } else { negotiate };
    ServerPolicy { schemes, ..ServerPolicy::default() }
}

/// Answers a connection that there is no room for.
pub(super) fn turn_away(mut connection: Connection) {
    let response = Response::new(503, page::notice("The server is busy", "Try again later."));
    let _ = connection.write(&response.to_bytes(false, Form::default()));
}

enum Next {
    Request,
    Close,
}

fn next(
    connection: &mut Connection,
    authentication: &mut ServerConnection<Acceptor>,
    peer: SocketAddr,
    site: &Site,
) -> Next {
    let head = match connection
        .read_head()
        .and_then(|head| head.map(|head| RequestHead::parse(&head)).transpose())
    {
        Ok(Some(head)) => head,
        Ok(None) => return Next::Close,
        Err(error) => return refuse(connection, peer, site, &error),
    };
    if let Err(error) = skip_body(connection, &head) {
        return refuse(connection, peer, site, &error);
    }
    let mut rng = random::system();
    let mut env = Env::new(Timestamp::now(), &mut rng);
    let acceptor = |scheme| {
        let acceptor = Acceptor::new(Arc::clone(&site.config));
        Ok(match scheme {
            Scheme::Negotiate => acceptor,
            Scheme::Ntlm => acceptor.framing(gss::Framing::Raw),
        })
    };
    let request = Request {
        credentials: head.fields.lines("authorization"),
        version: Version::Http1,
        via: head.fields.lines("via").next().is_some(),
    };
    let answer = authentication.receive(request, acceptor, &mut env);
    let response = respond(answer, peer, &head, site);
    let keep = head.keeps_alive();
    let form =
        Form { plain: head.fields.has_member("accept", "text/plain"), head_only: head.method == "HEAD" };
    let sent = connection.write(&response.to_bytes(keep, form));
    if keep && sent.is_ok() { Next::Request } else { Next::Close }
}

fn respond(answer: Answer<'_, Acceptor>, peer: SocketAddr, head: &RequestHead, site: &Site) -> Response {
    let log = |outcome: &str| site.log(&format!("{peer} {} {} {outcome}", head.method, head.target));
    match answer {
        Answer::Challenge(reply) => {
            log("401, no credentials");
            Response::reply(reply, page::sign_in())
        }
        Answer::Continue(reply) => {
            log("401, to be continued");
            Response::reply(reply, page::sign_in())
        }
        Answer::Accepted { context, fields } => {
            log(&format!("200, {}", context.peer_name().unwrap_or_default()));
            Response { fields, ..Response::new(200, page::greeting(&context)) }
        }
        Answer::Reject { reply, error } => {
            log(&format!("{}, {error}", reply.status));
            let page = match reply.status {
                401 => page::refused(),
                503 => {
                    page::notice(reason(503), "Something that logins need does not answer. Try again later.")
                }
                status => {
                    page::notice(reason(status), "The Authorization field of the request cannot be used.")
                }
            };
            Response::reply(reply, page)
        }
    }
}

/// Reads the body, so that it is not taken for the next request.
fn skip_body(connection: &mut Connection, head: &RequestHead) -> Result<(), ReadError> {
    let framing =
        Framing::of_request(&head.fields).map_err(|error| ReadError::Malformed(error.to_string()))?;
    if framing != Framing::None && head.fields.has_member("expect", "100-continue") {
        connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    connection.read_body(framing, MAX_BODY, &mut std::io::sink())
}

/// Says why the request cannot be read, if there still is somebody to say it to.
fn refuse(connection: &mut Connection, peer: SocketAddr, site: &Site, error: &ReadError) -> Next {
    let status = match error {
        ReadError::Malformed(_) => 400,
        ReadError::HeadTooLong | ReadError::TooManyFields => 431,
        ReadError::BodyTooLong { .. } => 413,
        ReadError::TimedOut => 408,
        ReadError::Closed | ReadError::Io(_) => return Next::Close,
    };
    site.log(&format!("{peer} {status}, {error}"));
    let response = Response::new(status, page::notice(reason(status), &error.to_string()));
    let _ = connection.write(&response.to_bytes(false, Form::default()));
    Next::Close
}

struct Response {
    status: u16,
    fields: Vec<HeaderField>,
    page: Page,
}

/// How a page is sent.
#[derive(Clone, Copy, Default)]
struct Form {
    plain: bool,
    head_only: bool,
}

impl Response {
    fn new(status: u16, page: Page) -> Self {
        Self { status, fields: Vec::new(), page }
    }

    fn reply(reply: Reply, page: Page) -> Self {
        Self { fields: reply.fields, ..Self::new(reply.status, page) }
    }

    fn to_bytes(&self, keep_alive: bool, form: Form) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for field in &self.fields {
            // Writing to a string cannot fail.
            let _ = write!(text, "{}: {}\r\n", field.name, field.value.as_str());
        }
        if !keep_alive {
            text.push_str("Connection: close\r\n");
        }
        let (subtype, page) =
            if form.plain { ("plain", self.page.to_text()) } else { ("html", self.page.to_html()) };
        let _ = write!(
            text,
            "Content-Type: text/{subtype}; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
             Content-Security-Policy: default-src 'none'\r\nX-Content-Type-Options: nosniff\r\n\r\n",
            page.len()
        );
        if !form.head_only {
            text.push_str(&page);
        }
        text.into_bytes()
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        408 => "Request Timeout",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}
