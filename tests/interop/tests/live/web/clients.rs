//! curl, Java's `HttpURLConnection` and Python's requests-gssapi.

use anyhow::{Result, ensure};
use interop::endpoint::User;
use interop::python::{Requested, Requests};
use interop::web::OTHER;
use interop::{curl, java, python};

use super::*;

/// Fetches the page as text. curl 7.88 knows no channel bindings.
fn curl(world: &World, target: &Target, user: Option<&str>, more: &[&str]) -> Result<curl::Fetched> {
    let ccache = user.map(|user| world.login(user)).transpose()?;
    let arguments = target.curl_arguments();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
    curl::negotiate(world, ccache.as_deref(), &[&["-H", "Accept: text/plain"], &arguments[..]].concat())
}

fn curl_logs_in(serve: Serve) -> Result<()> {
    let world = World::start()?;
    let origin = serve(&world, Scheme::Https, Bindings::Verify)?;
    for user in [ALICE, BOB] {
        let fetched = curl(&world, &origin.target, Some(user), &[])?;
        ensure!(fetched.last()?.status == 200, "{fetched:?}\n{}", origin.log_tail());
        ensure!(Greeting::read(&fetched.body)? == greeting(user), "{fetched:?}");
        ensure!(fetched.last()?.negotiate_token()?.is_some(), "our server proves itself: {fetched:?}");
    }
    let refused = curl(&world, &origin.target, None, &[])?;
    ensure!(refused.last()?.status == 401 && Greeting::find(&refused.body).is_none(), "{refused:?}");
    Ok(())
}

/// A forwarded ticket comes along.
fn curl_delegates_if_told_to(serve: Serve) -> Result<()> {
    let world = World::start()?;
    let origin = serve(&world, Scheme::Https, Bindings::Verify)?;
    let fetched = curl(&world, &origin.target, Some(ALICE), &["--delegation", "always"])?;
    ensure!(Greeting::read(&fetched.body)? == Greeting { delegated: 1, ..greeting(ALICE) }, "{fetched:?}");
    Ok(())
}

/// A ticket for one service is none for another.
fn wrong_server_is_refused(serve: Serve) -> Result<()> {
    let world = World::start()?;
    let origin = serve(&world, Scheme::Https, Bindings::Verify)?;
    let target = origin.target.named(OTHER);
    let fetched = curl(&world, &target, Some(ALICE), &[])?;
    ensure!(fetched.last()?.status == 401 && Greeting::find(&fetched.body).is_none(), "{fetched:?}");

    let ccache = world.login(ALICE)?;
    let requested = python::requests(world.site(), &target, Some(&ccache), &Requests::default())?;
    ensure!(!greets(&requested), "{requested:?}");

    let (status, page) = java::get(world.site(), world.krb5_conf(), &target, &ccache, false)?;
    ensure!(status == 401 && Greeting::find(&page).is_none(), "{status}: {page}");
    Ok(())
}

/// Whether there was a greeting at all.
fn greets(requested: &Requested) -> bool {
    requested.iter().flatten().any(|(_, page)| Greeting::find(page).is_some())
}

fn java_logs_in(serve: Serve) -> Result<()> {
    let world = World::start()?;
    let origin = serve(&world, Scheme::Https, Bindings::Verify)?;
    for (user, bound) in [(ALICE, false), (BOB, true)] {
        let ccache = world.login(user)?;
        let (status, page) = java::get(world.site(), world.krb5_conf(), &origin.target, &ccache, bound)?;
        ensure!(status == 200, "{status}: {page}\n{}", origin.log_tail());
        ensure!(Greeting::read(&page)? == Greeting { bound, ..greeting(user) }, "{page}");
    }
    Ok(())
}

fn requests_logs_in(serve: Serve) -> Result<()> {
    let world = World::start()?;
    let origin = serve(&world, Scheme::Https, Bindings::Verify)?;
    let plain = Requests::default();
    for (user, how) in [
        (ALICE, plain),
        (BOB, Requests { channel_bindings: true, ..plain }),
        (ALICE, Requests { preemptive: true, count: 3, ..plain }),
        (BOB, Requests { channel_bindings: true, count: 3, ..plain }),
    ] {
        let ccache = world.login(user)?;
        let requested = python::requests(world.site(), &origin.target, Some(&ccache), &how)?;
        let Ok(pages) = &requested else { anyhow::bail!("{requested:?}\n{}", origin.log_tail()) };
        ensure!(pages.len() == how.count, "{requested:?}");
        for (status, page) in pages {
            let expected = Greeting { bound: how.channel_bindings, ..greeting(user) };
            ensure!(
                *status == 200 && Greeting::read(page)? == expected,
                "{how:?}: {page}\n{}",
                origin.log_tail()
            );
        }
    }
    let requested = python::requests(world.site(), &origin.target, None, &plain)?;
    ensure!(!greets(&requested), "{requested:?}");
    Ok(())
}

/// Multi-leg logins that hold for a connection do over TLS what they do in the clear.
#[test]
fn curl_ntlm_over_tls() -> Result<()> {
    let world = World::start()?;
    let password = Some("Staple 7 battery".into());
    let carol = User { user: "carol".into(), domain: "INTEROP".into(), password, nt_hash: None };
    let tls = tls_options(&world, Scheme::Https);
    let mut options: Vec<_> = tls.iter().map(String::as_str).collect();
    options.extend(["--allow", "ntlm-without-mic"]);
    let server = interop::gssctl::Server::with_users(&world, core::slice::from_ref(&carol), &options)?;
    let target = world.target(Scheme::Https, server.port());
    let arguments = target.curl_arguments();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let fetched =
        curl::ntlm(world.site(), &carol, &[&["-H", "Accept: text/plain"], &arguments[..]].concat())?;
    let statuses: Vec<_> = fetched.responses.iter().map(|response| response.status).collect();
    ensure!(statuses == [401, 200], "{fetched:?}\n{}", server.log_tail());
    ensure!(Greeting::read(&fetched.body)? == greeting("INTEROP\\carol"), "{fetched:?}");
    Ok(())
}

/// Where bindings are demanded, those have a page who send them.
fn bindings_can_be_required(serve: Serve) -> Result<()> {
    let world = World::start()?;
    let origin = serve(&world, Scheme::Https, Bindings::Require)?;
    ensure!(curl(&world, &origin.target, Some(ALICE), &[])?.last()?.status == 401, "{}", origin.log_tail());
    let ccache = world.login(ALICE)?;
    for bound in [false, true] {
        let how = Requests { channel_bindings: bound, ..Requests::default() };
        let requested = python::requests(world.site(), &origin.target, Some(&ccache), &how)?;
        ensure!(greets(&requested) == bound, "{requested:?}\n{}", origin.log_tail());
        let (status, page) = java::get(world.site(), world.krb5_conf(), &origin.target, &ccache, bound)?;
        let expected = if bound { 200 } else { 401 };
        ensure!(status == expected, "{status}: {page}\n{}", origin.log_tail());
    }
    Ok(())
}

at_each_origin!(
    curl_logs_in = curl_logs_in(),
    curl_delegates_if_told_to = curl_delegates_if_told_to(),
    wrong_server_is_refused = wrong_server_is_refused(),
    java_logs_in = java_logs_in(),
    requests_logs_in = requests_logs_in(),
    bindings_can_be_required = bindings_can_be_required(),
);
