//! squid as a proxy that wants a login, before a server that wants one too.

use anyhow::{Context as _, Result, ensure};
use gss_http::Scheme as Carrier;
use gss_hyper::{Error, Mutual, NtlmLogin, Proxies, Proxy, Schemes};
use interop::squid::{Access, NTLM_USER, Offer, Squid};

use super::*;

/// A client of alice's who goes through the proxy, at which somebody logs in.
fn through(world: &World, target: &Target, proxy: &str, login: KerberosLogin) -> Result<ClientBuilder> {
    let proxy = Proxy::new(&proxy.parse()?)?.login(login);
    Ok(client(world, target, ALICE)?.proxies(Proxies::all(proxy)))
}

async fn fetch(client: &Client, origin: &Origin, count: usize, bound: bool) -> Result<()> {
    for _ in 0..count {
        let got = get(client, &origin.target.url()).await.with_context(|| origin.log_tail())?;
        ensure!(got.status == 200, "{got:?}");
        ensure!(Greeting::read(&got.page)? == Greeting { bound, ..greeting(ALICE) }, "{got:?}");
        ensure!(got.login() == Some(("Negotiate", true, bound)), "{got:?}");
    }
    Ok(())
}

fn access(status: u16, method: &str, target: &str, user: Option<&str>) -> Access {
    Access { status, method: method.into(), target: target.into(), user: user.map(str::to_owned) }
}

fn host(origin: &Origin) -> String {
    origin.target.origin().replace("https://", "")
}

/// One request has the credentials of both sides: bob's for the proxy, alice's for the server. squid's log has the user of
/// the proxy, whose login holds for the connection. Whether the proxy keeps users apart, each of its answers says anew
/// (RFC 4559 section 6), so that the server's challenge is waited for each time.
fn in_the_clear(serve: Serve, tls: bool) -> Result<()> {
    let world = World::start()?;
    let mut squid = Squid::start(&world, &[Offer::Negotiate])?;
    let origin = serve(&world, Scheme::Http, Bindings::Verify)?;
    let url = origin.target.url();
    let proxy = if tls { squid.tls_url() } else { squid.url() };
    run(async {
        let client = through(&world, &origin.target, &proxy, login(&world, BOB)?)?.build()?;
        fetch(&client, &origin, 2, false).await
    })?;
    let expected = [
        access(407, "GET", &url, None),
        access(401, "GET", &url, Some(BOB)),
        access(200, "GET", &url, Some(BOB)),
        access(401, "GET", &url, Some(BOB)),
        access(200, "GET", &url, Some(BOB)),
    ];
    let found = squid.accesses(expected.len())?;
    ensure!(found == expected, "{found:?}\n{}\n{}", squid.log_tail(), origin.log_tail());
    let requests = origin.requests();
    let asked_and_let_in = |pair: &[String]| {
        pair[0] == "GET / 401, no credentials" && pair[1].starts_with("GET / 200, alice@EXAMPLE.TEST")
    };
    ensure!(requests.len() == 4 && requests.chunks(2).all(asked_and_let_in), "{requests:?}");
    Ok(())
}

/// Through a tunnel the server's login is bound to the server's certificate. The tunnel is made once for all requests.
fn through_a_tunnel(serve: Serve, tls: bool) -> Result<()> {
    let world = World::start()?;
    let mut squid = Squid::start(&world, &[Offer::Negotiate])?;
    let origin = serve(&world, Scheme::Https, Bindings::Require)?;
    let proxy = if tls { squid.tls_url() } else { squid.url() };
    run(async {
        let client = through(&world, &origin.target, &proxy, login(&world, BOB)?)?.build()?;
        fetch(&client, &origin, 3, true).await
    })?;
    let host = host(&origin);
    let expected = [access(407, "CONNECT", &host, None), access(200, "CONNECT", &host, Some(BOB))];
    let found = squid.accesses(expected.len())?;
    ensure!(found == expected, "{found:?}\n{}", squid.log_tail());
    ensure!(origin.requests().len() == 4, "{:?}", origin.requests());
    Ok(())
}

/// The scheme NTLM takes two legs of `CONNECT` on one connection, and Kerberos logs in at the server inside.
fn ntlm_through_a_tunnel(serve: Serve) -> Result<()> {
    let world = World::start()?;
    let mut squid = Squid::start(&world, &[Offer::Negotiate, Offer::Ntlm])?;
    let origin = serve(&world, Scheme::Https, Bindings::Require)?;
    let carol = |password| -> Result<Client> {
        let carol = NtlmLogin::with_password(NTLM_USER[1], NTLM_USER[0], password);
        let proxy = Proxy::new(&squid.url().parse()?)?.login(carol);
        let client = client(&world, &origin.target, ALICE)?
            .schemes(Schemes::only(Carrier::Ntlm).then(Carrier::Negotiate))
            .proxies(Proxies::all(proxy));
        Ok(client.build()?)
    };
    run(async {
        let error = refusal(get(&carol("wrong")?, &origin.target.url()).await)?;
        ensure!(error.is_denied(), "{error}");
        fetch(&carol(NTLM_USER[2])?, &origin, 3, true).await
    })
    .with_context(|| squid.log_tail())?;
    let host = host(&origin);
    let refused = access(407, "CONNECT", &host, None);
    let found = squid.accesses(6)?;
    ensure!(found[..5] == vec![refused; 5], "{found:?}\n{}", squid.log_tail());
    ensure!(found[5..] == [access(200, "CONNECT", &host, Some("INTEROP\\carol"))], "{found:?}");
    ensure!(origin.requests().len() == 4, "{:?}", origin.requests());
    Ok(())
}

/// squid keeps its last token to itself, so whoever insists on its proof gets no tunnel.
fn proof_of_squid_is_missed(serve: Serve) -> Result<()> {
    let world = World::start()?;
    let squid = Squid::start(&world, &[Offer::Negotiate])?;
    for scheme in [Scheme::Http, Scheme::Https] {
        let origin = serve(&world, scheme, Bindings::Verify)?;
        run(async {
            let proxy = Proxy::new(&squid.url().parse()?)?.login(login(&world, BOB)?);
            let proxies = Proxies::all(proxy.mutual(Mutual::Required));
            let client = client(&world, &origin.target, ALICE)?.proxies(proxies).build()?;
            let error = refusal(get(&client, &origin.target.url()).await)?;
            ensure!(error.is_unproven(), "{error}");
            Ok(())
        })?;
        ensure!(!origin.requests().iter().any(|said| said.contains(" 200")), "{}", origin.log_tail());
    }
    Ok(())
}

/// Who has no login for the proxy, one that it cannot read, or one of somebody whom it does not let through.
fn nobody_else_gets_through(serve: Serve) -> Result<()> {
    let world = World::start()?;
    let mut squid = Squid::start_for(&world, &[Offer::Negotiate], BOB)?;
    for scheme in [Scheme::Http, Scheme::Https] {
        let origin = serve(&world, scheme, Bindings::Verify)?;
        let url = origin.target.url();
        run(async {
            let proxy = Proxy::new(&squid.url().parse()?)?;
            let alices = client(&world, &origin.target, ALICE)?.proxies(Proxies::all(proxy)).build()?;
            let error = refusal(get(&alices, &url).await)?;
            ensure!(matches!(error, Error::ProxyLoginNeeded { .. }), "{error}");

            // A ticket for another host than the proxy's.
            let elsewhere = squid.url().replace(PROXY, OTHER);
            let client = through(&world, &origin.target, &elsewhere, login(&world, BOB)?)?.build()?;
            let error = refusal(get(&client, &url).await)?;
            ensure!(error.is_denied(), "{error}");

            let client = through(&world, &origin.target, &squid.url(), login(&world, ALICE)?)?.build()?;
            match (scheme, get(&client, &url).await) {
                (Scheme::Http, outcome) => {
                    let got = outcome?;
                    ensure!(got.status == 403 && Greeting::find(&got.page).is_none(), "{got:?}");
                }
                (Scheme::Https, outcome) => {
                    let error = refusal(outcome)?;
                    ensure!(matches!(&error, Error::Tunnel { status, .. } if *status == 403), "{error}");
                }
            }
            let client = through(&world, &origin.target, &squid.url(), login(&world, BOB)?)?.build()?;
            fetch(&client, &origin, 1, scheme == Scheme::Https).await
        })?;
        let requests = origin.requests();
        ensure!(requests.len() == 2, "bob's alone reached the server: {requests:?}");
    }
    let passed: Vec<_> = squid.accesses(14)?.into_iter().filter(|access| access.status < 400).collect();
    ensure!(passed.iter().all(|access| access.user.as_deref() == Some(BOB)), "{passed:?}");
    ensure!(passed.len() == 2, "{passed:?}\n{}", squid.log_tail());
    Ok(())
}

at_each_origin!(
    in_the_clear = in_the_clear(false),
    by_a_proxy_in_tls = in_the_clear(true),
    through_a_tunnel = through_a_tunnel(false),
    through_a_tunnel_in_tls = through_a_tunnel(true),
    ntlm_through_a_tunnel = ntlm_through_a_tunnel(),
    proof_of_squid_is_missed = proof_of_squid_is_missed(),
    nobody_else_gets_through = nobody_else_gets_through(),
);
