//! HTTP: curl at `gssctl serve`, and `gssctl fetch` at the harness's server.

use anyhow::{Context, Result, ensure};
use interop::curl::{self, Fetched};
use interop::endpoint::{Acceptor, Framing, State, User};
use interop::gssctl::{self, Server};
use interop::origin::{self, Role};

use super::{Party, Stage};

/// curl's own NTLM makes no MIC.
const LENIENT: &[&str] = &["--allow", "ntlm-without-mic"];

/// What the log says of a wrong password and of an unknown user alike.
const UNKNOWN_OR_WRONG: &str = "user is unknown or password is wrong";

fn greeting(user: &User) -> String {
    format!("You are {}", user.full_name())
}

fn wrong_password(user: &User) -> User {
    User { password: Some("Another horse 9".into()), ..user.clone() }
}

/// One page for this user, and the whole login on one connection.
fn expect_login(server: &Server, fetched: &Fetched, user: &User) -> Result<()> {
    ensure!(fetched.last()?.status == 200, "{fetched:?}\n{}", server.log_tail());
    assert!(fetched.body.contains(&greeting(user)), "{fetched:?}");
    assert!(fetched.body.contains("<td>ntlm</td>"), "{fetched:?}");
    // MS-N2HT section 2.2.2: the login holds for the connection.
    assert_eq!(fetched.last()?.values("persistent-auth").collect::<Vec<_>>(), ["true"], "{fetched:?}");
    Ok(())
}

fn expect_refusal(server: &Server, fetched: &Fetched, reason: &str) -> Result<()> {
    assert_eq!(fetched.last()?.status, 401, "{fetched:?}");
    assert!(!fetched.body.contains("You are"), "{fetched:?}");
    ensure!(server.log_tail().contains(reason), "no {reason:?} in\n{}", server.log_tail());
    Ok(())
}

#[test]
fn curl_ntlm_to_our_server() -> Result<()> {
    let stage = Stage::new()?;
    let (site, user) = (&stage.site, &stage.user);
    let server = Server::with_users(site, stage.users(), LENIENT)?;
    let fetched = curl::ntlm(site, user, &[&server.url()])?;
    expect_login(&server, &fetched, user)?;
    let statuses: Vec<_> = fetched.responses.iter().map(|response| response.status).collect();
    assert_eq!(statuses, [401, 200], "a challenge and the page: {fetched:?}");

    let fetched = curl::ntlm(site, &wrong_password(user), &[&server.url()])?;
    expect_refusal(&server, &fetched, UNKNOWN_OR_WRONG)
}

/// That there is no MIC has to be allowed by name.
#[test]
fn curl_ntlm_is_refused_by_default() -> Result<()> {
    let stage = Stage::new()?;
    let server = Server::with_users(&stage.site, stage.users(), &[])?;
    let fetched = curl::ntlm(&stage.site, &stage.user, &[&server.url()])?;
    expect_refusal(&server, &fetched, "MIC")
}

/// gss-ntlmssp in SPNEGO makes a MIC.
#[test]
fn curl_negotiate_to_our_server() -> Result<()> {
    let stage = Stage::new()?;
    let (site, user) = (&stage.site, &stage.user);
    let server = Server::with_users(site, stage.users(), &[])?;
    let fetched = curl::negotiate_as(site, user, &[&server.url()])?;
    expect_login(&server, &fetched, user)?;

    let fetched = curl::negotiate_as(site, &wrong_password(user), &[&server.url()])?;
    expect_refusal(&server, &fetched, UNKNOWN_OR_WRONG)
}

/// Two pages on a connection take one login, and another user another connection.
#[test]
fn a_login_holds_for_its_connection_alone() -> Result<()> {
    let stage = Stage::new()?;
    let (site, alice) = (&stage.site, &stage.user);
    let bob = User { user: "bob".into(), password: Some("Staple 7 battery".into()), ..alice.clone() };
    let server = Server::with_users(site, &[alice.clone(), bob.clone()], LENIENT)?;
    let (url, login) = (server.url(), format!("{}:Staple 7 battery", bob.full_name()));
    let other = ["--next", "--silent", "--noproxy", "*", "--ntlm", "-u", &login, &url];
    let fetched = curl::ntlm(site, alice, &[&[&*url, &url][..], &other].concat())?;
    assert_eq!(fetched.body.matches(&greeting(alice)).count(), 2, "{fetched:?}");
    assert_eq!(fetched.body.matches(&greeting(&bob)).count(), 1, "{fetched:?}");

    let log = server.log();
    let (first, _) = log.first().context("the server logged nothing")?;
    let (on_first, on_second): (Vec<_>, Vec<_>) = log.iter().partition(|(client, _)| client == first);
    let outcomes =
        |lines: &[&(String, String)]| lines.iter().map(|(_, said)| said.clone()).collect::<Vec<_>>();
    let login = |user: &User| format!("GET / 200, {}", user.full_name());
    let begun = "GET / 401, to be continued".to_owned();
    assert_eq!(outcomes(&on_first), [begun.clone(), login(alice), login(alice)], "{log:?}");
    assert_eq!(outcomes(&on_second), [begun, login(&bob)], "{log:?}");
    assert!(on_second.iter().all(|(client, _)| *client == on_second[0].0), "{log:?}");
    Ok(())
}

/// curl sends the body along with the last leg only.
#[test]
fn curl_posts_to_our_server() -> Result<()> {
    let stage = Stage::new()?;
    let (site, user) = (&stage.site, &stage.user);
    let body = "GET / HTTP/1.1\r\n\r\n".repeat(200);
    let server = Server::with_users(site, stage.users(), LENIENT)?;
    let fetched = curl::ntlm(site, user, &["--data-raw", &body, &server.url()])?;
    expect_login(&server, &fetched, user)?;
    let fetched = curl::negotiate_as(site, user, &["--data-raw", &body, &server.url()])?;
    expect_login(&server, &fetched, user)?;
    assert!(server.log().iter().all(|(_, said)| said.starts_with("POST / ")), "{:?}", server.log());
    Ok(())
}

/// Behind a proxy nobody knows whose connection it is: NTLM is not offered, and refused under either scheme.
#[test]
fn no_ntlm_behind_a_proxy() -> Result<()> {
    let stage = Stage::new()?;
    let (site, user) = (&stage.site, &stage.user);
    let server = Server::with_users(site, stage.users(), LENIENT)?;
    let via = ["-H", "Via: 1.1 proxy.test", &*server.url()];
    let offered = |fetched: &Fetched| -> Result<Vec<_>> {
        assert_eq!(fetched.last()?.status, 401, "{fetched:?}");
        Ok(fetched.last()?.values("www-authenticate").map(str::to_owned).collect())
    };
    assert_eq!(offered(&curl::plain(site, &[&server.url()])?)?, ["Negotiate", "NTLM"]);
    assert_eq!(offered(&curl::plain(site, &via)?)?, ["Negotiate"]);
    for (fetched, reason) in [
        (curl::ntlm(site, user, &via)?, "NTLM authenticates a connection, and a proxy on the way (Via)"),
        (
            curl::negotiate_as(site, user, &via)?,
            "handshake needs a second leg on its connection, and a proxy",
        ),
    ] {
        assert_eq!(offered(&fetched)?, ["Negotiate"]);
        expect_refusal(&server, &fetched, reason)?;
    }
    Ok(())
}

#[test]
fn our_client_to_gss_ntlmssp() -> Result<()> {
    our_client_to(Party::GssNtlmssp)
}

#[test]
fn our_client_to_pyspnego() -> Result<()> {
    our_client_to(Party::Pyspnego)
}

fn our_client_to(party: Party) -> Result<()> {
    let stage = Stage::new()?;
    let (site, user) = (&stage.site, &stage.user);
    let mut acceptor = stage.start(party)?;
    for (framing, scheme) in [(Framing::Raw, "NTLM"), (Framing::Spnego, "Negotiate")] {
        let mut fetch = |user: &User, options: &[&str]| {
            acceptor.accept(&Acceptor::ntlm(framing, stage.users()))?;
            origin::serve(&mut acceptor, scheme, Role::Server, |url| {
                gssctl::fetch_as(site, user, options, url)
            })
        };
        let (fetched, served) = fetch(user, &["--unproven"])?;
        ensure!(fetched.status.success() && fetched.stdout == user.full_name(), "{fetched:?}, {served:?}");
        assert_eq!(served.connections, 1, "{served:?}");
        assert_eq!(served.tokens[0][0] == 0x60, framing == Framing::Spnego, "{served:?}");

        // NTLM proves nothing about the server: its page is not printed unless that is waived.
        let (fetched, _) = fetch(user, &[])?;
        ensure!(!fetched.status.success() && fetched.stdout.is_empty(), "{fetched:?}");
        assert!(fetched.stderr.contains("--unproven"), "{fetched:?}");

        let (fetched, served) = fetch(&wrong_password(user), &["--unproven"])?;
        ensure!(!fetched.status.success() && fetched.stdout.is_empty(), "{fetched:?}");
        assert!(fetched.stderr.contains("401"), "{fetched:?}");
        assert_eq!(served.step.map(|step| step.state), Some(State::Failed));
    }
    Ok(())
}
