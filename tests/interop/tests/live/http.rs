//! HTTP Negotiate: curl, Apache, `gssctl serve` and `gssctl fetch`.

use anyhow::{Result, ensure};
use interop::apache::{Apache, ApacheOptions, PAGE};
use interop::enctype::Enctype;
use interop::realm::{Realm, RealmOptions, USER};
use interop::{curl, gssctl, text};

#[test]
fn curl_to_our_server() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let server = gssctl::Server::start(&realm, realm.keytab(), &[])?;
    let ccache = realm.login()?;

    let fetched = curl::negotiate(&realm, Some(&ccache), &[&server.url()])?;
    let last = fetched.last()?;
    ensure!(last.status == 200, "{fetched:?}\n{}", server.log_tail());
    assert!(fetched.body.contains(USER), "{fetched:?}");
    assert!(last.negotiate_token()?.is_some(), "our server proves itself: {fetched:?}");

    let refused = curl::negotiate(&realm, None, &[&server.url()])?;
    let last = refused.last()?;
    assert_eq!(last.status, 401, "without a ticket: {refused:?}");
    assert_eq!(last.values("www-authenticate").collect::<Vec<_>>(), ["Negotiate"]);
    assert!(!refused.body.contains(USER), "{refused:?}");
    Ok(())
}

/// One connection, two pages: the second request stands on its own or on the first login, but is answered.
#[test]
fn curl_to_our_server_twice_on_one_connection() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let server = gssctl::Server::start(&realm, realm.keytab(), &[])?;
    let ccache = realm.login()?;
    let fetched = curl::negotiate(&realm, Some(&ccache), &[&server.url(), &server.url()])?;
    let good = fetched.responses.iter().filter(|response| response.status == 200).count();
    assert_eq!(good, 2, "{fetched:?}\n{}", server.log_tail());
    assert_eq!(fetched.body.matches(USER).count(), 2, "{fetched:?}");
    Ok(())
}

/// A body that was sent along with the first, refused request must not be read as the next request.
#[test]
fn curl_posts_to_our_server() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let server = gssctl::Server::start(&realm, realm.keytab(), &[])?;
    let ccache = realm.login()?;
    let body = "GET / HTTP/1.1\r\n\r\n".repeat(200);
    let fetched = curl::negotiate(&realm, Some(&ccache), &["--data-raw", &body, &server.url()])?;
    ensure!(fetched.last()?.status == 200, "{fetched:?}\n{}", server.log_tail());
    assert!(fetched.body.contains(USER), "{fetched:?}");
    Ok(())
}

#[test]
fn curl_with_a_ticket_for_another_key_is_refused() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let keytab = realm.keytab_with_wrong_keys()?;
    let server = gssctl::Server::start(&realm, &keytab, &[])?;
    let ccache = realm.login()?;
    let fetched = curl::negotiate(&realm, Some(&ccache), &[&server.url()])?;
    assert_eq!(fetched.last()?.status, 401, "{fetched:?}");
    assert!(!fetched.body.contains(USER), "{fetched:?}");
    Ok(())
}

/// RC4 has to be named to be had.
#[test]
fn rc4_is_refused_over_http_unless_allowed() -> Result<()> {
    let realm = Realm::start(&RealmOptions::single(Enctype::RC4))?;
    let strict = gssctl::Server::start(&realm, realm.keytab(), &[])?;
    let lenient = gssctl::Server::start(&realm, realm.keytab(), &["--allow", "rc4"])?;
    let ccache = realm.login()?;
    assert_eq!(curl::negotiate(&realm, Some(&ccache), &[&strict.url()])?.last()?.status, 401);
    let fetched = curl::negotiate(&realm, Some(&ccache), &[&lenient.url()])?;
    ensure!(fetched.last()?.status == 200, "{fetched:?}\n{}", lenient.log_tail());
    assert!(fetched.body.contains(USER), "{fetched:?}");

    let ccache = ccache.display().to_string();
    let refused = gssctl::run(&realm, &["fetch", "--ccache", &ccache, &lenient.url()])?;
    assert!(!refused.status.success(), "{refused:?}");
    let fetched = gssctl::run(&realm, &["fetch", "--allow-rc4", "--ccache", &ccache, &lenient.url()])?;
    assert!(fetched.status.success() && fetched.stdout.contains(USER), "{fetched:?}");
    Ok(())
}

/// A server that insists on a channel takes nobody who names none.
#[test]
fn curl_without_a_channel_is_refused_where_one_is_required() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let ccache = realm.login()?;
    let channel = text::hex(b"tls-server-end-point:a hash");
    for (policy, status) in [("verify", 200), ("require", 401)] {
        let options = ["--cb-policy", policy, "--channel-bindings", &channel];
        let server = gssctl::Server::start(&realm, realm.keytab(), &options)?;
        let fetched = curl::negotiate(&realm, Some(&ccache), &[&server.url()])?;
        assert_eq!(fetched.last()?.status, status, "{policy}: {fetched:?}");
        assert_eq!(fetched.body.contains(USER), status == 200, "{policy}: {fetched:?}");
    }
    Ok(())
}

#[test]
fn our_client_to_apache() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let apache = Apache::start(&realm, realm.keytab(), &ApacheOptions::default())?;
    let ccache = realm.login()?.display().to_string();

    let fetched = gssctl::run(&realm, &["fetch", "--ccache", &ccache, &apache.url()])?;
    ensure!(fetched.status.success(), "{fetched:?}\n{}", apache.log_tail());
    assert_eq!(fetched.stdout, PAGE);

    let told = gssctl::run(&realm, &["fetch", "--ccache", &ccache, "-v", &apache.url()])?;
    ensure!(told.status.success() && told.stdout.contains(PAGE), "{told:?}\n{}", apache.log_tail());
    assert!(told.stderr.contains("401") && told.stderr.contains("200"), "the steps: {told:?}");
    Ok(())
}

/// Kerberos tokens without SPNEGO around them.
#[test]
fn our_client_to_apache_without_spnego() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let apache = Apache::start(&realm, realm.keytab(), &ApacheOptions::default())?;
    let ccache = realm.login()?.display().to_string();
    let fetched = gssctl::run(&realm, &["fetch", "--raw", "--ccache", &ccache, &apache.url()])?;
    ensure!(fetched.status.success(), "{fetched:?}\n{}", apache.log_tail());
    assert_eq!(fetched.stdout, PAGE);
    Ok(())
}

/// What our client delegates is good for fetching another ticket, and only comes when asked for.
#[test]
fn our_client_delegates_to_apache() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let apache = Apache::start(&realm, realm.keytab(), &ApacheOptions::default())?;
    let ccache = realm.login()?.display().to_string();
    let delegated = apache.delegated(USER);

    let fetched = gssctl::run(&realm, &["fetch", "--ccache", &ccache, &apache.url()])?;
    ensure!(fetched.status.success() && !delegated.exists(), "{fetched:?}\n{}", apache.log_tail());

    let fetched = gssctl::run(&realm, &["fetch", "--delegate", "--ccache", &ccache, &apache.url()])?;
    ensure!(fetched.status.success() && delegated.exists(), "{fetched:?}\n{}", apache.log_tail());
    assert_eq!(fetched.stdout, PAGE);
    realm.kvno(&delegated, "host/localhost")
}

#[test]
fn our_client_without_a_ticket_gets_no_page() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let apache = Apache::start(&realm, realm.keytab(), &ApacheOptions::default())?;
    let fetched = gssctl::run(&realm, &["fetch", "--ccache", "/no/such/ccache", &apache.url()])?;
    assert!(!fetched.status.success() && !fetched.stdout.contains(PAGE), "{fetched:?}");
    Ok(())
}

/// A server with another key cannot read the ticket.
#[test]
fn our_client_is_refused_by_apache_with_another_key() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let keytab = realm.keytab_with_wrong_keys()?;
    let apache = Apache::start(&realm, &keytab, &ApacheOptions::default())?;
    let ccache = realm.login()?.display().to_string();
    let fetched = gssctl::run(&realm, &["fetch", "--ccache", &ccache, &apache.url()])?;
    assert!(!fetched.status.success() && !fetched.stdout.contains(PAGE), "{fetched:?}");
    Ok(())
}

/// Mutual authentication is on: a page without the server's proof is not printed.
#[test]
fn our_client_refuses_a_server_that_does_not_prove_itself() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let options = ApacheOptions { unproven: true, ..ApacheOptions::default() };
    let apache = Apache::start(&realm, realm.keytab(), &options)?;
    let ccache = realm.login()?;

    // The login itself works, and the answer lacks the proof.
    let fetched = curl::negotiate(&realm, Some(&ccache), &[&apache.url()])?;
    assert_eq!((fetched.last()?.status, fetched.last()?.negotiate_token()?), (200, None), "{fetched:?}");

    let ccache = ccache.display().to_string();
    let fetched = gssctl::run(&realm, &["fetch", "--ccache", &ccache, &apache.url()])?;
    assert!(!fetched.status.success() && !fetched.stdout.contains(PAGE), "{fetched:?}");

    let fetched = gssctl::run(&realm, &["fetch", "--unproven", "--ccache", &ccache, &apache.url()])?;
    assert!(fetched.status.success() && fetched.stdout == PAGE, "the user waived it: {fetched:?}");
    Ok(())
}

#[test]
fn our_client_to_our_server() -> Result<()> {
    let realm = Realm::start(&RealmOptions::default())?;
    let server = gssctl::Server::start(&realm, realm.keytab(), &[])?;
    let ccache = realm.login()?.display().to_string();
    let fetched = gssctl::run(&realm, &["fetch", "--ccache", &ccache, &server.url()])?;
    ensure!(fetched.status.success() && fetched.stdout.contains(USER), "{fetched:?}\n{}", server.log_tail());
    Ok(())
}
