//! Chromium and Firefox. They log in to the hosts that they were told to, and ask everybody else's server for nothing.

use anyhow::{Context as _, Result, ensure};
use interop::browser::{Browser, Page, Setup};

use super::*;

/// Visits the server, and gives what it says besides the page.
fn visit(
    browser: Browser,
    world: &World,
    origin: &Origin,
    setup: &Setup<'_>,
    name: &str,
) -> Result<(Page, Option<Greeting>)> {
    let page = browser.visit(world.site(), &origin.target, setup, name).with_context(|| origin.log_tail())?;
    let greeting = Greeting::find(&page.html);
    Ok((page, greeting))
}

fn logs_in(serve: Serve, browser: Browser) -> Result<()> {
    let world = World::start()?;
    let origin = serve(&world, Scheme::Https, Bindings::Verify)?;
    let ccache = world.login(BOB)?;
    let setup = Setup { ccache: Some(&ccache), allowed: &[WWW], ..Setup::default() };
    let (page, found) = visit(browser, &world, &origin, &setup, "signed-in")?;
    ensure!(found == Some(greeting(BOB)), "{page:?}\n{}", origin.log_tail());
    Ok(())
}

/// The first was not told to log in, and the second has nothing to log in with.
fn stays_out(serve: Serve, browser: Browser) -> Result<()> {
    let world = World::start()?;
    let origin = serve(&world, Scheme::Https, Bindings::Verify)?;
    let ccache = world.login(ALICE)?;
    for setup in [
        Setup { ccache: Some(&ccache), delegated: &[WWW], ..Setup::default() },
        Setup { allowed: &[WWW], ..Setup::default() },
    ] {
        let (page, found) = visit(browser, &world, &origin, &setup, "not-signed-in")?;
        ensure!(
            found.is_none() && page.html.contains("Sign in"),
            "{setup:?}: {page:?}\n{}",
            origin.log_tail()
        );
    }
    let requests = origin.requests();
    ensure!(requests.iter().all(|said| said.ends_with("401, no credentials")), "{requests:?}");
    Ok(())
}

fn delegates(serve: Serve, browser: Browser) -> Result<()> {
    let world = World::start()?;
    let origin = serve(&world, Scheme::Https, Bindings::Verify)?;
    let ccache = world.login(ALICE)?;
    let setup = Setup { ccache: Some(&ccache), allowed: &[WWW], delegated: &[WWW], ..Setup::default() };
    let (page, found) = visit(browser, &world, &origin, &setup, "delegated")?;
    ensure!(found == Some(Greeting { delegated: 1, ..greeting(ALICE) }), "{page:?}\n{}", origin.log_tail());
    Ok(())
}

at_each_origin!(
    chromium_logs_in = logs_in(Browser::Chromium),
    firefox_logs_in = logs_in(Browser::Firefox),
    chromium_stays_out = stays_out(Browser::Chromium),
    firefox_stays_out = stays_out(Browser::Firefox),
    chromium_delegates = delegates(Browser::Chromium),
    firefox_delegates = delegates(Browser::Firefox),
);
