//! curl, with `--negotiate`, `--ntlm` and `--proxy-ntlm`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::endpoint::User;
use crate::site::Site;
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
pub fn negotiate(site: &impl AsRef<Site>, ccache: Option<&Path>, arguments: &[&str]) -> Result<Fetched> {
    let mut command = command(site.as_ref())?;
    if let Some(ccache) = ccache {
        command.env("KRB5CCNAME", ccache);
    }
    fetch(site.as_ref(), command.args(["--negotiate", "-u", ":"]).args(arguments))
}

/// Fetches a page with Negotiate authentication, and the users of a file in the format that gss-ntlmssp reads, of
/// which the first is logged in.
///
/// # Errors
/// As [`negotiate`].
pub fn negotiate_as(site: &Site, user: &User, arguments: &[&str]) -> Result<Fetched> {
    let file = site.fresh_path("curl-user");
    let password = user.password.as_deref().context("a user with a password")?;
    std::fs::write(&file, format!("{}:{}:{password}\n", user.domain, user.user))?;
    let mut command = command(site)?;
    command.env("NTLM_USER_FILE", file).args(["--negotiate", "-u", ":"]).args(arguments);
    fetch(site, &mut command)
}

/// Fetches a page without any authentication.
///
/// # Errors
/// As [`negotiate`].
pub fn plain(site: &Site, arguments: &[&str]) -> Result<Fetched> {
    fetch(site, command(site)?.args(arguments))
}

/// Fetches a page with the scheme `NTLM`, of which curl has an implementation of its own.
///
/// # Errors
/// As [`negotiate`].
pub fn ntlm(site: &Site, user: &User, arguments: &[&str]) -> Result<Fetched> {
    let mut command = command(site)?;
    command.args(["--ntlm", "-u", &login(user)?]).args(arguments);
    fetch(site, &mut command)
}

/// Fetches a page through a proxy that wants the scheme `NTLM`.
///
/// # Errors
/// As [`negotiate`].
pub fn proxy_ntlm(site: &Site, user: &User, proxy: &str, arguments: &[&str]) -> Result<Fetched> {
    let mut command = command(site)?;
    command
        .args(["--proxy-ntlm", "--proxy-user", &login(user)?, "--noproxy", "", "--proxy", proxy])
        .args(arguments);
    fetch(site, &mut command)
}

fn login(user: &User) -> Result<String> {
    let password = user.password.as_deref().context("a user with a password")?;
    Ok(format!("{}:{password}", user.full_name()))
}

fn command(site: &Site) -> Result<Command> {
    let mut command = site.command(packages::find("curl")?);
    // -q leaves the user's curlrc out.
    command.args(["-q", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20"]);
    Ok(command)
}

fn fetch(site: &Site, command: &mut Command) -> Result<Fetched> {
    let headers = site.fresh_path("headers");
    let body = peer::succeed(command.arg("--dump-header").arg(&headers), b"")?;
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
