//! What the server on axum can besides what all origins can: HTTP/2, and the port that users know.

use core::net::Ipv4Addr;
use std::net::TcpListener;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use interop::browser::{Browser, Setup};
use interop::curl;
use interop::peer::PATIENCE;

use super::*;

/// The port of the examples, and the default of our servers.
const PORT: u16 = 8443;

/// Fetches the page `count` times in one run of curl.
fn fetch(world: &World, origin: &Origin, version: &str, count: usize) -> Result<curl::Fetched> {
    let ccache = world.login(ALICE)?;
    let mut arguments = origin.target.curl_arguments();
    arguments.extend((1..count).map(|_| origin.target.url()));
    arguments.push(version.into());
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    curl::negotiate(world, Some(&ccache), &arguments)
}

/// Each request logs in: no login with Kerberos holds for a connection.
fn curl_logs_in_three_times(option: &str, version: &str) -> Result<()> {
    let world = World::start()?;
    let origin = Origin::axum(&world, Scheme::Https, Bindings::Verify)?;
    let fetched = fetch(&world, &origin, option, 3)?;
    ensure!(fetched.body.matches("You are alice@EXAMPLE.TEST").count() == 3, "{fetched:?}");
    for response in &fetched.responses {
        ensure!(response.status == 200 && response.negotiate_token()?.is_some(), "{fetched:?}");
    }
    let requests = origin.requests();
    let login = format!("GET / 200, {ALICE}, {version}, Login");
    ensure!(requests == vec![login; 3], "{requests:?}");
    Ok(())
}

#[test]
fn curl_over_http1() -> Result<()> {
    curl_logs_in_three_times("--http1.1", "HTTP/1.1")
}

#[test]
fn curl_over_http2() -> Result<()> {
    curl_logs_in_three_times("--http2", "HTTP/2.0")
}

/// Firefox makes a connection of HTTP/1.1 to log in on, without being told to. Chromium does so mostly; our server does not
/// mind either way.
fn logs_in_beside_http2(browser: Browser) -> Result<()> {
    let world = World::start()?;
    let origin = Origin::axum(&world, Scheme::Https, Bindings::Verify)?;
    let ccache = world.login(BOB)?;
    let setup = Setup { ccache: Some(&ccache), allowed: &[WWW], ..Setup::default() };
    let page = browser.visit(world.site(), &origin.target, &setup, "at-axum")?;
    ensure!(Greeting::find(&page.html) == Some(greeting(BOB)), "{page:?}\n{}", origin.log_tail());
    let requests = origin.requests();
    let logins = |version| {
        let said = format!("GET / 200, {BOB}, {version}, Login");
        requests.iter().filter(|found| **found == said).count()
    };
    let leaves = browser == Browser::Firefox;
    ensure!(logins("HTTP/1.1") + logins("HTTP/2.0") >= 1, "{requests:?}");
    ensure!(!leaves || logins("HTTP/2.0") == 0, "{requests:?}");
    Ok(())
}

#[test]
fn chromium_logs_in_beside_http2() -> Result<()> {
    logs_in_beside_http2(Browser::Chromium)
}

#[test]
fn firefox_logs_in_beside_http2() -> Result<()> {
    logs_in_beside_http2(Browser::Firefox)
}

/// Waits until nobody else has the port: other runs of these tests on the machine use it too.
fn wait_for_free_port() -> Result<()> {
    let start = Instant::now();
    while let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)) {
        if start.elapsed() > PATIENCE {
            return Err(error).with_context(|| format!("port {PORT} is not to be had"));
        }
        thread::yield_now();
    }
    Ok(())
}

#[test]
fn browsers_and_curl_on_port_8443() -> Result<()> {
    let world = World::start()?;
    wait_for_free_port()?;
    let options = AxumOptions { port: Some(PORT), ..AxumOptions::default() };
    let origin = Origin::axum_with(&world, Scheme::Https, &options)?;
    ensure!(origin.target.origin() == "https://www.example.test:8443", "{:?}", origin.target);
    for (browser, user) in [(Browser::Chromium, ALICE), (Browser::Firefox, BOB)] {
        let ccache = world.login(user)?;
        let setup = Setup { ccache: Some(&ccache), allowed: &[WWW], ..Setup::default() };
        let page = browser.visit(world.site(), &origin.target, &setup, "on-8443")?;
        ensure!(Greeting::find(&page.html) == Some(greeting(user)), "{page:?}\n{}", origin.log_tail());
    }
    let fetched = fetch(&world, &origin, "--http2", 1)?;
    ensure!(Greeting::read(&fetched.body)? == greeting(ALICE), "{fetched:?}");
    Ok(())
}
