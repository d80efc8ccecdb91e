//! Our client at our own server on axum.

use alloc::collections::BTreeMap;

use anyhow::{Result, ensure};
use gss_hyper::{Bindings as Bound, Login};
use gss_reqwest::SendAuthenticated as _;
use tokio::task::JoinSet;

use super::*;

/// A server that offers the scheme `GSS` at a free port.
fn start(world: &World) -> Result<Origin> {
    let port = interop::port::free()?;
    let origin = world.target(Scheme::Https, port).origin();
    let options = AxumOptions { origin: Some(&origin), port: Some(port), ..AxumOptions::default() };
    Origin::axum_with(world, Scheme::Https, &options)
}

/// How many requests came to what.
fn tally(origin: &Origin) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for said in origin.requests() {
        *tally.entry(said).or_default() += 1;
    }
    tally
}

fn expect(origin: &Origin, expected: &[(&str, usize)]) -> Result<()> {
    let expected: BTreeMap<_, _> =
        expected.iter().map(|(said, count)| (format!("GET / {said}"), *count)).collect();
    let found = tally(origin);
    ensure!(found == expected, "{found:?}\n{}", origin.log_tail());
    Ok(())
}

/// Fetches the page as a user, who is bound to the channel.
async fn fetch(client: &Client, url: &str, user: &str, scheme: &str) -> Result<()> {
    let got = get(client, url).await?;
    let bound = Greeting { bound: true, ..greeting(user) };
    ensure!(got.status == 200 && Greeting::read(&got.page)? == bound, "{got:?}");
    ensure!(got.login() == Some((scheme, true, true)), "{got:?}");
    Ok(())
}

#[test]
fn one_login_by_the_scheme_gss_serves_all_connections() -> Result<()> {
    let world = World::start()?;
    let origin = start(&world)?;
    let url = origin.target.url();
    run(async {
        // No connection is kept: each request has one of its own.
        let client =
            client(&world, &origin.target, ALICE)?.gss_scheme().http1_only().max_idle(0, 0).build()?;
        for _ in 0..10 {
            fetch(&client, &url, ALICE, "GSS").await?;
        }
        Ok(())
    })?;
    expect(
        &origin,
        &[
            ("401, no credentials", 1),
            ("200, alice@EXAMPLE.TEST, HTTP/1.1, Login", 1),
            ("200, alice@EXAMPLE.TEST, HTTP/1.1, Reauthentication", 9),
        ],
    )?;
    let AnyServer::Axum(server) = &origin.server else { anyhow::bail!("the server is axum's") };
    let mut peers: Vec<_> = server.log().into_iter().map(|(peer, _)| peer).collect();
    peers.dedup();
    ensure!(peers.len() >= 10, "each on a connection of its own: {peers:?}");
    Ok(())
}

#[test]
fn the_scheme_gss_over_http2() -> Result<()> {
    let world = World::start()?;
    let origin = start(&world)?;
    let url = origin.target.url();
    run(async {
        let client = client(&world, &origin.target, ALICE)?.gss_scheme().build()?;
        for _ in 0..10 {
            fetch(&client, &url, ALICE, "GSS").await?;
        }
        Ok(())
    })?;
    expect(
        &origin,
        &[
            ("401, no credentials", 1),
            ("200, alice@EXAMPLE.TEST, HTTP/2.0, Login", 1),
            ("200, alice@EXAMPLE.TEST, HTTP/2.0, Reauthentication", 9),
        ],
    )
}

/// The requests of reqwest, their bodies, and its responses.
#[test]
fn reqwest_logs_in() -> Result<()> {
    const REQUESTS: usize = 5;
    for gss in [false, true] {
        let world = World::start()?;
        let origin = start(&world)?;
        run(async {
            let builder = client(&world, &origin.target, BOB)?;
            let client = if gss { builder.gss_scheme() } else { builder }.build()?;
            let client = gss_reqwest::Client::from(client);
            let reqwest = reqwest::Client::new();
            for number in 0..REQUESTS {
                let request = reqwest.post(origin.target.url()).body(format!("number {number}"));
                let response = request.send_authenticated(&client).await?;
                let proven = response.extensions().get::<LoggedIn>().is_some_and(LoggedIn::is_mutual);
                ensure!(response.status() == 200 && proven, "{response:?}");
                let page = response.text().await?;
                ensure!(Greeting::read(&page)? == Greeting { bound: true, ..greeting(BOB) }, "{page}");
            }
            Ok(())
        })?;
        let answered = |how: &str| {
            let said = format!("POST / 200, {BOB}, HTTP/2.0, {how}");
            tally(&origin).get(&said).copied().unwrap_or_default()
        };
        let (logins, again) = if gss { (1, REQUESTS - 1) } else { (REQUESTS, 0) };
        ensure!(
            (answered("Login"), answered("Reauthentication")) == (logins, again),
            "{}",
            origin.log_tail()
        );
    }
    Ok(())
}

/// A login that is bound to one connection (`tls-exporter`) is not used on another.
#[test]
fn a_login_for_one_connection_stays_there() -> Result<()> {
    let world = World::start()?;
    let origin = start(&world)?;
    let url = origin.target.url();
    run(async {
        let client = client(&world, &origin.target, ALICE)?.gss_scheme().bindings(Bound::Connection);
        let client = client.http1_only().max_idle(0, 0).build()?;
        for _ in 0..3 {
            fetch(&client, &url, ALICE, "GSS").await?;
        }
        Ok(())
    })?;
    expect(&origin, &[("401, no credentials", 3), ("200, alice@EXAMPLE.TEST, HTTP/1.1, Login", 3)])
}

/// Two users share a client. None of their requests is answered as the other's, whatever they go by.
#[test]
fn two_users_at_once_are_never_mixed_up() -> Result<()> {
    const EACH: usize = 100;
    for gss in [false, true] {
        let world = World::start()?;
        let origin = start(&world)?;
        let url = origin.target.url();
        let logins: Vec<(&str, Arc<dyn Login>)> =
            vec![(ALICE, Arc::new(login(&world, ALICE)?)), (BOB, Arc::new(login(&world, BOB)?))];
        run(async {
            for http1 in [true, false] {
                let mut builder = plain_client(&origin.target)?;
                builder = if http1 { builder.http1_only() } else { builder };
                let client = if gss { builder.gss_scheme() } else { builder }.build()?;
                let mut tasks = JoinSet::new();
                for number in 0..2 * EACH {
                    let (user, login) = logins[number % 2].clone();
                    let (client, url) = (client.clone(), url.clone());
                    tasks.spawn(async move {
                        let request = Request::get(&url).body(Body::empty())?;
                        let response = client.request_as(&login, request).await?;
                        let page = response
                            .into_body()
                            .bytes(PAGE_LIMIT)
                            .await
                            .map_err(anyhow::Error::from_boxed)?;
                        let found = Greeting::read(&String::from_utf8_lossy(&page))?;
                        ensure!(found == Greeting { bound: true, ..greeting(user) }, "{user} is {found:?}");
                        Ok(())
                    });
                    // Some at a time, so that connections are both shared and used again.
                    if tasks.len() >= 8 {
                        tasks.join_next().await.transpose()?.transpose()?;
                    }
                }
                while let Some(outcome) = tasks.join_next().await {
                    outcome??;
                }
            }
            Ok(())
        })?;
        for user in [ALICE, BOB] {
            let answered: usize = tally(&origin)
                .iter()
                .filter(|(said, _)| said.starts_with(&format!("GET / 200, {user}, ")))
                .map(|(_, count)| count)
                .sum();
            ensure!(answered == 2 * EACH, "{user}: {answered}\n{}", origin.log_tail());
        }
    }
    Ok(())
}

/// Without the scheme, the ordinary login does, and a ticket comes along for whom the list names.
#[test]
fn delegates_to_whom_the_list_names() -> Result<()> {
    let world = World::start()?;
    let origin = start(&world)?;
    run(async {
        for (host, delegated) in [(OTHER, 0), (WWW, 1)] {
            let client = client(&world, &origin.target, BOB)?
                .delegate(gss_hyper::Delegation::Always, Hosts::new([host])?)
                .build()?;
            let got = get(&client, &origin.target.url()).await?;
            let expected = Greeting { bound: true, delegated, ..greeting(BOB) };
            ensure!(Greeting::read(&got.page)? == expected, "{host}: {got:?}");
        }
        Ok(())
    })
}
