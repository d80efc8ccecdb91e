//! squid: proves the harness for our own client, and shows our server behind a proxy.

use anyhow::{Context as _, Result, ensure};
use interop::browser::{Browser, Setup};
use interop::curl::{self, Fetched};
use interop::squid::{Access, Offer, Squid};
use interop::web::PROXY;

use super::*;

/// Fetches the page through a proxy, as text. The user logs in to both, at the proxy by these options of curl's.
fn curl(
    world: &World,
    squid: &Squid,
    origin: &Origin,
    user: Option<&str>,
    options: &[&str],
) -> Result<Fetched> {
    curl_by(world, squid, &squid.url(), origin, user, options)
}

/// As [`curl`], by one of the proxy's URLs.
fn curl_by(
    world: &World,
    squid: &Squid,
    proxy: &str,
    origin: &Origin,
    user: Option<&str>,
    options: &[&str],
) -> Result<Fetched> {
    let ccache = user.map(|user| world.login(user)).transpose()?;
    let arguments = [squid.curl_arguments(proxy), origin.target.curl_arguments()].concat();
    let arguments = arguments.iter().map(String::as_str).chain(options.iter().copied());
    let arguments: Vec<_> = arguments.chain(["-H", "Accept: text/plain"]).collect();
    curl::negotiate(world, ccache.as_deref(), &arguments)
}

const NEGOTIATE: &[&str] = &["--proxy-negotiate", "--proxy-user", ":"];

/// Somebody whom the NTLM helper takes for whom they say they are.
const NTLM: &[&str] = &["--proxy-ntlm", "--proxy-user", "INTEROP\\carol:anything"];

fn statuses(fetched: &Fetched) -> Vec<u16> {
    fetched.responses.iter().map(|response| response.status).collect()
}

fn expect_access(squid: &mut Squid, expected: &[(u16, &str, String, Option<&str>)]) -> Result<()> {
    let expected: Vec<_> = expected
        .iter()
        .map(|(status, method, target, user)| Access {
            status: *status,
            method: (*method).into(),
            target: target.clone(),
            user: user.map(str::to_owned),
        })
        .collect();
    let found = squid.accesses(expected.len())?;
    ensure!(found == expected, "{found:?}\n{}", squid.log_tail());
    Ok(())
}

/// Both the proxy and the server want a login, which curl makes in one request.
fn curl_through_squid(serve: Serve) -> Result<()> {
    let world = World::start()?;
    let mut squid = Squid::start(&world, &[Offer::Negotiate])?;
    let origin = serve(&world, Scheme::Http, Bindings::Verify)?;
    let mut accesses = Vec::new();
    for user in [ALICE, BOB] {
        let fetched = curl(&world, &squid, &origin, Some(user), NEGOTIATE)?;
        ensure!(statuses(&fetched) == [200], "{fetched:?}\n{}", squid.log_tail());
        ensure!(Greeting::read(&fetched.body)? == greeting(user), "{fetched:?}");
        let last = fetched.last()?;
        // RFC 4559 section 6: the proxy vouches that it keeps the two connections together.
        ensure!(last.values("proxy-support").eq(["Session-Based-Authentication"]), "{fetched:?}");
        ensure!(last.values("via").count() == 1 && last.negotiate_token()?.is_some(), "{fetched:?}");
        // squid keeps its last token to itself.
        ensure!(last.headers.iter().all(|(name, _)| !name.starts_with("proxy-auth")), "{fetched:?}");
        accesses.push((200, "GET", origin.target.url(), Some(user)));
        expect_access(&mut squid, &accesses)?;
    }
    Ok(())
}

fn curl_through_a_tunnel(serve: Serve) -> Result<()> {
    let world = World::start()?;
    let mut squid = Squid::start(&world, &[Offer::Negotiate])?;
    let origin = serve(&world, Scheme::Https, Bindings::Verify)?;
    let host = origin.target.origin().replace("https://", "");
    let fetched = curl(&world, &squid, &origin, Some(ALICE), NEGOTIATE)?;
    ensure!(statuses(&fetched) == [200, 200], "a tunnel and a page: {fetched:?}\n{}", squid.log_tail());
    ensure!(Greeting::read(&fetched.body)? == greeting(ALICE), "{fetched:?}");
    expect_access(&mut squid, &[(200, "CONNECT", host, Some(ALICE))])
}

/// TLS to the proxy, and TLS to the server inside of it.
fn curl_through_a_tunnel_in_tls(serve: Serve) -> Result<()> {
    let world = World::start()?;
    let mut squid = Squid::start(&world, &[Offer::Negotiate])?;
    let origin = serve(&world, Scheme::Https, Bindings::Verify)?;
    let authority = origin.target.authority().display().to_string();
    let options = [NEGOTIATE, &["--proxy-cacert", &authority]].concat();
    let fetched = curl_by(&world, &squid, &squid.tls_url(), &origin, Some(ALICE), &options)?;
    ensure!(Greeting::read(&fetched.body)? == greeting(ALICE), "{fetched:?}\n{}", squid.log_tail());
    let host = origin.target.origin().replace("https://", "");
    expect_access(&mut squid, &[(200, "CONNECT", host, Some(ALICE))])
}

/// The scheme NTLM takes two legs, and both have to come on one connection to the proxy.
fn curl_with_ntlm_through_a_tunnel(serve: Serve) -> Result<()> {
    let world = World::start()?;
    let mut squid = Squid::start(&world, &[Offer::Negotiate, Offer::FakeNtlm])?;
    let origin = serve(&world, Scheme::Https, Bindings::Verify)?;
    let host = origin.target.origin().replace("https://", "");
    let fetched = curl(&world, &squid, &origin, Some(ALICE), NTLM)?;
    ensure!(statuses(&fetched) == [407, 200, 200], "{fetched:?}\n{}", squid.log_tail());
    ensure!(Greeting::read(&fetched.body)? == greeting(ALICE), "{fetched:?}");
    let accesses = squid.accesses(2)?;
    let [challenge, tunnel] = &accesses[..] else { anyhow::bail!("{accesses:?}") };
    ensure!((challenge.status, &challenge.user) == (407, &None), "{accesses:?}");
    let carol =
        tunnel.user.as_deref().is_some_and(|user| user.contains("INTEROP") && user.contains("\\carol"));
    ensure!(tunnel.status == 200 && carol, "{accesses:?}");
    ensure!(accesses.iter().all(|access| access.target == host), "{accesses:?}");
    Ok(())
}

/// Nobody gets past the proxy without a login, and both schemes are offered.
fn squid_stops_who_does_not_log_in(serve: Serve) -> Result<()> {
    let world = World::start()?;
    let mut squid = Squid::start(&world, &[Offer::Negotiate, Offer::Ntlm])?;
    let origin = serve(&world, Scheme::Http, Bindings::Verify)?;
    for options in [&[][..], NEGOTIATE] {
        let fetched = curl(&world, &squid, &origin, None, options)?;
        let last = fetched.last()?;
        ensure!(last.status == 407, "{fetched:?}\n{}", squid.log_tail());
        ensure!(last.values("proxy-authenticate").eq(["Negotiate", "NTLM"]), "{fetched:?}");
    }
    let passed = |access: &Access| access.status != 407 || access.user.is_some();
    ensure!(!squid.accesses(2)?.iter().any(passed), "{}", squid.log_tail());
    ensure!(!origin.requests().iter().any(|said| said.starts_with("GET")), "{}", origin.log_tail());
    Ok(())
}

/// Firefox ESR does not get from HTTP/2 to a login through a proxy that wants one too, at Apache neither: it says that the
/// proxy refuses connections.
#[test]
fn firefox_through_squid() -> Result<()> {
    browser_through_squid(Origin::gssctl, Browser::Firefox)?;
    let http1 = |world: &World, scheme, _| {
        Origin::axum_with(world, scheme, &AxumOptions { http1: true, ..AxumOptions::default() })
    };
    browser_through_squid(http1, Browser::Firefox)
}

fn browser_through_squid(serve: Serve, browser: Browser) -> Result<()> {
    let world = World::start()?;
    let mut squid = Squid::start(&world, &[Offer::Negotiate])?;
    let ccache = world.login(ALICE)?;
    let proxy = Some(squid.port());
    let setup = Setup { ccache: Some(&ccache), allowed: &[WWW, PROXY], proxy, ..Setup::default() };
    let origin = serve(&world, Scheme::Https, Bindings::Verify)?;
    let page = browser.visit(world.site(), &origin.target, &setup, "through-squid");
    let page = page.with_context(|| format!("{}\n{}", squid.log_tail(), origin.log_tail()))?;
    ensure!(Greeting::find(&page.html) == Some(greeting(ALICE)), "{page:?}\n{}", squid.log_tail());
    let host = origin.target.origin().replace("https://", "");
    let tunnel = |access: &Access| access.target == host && access.user.as_deref() == Some(ALICE);
    ensure!(squid.accesses(1)?.iter().any(tunnel), "{}", squid.log_tail());
    Ok(())
}

at_each_origin!(
    curl_through_squid = curl_through_squid(),
    curl_through_a_tunnel = curl_through_a_tunnel(),
    curl_through_a_tunnel_in_tls = curl_through_a_tunnel_in_tls(),
    curl_with_ntlm_through_a_tunnel = curl_with_ntlm_through_a_tunnel(),
    squid_stops_who_does_not_log_in = squid_stops_who_does_not_log_in(),
    chromium_through_squid = browser_through_squid(Browser::Chromium),
);
