//! Apache over TLS with stock clients: shows which peer it is for our own client.

use anyhow::{Result, ensure};
use interop::apache::{Apache, ApacheOptions, PAGE};
use interop::browser::{Browser, Setup};
use interop::python::{self, Requests};
use interop::{curl, java};

use super::*;

fn start(world: &World, options: &ApacheOptions<'_>) -> Result<(Apache, Target)> {
    let options = ApacheOptions { certificate: Some(world.certificate()), ..*options };
    let apache = Apache::start(world, &world.keytab(WWW)?, &options)?;
    let target = world.target(Scheme::Https, apache.port());
    Ok((apache, target))
}

/// Fetches the page twice in one run, and gives status and version of every request as Apache saw it, in order, with
/// the user and the scheme of the credentials.
fn fetch_twice(
    world: &World,
    options: &ApacheOptions<'_>,
    version: &str,
) -> Result<(curl::Fetched, Vec<String>)> {
    let (mut apache, target) = start(world, options)?;
    let ccache = world.login(ALICE)?;
    let arguments = target.curl_arguments();
    let mut arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let url = target.url();
    arguments.extend([version, &url]);
    let fetched = curl::negotiate(world, Some(&ccache), &arguments)?;
    ensure!(fetched.body == PAGE.repeat(2), "{fetched:?}\n{}", apache.log_tail());
    let requests = apache.wait_for_requests(fetched.responses.len())?;
    Ok((fetched, requests))
}

const LOGIN: &str = "200 HTTP/1.1 alice@EXAMPLE.TEST Negotiate";

#[test]
fn every_request_logs_in() -> Result<()> {
    let world = World::start()?;
    let (fetched, requests) = fetch_twice(&world, &ApacheOptions::default(), "--http1.1")?;
    ensure!(requests == [LOGIN, LOGIN], "{requests:?}, {fetched:?}");
    Ok(())
}

#[test]
fn connection_stays_logged_in() -> Result<()> {
    let world = World::start()?;
    let options = ApacheOptions { connection_bound: true, ..ApacheOptions::default() };
    let (fetched, requests) = fetch_twice(&world, &options, "--http1.1")?;
    ensure!(
        fetched.responses.iter().all(|response| response.values("persistent-auth").eq(["true"])),
        "{fetched:?}"
    );
    ensure!(requests == [LOGIN, "200 HTTP/1.1 alice@EXAMPLE.TEST -"], "{requests:?}, {fetched:?}");
    Ok(())
}

#[test]
fn curl_over_http2() -> Result<()> {
    let world = World::start()?;
    let (fetched, requests) = fetch_twice(&world, &ApacheOptions::default(), "--http2")?;
    let login = LOGIN.replace("1.1", "2.0");
    ensure!(requests == [&login[..], &login], "{requests:?}, {fetched:?}");
    for response in &fetched.responses {
        ensure!(response.status == 200 && response.negotiate_token()?.is_some(), "{fetched:?}");
    }
    Ok(())
}

/// The module knows no channel bindings, and takes clients that send them.
#[test]
fn bindings_are_ignored() -> Result<()> {
    let world = World::start()?;
    let (apache, target) = start(&world, &ApacheOptions::default())?;
    let ccache = world.login(ALICE)?;
    let how = Requests { channel_bindings: true, ..Requests::default() };
    let requested = python::requests(world.site(), &target, Some(&ccache), &how)?;
    ensure!(requested == Ok(vec![(200, PAGE.into())]), "{requested:?}\n{}", apache.log_tail());
    let (status, page) = java::get(world.site(), world.krb5_conf(), &target, &ccache, true)?;
    ensure!((status, &*page) == (200, PAGE), "{status}: {page}\n{}", apache.log_tail());
    Ok(())
}

/// requests-gssapi insists on the server's proof; Java and curl do not.
#[test]
fn server_without_proof_is_refused() -> Result<()> {
    let world = World::start()?;
    let (apache, target) = start(&world, &ApacheOptions { unproven: true, ..ApacheOptions::default() })?;
    let ccache = world.login(ALICE)?;
    let requested = python::requests(world.site(), &target, Some(&ccache), &Requests::default())?;
    let refusal = requested.as_ref().err().map(|(name, _)| name.as_str());
    ensure!(refusal == Some("MutualAuthenticationError"), "{requested:?}\n{}", apache.log_tail());
    let how = Requests { mutual: false, ..Requests::default() };
    let requested = python::requests(world.site(), &target, Some(&ccache), &how)?;
    ensure!(requested == Ok(vec![(200, PAGE.into())]), "{requested:?}\n{}", apache.log_tail());
    Ok(())
}

/// Firefox makes a connection of HTTP/1.1 to log in on, without being told to. Chromium does so mostly: it may log in over
/// the connection that it has.
fn browser_logs_in_beside_http2(browser: Browser) -> Result<()> {
    let world = World::start()?;
    let (mut apache, target) = start(&world, &ApacheOptions::default())?;
    let ccache = world.login(ALICE)?;
    let setup = Setup { ccache: Some(&ccache), allowed: &[WWW], ..Setup::default() };
    let page = browser.visit(world.site(), &target, &setup, "at-apache")?;
    ensure!(page.html.contains(PAGE.trim()), "{page:?}\n{}", apache.log_tail());
    let requests = apache.wait_for_requests(2)?;
    ensure!(requests.first().is_some_and(|said| said == "401 HTTP/2.0 - -"), "{requests:?}");
    let over_http2 = LOGIN.replace("1.1", "2.0");
    ensure!(requests.iter().any(|said| *said == LOGIN || *said == over_http2), "{requests:?}");
    let credentials_over_http2 = |said: &String| said.contains("HTTP/2.0") && !said.ends_with('-');
    let leaves = browser == Browser::Firefox;
    ensure!(!leaves || !requests.iter().any(credentials_over_http2), "{requests:?}");
    Ok(())
}

#[test]
fn chromium_logs_in_beside_http2() -> Result<()> {
    browser_logs_in_beside_http2(Browser::Chromium)
}

#[test]
fn firefox_logs_in_beside_http2() -> Result<()> {
    browser_logs_in_beside_http2(Browser::Firefox)
}
