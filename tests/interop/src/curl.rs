//! `curl --negotiate`.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::realm::Realm;
use crate::{packages, peer, text};

/// One response, as curl saw it.
#[derive(Clone, Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Header fields in order, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Response {
    /// All values of a field; the name in lower case.
    pub fn values<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r str> {
        self.headers.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The token of the `WWW-Authenticate: Negotiate` field, if it has one.
    ///
    /// # Errors
    /// It is not Base64.
    pub fn negotiate_token(&self) -> Result<Option<Vec<u8>>> {
        let token = self.values("www-authenticate").find_map(|value| value.strip_prefix("Negotiate "));
        token.map(|token| text::unbase64(token.trim())).transpose()
    }
}

/// What a run of curl came to.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Every response, challenges included, in order.
    pub responses: Vec<Response>,
    /// The bodies of the responses that curl gave out.
    pub body: String,
}

impl Fetched {
    /// The last response.
    ///
    /// # Errors
    /// There was none.
    pub fn last(&self) -> Result<&Response> {
        self.responses.last().context("curl saw no response")
    }
}

/// Fetches a page with Negotiate authentication, and the tickets of a ccache if there is one.
///
/// # Errors
/// curl is missing, or reports a failure; an HTTP error status is none.
pub fn negotiate(realm: &Realm, ccache: Option<&Path>, arguments: &[&str]) -> Result<Fetched> {
    let headers = realm.fresh_path("headers");
    let mut command = realm.command(packages::find("curl")?);
    if let Some(ccache) = ccache {
        command.env("KRB5CCNAME", ccache);
    }
    // -q leaves the user's curlrc out.
    command.args([
        "-q",
        "--silent",
        "--show-error",
        "--noproxy",
        "*",
        "--max-time",
        "20",
        "--negotiate",
        "-u",
        ":",
    ]);
    command.arg("--dump-header").arg(&headers).args(arguments);
    let body = peer::succeed(&mut command, b"")?;
    let dump = std::fs::read_to_string(&headers)?;
    let responses: Vec<_> = parse(&dump).with_context(|| format!("curl dumped {dump:?}"))?;
    ensure!(!responses.is_empty(), "curl dumped no header: {dump:?}");
    Ok(Fetched { responses, body })
}

fn parse(dump: &str) -> Option<Vec<Response>> {
    let mut responses: Vec<Response> = Vec::new();
    for line in dump.lines().filter(|line| !line.is_empty()) {
        if line.starts_with("HTTP/") {
            let status = line.split(' ').nth(1)?.parse().ok()?;
            responses.push(Response { status, headers: Vec::new() });
        } else {
            let (name, value) = line.split_once(':')?;
            responses.last_mut()?.headers.push((name.to_ascii_lowercase(), value.trim().into()));
        }
    }
    Some(responses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dump_of_two_responses() {
        let dump = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\n\r\n\
                    HTTP/1.1 200 OK\r\nWWW-Authenticate: Negotiate AAE=\r\nX: a:b\r\n\r\n";
        let responses = parse(dump).unwrap();
        assert_eq!(responses.iter().map(|response| response.status).collect::<Vec<_>>(), [401, 200]);
        assert_eq!(responses[0].negotiate_token().unwrap(), None);
        assert_eq!(responses[1].negotiate_token().unwrap(), Some(vec![0, 1]));
        assert_eq!(responses[1].values("x").collect::<Vec<_>>(), ["a:b"]);
    }
}
