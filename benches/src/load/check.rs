//! Whether servers do what is measured: let in who logs in, and nobody else.

use super::client::{Client, Response};
use super::site::{OPEN, OTHER_USER, Site, USER, request, with_env};
use anyhow::{Context as _, Result, bail, ensure};
use core::net::SocketAddr;
use gss::Initiator;
use gss_core::{Handshake as _, Step};
use gss_http::{Scheme, base64};

/// What happens to a login that is sent once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replays {
    Refused,
    Accepted,
}

/// Whether a response lets the user in, and has a token of the server.
pub(crate) fn is_logged_in(response: &Response<'_>) -> Result<()> {
    is_page(response, USER)?;
    ensure!(token(response)?.is_some_and(|token| !token.is_empty()), "no final token");
    Ok(())
}

/// Whether a response is the page of this user.
pub(crate) fn is_page(response: &Response<'_>, user: &str) -> Result<()> {
    ensure!(response.status == 200, "status {} in place of 200", response.status);
    let page = response.body.strip_suffix(b"\n");
    ensure!(page == Some(user.as_bytes()), "page of {:?}", String::from_utf8_lossy(response.body));
    Ok(())
}

/// Completes a login with the server's token, which proves the server.
pub(crate) fn is_proven(response: &Response<'_>, initiator: Initiator) -> Result<()> {
    let (mut token, mut more) = (Vec::new(), Vec::new());
    base64::decode(self::token(response)?.context("no final token")?, &mut token)?;
    match with_env(|env| initiator.step(&mut token, &mut more, env))? {
        Step::Done(_) if more.is_empty() => Ok(()),
        _ => bail!("the login takes another token"),
    }
}

fn token<'r>(response: &'r Response<'_>) -> Result<Option<&'r str>> {
    let mut lines = response.lines("WWW-Authenticate");
    let Some(line) = lines.find_map(|line| line.strip_prefix(Scheme::Negotiate.name().as_bytes())) else {
        return Ok(None);
    };
    Ok(Some(core::str::from_utf8(line).context("a token that is no text")?.trim()))
}

/// Tries a server with what it has to accept and to refuse.
///
/// # Errors
/// It does something else.
pub(crate) fn server(address: SocketAddr, site: &Site, others: bool, replays: Replays) -> Result<()> {
    let mut client = Client::connect(address, 1)?;
    let mut ask =
        |target: &str, credentials: Option<&str>, check: &mut dyn FnMut(&Response<'_>) -> Result<()>| {
            client.send(&[request(target, credentials)], |_, response| check(response))
        };
    ask(OPEN, None, &mut |response| is_page(response, "anybody")).context("the open page")?;
    let is_refused = &mut |response: &Response<'_>| {
        ensure!(response.status == 401, "status {} in place of 401", response.status);
        Ok(())
    };
    ask("/", None, is_refused).context("without credentials")?;

    let (credentials, initiator) = site.negotiate()?;
    let mut initiator = Some(initiator);
    let is_proven = &mut |response: &Response<'_>| {
        is_logged_in(response)?;
        is_proven(response, initiator.take().context("one response too many")?)
    };
    ask("/", Some(&credentials), is_proven).context("a login")?;
    match replays {
        Replays::Refused => ask("/", Some(&credentials), is_refused).context("a login once more")?,
        Replays::Accepted => {
            ask("/", Some(&credentials), &mut |response| is_page(response, USER))
                .context("a login once more")?;
        }
    }

    let (credentials, _) = site.negotiate_as_other()?;
    if others {
        let is_other = &mut |response: &Response<'_>| is_page(response, OTHER_USER);
        ask("/", Some(&credentials), is_other).context("another user")
    } else {
        ask("/", Some(&credentials), is_refused).context("another user")
    }
}
