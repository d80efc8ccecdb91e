//! Apache with mod_auth_gssapi over TLS. It knows no channel bindings, and takes clients that send them.

use anyhow::{Context as _, Result, ensure};
use gss_hyper::{Bindings as Bound, Delegation, Mutual};
use gss_reqwest::SendAuthenticated as _;
use interop::apache::{Apache, ApacheOptions, PAGE};

use super::*;

const ASKED: &str = "401 HTTP/1.1 - -";
const LOGIN: &str = "200 HTTP/1.1 alice@EXAMPLE.TEST Negotiate";

struct Server {
    world: World,
    apache: Apache,
    target: Target,
}

impl Server {
    fn start(options: &ApacheOptions<'_>) -> Result<Self> {
        let world = World::start()?;
        let options = ApacheOptions { certificate: Some(world.certificate()), ..*options };
        let apache = Apache::start(&world, &world.keytab(WWW)?, &options)?;
        let target = world.target(Scheme::Https, apache.port());
        Ok(Self { world, apache, target })
    }

    fn client(&self) -> Result<ClientBuilder> {
        client(&self.world, &self.target, ALICE)
    }

    /// Fetches the page as often as that, one after the other. Every response says how its server proved itself.
    async fn fetch(&self, client: &Client, count: usize) -> Result<()> {
        for _ in 0..count {
            let got = get(client, &self.target.url()).await.with_context(|| self.apache.log_tail())?;
            let proven = got.login() == Some(("Negotiate", true, true));
            ensure!((got.status, &*got.page, proven) == (200, PAGE, true), "{got:?}");
        }
        Ok(())
    }

    /// What Apache saw.
    fn saw(&mut self, expected: &[&str]) -> Result<()> {
        let requests = self.apache.wait_for_requests(expected.len())?;
        ensure!(requests == expected, "{requests:?}");
        Ok(())
    }
}

/// A connection that was asked once is not waited for again: each request brings its token.
#[test]
fn logs_in_when_asked() -> Result<()> {
    let mut server = Server::start(&ApacheOptions::default())?;
    run(async {
        let client = server.client()?.http1_only().build()?;
        server.fetch(&client, 3).await
    })?;
    server.saw(&[ASKED, LOGIN, LOGIN, LOGIN])
}

#[test]
fn logs_in_unasked_if_told_to() -> Result<()> {
    let mut server = Server::start(&ApacheOptions::default())?;
    run(async {
        let client = server.client()?.http1_only().preemptive().build()?;
        server.fetch(&client, 3).await
    })?;
    server.saw(&[LOGIN; 3])
}

#[test]
fn connection_stays_logged_in() -> Result<()> {
    let mut server = Server::start(&ApacheOptions { connection_bound: true, ..ApacheOptions::default() })?;
    run(async {
        let client = server.client()?.http1_only().build()?;
        server.fetch(&client, 3).await
    })?;
    let silent = "200 HTTP/1.1 alice@EXAMPLE.TEST -";
    server.saw(&[ASKED, LOGIN, silent, silent])
}

#[test]
fn over_http2() -> Result<()> {
    let mut server = Server::start(&ApacheOptions::default())?;
    run(async { server.fetch(&server.client()?.build()?, 3).await })?;
    let expected = [ASKED, LOGIN, LOGIN, LOGIN].map(|line| line.replace("1.1", "2.0"));
    server.saw(&expected.each_ref().map(String::as_str))
}

#[test]
fn bindings_are_no_hindrance() -> Result<()> {
    let server = Server::start(&ApacheOptions::default())?;
    run(async {
        for (bindings, bound) in [(Bound::EndPoint, true), (Bound::Connection, true), (Bound::Never, false)] {
            let client = server.client()?.bindings(bindings).build()?;
            let got = get(&client, &server.target.url()).await?;
            ensure!(got.login() == Some(("Negotiate", true, bound)), "{bindings:?}: {got:?}");
        }
        Ok(())
    })
}

/// Only whom the list names gets a ticket, and of those only whom the KDC trusts where the caller says so.
#[test]
fn delegates_to_whom_the_list_names() -> Result<()> {
    let server = Server::start(&ApacheOptions::default())?;
    run(async {
        for (delegation, host, delegated) in [
            (Delegation::Always, OTHER, false),
            (Delegation::IfTrusted, WWW, false),
            (Delegation::Never, WWW, false),
            (Delegation::Always, WWW, true),
        ] {
            let client = server.client()?.delegate(delegation, Hosts::new([host])?).build()?;
            server.fetch(&client, 1).await?;
            let found = server.apache.delegated(ALICE).exists();
            ensure!(found == delegated, "{delegation:?} {host}: {}", server.apache.log_tail());
        }
        Ok(())
    })
}

#[test]
fn server_without_proof_is_refused() -> Result<()> {
    let server = Server::start(&ApacheOptions { unproven: true, ..ApacheOptions::default() })?;
    let url = server.target.url();
    run(async {
        for http1 in [true, false] {
            let build = |builder: ClientBuilder| if http1 { builder.http1_only() } else { builder }.build();
            let error = refusal(get(&build(server.client()?)?, &url).await)?;
            ensure!(error.is_unproven(), "{error}");
            let error = refusal(get(&build(server.client()?.preemptive())?, &url).await)?;
            ensure!(error.is_unproven(), "{error}");
            let got = get(&build(server.client()?.mutual(Mutual::Optional))?, &url).await?;
            // It may be anybody's.
            ensure!((got.status, &*got.page) == (200, PAGE) && got.login().is_none(), "{got:?}");
        }
        Ok(())
    })
}

/// The name in the URL decides about the ticket, and the list about whether there is a login at all.
#[test]
fn wrong_server_and_wrong_host_get_nothing() -> Result<()> {
    let mut server = Server::start(&ApacheOptions::default())?;
    let other = server.target.named(OTHER).url();
    run(async {
        let error = refusal(get(&server.client()?.http1_only().build()?, &other).await)?;
        ensure!(matches!(error, gss_hyper::Error::HostNotAllowed { .. }), "{error}");
        let login = login(&server.world, ALICE)?;
        let client = plain_client(&server.target)?.login(login, Hosts::new([OTHER])?).http1_only().build()?;
        let error = refusal(get(&client, &other).await)?;
        // Apache says why, in a token that nothing protects.
        let told = error.exchange().map(ToString::to_string).unwrap_or_default();
        ensure!(told.contains("KRB_AP_ERR_NOT_US"), "{error}: {told}");
        Ok(())
    })?;
    server.saw(&[ASKED, ASKED, "401 HTTP/1.1 - Negotiate"])
}

/// The requests of reqwest, and its responses.
#[test]
fn reqwest_logs_in() -> Result<()> {
    let mut server = Server::start(&ApacheOptions::default())?;
    run(async {
        let client = gss_reqwest::Client::from(server.client()?.http1_only().build()?);
        let reqwest = reqwest::Client::new();
        for _ in 0..2 {
            let response = reqwest.get(server.target.url()).send_authenticated(&client).await?;
            let proven = response.extensions().get::<LoggedIn>().map(LoggedIn::is_mutual);
            ensure!(response.status() == 200 && proven == Some(true), "{response:?}");
            ensure!(response.text().await? == PAGE, "the page");
        }
        let nobody = client.execute_anonymously(reqwest.get(server.target.url()).build()?).await?;
        ensure!(nobody.status() == 401, "{nobody:?}");
        Ok(())
    })?;
    server.saw(&[ASKED, LOGIN, LOGIN, ASKED])
}
