//! Peers against each other. MIT's library against itself is the `mit_to_mit` test of the other modules.

use anyhow::{Result, ensure};
use interop::apache::{Apache, ApacheOptions, PAGE};
use interop::realm::{HOST_SERVICE, Realm, RealmOptions, USER};
use interop::{curl, gss_samples};

#[test]
fn curl_to_apache() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let apache = Apache::start(&realm, realm.keytab(), &ApacheOptions::default())?;
    let ccache = realm.login()?;

    let fetched = curl::negotiate(&realm, Some(&ccache), &[&apache.url()])?;
    let last = fetched.last()?;
    ensure!(last.status == 200, "{fetched:?}\n{}", apache.log_tail());
    assert_eq!(last.values("x-user").collect::<Vec<_>>(), [USER]);
    assert_eq!(fetched.body, PAGE);
    assert!(last.negotiate_token()?.is_some(), "Apache proves itself: {fetched:?}");

    let refused = curl::negotiate(&realm, None, &[&apache.url()])?;
    assert_eq!(refused.last()?.status, 401, "without a ticket: {refused:?}");
    Ok(())
}

#[test]
fn gss_client_to_gss_server() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ccache = realm.login()?;
    let server = gss_samples::Server::start(&realm)?;
    for options in [&["-d"][..], &["-spnego"]] {
        let output = server.greet(&realm, &ccache, options, "hello")?;
        assert!(output.contains("Signature verified."), "{HOST_SERVICE} {options:?}: {output}");
    }
    server.wait_for_log(&format!("\"{USER}\""), 2)?;
    Ok(())
}
