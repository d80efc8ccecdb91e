//! `gssctl serve --ntlm-auth`: users whom Samba's winbind knows.

use anyhow::{Result, ensure};
use interop::endpoint::User;
use interop::gssctl::{self, Server};

use super::Stage;

/// The MIC, and the one over SPNEGO's list, verify with the session key that winbind gives.
#[test]
fn our_client_logs_in_as_a_user_of_the_domain() -> Result<()> {
    let stage = Stage::with_samba()?;
    let (site, alice) = (&stage.site, &stage.user);
    let server = Server::with_domain(site, stage.controller()?, &[])?;
    for options in [&["--unproven"][..], &["--unproven", "--raw"]] {
        let fetched = gssctl::fetch_as(site, alice, options, &server.url())?;
        ensure!(fetched.status.success(), "{options:?}: {fetched:?}\n{}", server.log_tail());
        let greeting = format!("You are {}", alice.full_name());
        assert!(fetched.stdout.contains(&greeting), "{options:?}: {fetched:?}");
    }
    for wrong in [
        User { password: Some("Another horse 9".into()), ..alice.clone() },
        User { user: "nobody".into(), ..alice.clone() },
    ] {
        let server = Server::with_domain(site, stage.controller()?, &[])?;
        let fetched = gssctl::fetch_as(site, &wrong, &["--unproven"], &server.url())?;
        ensure!(!fetched.status.success() && fetched.stderr.contains("401"), "{fetched:?}");
        assert!(!fetched.stdout.contains("You are"), "{fetched:?}");
        ensure!(server.log_tail().contains("unknown or password is wrong"), "{}", server.log_tail());
    }
    Ok(())
}
