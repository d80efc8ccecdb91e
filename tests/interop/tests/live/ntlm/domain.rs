//! `gssctl serve --ntlm-auth`: users whom Samba's winbind knows.

use anyhow::{Result, ensure};
use interop::curl::{self, Fetched};
use interop::endpoint::User;
use interop::gssctl::{self, Server};

use super::Stage;

fn greeting(user: &User) -> String {
    format!("You are {}", user.full_name())
}

fn wrong_users(user: &User) -> [User; 2] {
    [
        User { password: Some("Another horse 9".into()), ..user.clone() },
        User { user: "nobody".into(), ..user.clone() },
    ]
}

/// The MIC, and the one over SPNEGO's list, verify with the session key that winbind gives.
#[test]
fn our_client_logs_in_as_a_user_of_the_domain() -> Result<()> {
    let stage = Stage::with_samba()?;
    let (site, alice) = (&stage.site, &stage.user);
    let server = Server::with_domain(site, stage.controller()?, &[])?;
    for options in [&["--unproven"][..], &["--unproven", "--raw"]] {
        let fetched = gssctl::fetch_as(site, alice, options, &server.url())?;
        ensure!(fetched.status.success(), "{options:?}: {fetched:?}\n{}", server.log_tail());
        assert!(fetched.stdout.contains(&greeting(alice)), "{options:?}: {fetched:?}");
    }
    for wrong in &wrong_users(alice) {
        let fetched = gssctl::fetch_as(site, wrong, &["--unproven"], &server.url())?;
        ensure!(!fetched.status.success() && fetched.stderr.contains("401"), "{fetched:?}");
        assert!(!fetched.stdout.contains("You are"), "{fetched:?}");
    }
    let log = server.log();
    let refusals: Vec<_> = log.iter().filter(|(_, said)| said.contains("unknown or password")).collect();
    ensure!(refusals.len() == 2 && refusals[0].1 == refusals[1].1, "told apart: {log:?}");
    Ok(())
}

/// A way to fetch a page as somebody.
type Client<'c> = &'c dyn Fn(&User) -> Result<Fetched>;

/// Many users, one after the other: each gets the answer to their own question, right after others were refused too.
#[test]
fn curl_logs_in_as_a_user_of_the_domain() -> Result<()> {
    let stage = Stage::with_samba()?;
    let (site, alice) = (&stage.site, &stage.user);
    let server = Server::with_domain(site, stage.controller()?, &["--allow", "ntlm-without-mic"])?;
    let url = server.url();
    let clients: [Client<'_>; 2] =
        [&|user| curl::ntlm(site, user, &[&url]), &|user| curl::negotiate_as(site, user, &[&url])];
    for client in clients {
        for wrong in &wrong_users(alice) {
            let fetched = client(alice)?;
            ensure!(fetched.last()?.status == 200, "{fetched:?}\n{}", server.log_tail());
            assert!(fetched.body.contains(&greeting(alice)), "{fetched:?}");
            for _ in 0..2 {
                let fetched = client(wrong)?;
                assert_eq!(fetched.last()?.status, 401, "{fetched:?}\n{}", server.log_tail());
                assert!(!fetched.body.contains("You are"), "{fetched:?}");
            }
        }
    }
    Ok(())
}
